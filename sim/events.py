"""Every event of one run, read off the arrays between phases; the compiled phases know nothing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from donorlab.sim.sightings import Sightings
from donorlab.sim.state import (
    BENEFICIARY,
    COMPLETED,
    DONOR,
    DUPLICATED,
    END,
    PILLAR,
    QUARTER,
    REMAINING,
    RUNNING,
    SPOILED,
    START,
    STATUS,
    STATUS_NAMES,
    TASKS,
)

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel
    from donorlab.sim.scenario import BoolArray
    from donorlab.sim.setup import WordArray

COLUMNS = ("quarter", "event", "project", "donor", "beneficiary", "pillar", "task")


def bits(word: int) -> list[int]:
    """Return the numbers of the set bits of a word, rising."""
    return [task for task in range(64) if int(word) >> task & 1]


# what the trace calls tasks that stand, or stand no more, after a phase of Evolve
GAINED = {"effort": "own effort"}
LOST = {"lapse": "lapsed", "turnover": "obsolete"}


class Trace:
    """Collects events while a model steps; ``rows`` are tuples in the order of COLUMNS (-1 where nothing applies).

    ``sightings`` says who could know of whose contracts.
    """

    def __init__(self, model: CoordinationModel) -> None:
        self.rows: list[tuple[int, str, int, int, int, int, int]] = []
        self.sightings = Sightings()
        self._contracted = 0
        self._remember(model)

    def _remember(self, model: CoordinationModel) -> None:
        ledger = model.state.ledger
        self._status = ledger.whole[: ledger.size, STATUS].copy()
        self._remaining = ledger.words[: ledger.size, REMAINING].copy()
        self._duplicated = ledger.words[: ledger.size, DUPLICATED].copy()
        self._standing: WordArray = model.state.standing.copy()
        self._alarm = model.state.alarm_until.copy()

    def _project(self, model: CoordinationModel, event: str, p: int, task: int = -1) -> None:
        row = model.state.ledger.whole[p]
        self.rows.append((model.quarter, event, p, int(row[DONOR]), int(row[BENEFICIARY]), int(row[PILLAR]), task))

    def after_plan(self, model: CoordinationModel) -> None:
        """Note the new contracts, a row a task."""
        ledger = model.state.ledger
        self.sightings.note(model, self._contracted)
        for p in range(self._contracted, ledger.size):
            for task in bits(ledger.words[p, TASKS]):
                self._project(model, "contracted", p, task)
        self._contracted = ledger.size
        self._remember(model)

    def moved(self, model: CoordinationModel, joins: BoolArray, leaves: BoolArray) -> None:
        """Note who joins the umbrella, and who leaves it."""
        for event, who in (("joins umbrella", joins), ("leaves umbrella", leaves)):
            for d in np.flatnonzero(who):
                self.rows.append((model.quarter, event, -1, int(d), -1, -1, -1))

    def after_contract(self, model: CoordinationModel) -> None:
        """Note projects that were withheld."""
        whole = model.state.ledger.whole
        for p in np.flatnonzero(self._status != whole[: model.state.ledger.size, STATUS]):
            self._project(model, "withheld", int(p))
        self._reclassed(model)
        self._remember(model)

    def _reclassed(self, model: CoordinationModel) -> None:
        """Note payments that came to count otherwise than before: as useful after all, or as duplicated after all (4.2)."""
        now = model.state.ledger.words[: model.state.ledger.size, DUPLICATED]
        for p in np.flatnonzero(self._duplicated != now):
            before, after = int(self._duplicated[p]), int(now[p])
            for event, word in (("useful after all", before & ~after), ("duplicated after all", after & ~before)):
                for task in bits(word):
                    self._project(model, event, int(p), task)

    def after_deliver(self, model: CoordinationModel) -> None:
        """Note starts, deliveries and ends. A delivery of a task that stood already is `delivered again`, one that did not take
        `spoiled`."""
        ledger = model.state.ledger
        standing = self._standing.copy()
        whole, words = ledger.whole[: ledger.size], ledger.words[: ledger.size]
        begun = (self._status < RUNNING) & (whole[:, STATUS] >= RUNNING)
        changed = (self._remaining != words[:, REMAINING]) | (self._status != whole[:, STATUS]) | begun
        for p in np.flatnonzero(changed):
            if begun[p] and whole[p, START] == model.quarter:
                self._project(model, "started", int(p))
        for p in np.flatnonzero(changed):
            j, k = whole[p, BENEFICIARY], whole[p, PILLAR]
            for task in bits(int(self._remaining[p]) & ~int(words[p, REMAINING])):
                bit = np.uint64(1 << task)
                if words[p, SPOILED] & bit:
                    self._project(model, "spoiled", int(p), task)
                    continue
                self._project(model, "delivered again" if standing[j, k] & bit else "delivered", int(p), task)
                standing[j, k] |= bit
            if whole[p, END] == model.quarter and whole[p, STATUS] >= COMPLETED:
                self._project(model, STATUS_NAMES[whole[p, STATUS]], int(p))
        self._reclassed(model)
        self._remember(model)

    def after(self, phase: str, model: CoordinationModel) -> None:
        """Note tasks that a phase of Evolve did or undid, and incidents."""
        for j in np.flatnonzero(model.state.alarm_until != self._alarm):
            self.rows.append((model.quarter, "incident", -1, -1, int(j), -1, -1))
        for event, words in (
            (GAINED.get(phase, phase), model.state.standing & ~self._standing),
            (LOST.get(phase, phase), self._standing & ~model.state.standing),
        ):
            self._cells(model, event, words)

    def _cells(self, model: CoordinationModel, event: str, words: Any) -> None:
        for j, k in np.argwhere(words != 0):
            for task in bits(words[j, k]):
                self.rows.append((model.quarter, event, -1, -1, int(j), int(k), task))
        self._remember(model)


def events_frame(model: CoordinationModel) -> pd.DataFrame:
    """Return the events of a traced model with names in place of rows."""
    frame = pd.DataFrame(model.trace.rows if model.trace else [], columns=list(COLUMNS))
    inputs, ledger = model.inputs, model.state.ledger
    for column, names in (
        ("donor", inputs.donors.ids),
        ("beneficiary", inputs.beneficiaries.ids),
        ("pillar", inputs.pillars),
    ):
        frame[column] = np.array([*names, ""], dtype=object)[frame[column].to_numpy(dtype=np.int64)]
    contract = np.append(ledger.whole[: ledger.size, QUARTER], 0)
    frame["contract_quarter"] = contract[frame["project"].to_numpy(dtype=np.int64)]
    return frame
