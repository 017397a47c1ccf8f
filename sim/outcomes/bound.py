"""6. The bound: the highest welfare that the money could reach, with its certificate.

Linear relaxation of the purchase of tasks (``donorlab.sim.optimum``), from first tasks and the ceiling of own
effort. Certificate by linear-programming duality:
``dual = W_start + lambda * B + sum (v - lambda * c)^+ >= any plan``, equal to the primal.
Source: fractional knapsack (Dantzig 1957); planner's optimum with a common multiplier (water-filling).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from donorlab.sim.compiled import compiled
from donorlab.sim.design import BUDGET_FACTOR_HIGHEST
from donorlab.sim.mechanisms.effort import own_draw
from donorlab.sim.optimum import solve_bound, task_prices
from donorlab.sim.scenario import FloatArray, ReadOnlyArrays, Scenario, checked_seed
from donorlab.sim.setup import BeneficiarySetup, KeyArray, beneficiary_setup, yearly_budgets
from donorlab.sim.value import welfare_of_counts


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
    standing_none : (T, J, K) tasks standing without aid at the end of each quarter
    welfare_none : (T,) welfare without aid at the end of each quarter
    welfare_bound : (T,) upper bound of the welfare at the end of each quarter
    price : (T,) lambda of each quarter; gap : (T,) relative duality gap of each quarter
    """

    seed: int
    land: BeneficiarySetup
    welfare_start: float
    own_counts: KeyArray
    standing_none: KeyArray
    welfare_none: FloatArray
    welfare_bound: FloatArray
    price: FloatArray
    gap: FloatArray


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
def _paths(own, alone, initial, state_weight, pillar_weight, value, cost, yearly, horizon, none, bound, price, gap):  # type: ignore[no-untyped-def]
    quarters, states, pillars = own.shape
    tasks = value.shape[0] - 1
    weight = np.empty((states, pillars))
    for j in range(states):
        for k in range(pillars):
            weight[j, k] = state_weight[j] * pillar_weight[k]
    start = np.empty((states, pillars), dtype=np.int64)
    guess = 0.0
    for t in range(quarters):
        for j in range(states):
            for k in range(pillars):
                start[j, k] = min(tasks, initial[j, k] + own[t, j, k])
        none[t] = welfare_of_counts(alone[t], state_weight, pillar_weight, value)
        money = yearly / 4.0 * min(t + 1, horizon)
        primal, dual, guess = solve_bound(start, weight, value, cost, money, guess)
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
        fixed = (land.keys, land.administration, land.ownership, land.priority)
        _own_ceiling(seed, p.own_effort, 0.0, *fixed, own)
        rise = p.ownership_rate if bound_money(scenario) > 0 else 0.0  # without money nothing is delivered
        if rise > 0:
            own = np.zeros_like(alone)
            _own_ceiling(seed, p.own_effort, rise, *fixed, own)
    standing_none = np.minimum(p.tasks_per_pillar, land.initial_count + alone)
    none, bound, price, gap = (np.zeros(p.quarters) for _ in range(4))
    _paths(
        own, standing_none, land.initial_count, land.state_weight, land.pillar_weight, land.value, task_prices(scenario, land),
        bound_money(scenario), p.horizon, none, bound, price, gap,
    )  # fmt: skip
    start = welfare_of_counts(land.initial_count, land.state_weight, land.pillar_weight, land.value)
    for array in (own, standing_none, none, bound, price, gap):
        array.setflags(write=False)
    return Baseline(
        seed=seed, land=land, welfare_start=start, own_counts=own, standing_none=standing_none,
        welfare_none=none, welfare_bound=bound, price=price, gap=gap,
    )  # fmt: skip


def certificate(scenario: Scenario, base: Baseline, quarter: int) -> Certificate:
    """Return primal, dual and price of the bound at the end of one quarter (1 to T)."""
    land, p = base.land, scenario.parameters
    start = np.minimum(p.tasks_per_pillar, land.initial_count + base.own_counts[quarter - 1])
    weight = np.outer(land.state_weight, land.pillar_weight)
    money = bound_money(scenario) / 4.0 * min(quarter, p.horizon)
    primal, dual, price = solve_bound(start, weight, land.value, task_prices(scenario, land), money, 0.0)
    return Certificate(primal=primal, dual=dual, price=price)
