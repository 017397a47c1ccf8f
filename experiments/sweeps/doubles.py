"""Runs that stand in several sweeps: found by their identities, and held against each other number by number.

Identities are sorted as pairs of 64-bit numbers in numpy arrays: 16 bytes a run, 8 for the order, and about as much again while
they are sorted. Nothing is hashed: whether two runs are the same is read off all their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from donorlab.experiments.arguments import InputError
from donorlab.experiments.sweeps import identity, parts
from donorlab.experiments.sweeps.parts import Part

_BLOCK: Final = 1 << 20
_PARTS_KEPT: Final = 8
_LABELS: Final = ("run", "point", "architecture", "seed", "id", "source")


class Doubles:
    """Which runs of some sweeps stand in an earlier one of them, too.

    A run counts by its place: those of the first part of the first sweep come first. What stands twice in *one* sweep (equal
    rows of a table) is no double and stays.

    Parameters
    ----------
    sweeps : folder of each and its parts, as they will be read

    Raises
    ------
    InputError
        If a part cannot be read.
    """

    def __init__(self, sweeps: Sequence[tuple[Path, Sequence[Part]]]) -> None:
        self._parts = [(root, part) for root, held in sweeps for part in held]
        self._starts = np.cumsum([0, *(part.rows for _, part in self._parts)])
        self._sweeps = np.cumsum([0, *(sum(part.rows for part in held) for _, held in sweeps)])
        self.places, self.firsts = self._found()
        self._read = lru_cache(maxsize=_PARTS_KEPT)(self._numbers)

    def _found(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the places of doubles, sorted, and of the runs that they repeat."""
        total = int(self._starts[-1])
        high, low = np.empty(total, np.uint64), np.empty(total, np.uint64)
        for number, (root, part) in enumerate(self._parts):
            here = slice(self._starts[number], self._starts[number + 1])
            high[here], low[here] = _halves(root, part)
        order = np.lexsort((low, high))  # stable: of equal ones the first place comes first
        places: list[np.ndarray] = []
        firsts: list[np.ndarray] = []
        head = 0  # where in the order the identities that are looked at begin
        for start in range(0, total, _BLOCK):
            some = order[start : start + _BLOCK]
            before = np.concatenate([order[start - 1 : start] if start else some[:1], some[:-1]])
            new = (high[some] != high[before]) | (low[some] != low[before])
            heads = np.maximum.accumulate(np.where(new, np.arange(start, start + len(some)), head))
            head = int(heads[-1])
            twins, first = some[~new], order[heads[~new]]
            elsewhere = self._sweep_of(twins) != self._sweep_of(first)
            places.append(twins[elsewhere])
            firsts.append(first[elsewhere])
        found = np.concatenate([np.empty(0, np.int64), *places])
        sorted_ = np.argsort(found)
        return found[sorted_], np.concatenate([np.empty(0, np.int64), *firsts])[sorted_]

    def _sweep_of(self, places: np.ndarray) -> np.ndarray:
        return np.searchsorted(self._sweeps, places, side="right")

    def new(self, number: int, rows: Any) -> np.ndarray:
        """Return which rows of a part, counted over all sweeps, stand in no earlier sweep.

        Parameters
        ----------
        number : of the part
        rows : its table

        Raises
        ------
        InputError
            If a run that stands in an earlier sweep, too, has other numbers here.
        """
        start, end = self._starts[number], self._starts[number + 1]
        among = slice(*np.searchsorted(self.places, [start, end]))
        doubles, firsts = self.places[among] - start, self.firsts[among]
        owners = np.searchsorted(self._starts, firsts, side="right") - 1
        for owner in np.unique(owners):
            chosen = owners == owner
            self._compare(rows, doubles[chosen], int(owner), firsts[chosen] - self._starts[owner], number)
        fresh = np.ones(end - start, bool)
        fresh[doubles] = False
        return np.flatnonzero(fresh)

    def _compare(self, rows: Any, here: np.ndarray, owner: int, there: np.ndarray, number: int) -> None:
        other = self._read(owner)
        mine, theirs = rows.take(here), other.take(there)
        wrong = np.zeros(len(here), bool)
        mended = np.zeros(len(here), bool)
        for name in rows.column_names:
            if name in _LABELS or name not in other.column_names or name in self._varied(rows, name):
                continue
            one, two = mine.column(name), theirs.column(name)
            if name == "error":
                words = list(zip(one.to_pylist(), two.to_pylist(), strict=True))
                wrong |= np.array([first != second for first, second in words])
                mended |= np.array([(first is None) != (second is None) for first, second in words])
            else:
                wrong |= one.to_numpy().view(np.uint64) != two.to_numpy().view(np.uint64)
        if not wrong.any():
            return
        place = int(np.flatnonzero(wrong)[0])
        root, run = self._parts[number][0], mine.column("run")[place].as_py()
        elsewhere = f"run {theirs.column('run')[place].as_py()} of {self._parts[owner][0]}"
        if mended[place]:
            raise InputError(
                f"{root}: run {run} is {elsewhere}, and failed in one of the two only; run that sweep again with "
                "retry_failed=true first"
            )
        raise InputError(
            f"{root}: run {run} stands in another folder with other numbers ({elsewhere}, {mine.column('id')[place]})"
        )

    @staticmethod
    def _varied(rows: Any, name: str) -> tuple[str, ...]:
        """Return the name if it is of something that is varied: equal identities mean equal values of it."""
        names = rows.column_names
        return (name,) if names.index(name) < names.index(parts.FIRST_OUTCOME) else ()

    def _numbers(self, number: int) -> Any:
        return parts.read(*self._parts[number])


def _halves(root: Path, part: Part) -> tuple[np.ndarray, np.ndarray]:
    """Return the identities of a part's runs as two arrays of whole numbers."""
    words = parts.read(root, part, ["id"]).column("id").to_pylist()
    try:
        data = bytes.fromhex("".join(words))
        if len(data) * 2 != identity.LENGTH * len(words) or len(words) != part.rows:
            raise ValueError
    except (TypeError, ValueError):
        raise InputError(f"{root}: part {part.name}: its column id is damaged") from None
    both = np.frombuffer(data, ">u8").reshape(-1, 2)
    return both[:, 0], both[:, 1]
