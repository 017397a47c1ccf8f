"""What a frame shows of a recorded run, taken from its ledger once: who pays whom, what was spent, what was paid twice.

Nothing here is found anew: each number is that of `Recording`, for all quarters at once, so that a frame is drawn in no time.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from donorlab.experiments.app.watched import Recording, Tile
from donorlab.sim.scenario import FloatArray
from donorlab.sim.state import BENEFICIARY, COST, DONOR, PRICE, QUARTER, WITHHELD
from donorlab.sim.value import bit_counts

MOST: Final = 12
"""Donors, and states, that are drawn one by one; all others are one line."""


class Project(NamedTuple):
    """A project: who contracts it where, how many tasks, EUR m, how many tasks are paid twice, whether it is withheld."""

    donor: str
    state: str
    pillar: str
    tasks: int
    cost_m: float
    twice: int
    withheld: bool


class Facts:
    """Numbers of a recording.

    Parameters
    ----------
    recording : finished
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._tiles: dict[tuple[str, int], list[Tile]] = {}
        self._projects: dict[int, list[Project]] = {}
        self._capacities: dict[int, list[tuple[str, str, float, bool]]] = {}

    # ------------------------------------------------------------------ paid twice
    @cached_property
    def twice(self) -> np.ndarray:
        """Payments that count as paid twice at the end of a quarter: (quarters + 1, J)."""
        rows = [self.recording.duplicated_so_far(quarter) for quarter in range(self.recording.last + 1)]
        return np.array([[row[one] for one in self.recording.ids] for row in rows])

    @cached_property
    def twice_m(self) -> FloatArray:
        """EUR m of them, at base prices: (quarters + 1, J)."""
        ledger, found = self.recording.model.state.ledger, []
        for frame in self.recording.frames:
            size = len(frame.status)
            lost = np.where(frame.status != WITHHELD, bit_counts(frame.duplicated) * ledger.reals[:size, PRICE], 0.0)
            found.append(np.bincount(ledger.whole[:size, BENEFICIARY], lost, len(self.recording.ids)))
        return np.array(found)

    @cached_property
    def contracted_m(self) -> FloatArray:
        """EUR m contracted until the end of a quarter: (quarters + 1,)."""
        ledger = self.recording.model.state.ledger
        each = np.bincount(
            ledger.whole[: ledger.size, QUARTER], ledger.reals[: ledger.size, COST], self.recording.last + 1
        )
        return np.cumsum(each)

    def column(self, state: str) -> int:
        """Return the column of a state."""
        return self.recording.ids.index(state)

    def emerging(self, state: str) -> list[int]:
        """Return the quarters at whose end more counts as paid twice in a state than before."""
        return [int(one) + 1 for one in np.flatnonzero(np.diff(self.twice[:, self.column(state)]) > 0)]

    @property
    def most(self) -> str:
        """The state in which most is paid twice by the end, the first of them in the order in which they are told."""
        last = self.twice[-1]
        return self.recording.ids[max(self.recording.in_order, key=lambda j: int(last[j]))]

    # ------------------------------------------------------------------ a frame
    def tiles(self, state: str, quarter: int) -> list[Tile]:
        """Return the tiles of a state; the last few are remembered, for a frame is held against the one before."""
        key = (state, quarter)
        if key not in self._tiles:
            if len(self._tiles) > 8:
                self._tiles.clear()
            self._tiles[key] = self.recording.tiles(state, quarter)
        return self._tiles[key]

    # ------------------------------------------------------------------ who pays whom
    @cached_property
    def donors(self) -> tuple[list[str], list[str]]:
        """Donors that are drawn, by what they contract in the whole run, and all others."""
        return self._ordered(DONOR, self.recording.donors, range(len(self.recording.donors)))

    @cached_property
    def states(self) -> tuple[list[str], list[str]]:
        """States that are drawn, by what is contracted in them in the whole run, and all others."""
        return self._ordered(BENEFICIARY, self.recording.ids, self.recording.in_order)

    def _ordered(self, column: int, ids: Sequence[str], order: Sequence[int]) -> tuple[list[str], list[str]]:
        ledger = self.recording.model.state.ledger
        sums = np.bincount(ledger.whole[: ledger.size, column], ledger.reals[: ledger.size, COST], len(ids))
        rows = sorted(order, key=lambda one: -round(float(sums[one]), 9))
        many = MOST if len(rows) > MOST + 1 else len(rows)
        return [ids[one] for one in rows[:many]], [ids[one] for one in rows[many:]]

    def projects(self, quarter: int) -> list[Project]:
        """Return what is contracted in a quarter; remembered, for several pictures show it."""
        if quarter not in self._projects:
            rows = self.recording.new_projects(quarter).itertuples(index=False, name=None)
            self._projects[quarter] = [
                Project(donor, state, pillar, len(tasks), cost_m, twice, withheld)
                for _, donor, state, pillar, tasks, cost_m, twice, withheld in rows
            ]
        return self._projects[quarter]

    def flows(self, quarter: int) -> dict[tuple[str, str, bool], float]:
        """Return what flows in a quarter between those who are drawn, the others as one.

        Returns
        -------
        dict
            EUR m by donor and state (an empty text is all others), and whether a task of it is paid twice, as it counts at the end
            of the quarter
        """
        donors, states = set(self.donors[0]), set(self.states[0])
        found: dict[tuple[str, str, bool], float] = {}
        for one in self.projects(quarter):
            donor, state = one.donor if one.donor in donors else "", one.state if one.state in states else ""
            key = (donor, state, one.twice > 0)
            found[key] = found.get(key, 0.0) + one.cost_m
        return found

    @cached_property
    def most_m(self) -> tuple[dict[str, float], dict[str, float]]:
        """The most that each donor that is drawn pays in a quarter of the run, and each state gets, EUR m; an empty text is others.

        Rows are as high as that, so that they keep their places through the whole run.
        """
        ledger = self.recording.model.state.ledger
        found = []
        for column, ids, (shown, others) in (
            (DONOR, self.recording.donors, self.donors),
            (BENEFICIARY, self.recording.ids, self.states),
        ):
            nodes = [*shown, *([""] if others else [])]
            row = np.array([shown.index(one) if one in shown else len(nodes) - 1 for one in ids])
            where = ledger.whole[: ledger.size, QUARTER] * len(nodes) + row[ledger.whole[: ledger.size, column]]
            sums = np.bincount(where, ledger.reals[: ledger.size, COST], (self.recording.last + 1) * len(nodes))
            found.append(dict(zip(nodes, sums.reshape(-1, len(nodes)).max(axis=0).tolist(), strict=True)))
        return found[0], found[1]

    def capacities(self, quarter: int) -> list[tuple[str, str, float, bool]]:
        """Return id, name, capacity and whether it is a haven of each state, in the order in which they are told."""
        if quarter not in self._capacities:
            self._capacities[quarter] = list(self.recording.states_at(quarter).itertuples(index=False, name=None))
        return self._capacities[quarter]

    @cached_property
    def most_cash_m(self) -> float:
        """The most cash that any donor holds at the end of a quarter, EUR m."""
        return max(float(one.cash.max(initial=0.0)) for one in self.recording.frames)

    def called(self, state: str) -> str:
        """Return the name of a state as it is told."""
        return self.recording.names[self.recording.ids.index(state)]

    def donor_called(self, donor: str) -> str:
        """Return the name of a donor."""
        return self.recording.model.inputs.donors.names[self.recording.donors.index(donor)]
