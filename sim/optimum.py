"""The optimal purchase of tasks: buy in the order of marginal value per EUR, the last task fractional.

Since f is concave, the tasks of one cell come in that order by themselves, so that a search over a threshold (the
dual price lambda) decides the whole plan. Source: fractional knapsack (Dantzig 1957); planner's optimum with a common
multiplier (water-filling).
"""

from __future__ import annotations

import numpy as np

from donorlab.sim.compiled import compiled
from donorlab.sim.scenario import FloatArray, Scenario
from donorlab.sim.setup import BeneficiarySetup, KeyArray


def lowest_base_prices(scenario: Scenario, land: BeneficiarySetup) -> FloatArray:
    """Return the lowest base price of a task by state, EUR m, shape (J,): where all peers have done it (4.8)."""
    return np.asarray(land.task_price * (1.0 - scenario.parameters.peer_discount))


def task_prices(scenario: Scenario, land: BeneficiarySetup) -> FloatArray:
    """Return the lowest attainable price of a task by state, EUR m, shape (J,)."""
    p = scenario.parameters
    fixed = p.fixed_cost * (p.joiner_fixed_share if p.joint_programming == "on" else 1.0)
    return np.asarray(lowest_base_prices(scenario, land) + fixed / p.project_tasks_maximum)


@compiled
def _steps(value):  # type: ignore[no-untyped-def]
    """Return the gain in f of each further task, never rising: what is only rounding counts as equal."""
    steps = np.empty(value.shape[0] - 1)
    least = np.inf
    for count in range(steps.shape[0]):
        least = min(least, np.round((value[count + 1] - value[count]) * 1e13) * 1e-13)
        steps[count] = least
    return steps


@compiled
def _affordable_counts(price, start, weight, steps, cost, counts):  # type: ignore[no-untyped-def]
    """Set ``counts`` to the tasks of each cell whose value per EUR is at least ``price``; return what they cost."""
    tasks = steps.shape[0]
    spent = 0.0
    for j in range(start.shape[0]):
        for k in range(start.shape[1]):
            low, high = start[j, k], tasks  # value per EUR falls with the count: search for the first one below
            while low < high:
                middle = (low + high) // 2
                if weight[j, k] * steps[middle] / cost[j] >= price:
                    low = middle + 1
                else:
                    high = middle
            counts[j, k] = low
            spent += (low - start[j, k]) * cost[j]
    return spent


@compiled
def _threshold(start, weight, steps, cost, money, guess, above, below):  # type: ignore[no-untyped-def]
    """Bracket lambda: fill ``above`` with counts that can be paid, ``below`` with counts that cannot.

    Between the two lie few tasks, or only tasks of one value per EUR. Returns what ``above`` costs; all money is
    enough for everything if ``above`` equals ``below``.
    """
    states, pillars = start.shape
    tasks = steps.shape[0]
    spent = _affordable_counts(np.nextafter(0.0, 1.0), start, weight, steps, cost, below)  # all that is worth anything
    if spent <= money:
        above[:] = below
        return spent
    top = 0.0
    for j in range(states):
        for k in range(pillars):
            if start[j, k] < tasks:
                top = max(top, weight[j, k] * steps[start[j, k]] / cost[j])
    # invariant: tasks at `high` or better can be paid, those at `low` or better cannot
    low, high = 0.0, np.nextafter(top, np.inf)
    spent = _affordable_counts(high, start, weight, steps, cost, above)
    middle_counts = np.empty_like(start)
    factor = 1.01
    while guess > 0.0 and low == 0.0:  # widen a bracket around the guess
        lower = guess / factor
        paid = _affordable_counts(lower, start, weight, steps, cost, middle_counts)
        if paid > money:
            low = lower
            below[:] = middle_counts
        elif lower < high:
            high, spent = lower, paid
            above[:] = middle_counts
        if low > 0.0 and guess * factor < high:
            paid = _affordable_counts(guess * factor, start, weight, steps, cost, middle_counts)
            if paid <= money:
                high, spent = guess * factor, paid
                above[:] = middle_counts
            else:
                low = guess * factor
                below[:] = middle_counts
        factor *= factor
    for _ in range(200):
        between = 0
        for j in range(states):
            for k in range(pillars):
                between += below[j, k] - above[j, k]
        middle = 0.5 * (low + high)
        if between <= 32 or middle <= low or middle >= high:
            break
        paid = _affordable_counts(middle, start, weight, steps, cost, middle_counts)
        if paid <= money:
            high, spent = middle, paid
            above[:] = middle_counts
        else:
            low = middle
            below[:] = middle_counts
    return spent


