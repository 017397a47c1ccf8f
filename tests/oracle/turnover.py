"""Section 4.7 of the ODD, turnover: an item of a task list goes out of date, in all states at once."""

from __future__ import annotations

from donorlab.sim import streams
from donorlab.sim.scenario import Scenario
from oracle.records import World


def obsolete_items(scenario: Scenario, seed: int, quarter: int) -> set[tuple[int, int]]:
    """The items (pillar, task) that go out of date in a quarter."""
    parameters = scenario.parameters
    return {
        (k, task)
        for k in range(len(scenario.pillars))
        for task in range(parameters.tasks_per_pillar)
        if streams.uniform(streams.TURNOVER, seed, quarter, 0, 0, 64 * k + task, 0) < parameters.turnover
    }


def turn_over(world: World, quarter: int) -> list[list[int]]:
    """The phase: what is out of date stands nowhere any more; return how many tasks per cell."""
    counts = [[0 for _ in world.pillars] for _ in world.beneficiaries]
    for k, task in obsolete_items(world.scenario, world.seed, quarter):
        for j in world.beneficiaries:
            if task in world.standing[j][k]:
                world.standing[j][k].discard(task)
                if world.owner[j][k].pop(task, None) is not None:
                    world.run.obsolete_funded += 1
                world.endured[j][k].pop(task, None)
                counts[j][k] += 1
    return counts
