"""The ledger as columns: what all families of outcomes read. Nothing here writes to a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from donorlab.sim.compiled import compiled
from donorlab.sim.scenario import FloatArray
from donorlab.sim.state import (
    BENEFICIARY,
    BLOCKED,
    COST,
    DELIVERED_TASKS,
    DEMANDED,
    DONOR,
    DUPLICATED,
    END,
    FIXED,
    FLAGS,
    MONITORING,
    OTHERS,
    PILLAR,
    PRICE,
    QUARTER,
    RACE,
    RELATION,
    RETURNED,
    SERIAL,
    SIZE,
    SLOT,
    SPOILED,
    STALL,
    START,
    STATUS,
    TASKS,
    WITHHELD,
    WORKED,
)
from donorlab.sim.value import bit_count, bit_counts

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel

IntArray = npt.NDArray[np.int64]


def sums(place: IntArray, values: npt.ArrayLike, count: int) -> FloatArray:
    """Return the sum of ``values`` at each place 0 to ``count`` - 1, floats whether or not there are any values.

    ``np.bincount`` of nothing counts in whole numbers even where it has weights, which would give tables of runs
    without projects other types than those of the rest.
    """
    weights = np.asarray(values, dtype=np.float64)
    return np.bincount(place, weights=weights, minlength=count).astype(np.float64, copy=False)


@compiled
def _same_instrument(tasks, others, pillar, instrument_words):  # type: ignore[no-untyped-def]
    """Return, by project, how many of its tasks have an instrument that others' projects in the cell have too."""
    out = np.zeros(tasks.shape[0], dtype=np.int64)
    for p in range(tasks.shape[0]):
        for m in range(instrument_words.shape[1]):
            word = instrument_words[pillar[p], m]
            if others[p] & word:
                out[p] += bit_count(tasks[p] & word)
    return out


@compiled
def _race_shares(cell_of, moment, tasks, race, group_total):  # type: ignore[no-untyped-def]
    """Share each race's duplicated payments equally among all its members; adds to ``group_total`` by project."""
    one = np.uint64(1)
    n = tasks.shape[0]
    low = 0
    while low < n:
        high = low
        anything = np.uint64(0)
        while high < n and moment[high] == moment[low]:
            anything |= race[high]
            high += 1
        if anything:
            for p in range(low, high):
                left = race[p]
                task = 0
                while left:
                    if left & one:
                        bit = one << np.uint64(task)
                        members = 0
                        for q in range(low, high):
                            if cell_of[q] == cell_of[p] and tasks[q] & bit:
                                members += 1
                        for q in range(low, high):
                            if cell_of[q] == cell_of[p] and tasks[q] & bit:
                                group_total[q] += 1.0 / members
                    left >>= one
                    task += 1
        low = high


@dataclass(frozen=True, eq=False)
class Payments:
    """All projects of a run as columns, in the order of their contracts (P rows); money in EUR m.

    A withheld project cost its fixed and monitoring cost only; its tasks count as not paid.
    ``reforms`` are its reform tasks, ``demanded`` those that a donor who sets conditions asks for (-1: nobody asks).

    ``race_cost`` is each project's equal share of the duplicated cost of the races it was in, ``ignorance_cost``
    that of its own payments duplicated by ignorance; ``duplicated_cost`` is their sum.
    """

    donor: IntArray
    beneficiary: IntArray
    pillar: IntArray
    quarter: IntArray
    slot: IntArray
    serial: IntArray
    tasks: IntArray
    delivered: IntArray
    spoiled: IntArray
    duplicated: IntArray
    race: IntArray
    objective: IntArray
    method: IntArray
    same_task: IntArray
    start: IntArray
    end: IntArray
    status: IntArray
    progress: FloatArray
    cost: FloatArray
    base_cost: FloatArray
    fixed_cost: FloatArray
    relation_cost: FloatArray
    monitoring_cost: FloatArray
    mismatch_cost: FloatArray
    flags: IntArray
    blocked: IntArray
    reforms: IntArray
    demanded: IntArray
    stalled_since: IntArray
    ignorance_cost: FloatArray
    race_cost: FloatArray

    @property
    def duplicated_cost(self) -> FloatArray:
        """EUR m of task cost paid for what was paid for already."""
        return np.asarray(self.ignorance_cost + self.race_cost)

    @property
    def transaction_cost(self) -> FloatArray:
        """EUR m of fixed, relation and monitoring cost."""
        return np.asarray(self.fixed_cost + self.relation_cost + self.monitoring_cost)


