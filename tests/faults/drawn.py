"""The drawn worlds of a fault, and the check that faults of both sides must fail: engine and oracle agree on them."""

from __future__ import annotations

from agreement import compare
from oracle.worlds import numbered

from faults.fault import Fault


def drawn(fault: Fault):
    """The fault's worlds, with the mechanisms on that it names and no others: number and scenario."""
    return [(n, numbered(n, (architecture,), on=fault.on, always=True)) for architecture, n in fault.worlds]


def agreement(fault: Fault) -> None:
    """Engine and oracle do the same on the fault's worlds."""
    for number, world in drawn(fault):
        compare(world, number)
