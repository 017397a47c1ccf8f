"""Watch: one run of one design, recorded quarter by quarter, so that it can be stepped, played and rewound.

The run is made once, to its end; a frame is what stood at the end of a quarter. What counts as paid twice may change later (a
first payment that comes to nothing makes the second one useful after all), so that each frame has it as it counted then.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from donorlab import sim
from donorlab.experiments import receipt
from donorlab.experiments.arguments import InputError
from donorlab.sim.events import bits, events_frame
from donorlab.sim.outcomes.by_task import task_payments
from donorlab.sim.scenario import FloatArray, Scenario
from donorlab.sim.sightings import sightings_frame
from donorlab.sim.state import (
    BENEFICIARY,
    COMPLETED,
    COST,
    DONOR,
    DUPLICATED,
    PILLAR,
    QUARTER,
    REMAINING,
    STATUS,
    TASKS,
    WITHHELD,
)
from donorlab.sim.value import bit_counts

BYTES_MOST: Final = 60_000_000  # bytes that all frames of a recording may take
ABSENT, STANDING, UNDER_WAY, LAPSED = "not there", "standing", "under way", "lapsed"
TWICE: Final = "paid twice"
_SALT: Final = "donorlab: states without names"


@dataclass(frozen=True)
class Frame:
    """What stood at the end of a quarter.

    Attributes
    ----------
    quarter : from 1; 0 is the start
    cash : (D,) EUR m; live : (D,) running or contracted projects
    standing, ever : (J, K) words, a bit a task: stands; has stood at some time until now
    havens : (J,)
    status : (P,) of projects contracted so far; remaining, duplicated : (P,) words: not yet delivered, paid twice as it counts now
    """

    quarter: int
    cash: FloatArray
    live: npt.NDArray[np.int64]
    standing: npt.NDArray[np.uint64]
    ever: npt.NDArray[np.uint64]
    havens: npt.NDArray[np.bool_]
    status: npt.NDArray[np.int8]
    remaining: npt.NDArray[np.uint64]
    duplicated: npt.NDArray[np.uint64]

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(value.nbytes for value in vars(self).values() if isinstance(value, np.ndarray))


@dataclass(frozen=True)
class Tile:
    """One task of a state at the end of a quarter.

    Attributes
    ----------
    pillar, task : which one
    state : ``not there``, ``standing``, ``under way`` or ``lapsed`` (or out of date)
    paid_twice : whether a payment for it counts as paid twice then
    donors : ids of those who had contracted it by then, in the order of their contracts, a donor once
    """

    pillar: str
    task: int
    state: str
    paid_twice: bool
    donors: tuple[str, ...]

    @property
    def shown(self) -> str:
        """The one word by which the tile is coloured: what was paid twice goes before all else."""
        return TWICE if self.paid_twice else self.state


class Recording:
    """One run of one design at one seed.

    Parameters
    ----------
    scenario : under the design
    seed : replication
    hidden : whether states are told by number in place of their names

    Raises
    ------
    InputError
        If the run is too large to be held.

    Notes
    -----
    `quarter_by_quarter` makes it step by step; the constructor of a recording runs to the end.
    """

    def __init__(self, scenario: Scenario, seed: int, hidden: bool = False) -> None:
        for _ in self._run(scenario, seed, hidden):
            pass

    @classmethod
    def quarter_by_quarter(cls, scenario: Scenario, seed: int, hidden: bool = False) -> Generator[int | Recording]:
        """Yield the number of each quarter that is finished, then the recording, so that a page stays alive meanwhile."""
        made = cls.__new__(cls)
        yield from made._run(scenario, seed, hidden)
        yield made

    def _run(self, scenario: Scenario, seed: int, hidden: bool) -> Generator[int]:
        self.scenario, self.seed, self.hidden = scenario, seed, hidden
        self.model = sim.CoordinationModel(scenario, rng=seed, trace=True)
        self.frames: list[Frame] = [_frame(self.model, None)]
        room = BYTES_MOST
        while self.model.quarter < self.model.parameters.quarters:
            self.model.step()
            self.frames.append(_frame(self.model, self.frames[-1]))
            room -= self.frames[-1].nbytes
            if room < 0:
                raise InputError(f"this run is too large to be watched: more than {BYTES_MOST / 1e6:.0f} MB of frames")
            yield self.model.quarter

    # ------------------------------------------------------------------ names
    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Ids of the states as they are told, in the order of the run: their own, or ``State 17``."""
        own = self.model.inputs.beneficiaries.ids
        return tuple(numbered(own)[one] for one in own) if self.hidden else own

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the states as they are told."""
        return self.ids if self.hidden else self.model.inputs.beneficiaries.names

    @cached_property
    def in_order(self) -> tuple[int, ...]:
        """Rows of the states in the order in which they are told: hidden ones by number, for their own order would tell them."""
        rows = range(len(self.ids))
        return tuple(sorted(rows, key=lambda j: int(self.ids[j].rpartition(" ")[2]))) if self.hidden else tuple(rows)

    @property
    def donors(self) -> tuple[str, ...]:
        """Ids of donors, in the order of the run; a common fund is one of them."""
        return self.model.inputs.donors.ids

    @property
    def pillars(self) -> tuple[str, ...]:
        """Names of the pillars."""
        return self.model.inputs.pillars

    @property
    def last(self) -> int:
        """The last quarter."""
        return len(self.frames) - 1

    def _state(self, told: str) -> int:
        if told not in self.ids:
            raise InputError(f"state: there is no '{told}' in this run")
        return self.ids.index(told)

    def _at(self, quarter: int) -> Frame:
        if not 0 <= quarter <= self.last:
            raise InputError(f"quarter: {quarter} is none of this run; it has 0 (the start) to {self.last}")
        return self.frames[quarter]

    # ------------------------------------------------------------------ what is shown
    def donors_at(self, quarter: int) -> pd.DataFrame:
        """Return a row a donor: ``cash_m`` (EUR m) and ``live`` projects at the end of a quarter."""
        frame = self._at(quarter)
        names = list(self.model.inputs.donors.names)
        return pd.DataFrame({"donor": list(self.donors), "name": names, "cash_m": frame.cash, "live": frame.live})

    def states_at(self, quarter: int) -> pd.DataFrame:
        """Return a row a state: ``capacity`` (share of all tasks), whether it is a ``haven``; in the order of `in_order`."""
        frame = self._at(quarter)
        counts = bit_counts(frame.standing.ravel()).reshape(frame.standing.shape).sum(axis=1)
        whole = frame.standing.shape[1] * self.model.parameters.tasks_per_pillar
        found = pd.DataFrame(
            {"state": list(self.ids), "name": list(self.names), "capacity": counts / whole, "haven": frame.havens}
        )
        return found.iloc[list(self.in_order)].reset_index(drop=True)

    def new_projects(self, quarter: int) -> pd.DataFrame:
        """Return the projects contracted in a quarter.

        Returns
        -------
        DataFrame
            ``project``, ``donor``, ``state``, ``pillar``, ``tasks`` (tuple of numbers), ``cost_m``, ``duplicated`` (tasks paid
            twice, as it counts at the end of the quarter), ``withheld``
        """
        self._at(quarter)
        ledger = self.model.state.ledger
        rows = np.flatnonzero(ledger.whole[: ledger.size, QUARTER] == quarter)
        frame = self.frames[quarter]
        return pd.DataFrame(
            {
                "project": rows,
                "donor": [self.donors[d] for d in ledger.whole[rows, DONOR]],
                "state": [self.ids[j] for j in ledger.whole[rows, BENEFICIARY]],
                "pillar": [self.pillars[k] for k in ledger.whole[rows, PILLAR]],
                "tasks": [tuple(bits(word)) for word in ledger.words[rows, TASKS]],
                "cost_m": ledger.reals[rows, COST],
                "duplicated": bit_counts(frame.duplicated[rows]),
                "withheld": frame.status[rows] == WITHHELD,
            }
        )

    def money(self, quarter: int) -> pd.DataFrame:
        """Return what was contracted in a quarter by donor and state: ``donor``, ``state``, ``cost_m``, ``projects``."""
        grouped = self.new_projects(quarter).groupby(["donor", "state"], sort=False, as_index=False)
        found: pd.DataFrame = grouped.agg(cost_m=("cost_m", "sum"), projects=("project", "size"))
        return found

    def tiles(self, state: str, quarter: int) -> list[Tile]:
        """Return the tasks of a state at the end of a quarter, pillar by pillar.

        Parameters
        ----------
        state : as it is told, of `ids`
        quarter : 0 for the start
        """
        j, frame = self._state(state), self._at(quarter)
        ledger, size = self.model.state.ledger, len(frame.status)
        mine = np.flatnonzero((ledger.whole[:size, BENEFICIARY] == j) & (frame.status != WITHHELD))
        found = []
        for k, pillar in enumerate(self.pillars):
            here = mine[ledger.whole[mine, PILLAR] == k]
            running = here[frame.status[here] < COMPLETED]
            open_words = int(np.bitwise_or.reduce(frame.remaining[running], initial=np.uint64(0)))
            twice = int(np.bitwise_or.reduce(frame.duplicated[here], initial=np.uint64(0)))
            stands, ever = int(frame.standing[j, k]), int(frame.ever[j, k])
            for task in range(self.model.parameters.tasks_per_pillar):
                bit = 1 << task
                paid = here[ledger.words[here, TASKS] & np.uint64(bit) != 0]
                donors = dict.fromkeys(self.donors[d] for d in ledger.whole[paid, DONOR])
                word = STANDING if stands & bit else UNDER_WAY if open_words & bit else LAPSED if ever & bit else ABSENT
                found.append(Tile(pillar, task, word, bool(twice & bit), tuple(donors)))
        return found

    def duplicated_so_far(self, quarter: int) -> dict[str, int]:
        """Return by state how many payments count as paid twice at the end of a quarter."""
        frame = self._at(quarter)
        size = len(frame.status)
        count = np.where(frame.status != WITHHELD, bit_counts(frame.duplicated), 0)
        where = self.model.state.ledger.whole[:size, BENEFICIARY]
        sums = np.bincount(where, weights=count, minlength=len(self.ids))
        return {self.ids[j]: int(sums[j]) for j in self.in_order}

    # ------------------------------------------------------------------ the receipt
    def receipt(self, state: str, pillar: str, task: int) -> list[str]:
        """Return the lines of the receipt of a task: who paid, when, and why each could not know.

        Raises
        ------
        InputError
            If there is no such task.
        """
        self._state(state)
        if pillar not in self.pillars:
            raise InputError(f"pillar: there is no '{pillar}'; there are {', '.join(self.pillars)}")
        if not 0 <= task < self.model.parameters.tasks_per_pillar:
            raise InputError(f"task: {task} is none; there are 0 to {self.model.parameters.tasks_per_pillar - 1}")
        model, events, paid, who = self._facts
        return receipt.receipt(receipt.Facts.of(model, events, paid, who, (state, pillar, task)))

    def worst(self, state: str | None = None) -> pd.DataFrame:
        """Return the tasks on which money was spent twice by the end of the run, most first, of one state or of all."""
        paid = self._facts[2]
        if state is not None:
            self._state(state)
            paid = paid[paid["beneficiary"] == state]
        return receipt.worst(paid)

    @cached_property
    def _facts(self) -> tuple[Any, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Model, events, payments and sightings, with states as they are told.

        Names are changed in the data that a receipt is made of, not in its text, where a name may be a part of another word.
        """
        events, paid, who = events_frame(self.model), task_payments(self.model), sightings_frame(self.model)
        if not self.hidden:
            return self.model, events, paid, who
        told = dict(zip(self.model.inputs.beneficiaries.ids, self.ids, strict=True))
        for frame in (events, paid, who):
            frame["beneficiary"] = frame["beneficiary"].map(lambda one: told.get(one, one))
        return masked(self.model, self.ids), events, paid, who


