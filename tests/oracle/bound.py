"""Section 6 of the ODD: the bound, and what a planner would buy with some money at its prices."""

from __future__ import annotations

from donorlab.sim import streams
from donorlab.sim.scenario import Parameters, Scenario
from oracle.derived import Derived, derive, sum_in_order, weights_of_states
from oracle.records import World
from oracle.turnover import obsolete_items
from oracle.users import users_after
from oracle.value import gain_of_next_task, worth


def lowest_price(parameters: Parameters, kappa: float) -> float:
    """Return the lowest attainable price of a task: peers have done all, the largest project, joined where one may."""
    share = parameters.joiner_fixed_share if parameters.joint_programming == "on" else 1.0
    return kappa * (1 - parameters.peer_discount) + parameters.fixed_cost * share / parameters.project_tasks_maximum


def bound_price(world: World, j: int) -> float:
    """Return the lowest attainable price of a task in a state."""
    return lowest_price(world.scenario.parameters, world.derived.task_price[j])


def whole_purchase(world: World, money: float) -> list[list[int]]:
    """Tasks bought per cell, best value per EUR first (ties to the smallest j, then k), up to the fractional one."""
    derived = world.derived
    bought = [[0 for _ in world.pillars] for _ in world.beneficiaries]
    while True:
        best: tuple[int, int] | None = None
        best_ratio = 0.0
        for j in world.beneficiaries:
            for k in world.pillars:
                count = len(world.standing[j][k]) + bought[j][k]
                weight = world.state_weight[j] * derived.pillar_weight[k]
                ratio = weight * gain_of_next_task(world, count) / bound_price(world, j)
                if ratio > best_ratio:
                    best, best_ratio = (j, k), ratio
        if best is None or bound_price(world, best[0]) > money + 1e-9:
            return bought
        bought[best[0]][best[1]] += 1
        money -= bound_price(world, best[0])


# --- W_bound(t), of a scenario and a seed -------------------------------------------------------------------


def welfare_bound(scenario: Scenario, seed: int) -> list[float]:
    """W_bound(t) for t = 1, 2, ...: all money so far at the lowest prices, own effort at its ceiling for free."""
    parameters = scenario.parameters
    derived = derive(scenario, seed)
    yearly = sum_in_order(derived.yearly_budget) * (1.25 if parameters.budget_elasticity > 0.0 else 1.0)
    result = []
    for quarter, cells in enumerate(starts(scenario, seed, derived), start=1):
        money = yearly / 4 * min(quarter, parameters.horizon)
        years = parameters.user_growth * (quarter // 4)
        weight = weights_of_states(scenario, users_after(scenario.beneficiaries, years))
        result.append(best_welfare(parameters, derived, weight, cells, money))
    return result


def starts(scenario: Scenario, seed: int, derived: Derived) -> list[list[list[int]]]:
    """[t][j][k] tasks that stand without money: first tasks not obsolete so far, and all own draws so far."""
    parameters = scenario.parameters
    states, pillars = range(scenario.beneficiaries.count), range(len(scenario.pillars))
    left = [[set(tasks) for tasks in row] for row in derived.first_tasks]
    drawn = [[0 for _ in pillars] for _ in states]
    rate = parameters.ownership_rate if sum_in_order(derived.yearly_budget) > 0.0 else 0.0  # nobody is there to move it
    result = []
    for quarter in range(1, parameters.quarters + 1):
        obsolete = obsolete_items(scenario, seed, quarter)
        for j in states:
            ownership = highest_ownership(derived.ownership[j], rate, quarter)
            for k in pillars:
                mean = parameters.own_effort * derived.administration[j] * ownership * derived.priority[j][k]
                u = streams.uniform(streams.EFFORT, seed, quarter, derived.beneficiary_key[j], 0, k, 0)
                drawn[j][k] += streams.poisson_quantile(u, mean)
                left[j][k] -= {task for pillar, task in obsolete if pillar == k}
        length = parameters.tasks_per_pillar
        result.append([[min(length, len(left[j][k]) + drawn[j][k]) for k in pillars] for j in states])
    return result


def highest_ownership(start: float, rate: float, quarter: int) -> float:
    """Ownership in a quarter that rose as fast as the rule allows in every quarter before it."""
    return 1 - (1 - start) * (1 - rate) ** (quarter - 1)


def best_welfare(
    parameters: Parameters, derived: Derived, weight: list[float], cells: list[list[int]], money: float
) -> float:
    """Welfare of these tasks and of what money buys: best value per EUR first, the last task in part."""
    total = 0.0
    tasks = []
    for j, row in enumerate(cells):
        price = lowest_price(parameters, derived.task_price[j])
        for k, count in enumerate(row):
            importance = weight[j] * derived.pillar_weight[k]
            total += importance * worth(parameters, count)
            for c in range(count, parameters.tasks_per_pillar):
                gain = importance * (worth(parameters, c + 1) - worth(parameters, c))
                tasks.append((gain / price, gain, price))
    for _, gain, price in sorted(tasks, reverse=True):
        part = min(1.0, money / price)
        total += part * gain
        money -= part * price
        if part < 1.0:
            break
    return total
