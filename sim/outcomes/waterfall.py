"""6. The loss waterfall: where each appropriated EUR went, exactly.

Every payment for a task falls into one bin: paid twice (by ignorance, by race), refused reform, failure, pipeline,
congestion, lapse, or useful (its task stands at the end). What the useful payments bought is set against the optimum at
base prices, ``G`` (highest welfare above R for a sum of money, R = welfare of first and own-effort tasks alone):
``misallocation = U - G^-1(W - R)``, split into between pillars and between states; ``effective = G^-1(max(0, W - max(R,
W_none)))``; what lies between is *displaced own effort*. Source: ours, built on the planner's optimum (``optimum``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from donorlab.sim.compiled import compiled
from donorlab.sim.optimum import lowest_base_prices, price_of_gain
from donorlab.sim.outcomes.bound import Baseline
from donorlab.sim.outcomes.tables import IntArray, Payments
from donorlab.sim.recording import WELFARE
from donorlab.sim.scenario import FloatArray
from donorlab.sim.state import (
    BENEFICIARY,
    BLOCKED,
    DUPLICATED,
    FAILED,
    PILLAR,
    PRICE,
    RACE,
    REMAINING,
    RUNNING,
    SPOILED,
    START,
    STATUS,
    TASKS,
    WITHHELD,
)
from donorlab.sim.value import bit_count, bit_counts

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel

# bins of payments
IGNORANCE, RACED, REFUSED, FAILURE, PIPELINE, CONGESTION, LAPSED, USEFUL = range(8)

BARS: Final = (
    ("overhead", "overhead and negotiation"),
    ("transaction", "contracting: fixed, relation and monitoring cost"),
    ("mismatch", "extra price outside mandates"),
    ("duplication_ignorance", "paid twice: unseen"),
    ("duplication_race", "paid twice: at the same time"),
    ("non_compliance", "reforms that nobody wanted"),
    ("failure", "failed projects, spoiled tasks"),
    ("pipeline", "not finished: too late in the day"),
    ("congestion", "not finished: too much at once"),
    ("idle", "never spent"),
    ("lapse", "lapsed or out of date"),
    ("displaced_own_effort", "displaced own effort"),
    ("misallocation_pillars", "misallocation between pillars"),
    ("misallocation_states", "misallocation between states"),
    ("effective", "effective"),
)


@dataclass(frozen=True)
class Waterfall:
    """Shares of all appropriations by bar, in the order of BARS; they sum to 1.

    Attributes
    ----------
    shares : bar to share of appropriations
    reverse : the same where a payment that failed or is unfinished is charged to that before it is to duplication
    harm : welfare below the run without aid (0 where aid did no harm), never inside the bars
    appropriated_m : EUR m
    """

    shares: dict[str, float]
    reverse: dict[str, float]
    harm: float
    appropriated_m: float


@compiled
def _fate(p, task, quarters, pace, whole, words, standing, funded):  # type: ignore[no-untyped-def]
    """Return the bin of a payment by what became of its task, duplication aside."""
    one = np.uint64(1)
    bit = one << np.uint64(task)
    j, k = whole[p, BENEFICIARY], whole[p, PILLAR]
    if words[p, SPOILED] & bit:
        return FAILURE
    if not words[p, REMAINING] & bit:
        return USEFUL if (standing[j, k] & bit) and (funded[j, k] & bit) else LAPSED
    status = whole[p, STATUS]
    if status == FAILED:
        return FAILURE
    if status > FAILED or words[p, BLOCKED] & bit:
        return REFUSED
    if status != RUNNING:
        return PIPELINE
    # at full pace the project would have delivered so many; the lowest-numbered open ones should be done by now
    able = words[p, TASKS] & ~words[p, BLOCKED]
    full = min(bit_count(able), int(np.floor(pace * (quarters - whole[p, START] + 1) + 1e-9)))
    rank = bit_count(able & (bit - one))
    return CONGESTION if rank < full else PIPELINE


@compiled
def _sort_payments(reverse, size, quarters, pace, whole, words, standing, funded, bins):  # type: ignore[no-untyped-def]
    """Fill ``bins`` (P, 8) with numbers of payments.

    Of all payments for a task that stands and is funded exactly one is useful: the last useful one delivered, or, if
    a duplicate delivered while the useful payment did not, that duplicate in exchange for it.
    """
    one = np.uint64(1)
    states, pillars = standing.shape
    claimed = np.zeros((states, pillars), dtype=np.uint64)
    exchange = np.zeros(
        (states, pillars, 2), dtype=np.uint64
    )  # tasks whose useful payment became the duplicate, by kind
    for step in range(2):  # first the payments classed as useful, then the duplicates
        for p in range(size - 1, -1, -1):  # the last delivery is the one that stands
            if whole[p, STATUS] == WITHHELD:
                continue
            j, k = whole[p, BENEFICIARY], whole[p, PILLAR]
            for task in range(64):
                bit = one << np.uint64(task)
                if not words[p, TASKS] & bit:
                    continue
                duplicate = (words[p, DUPLICATED] & bit) != 0
                if duplicate != (step == 1):
                    continue
                fate = _fate(p, task, quarters, pace, whole, words, standing, funded)
                if fate == USEFUL:
                    if claimed[j, k] & bit:
                        fate = LAPSED
                    elif not duplicate:
                        claimed[j, k] |= bit
                if not duplicate:
                    bins[p, fate] += 1
                    continue
                kind = RACED if words[p, RACE] & bit else IGNORANCE
                if fate == USEFUL:  # a duplicate stands in for the useful payment
                    claimed[j, k] |= bit
                    exchange[j, k, kind] |= bit
                    bins[p, USEFUL] += 1
                elif reverse and fate != LAPSED and (words[p, REMAINING] | words[p, SPOILED]) & bit:
                    bins[p, fate] += 1
                else:
                    bins[p, kind] += 1
    for p in range(size - 1, -1, -1):
        j, k = whole[p, BENEFICIARY], whole[p, PILLAR]
        undone = (words[p, REMAINING] | words[p, SPOILED]) & ~words[p, DUPLICATED]
        swapped = (exchange[j, k, 0] | exchange[j, k, 1]) & words[p, TASKS] & undone
        if whole[p, STATUS] == WITHHELD or not swapped:
            continue
        for task in range(64):
            bit = one << np.uint64(task)
            if swapped & bit:
                kind = RACED if exchange[j, k, 1] & bit else IGNORANCE
                exchange[j, k, kind] &= ~bit
                fate = _fate(p, task, quarters, pace, whole, words, standing, funded)
                if not reverse:
                    bins[p, fate] -= 1
                    bins[p, kind] += 1


def payment_bins(model: CoordinationModel, reverse: bool = False) -> IntArray:
    """Return how many payments of each project fall into each bin, (P, 8), see ``IGNORANCE`` to ``USEFUL``.

    ``reverse`` : charge a duplicated payment that failed or is unfinished to that instead.
    """
    state, p = model.state, model.parameters
    ledger = state.ledger
    bins = np.zeros((ledger.size, 8), dtype=np.int64)
    _sort_payments(
        reverse, ledger.size, p.quarters, p.pace, ledger.whole, ledger.words, state.standing, state.funded, bins
    )  # fmt: skip
    return bins


def waterfall(model: CoordinationModel, base: Baseline, paid: Payments) -> Waterfall:
    """Return where the money of a finished run went.

    Every bar is 0 or more and the bars sum to the appropriations exactly (to 1e-9).
    """
    state, land = model.state, model.land
    ledger, quarters = state.ledger, model.parameters.quarters
    appropriated = float(state.appropriated.sum())
    price = ledger.reals[: ledger.size, PRICE]
    lowest = lowest_base_prices(model.original, land)

    def sums(reverse: bool) -> FloatArray:
        return np.asarray((payment_bins(model, reverse) * price[:, None]).sum(axis=0))

    forward = sums(False)
    useful = float(forward[USEFUL])
    weight = np.outer(state.state_weight, land.pillar_weight)
    alone = bit_counts((state.standing & ~state.funded).ravel()).reshape(state.standing.shape)
    final = bit_counts(state.standing.ravel()).reshape(state.standing.shape)
    gain_of = (weight * (land.value[final] - land.value[alone])).sum(axis=1)
    gain = float(gain_of.sum())
    alone_welfare = float((weight * land.value[alone]).sum())
    welfare, none = float(model.record.numbers[quarters - 1, WELFARE]), float(base.welfare_none[quarters - 1])
    at_best = min(useful, price_of_gain(alone, weight, land.value, lowest, gain))
    by_state = sum(
        price_of_gain(alone[j : j + 1], weight[j : j + 1], land.value, lowest[j : j + 1], float(gain_of[j]))
        for j in np.flatnonzero(gain_of > 0)
    )
    by_state = min(useful, max(at_best, by_state))
    counted = max(0.0, welfare - max(alone_welfare, none))
    effective = min(at_best, price_of_gain(alone, weight, land.value, lowest, counted))

    def bars(bins: FloatArray) -> dict[str, float]:
        money = {
            "overhead": float(state.overhead_paid.sum()),
            "transaction": float(paid.transaction_cost.sum()),
            "mismatch": float(paid.mismatch_cost.sum()),
            "duplication_ignorance": float(bins[IGNORANCE]),
            "duplication_race": float(bins[RACED]),
            "non_compliance": float(bins[REFUSED]),
            "failure": float(bins[FAILURE]),
            "pipeline": float(bins[PIPELINE]),
            "congestion": float(bins[CONGESTION]),
            "idle": float(state.cash.sum() + state.withdrawn.sum()),
            "lapse": float(bins[LAPSED]),
            "displaced_own_effort": at_best - effective,
            "misallocation_pillars": useful - by_state,
            "misallocation_states": by_state - at_best,
            "effective": effective,
        }
        if appropriated <= 0:
            return dict.fromkeys(money, float("nan"))
        return {name: value / appropriated for name, value in money.items()}

    return Waterfall(
        shares=bars(forward), reverse=bars(sums(True)), harm=max(0.0, none - welfare), appropriated_m=appropriated
    )
