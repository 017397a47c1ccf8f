"""6. The bound: the highest welfare that the money could reach, with its certificate.

Linear relaxation of the purchase of tasks: buy in the order of marginal value per EUR, the last task fractional.
Since f is concave, the tasks of one cell come in that order by themselves, so that a search over a threshold
(the dual price lambda) decides the whole plan. Certificate by linear-programming duality:
``dual = W_start + lambda * B + sum (v - lambda * c)^+ >= any plan``, equal to the primal.
Source: fractional knapsack (Dantzig 1957); planner's optimum with a common multiplier (water-filling).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from donorlab.sim.compiled import compiled
from donorlab.sim.mechanisms.effort import own_draw
from donorlab.sim.mechanisms.value import welfare_of_counts
from donorlab.sim.scenario import FloatArray, Scenario, checked_seed
from donorlab.sim.setup import BeneficiarySetup, KeyArray, beneficiary_setup, yearly_budgets


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
class Baseline:
    """What all architectures of one scenario and seed are measured against.

    Attributes
    ----------
    land : the beneficiaries' side
    welfare_start : welfare of the first tasks
    own_counts : (T, J, K) own tasks drawn up to each quarter, with administration whole and no aid
    welfare_none : (T,) welfare without aid at the end of each quarter
    welfare_bound : (T,) upper bound of the welfare at the end of each quarter
    price : (T,) lambda of each quarter; gap : (T,) relative duality gap of each quarter
    """

    seed: int
    land: BeneficiarySetup
    welfare_start: float
    own_counts: KeyArray
    welfare_none: FloatArray
    welfare_bound: FloatArray
    price: FloatArray
    gap: FloatArray


@compiled
def _affordable_counts(price, start, weight, value, cost, counts):  # type: ignore[no-untyped-def]
    """Set ``counts`` to the tasks of each cell whose value per EUR is at least ``price``; return what they cost."""
    tasks = value.shape[0] - 1
    spent = 0.0
    for j in range(start.shape[0]):
        for k in range(start.shape[1]):
            low, high = start[j, k], tasks  # value per EUR falls with the count: search for the first one below
            while low < high:
                middle = (low + high) // 2
                if weight[j, k] * (value[middle + 1] - value[middle]) / cost[j] >= price:
                    low = middle + 1
                else:
                    high = middle
            counts[j, k] = low
            spent += (low - start[j, k]) * cost[j]
    return spent


@compiled
def solve_bound(start, weight, value, cost, money, guess):  # type: ignore[no-untyped-def]
    """Return (primal, dual, lambda) for task counts ``start`` (J, K), cell weights (J, K), prices (J,), EUR m.

    ``guess`` is a likely lambda (0: none).
    """
    tasks = value.shape[0] - 1
    states, pillars = start.shape
    worth = 0.0
    top = 0.0
    for j in range(states):
        for k in range(pillars):
            worth += weight[j, k] * value[start[j, k]]
            if start[j, k] < tasks:
                top = max(top, weight[j, k] * (value[start[j, k] + 1] - value[start[j, k]]) / cost[j])
    below = np.empty_like(start)
    above = np.empty_like(start)
    if _affordable_counts(0.0, start, weight, value, cost, below) <= money:
        for j in range(states):
            for k in range(pillars):
                worth += weight[j, k] * (value[below[j, k]] - value[start[j, k]])
        return worth, worth, 0.0
    # invariant: tasks at `high` or better can be paid, those at `low` or better cannot
    low, high = 0.0, np.nextafter(top, np.inf)
    spent = _affordable_counts(high, start, weight, value, cost, above)
    factor = 1.01
    while guess > 0.0 and low == 0.0:  # widen a bracket around the guess
        lower = guess / factor
        cost_lower = _affordable_counts(lower, start, weight, value, cost, below)
        if cost_lower > money:
            low = lower
        else:
            high, spent = lower, cost_lower
            above[:] = below
        if low > 0.0 and guess * factor < high:
            cost_upper = _affordable_counts(guess * factor, start, weight, value, cost, below)
            if cost_upper <= money:
                high, spent = guess * factor, cost_upper
                above[:] = below
            else:
                low = guess * factor
        factor *= factor
    _affordable_counts(low, start, weight, value, cost, below)
    middle_counts = np.empty_like(start)
    for _ in range(200):
        between = 0
        for j in range(states):
            for k in range(pillars):
                between += below[j, k] - above[j, k]
        middle = 0.5 * (low + high)
        if between <= 32 or middle <= low or middle >= high:
            break
        paid = _affordable_counts(middle, start, weight, value, cost, middle_counts)
        if paid <= money:
            high, spent = middle, paid
            above[:] = middle_counts
        else:
            low = middle
            below[:] = middle_counts
    # finish by hand: the few tasks between the two thresholds, best first
    price = high
    left = money - spent
    fraction_value = 0.0
    while True:
        best, bj, bk = -1.0, -1, -1
        for j in range(states):
            for k in range(pillars):
                if above[j, k] < below[j, k]:
                    ratio = weight[j, k] * (value[above[j, k] + 1] - value[above[j, k]]) / cost[j]
                    if ratio > best:
                        best, bj, bk = ratio, j, k
        if bj < 0:
            break
        price = best
        if cost[bj] <= left:
            left -= cost[bj]
            above[bj, bk] += 1
        else:
            fraction_value = best * left
            left = 0.0
            break
    primal = worth + fraction_value
    dual = worth + price * money
    for j in range(states):
        for k in range(pillars):
            bought = weight[j, k] * (value[above[j, k]] - value[start[j, k]])
            primal += bought
            dual += bought - price * cost[j] * (above[j, k] - start[j, k])
    return primal, dual, price


@compiled
def _own_ceiling(seed, rate, keys, administration, ownership, priority, counts):  # type: ignore[no-untyped-def]
    """Fill ``counts`` (T, J, K) with own tasks drawn up to each quarter, administration whole, nothing crowded out."""
    for t in range(counts.shape[0]):
        for j in range(counts.shape[1]):
            for k in range(counts.shape[2]):
                before = counts[t - 1, j, k] if t > 0 else 0
                counts[t, j, k] = before + own_draw(
                    seed, t + 1, keys[j], k, rate, administration[j], ownership[j], priority[j, k], 0.0
                )


@compiled
def _paths(own, initial, state_weight, pillar_weight, value, cost, yearly, horizon, none, bound, price, gap):  # type: ignore[no-untyped-def]
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
        none[t] = welfare_of_counts(start, state_weight, pillar_weight, value)
        money = yearly / 4.0 * min(t + 1, horizon)
        primal, dual, guess = solve_bound(start, weight, value, cost, money, guess)
        # the dual is what no plan can exceed; rounding may put either a hair above the other
        bound[t] = max(primal, dual)
        price[t] = guess
        gap[t] = (dual - primal) / max(1.0, abs(primal))


def bound_prices(scenario: Scenario, land: BeneficiarySetup) -> FloatArray:
    """Return the lowest attainable price of a task by state, EUR m, shape (J,)."""
    p = scenario.parameters
    return np.asarray(land.task_price + p.fixed_cost / p.project_tasks_maximum)


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
    if p.own_effort > 0:
        _own_ceiling(seed, p.own_effort, land.keys, land.administration, land.ownership, land.priority, own)
    none, bound, price, gap = (np.zeros(p.quarters) for _ in range(4))
    _paths(
        own, land.initial_count, land.state_weight, land.pillar_weight, land.value, bound_prices(scenario, land),
        float(yearly_budgets(scenario).sum()), p.horizon, none, bound, price, gap,
    )  # fmt: skip
    start = welfare_of_counts(land.initial_count, land.state_weight, land.pillar_weight, land.value)
    for array in (own, none, bound, price, gap):
        array.setflags(write=False)
    return Baseline(
        seed=seed, land=land, welfare_start=start, own_counts=own, welfare_none=none, welfare_bound=bound,
        price=price, gap=gap,
    )  # fmt: skip


def certificate(scenario: Scenario, base: Baseline, quarter: int) -> Certificate:
    """Return primal, dual and price of the bound at the end of one quarter (1 to T)."""
    land, p = base.land, scenario.parameters
    start = np.minimum(p.tasks_per_pillar, land.initial_count + base.own_counts[quarter - 1])
    weight = np.outer(land.state_weight, land.pillar_weight)
    money = float(yearly_budgets(scenario).sum()) / 4.0 * min(quarter, p.horizon)
    primal, dual, price = solve_bound(start, weight, land.value, bound_prices(scenario, land), money, 0.0)
    return Certificate(primal=primal, dual=dual, price=price)
