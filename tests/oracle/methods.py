"""Section 4.4 of the ODD, methods: what works depends on the context, and donors learn from what they see."""

from __future__ import annotations

import math

from donorlab.sim import streams
from oracle.records import OracleProject, World
from oracle.register import sees

CONTEXTS = 3


def context(world: World, j: int) -> int:
    """The third of the ranks of government in which a state lies: 0, 1 or 2."""
    return min(CONTEXTS - 1, math.floor(3 * float(world.scenario.beneficiaries.government_rank[j])))


def method(world: World, project: OracleProject, task: int) -> int:
    """The instrument of a task."""
    return world.derived.instrument[project.pillar][task]


def chance(world: World, m: int, c: int) -> float:
    """s_mc: probability that a task by a method takes in a context."""
    u = streams.uniform(streams.METHOD, world.seed, 0, 0, 0, 64 * c + m, 0)
    return 1 - 2 * world.scenario.parameters.method_failure * u


def takes(world: World, project: OracleProject, task: int) -> bool:
    """Whether a delivered task takes; who sees the project counts the trial."""
    if world.scenario.parameters.method_failure == 0.0:
        return True
    c, m = context(world, project.beneficiary), method(world, project, task)
    key = world.derived.donor_key[project.donor]
    v = streams.uniform(streams.METHOD_OUTCOME, world.seed, project.quarter, key, 0, task, project.serial)
    took = v < chance(world, m, c)
    for donor in world.donors:
        if donor == project.donor or sees(world, donor, project):
            world.trials[donor][c][m] += 1
            world.successes[donor][c][m] += 1 if took else 0
    return took


def preference(world: World, donor: int, j: int, m: int) -> float:
    """A donor's skill in a method, weighed by the success of the method that it saw in states like this one."""
    parameters = world.scenario.parameters
    skill = float(world.scenario.donors.skill[donor][m])
    if parameters.method_failure == 0.0:
        return skill
    c = context(world, j)
    seen = (1 + world.successes[donor][c][m]) / (2 + world.trials[donor][c][m])
    return skill * seen**parameters.method_learning