def payments(model: CoordinationModel) -> Payments:
    """Return the ledger of a model as columns."""
    ledger, land = model.state.ledger, model.land
    whole = ledger.whole[: ledger.size].astype(np.int64)
    words, reals = ledger.words[: ledger.size], ledger.reals[: ledger.size]
    reforms = bit_counts(words[:, TASKS] & land.reform_words[whole[:, PILLAR]])
    column = {name: np.ascontiguousarray(words[:, i]) for name, i in
              (("tasks", TASKS), ("duplicated", DUPLICATED), ("race", RACE), ("others", OTHERS), ("blocked", BLOCKED))}  # fmt: skip
    kept = whole[:, STATUS] != WITHHELD  # of what was withheld only fixed and monitoring cost are spent
    price = np.where(kept, reals[:, PRICE], 0.0)
    base: FloatArray = np.asarray(whole[:, SIZE] * price, dtype=np.float64)
    cost = reals[:, COST] - reals[:, RETURNED]
    fixed, monitoring = reals[:, FIXED].copy(), reals[:, MONITORING].copy()
    relation = np.where(kept, reals[:, RELATION], 0.0)
    pillar = np.ascontiguousarray(whole[:, PILLAR])
    cell = whole[:, BENEFICIARY] * len(land.pillar_weight) + pillar
    slots = int(whole[:, SLOT].max(initial=0)) + 1
    shares = np.zeros(len(base))
    for name in ("tasks", "duplicated", "race", "others"):  # what was withheld is nobody's payment any more
        column[name] = np.where(kept, column[name], np.uint64(0))
    moment = whole[:, QUARTER] * slots + whole[:, SLOT]
    _race_shares(cell, moment, column["tasks"], column["race"], shares)
    duplicated, race = bit_counts(column["duplicated"]), bit_counts(column["race"])
    size = whole[:, SIZE]
    return Payments(
        donor=whole[:, DONOR], beneficiary=whole[:, BENEFICIARY], pillar=pillar, quarter=whole[:, QUARTER],
        slot=whole[:, SLOT], serial=whole[:, SERIAL], tasks=size, delivered=whole[:, DELIVERED_TASKS],
        spoiled=bit_counts(np.ascontiguousarray(words[:, SPOILED])),
        duplicated=duplicated, race=race,
        objective=np.where(column["others"] != 0, size, 0),
        method=_same_instrument(column["tasks"], column["others"], pillar, land.instrument_words),
        same_task=bit_counts(column["tasks"] & column["others"]),
        start=np.where(whole[:, STATUS] == 0, 0, whole[:, START]), end=whole[:, END], status=whole[:, STATUS],
        progress=reals[:, WORKED].copy(), cost=cost, base_cost=base, fixed_cost=fixed,
        relation_cost=relation, monitoring_cost=monitoring,
        mismatch_cost=np.maximum(0.0, cost - fixed - relation - monitoring - base),
        flags=whole[:, FLAGS], blocked=bit_counts(column["blocked"]), reforms=reforms,
        demanded=whole[:, DEMANDED], stalled_since=whole[:, STALL],
        ignorance_cost=(duplicated - race) * price, race_cost=shares * price,
    )  # fmt: skip


def ratio(part: float, whole: float) -> float:
    """Return part / whole, NaN where there is no whole."""
    return float(part) / float(whole) if whole > 0 else float("nan")