@compiled
def _finish(weight, steps, cost, left, above, below):  # type: ignore[no-untyped-def]
    """Buy the few tasks between ``above`` and ``below`` by hand, best first; ``above`` becomes the whole tasks bought.

    Returns (lambda, welfare of the fractional task); lambda is 0 where everything was bought.
    """
    price = 0.0
    while True:
        best, bj, bk = -1.0, -1, -1
        for j in range(above.shape[0]):
            for k in range(above.shape[1]):
                if above[j, k] < below[j, k]:
                    ratio = weight[j, k] * steps[above[j, k]] / cost[j]
                    if ratio > best:
                        best, bj, bk = ratio, j, k
        if bj < 0:
            return price, 0.0
        price = best
        while above[bj, bk] < below[bj, bk] and weight[bj, bk] * steps[above[bj, bk]] / cost[bj] >= best:
            if cost[bj] > left:
                return price, best * left
            left -= cost[bj]
            above[bj, bk] += 1


@compiled
def purchase(start, weight, value, cost, money):  # type: ignore[no-untyped-def]
    """Return the counts (J, K) that the optimum reaches from ``start`` with whole tasks only."""
    above, below, steps = np.empty_like(start), np.empty_like(start), _steps(value)
    spent = _threshold(start, weight, steps, cost, money, 0.0, above, below)
    _finish(weight, steps, cost, money - spent, above, below)
    return above


@compiled
def solve_bound(start, weight, value, cost, money, guess):  # type: ignore[no-untyped-def]
    """Return (primal, dual, lambda) for task counts ``start`` (J, K), cell weights (J, K), prices (J,), EUR m.

    ``guess`` is a likely lambda (0: none).
    """
    above, below, steps = np.empty_like(start), np.empty_like(start), _steps(value)
    spent = _threshold(start, weight, steps, cost, money, guess, above, below)
    price, fraction = _finish(weight, steps, cost, money - spent, above, below)
    primal = fraction
    dual = price * money
    for j in range(start.shape[0]):
        for k in range(start.shape[1]):
            worth = weight[j, k] * value[start[j, k]]
            bought = weight[j, k] * (value[above[j, k]] - value[start[j, k]])
            primal += worth + bought
            dual += worth + bought - price * cost[j] * (above[j, k] - start[j, k])
    return primal, dual, price


def optimal_purchase(
    scenario: Scenario, land: BeneficiarySetup, state_weight: FloatArray, counts: KeyArray, money: float
) -> KeyArray:
    """Return task counts (J, K) after the optimum's whole tasks have been bought from ``counts`` on, with ``money`` EUR m."""
    weight = np.outer(state_weight, land.pillar_weight)
    bought: KeyArray = purchase(counts, weight, land.value, task_prices(scenario, land), money)
    return bought


def price_of_gain(counts: KeyArray, weight: FloatArray, value: FloatArray, price: FloatArray, gain: float) -> float:
    """Return the inverse of the purchase: the least money that raises welfare by ``gain`` from ``counts``, fractional.

    Parameters
    ----------
    counts : (J, K) tasks standing; weight : (J, K) of cells; value : (L + 1,); price : (J,) EUR m a task
    gain : welfare

    Notes
    -----
    The same order of tasks as in ``purchase``, but what is given is the gain and what is asked the money: a running sum
    over the sorted tasks, after the run only. The threshold search above brackets a sum of money, fast enough for every
    quarter, and takes steps of f that differ by rounding as equal.
    """
    if gain <= 0:
        return 0.0
    steps = np.diff(value)
    cells, tasks = counts.size, len(steps)
    unit_gain = weight.reshape(-1, 1) * steps
    unit_price = np.broadcast_to(price[:, None], counts.shape).reshape(-1, 1) * np.ones(tasks)
    open_tasks = np.arange(tasks) >= counts.reshape(-1, 1)
    gains, prices = unit_gain[open_tasks], unit_price[open_tasks]
    order = np.argsort(-(gains / prices), kind="stable")
    won, paid = np.cumsum(gains[order]), np.cumsum(prices[order])
    if cells == 0 or len(won) == 0:
        return 0.0
    at = int(np.searchsorted(won, gain))
    if at >= len(won):
        return float(paid[-1])
    before_won, before_paid = (won[at - 1], paid[at - 1]) if at else (0.0, 0.0)
    step = float(gains[order[at]])
    share = (gain - before_won) / step if step > 0 else 0.0
    return float(before_paid + share * prices[order[at]])
