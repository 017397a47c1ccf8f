"""6. The bound: the highest welfare that the money could reach, with its certificate.

Linear relaxation of the purchase of tasks (``donorlab.sim.optimum``), from first tasks and the ceiling of own
effort. Certificate by linear-programming duality:
``dual = W_start + lambda * B + sum (v - lambda * c)^+ >= any plan``, equal to the primal.
Source: fractional knapsack (Dantzig 1957); planner's optimum with a common multiplier (water-filling).

Why no run exceeds it, with items that go out of date (turnover) and weights that move (users): at the end of quarter t a
task that stands in a cell is a first one, an own one or one that a project delivered.
- First ones that stand never became obsolete (what is done again counts as own or delivered), so that they are at most
  S(t), the first tasks without an obsolete item up to t: a matter of scenario and seed.
- Own ones are at most all that were ever done, which are at most all that were drawn; a draw at one address never falls
  with administration, ownership and freedom from crowding, so that they are at most D(t), the draws at the ceiling.
- Delivered ones that stand are as many payments, each for a task of this cell at the lowest attainable price or more: at
  most n, where prices times n, summed over the cells, are at most the money appropriated up to t.
Hence c(t) <= min(L, S(t) + D(t) + n) = min(L, min(L, S(t) + D(t)) + n): the purchase of n from the start min(L, S(t) +
D(t)), which the relaxation allows, has at least the welfare of the run, with the same weights, those of the year of t.
What is lost (lapse, obsolete tasks bought or done) only takes away. The run without aid is the case of n = 0: W_none(t) <=
W_bound(t), equal without money where nothing goes out of date.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from donorlab.sim.compiled import compiled
from donorlab.sim.design import BUDGET_FACTOR_HIGHEST
from donorlab.sim.mechanisms.effort import own_draw, own_effort_quarter
from donorlab.sim.mechanisms.turnover import obsolete_items
from donorlab.sim.optimum import solve_bound, task_prices
from donorlab.sim.scenario import FloatArray, ReadOnlyArrays, Scenario, checked_seed
from donorlab.sim.setup import BeneficiarySetup, KeyArray, beneficiary_setup, yearly_budgets
from donorlab.sim.state import FLOW_NAMES
from donorlab.sim.users import QUARTERS_A_YEAR, year_of
from donorlab.sim.value import bit_count, welfare_of_counts


@dataclass(frozen=True)
class Certificate:
    """Proof of one bound: ``primal`` is reached by a plan, ``dual`` cannot be exceeded by any.

    Attributes
    ----------
    primal, dual : welfare; price : lambda, welfare per EUR m (0 where money is left over)
    """

    primal: float
    dual: float
    price: float

    @property
    def gap(self) -> float:
        """Relative difference of dual and primal."""
        return (self.dual - self.primal) / max(1.0, abs(self.primal))


@dataclass(frozen=True, eq=False)
class Baseline(ReadOnlyArrays):
    """What all architectures of one scenario and seed are measured against.

    Attributes
    ----------
    land : the beneficiaries' side
    welfare_start : welfare of the first tasks
    own_counts : (T, J, K) own tasks drawn up to each quarter at their ceiling: administration whole, ownership as high as it can be
    start : (T, J, K) tasks from which the bound buys: these and the first tasks that never went out of date
    standing_none : (T, J, K) tasks standing without aid at the end of each quarter
    welfare_none : (T,) welfare without aid at the end of each quarter
    welfare_bound : (T,) upper bound of the welfare at the end of each quarter
    price : (T,) lambda of each quarter; gap : (T,) relative duality gap of each quarter
    """

    seed: int
    land: BeneficiarySetup
    welfare_start: float
    own_counts: KeyArray
    start: KeyArray
    standing_none: KeyArray
    welfare_none: FloatArray
    welfare_bound: FloatArray
    price: FloatArray
    gap: FloatArray


FLOWS: Final = len(FLOW_NAMES)


@compiled
def _own_ceiling(seed, rate, rise, keys, administration, ownership, priority, counts):  # type: ignore[no-untyped-def]
    """Fill ``counts`` (T, J, K) with own tasks drawn up to each quarter, administration whole, nothing crowded out.

    In quarter t ownership is 1 - (1 - o(0)) * (1 - rise)^(t - 1), made step by step so that rounding cannot part it from
    a run's. It cannot be higher: `1 - o(t + 1) = (1 - o(t)) * (1 - rise * a * ch) + rise * mistrust_cost * (im + mi) * o(t)`
    with a, ch at most 1 and the last term 0 or more, hence `1 - o(t + 1) >= (1 - o(t)) * (1 - rise)`; clipping from above lowers
    o, clipping from below puts it at 0, where 1 - o = 1 is the most it can be. What happens in quarter 1 counts from quarter 2.
    """
    owned = ownership.copy()
    for t in range(counts.shape[0]):
        for j in range(counts.shape[1]):
            if t > 0:
                owned[j] += rise * (1.0 - owned[j])
            for k in range(counts.shape[2]):
                before = counts[t - 1, j, k] if t > 0 else 0
                counts[t, j, k] = before + own_draw(
                    seed, t + 1, keys[j], k, rate, administration[j], owned[j], priority[j, k], 0.0
                )


@compiled
def _bound_start(seed, turnover, tasks, first, own, start):  # type: ignore[no-untyped-def]
    """Fill ``start`` (T, J, K): min(L, first tasks not obsolete up to a quarter + own tasks drawn up to it)."""
    quarters, states, pillars = own.shape
    left = first.copy()
    for t in range(quarters):
        for k in range(pillars):
            items = obsolete_items(seed, t + 1, k, tasks, turnover) if turnover > 0.0 else np.uint64(0)
            for j in range(states):
                left[j, k] &= ~items
                start[t, j, k] = min(tasks, bit_count(left[j, k]) + own[t, j, k])


@compiled
def _without_aid(seed, rate, turnover, tasks, first, keys, administration, ownership, priority, counts):  # type: ignore[no-untyped-def]
    """Fill ``counts`` (T, J, K) with the tasks that stand in a run without aid: own effort and what goes out of date."""
    quarters, states, pillars = counts.shape
    standing = first.copy()
    nobody = np.zeros((1, states, pillars), dtype=np.uint64)
    nothing = np.zeros(states)
    own_tasks, own_drawn = np.zeros((2, states, pillars), dtype=np.int32)
    flow = np.zeros(FLOWS)
    for t in range(quarters):
        if rate > 0.0:
            own_effort_quarter(
                t + 1, rate, 0.0, tasks, seed, keys, administration, ownership, priority,
                nothing, nothing, standing, nobody, own_tasks, own_drawn, flow,
            )
        for k in range(pillars):
            items = obsolete_items(seed, t + 1, k, tasks, turnover) if turnover > 0.0 else np.uint64(0)
            for j in range(states):
                standing[j, k] &= ~items
                counts[t, j, k] = bit_count(standing[j, k])


@compiled
def _paths(  # type: ignore[no-untyped-def]
    starts, alone, weights_by_year, pillar_weight, value, cost, yearly, horizon, none, bound, price, gap
):
    quarters, states, pillars = starts.shape
    weight = np.empty((states, pillars))
    guess = 0.0
    for t in range(quarters):
        state_weight = weights_by_year[(t + 1) // QUARTERS_A_YEAR]
        for j in range(states):
            for k in range(pillars):
                weight[j, k] = state_weight[j] * pillar_weight[k]
        none[t] = welfare_of_counts(alone[t], state_weight, pillar_weight, value)
        money = yearly / 4.0 * min(t + 1, horizon)
        primal, dual, guess = solve_bound(starts[t], weight, value, cost, money, guess)
        # the dual is what no plan can exceed; rounding may put either a hair above the other
        bound[t] = max(primal, dual)
        price[t] = guess
        gap[t] = (dual - primal) / max(1.0, abs(primal))


def bound_money(scenario: Scenario) -> float:
    """Return the most money a year that any architecture may have, EUR m."""
    total = float(yearly_budgets(scenario).sum())
    return total * BUDGET_FACTOR_HIGHEST if scenario.parameters.budget_elasticity > 0 else total


def baseline(scenario: Scenario, seed: int = 1) -> Baseline:
    """Compute what all architectures of this scenario and seed share: first tasks, no-aid run, bound.

    Parameters
    ----------
    scenario : the scenario as loaded (the architecture in it plays no role)
    seed : replication number, 0 to 2^32 - 1

    Raises
    ------
    ScenarioError
        If the seed cannot be addressed.
    """
    seed = checked_seed(seed)
    p = scenario.parameters
    land = beneficiary_setup(scenario, seed)
    states, pillars = land.initial_count.shape
    own = np.zeros((p.quarters, states, pillars), dtype=np.int64)
    alone = own
    if p.own_effort > 0:
        rise = p.ownership_rate if bound_money(scenario) > 0 else 0.0  # without money nothing is delivered
        _own_ceiling(seed, p.own_effort, rise, land.keys, land.administration, land.ownership, land.priority, own)
    buys_from, alone = np.zeros_like(own), np.zeros_like(own)
    _bound_start(seed, p.turnover, p.tasks_per_pillar, land.standing, own, buys_from)
    _without_aid(
        seed, p.own_effort, p.turnover, p.tasks_per_pillar, land.standing, land.keys, land.administration,
        land.ownership, land.priority, alone,
    )  # fmt: skip
    none, bound, price, gap = (np.zeros(p.quarters) for _ in range(4))
    _paths(
        buys_from, alone, land.weights_by_year, land.pillar_weight, land.value, task_prices(scenario, land),
        bound_money(scenario), p.horizon, none, bound, price, gap,
    )  # fmt: skip
    start = welfare_of_counts(land.initial_count, land.state_weight, land.pillar_weight, land.value)
    for array in (own, buys_from, alone, none, bound, price, gap):
        array.setflags(write=False)
    return Baseline(
        seed=seed, land=land, welfare_start=start, own_counts=own, start=buys_from, standing_none=alone,
        welfare_none=none, welfare_bound=bound, price=price, gap=gap,
    )  # fmt: skip


def certificate(scenario: Scenario, base: Baseline, quarter: int) -> Certificate:
    """Return primal, dual and price of the bound at the end of one quarter (1 to T)."""
    land, p = base.land, scenario.parameters
    start = base.start[quarter - 1]
    weight = np.outer(land.weights_by_year[year_of(quarter, len(land.weights_by_year))], land.pillar_weight)
    money = bound_money(scenario) / 4.0 * min(quarter, p.horizon)
    primal, dual, price = solve_bound(start, weight, land.value, task_prices(scenario, land), money, 0.0)
    return Certificate(primal=primal, dual=dual, price=price)
