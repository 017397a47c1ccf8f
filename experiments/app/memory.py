"""Finished runs, kept as long as there is room: what was used last goes last."""

from __future__ import annotations

import dataclasses
import sys
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

_OBJECT: Final = 100  # bytes that a number or a key costs as a Python object, roughly


class Memory:
    """A store of a bounded size; the least recently used is forgotten first.

    Parameters
    ----------
    limit_mb : most that all values may take, as `size_of` estimates it
    """

    def __init__(self, limit_mb: float = 128.0) -> None:
        self.limit = int(limit_mb * 1e6)
        self.bytes = 0
        self._kept: OrderedDict[str, tuple[Any, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, key: str) -> bool:
        return key in self._kept

    def get(self, key: str) -> Any | None:
        """Return what is kept under a key, None if there is nothing; it counts as used."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key][0]

    def put(self, key: str, value: Any) -> None:
        """Keep a value; one that is larger than all the room is not kept."""
        size = size_of(value) + len(key) + _OBJECT
        if key in self._kept:
            self.bytes -= self._kept.pop(key)[1]
        if size > self.limit:
            return
        self._kept[key] = (value, size)
        self.bytes += size
        while self.bytes > self.limit:
            _, (_, gone) = self._kept.popitem(last=False)
            self.bytes -= gone


def size_of(value: Any) -> int:
    """Return roughly how many bytes a value takes: arrays and tables exactly, all else by count."""
    found = getattr(value, "nbytes", None)
    if isinstance(found, int):
        return found + _OBJECT
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _OBJECT + sum(size_of(getattr(value, item.name)) for item in dataclasses.fields(value))
    if isinstance(value, Mapping):
        return _OBJECT + sum(size_of(key) + size_of(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return _OBJECT + sum(map(size_of, value))
    return sys.getsizeof(value)
