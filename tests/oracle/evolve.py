"""Sections 4.5 and 4.9 of the ODD: what lapses, and what states do on their own."""

from __future__ import annotations

import math

from donorlab.sim import streams
from oracle.records import World

# --- 4.5 Lapse ---


def lapse(world: World, quarter: int) -> list[list[int]]:
    """Open again what has lapsed by the end of this quarter; return how many tasks per cell."""
    counts = [[0 for _ in world.pillars] for _ in world.beneficiaries]
    for j in world.beneficiaries:
        hazard = world.scenario.parameters.lapse * (1 - world.derived.ownership[j])
        for k in world.pillars:
            for task in sorted(world.owner[j][k]):
                project = world.owner[j][k][task]
                quarters = quarter - world.owned_since[j][k][task] + 1
                key = world.derived.donor_key[project.donor]
                u = streams.uniform(streams.LAPSE, world.seed, project.quarter, key, 0, task, project.serial)
                if hazard * quarters > -math.log(u):
                    world.standing[j][k].discard(task)
                    del world.owner[j][k][task], world.owned_since[j][k][task]
                    counts[j][k] += 1
    return counts


# --- 4.9 Own effort ---


def own_effort(world: World, quarter: int, progressed: list[float], overseen: list[float]) -> list[list[int]]:
    """Let each state do own tasks with what administration is left; return how many per cell."""
    return [
        [own_tasks(world, quarter, j, k, progressed[j], overseen[j]) for k in world.pillars]
        for j in world.beneficiaries
    ]


def own_tasks(world: World, quarter: int, j: int, k: int, progressed: float, overseen: float) -> int:
    """Do the own tasks of one cell: the lowest-numbered ones that nobody has done or is doing."""
    parameters, derived = world.scenario.parameters, world.derived
    not_standing = set(range(parameters.tasks_per_pillar)) - world.standing[j][k]
    if not not_standing:
        return 0
    in_projects: set[int] = set()
    for project in world.live():
        if (project.beneficiary, project.pillar) == (j, k):
            in_projects |= project.remaining
    running = len(not_standing & in_projects)
    left = max(0.0, derived.administration[j] - overseen - progressed)
    crowding = 1 - parameters.crowding_out * running / len(not_standing)
    mean = parameters.own_effort * left * derived.ownership[j] * derived.priority[j][k] * crowding
    u = streams.uniform(streams.EFFORT, world.seed, quarter, derived.beneficiary_key[j], 0, k, 0)
    done = sorted(not_standing - in_projects)[: streams.poisson_quantile(u, mean)]
    world.standing[j][k].update(done)
    return len(done)
