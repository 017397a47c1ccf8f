"""Section 6 of the ODD, as far as leads need it: what a planner would buy with some money."""

from __future__ import annotations

from oracle.records import World
from oracle.value import gain_of_next_task


def bound_price(world: World, j: int) -> float:
    """Return the lowest attainable price of a task."""
    parameters = world.scenario.parameters
    share = parameters.joiner_fixed_share if parameters.joint_programming == "on" else 1.0
    return world.derived.task_price[j] + parameters.fixed_cost * share / parameters.project_tasks_maximum


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
                weight = derived.state_weight[j] * derived.pillar_weight[k]
                ratio = weight * gain_of_next_task(world, count) / bound_price(world, j)
                if ratio > best_ratio:
                    best, best_ratio = (j, k), ratio
        if best is None or bound_price(world, best[0]) > money + 1e-9:
            return bought
        bought[best[0]][best[1]] += 1
        money -= bound_price(world, best[0])
