"""Section 4.1 of the ODD: what capacity is worth."""

from __future__ import annotations

from donorlab.sim.scenario import Parameters
from oracle.records import World


def worth(parameters: Parameters, tasks: int) -> float:
    """f(c / L): the value of a pillar in which so many tasks stand."""
    return 1 - (1 - tasks / parameters.tasks_per_pillar) ** parameters.value_concavity


def capacity_value(world: World, tasks: int) -> float:
    """f(c / L) in a run."""
    return worth(world.scenario.parameters, tasks)


def gain_of_next_task(world: World, tasks: int) -> float:
    """f((c + 1) / L) - f(c / L); 0 where all tasks stand."""
    if tasks >= world.scenario.parameters.tasks_per_pillar:
        return 0.0
    return capacity_value(world, tasks + 1) - capacity_value(world, tasks)


def welfare(world: World) -> float:
    """W: the value of all that stands, by the weights of states and pillars."""
    total = 0.0
    for j in world.beneficiaries:
        of_state = 0.0
        for k in world.pillars:
            of_state += world.derived.pillar_weight[k] * capacity_value(world, len(world.standing[j][k]))
        total += world.state_weight[j] * of_state
    return total
