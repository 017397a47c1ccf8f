"""Put a fault in force: a function's source with one piece replaced, wherever the function is used."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import inspect
import operator
import sys
import textwrap
from collections.abc import Iterator

from faults.table import Fault


def rewritten(fault: Fault):
    """Return the function, or the method of a class, as it is, and its source as the fault makes it.

    Raises
    ------
    LookupError
        If the piece to replace is not found exactly once: the rule was rewritten, and so must be the fault.
    """
    original = operator.attrgetter(fault.function)(importlib.import_module(fault.module))
    source = textwrap.dedent(inspect.getsource(original))
    if source.count(fault.right) != 1:
        raise LookupError(f"{fault.name}: '{fault.right}' stands {source.count(fault.right)} times in {fault.function}")
    return original, source.replace(fault.right, fault.wrong)


def broken(fault: Fault):
    """Return the function, or the method of a class, as it is and as the fault makes it; errors of `rewritten`."""
    original, text = rewritten(fault)
    names: dict[str, object] = {}
    exec(compile(text, f"<{fault.name}>", "exec"), vars(importlib.import_module(fault.module)), names)
    return original, names[fault.function.rpartition(".")[2]]


def _held(original, module):
    """Where a table of a module (rules of credit by name) holds the function: (row, field)."""
    rows = [row for table in list(vars(module).values()) if isinstance(table, dict) for row in table.values()]
    rows = [row for row in rows if dataclasses.is_dataclass(row) and not isinstance(row, type)]
    return [(row, f.name) for row in rows for f in dataclasses.fields(row) if getattr(row, f.name) is original]


@contextlib.contextmanager
def in_force(fault: Fault) -> Iterator[None]:
    """Break the rule while the context lasts."""
    original, wrong = broken(fault)
    module = importlib.import_module(fault.module)
    owner, _, name = fault.function.rpartition(".")
    if owner:
        places = [(getattr(module, owner), name)]
    else:
        root = fault.module.split(".")[0]
        places = [
            (module, name)
            for key, module in list(sys.modules.items())
            if module is not None and (key.split(".")[0] in (root, "agreement", "faults") or key.startswith("test_"))
            for name, value in list(vars(module).items())
            if value is original
        ]
    held = _held(original, module)
    assert places
    for place, name in places:
        setattr(place, name, wrong)
    for row, name in held:
        object.__setattr__(row, name, wrong)  # rows are frozen
    try:
        yield
    finally:
        for place, name in places:
            setattr(place, name, original)
        for row, name in held:
            object.__setattr__(row, name, original)


def caught(check, *arguments) -> bool:
    """Whether a check fails, by an assertion and nothing else."""
    try:
        check(*arguments)
    except AssertionError:
        return True
    return False
