"""What a deliberate fault is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One rule broken on purpose.

    Attributes
    ----------
    name : what is wrong; section : of ``sim/ODD.md``
    module, function : where (a method as ``Class.method``); right, wrong : the piece of its source and what stands in its place
    caught_by : names of checks; worlds : ``(architecture, number)`` of drawn worlds; on : groups of ``oracle.political``
        that are on in them
    """

    name: str
    section: str
    module: str
    function: str
    right: str
    wrong: str
    caught_by: tuple[str, ...] = ("agreement",)
    worlds: tuple[tuple[str, int], ...] = ()
    on: tuple[str, ...] = ()