def masked(model: sim.CoordinationModel, told: Sequence[str]) -> Any:
    """Return a copy of a finished model, to be read only, whose states are called otherwise."""
    other = copy.copy(model)
    them = copy.copy(model.inputs.beneficiaries)
    for name in ("ids", "names"):
        object.__setattr__(them, name, tuple(told))
    inputs = copy.copy(model.inputs)
    object.__setattr__(inputs, "beneficiaries", them)
    other.inputs = inputs
    return other


def numbered(ids: Sequence[str]) -> Mapping[str, str]:
    """Return ``State 1`` and so on by id: always the same for the same states, and in no order that tells them."""
    shuffled = sorted(ids, key=lambda one: hashlib.sha256(f"{_SALT} {one}".encode()).hexdigest())
    return {one: f"State {number}" for number, one in enumerate(shuffled, 1)}


def _frame(model: sim.CoordinationModel, before: Frame | None) -> Frame:
    """Return what stands now."""
    state, size = model.state, model.state.ledger.size
    whole, words = state.ledger.whole[:size], state.ledger.words[:size]
    living = whole[whole[:, STATUS] < COMPLETED, DONOR]
    return Frame(
        quarter=model.quarter,
        cash=state.cash.copy(),
        live=np.bincount(living, minlength=len(state.cash)),
        standing=state.standing.copy(),
        ever=state.standing | (before.ever if before is not None else np.uint64(0)),
        havens=state.haven > 0,
        status=whole[:, STATUS].astype(np.int8),
        remaining=words[:, REMAINING].copy(),
        duplicated=words[:, DUPLICATED].copy(),
    )
