"""Put a fault in force: a function's source with one piece replaced, wherever the function is used."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import sys
import textwrap
from collections.abc import Iterator

from faults.table import Fault


def broken(fault: Fault):
    """Return the function as it is and as the fault makes it.

    Raises
    ------
    LookupError
        If the piece to replace is not found exactly once: the rule was rewritten, and so must be the fault.
    """
    module = importlib.import_module(fault.module)
    original = getattr(module, fault.function)
    source = textwrap.dedent(inspect.getsource(original))
    if source.count(fault.right) != 1:
        raise LookupError(f"{fault.name}: '{fault.right}' stands {source.count(fault.right)} times in {fault.function}")
    names: dict[str, object] = {}
    text = source.replace(fault.right, fault.wrong)
    exec(compile(text, f"<{fault.name}>", "exec"), vars(module), names)
    return original, names[fault.function]


@contextlib.contextmanager
def in_force(fault: Fault) -> Iterator[None]:
    """Break the rule while the context lasts."""
    original, wrong = broken(fault)
    root = fault.module.split(".")[0]
    places = [
        (module, name)
        for key, module in list(sys.modules.items())
        if module is not None and key.split(".")[0] in (root, "agreement", "faults")
        for name, value in list(vars(module).items())
        if value is original
    ]
    assert places
    for module, name in places:
        setattr(module, name, wrong)
    try:
        yield
    finally:
        for module, name in places:
            setattr(module, name, original)


def caught(check, *arguments) -> bool:
    """Whether a check fails, by an assertion and nothing else."""
    try:
        check(*arguments)
    except AssertionError:
        return True
    return False
