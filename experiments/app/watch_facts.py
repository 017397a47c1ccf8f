"""What a frame shows of a recorded run, taken from its ledger once: who pays whom, what was spent, what was paid twice.

Nothing here is found anew: each number is that of `Recording`, for all quarters at once, so that a frame is drawn in no time.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from donorlab.experiments.app.watched import Recording, Tile
from donorlab.sim.scenario import FloatArray
from donorlab.sim.state import BENEFICIARY, COST, DONOR, PRICE, QUARTER, WITHHELD
from donorlab.sim.value import bit_counts

MOST: Final = 12
"""Donors, and states, that are drawn one by one; all others are one line."""


class Facts:
    """Numbers of a recording.

    Parameters
    ----------
    recording : finished
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._tiles: dict[tuple[str, int], list[Tile]] = {}

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

    def flows(self, quarter: int) -> pd.DataFrame:
        """Return what flows in a quarter between those who are drawn, the others as one.

        Returns
        -------
        DataFrame
            ``donor`` and ``state`` (empty text: the others), ``twice`` (whether part of it is paid twice, as it counts at the end
            of the quarter), ``cost_m``
        """
        frame = self.recording.new_projects(quarter)
        shown_donors, shown_states = set(self.donors[0]), set(self.states[0])
        short = pd.DataFrame(
            {
                "donor": [one if one in shown_donors else "" for one in frame["donor"]],
                "state": [one if one in shown_states else "" for one in frame["state"]],
                "twice": frame["duplicated"].to_numpy() > 0,
                "cost_m": frame["cost_m"].to_numpy(),
            }
        )
        return short.groupby(["donor", "state", "twice"], sort=False, as_index=False)["cost_m"].sum()

    @cached_property
    def widest_m(self) -> float:
        """The most that any of those drawn pays or gets in a quarter, EUR m: one width for the whole run."""
        ledger, most = self.recording.model.state.ledger, 0.0
        for column, ids, (shown, _) in (
            (DONOR, self.recording.donors, self.donors),
            (BENEFICIARY, self.recording.ids, self.states),
        ):
            row = np.full(len(ids), len(shown))
            for place, one in enumerate(shown):
                row[ids.index(one)] = place
            count = len(shown) + 1
            where = ledger.whole[: ledger.size, QUARTER] * count + row[ledger.whole[: ledger.size, column]]
            most = max(most, float(np.bincount(where, ledger.reals[: ledger.size, COST], count).max(initial=0.0)))
        return most

    def called(self, state: str) -> str:
        """Return the name of a state as it is told."""
        return self.recording.names[self.recording.ids.index(state)]

    def donor_called(self, donor: str) -> str:
        """Return the name of a donor."""
        return self.recording.model.inputs.donors.names[self.recording.donors.index(donor)]
