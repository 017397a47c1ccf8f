"""Section 4.5 of the ODD, ownership moves: with aid that is aligned and chosen, against aid that is imposed or withheld."""

from __future__ import annotations

import math

from oracle.conditions import reform_tasks
from oracle.derived import sum_in_order
from oracle.records import World


def move_ownership(world: World, quarter: int) -> None:
    """The phase: each state in which something was delivered in the last four quarters changes its ownership."""
    parameters = world.scenario.parameters
    if parameters.ownership_rate == 0.0:
        return
    for j in world.beneficiaries:
        by_pillar, imposed_tasks = delivered_of_late(world, j, quarter)
        tasks = sum(by_pillar)
        if tasks == 0:
            continue
        chosen, mistrusted = contracted_of_late(world, j, quarter)
        gain = cosine(by_pillar, world.derived.priority[j]) * chosen
        if world.scenario.mechanisms.ownership == "alignment_alone":
            gain = cosine(by_pillar, world.derived.priority[j])
        loss = parameters.mistrust_cost * (imposed_tasks / tasks + mistrusted)
        own = world.ownership[j]
        own += parameters.ownership_rate * (gain * (1 - own) - loss * own)
        world.ownership[j] = min(1.0, max(0.0, own))


def delivered_of_late(world: World, j: int, quarter: int) -> tuple[list[int], int]:
    """Tasks that projects delivered in a state in the last four quarters, by pillar; and how many of them were imposed."""
    by_pillar = [0 for _ in world.pillars]
    imposed = 0
    for project in world.ledger:
        if project.beneficiary != j:
            continue
        late = {task for task, when in project.delivered_in.items() if when > quarter - 4}
        by_pillar[project.pillar] += len(late)
        if project.imposed:
            imposed += len(late & reform_tasks(world, project))
    return by_pillar, imposed


def contracted_of_late(world: World, j: int, quarter: int) -> tuple[float, float]:
    """Of the projects contracted in a state in the last four quarters: share chosen; share withheld or imposed."""
    projects = [p for p in world.ledger if p.beneficiary == j and p.quarter > quarter - 4]
    if not projects:
        return 0.0, 0.0
    chosen = [project for project in projects if project.chosen]
    mistrusted = [project for project in projects if project.imposed or project.status == "withheld"]
    return len(chosen) / len(projects), len(mistrusted) / len(projects)


def cosine(delivered: list[int], priority: list[float]) -> float:
    """Alignment: cosine of what was delivered and what the state wanted at the start; 0 where it wanted nothing."""
    size = math.sqrt(sum_in_order(x * x for x in delivered)) * math.sqrt(sum_in_order(y * y for y in priority))
    if size == 0.0:
        return 0.0
    return sum_in_order(x * y for x, y in zip(delivered, priority, strict=True)) / size
