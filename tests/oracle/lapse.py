"""Section 4.5 of the ODD, lapse: what projects delivered falls into disuse where the state does not own it."""

from __future__ import annotations

import math

from donorlab.sim import streams
from oracle.conditions import reform_tasks
from oracle.records import OracleProject, World


def lapse(world: World, quarter: int) -> list[list[int]]:
    """Open again what has lapsed by the end of this quarter; return how many tasks per cell."""
    counts = [[0 for _ in world.pillars] for _ in world.beneficiaries]
    for j in world.beneficiaries:
        for k in world.pillars:
            for task in sorted(world.owner[j][k]):
                project = world.owner[j][k][task]
                world.endured[j][k][task] += hazard(world, j, project.donor)
                if world.endured[j][k][task] > tolerance(world, project, task):
                    world.standing[j][k].discard(task)
                    del world.owner[j][k][task], world.endured[j][k][task]
                    counts[j][k] += 1
    return counts


def hazard(world: World, j: int, donor: int) -> float:
    """Hazard of this quarter; ``after_exit`` there is none while the donor has a live project in the state."""
    present = any(project.donor == donor and project.beneficiary == j for project in world.live())
    if world.scenario.mechanisms.lapse == "after_exit" and present:
        return 0.0
    return world.scenario.parameters.lapse * (1 - world.ownership[j])


def tolerance(world: World, project: OracleProject, task: int) -> float:
    """How much hazard a task endures: mean 1, exponential or (``ageing``) Weibull; imposed reforms endure less."""
    key = world.derived.donor_key[project.donor]
    u = streams.uniform(streams.LAPSE, world.seed, project.quarter, key, 0, task, project.serial)
    shape = 2 if world.scenario.mechanisms.lapse == "ageing" else 1
    endures = (-math.log(u)) ** (1 / shape) / math.gamma(1 + 1 / shape)
    if project.imposed and task in reform_tasks(world, project):
        return endures / world.scenario.parameters.imposed_lapse
    return endures
