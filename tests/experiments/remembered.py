"""A function that is asked once where its arguments are the same."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from typing import Any


def remembered(function: Callable[..., Any]) -> Callable[..., Any]:
    """Answer as before where the arguments are the same, but for who is told of progress."""
    known: dict[bytes, Any] = {}

    def answer(*words: Any, **named: Any) -> Any:
        given = [*enumerate(words), *sorted(named.items())]
        asked = [(name, word) for name, word in given if not callable(word)]
        address = hashlib.sha256(pickle.dumps(asked)).digest()
        if address not in known:
            known[address] = function(*words, **named)
        return known[address]

    return answer
