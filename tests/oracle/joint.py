"""Section 5.2 of the ODD, joint programming: a member may join another member's project in its best cell."""

from __future__ import annotations

import math

from oracle.records import OracleProject, World
from oracle.register import sees
from oracle.wants import Choice, integer_score, project_cost


def as_joiner(world: World, donor: int, choice: Choice, contracts: list[OracleProject]) -> Choice:
    """Return the choice as a joiner with its best size, if that scores higher; otherwise the choice itself."""
    if not may_join(world, donor, choice):
        return choice
    best = choice
    waits_longer = math.exp(-world.scenario.parameters.impatience)
    for n, value in choice.value_of_size.items():
        cost = project_cost(world, donor, choice.j, choice.k, n, contracts, joined=True)
        score = integer_score(world, value * waits_longer, cost)
        if score > best.score:
            best = choice.resized(score, n, joined=True)
    return best


def may_join(world: World, donor: int, choice: Choice) -> bool:
    """Whether the cell holds a live, reported project of another member that the donor knows of."""
    if not (world.design.joint_programming and world.design.member[donor]):
        return False
    return any(
        (project.beneficiary, project.pillar) == (choice.j, choice.k)
        and project.donor != donor
        and world.design.member[project.donor]
        and project.reported
        and sees(world, donor, project)
        for project in world.live()
    )
