"""Section 4.7 of the ODD, exposure: safe havens, how exposed each state is, and incidents that are remembered."""

from __future__ import annotations

from donorlab.sim import streams
from oracle.derived import sum_in_order
from oracle.records import World
from oracle.value import capacity_value

HAVEN_PILLARS = ("legal", "technical")


def pillars_of_havens(pillars: tuple[str, ...]) -> list[int]:
    """The pillars in which too little capacity makes a haven: legal and technical ones, or all where there are none."""
    named = [k for k, name in enumerate(pillars) if name in HAVEN_PILLARS]
    return named or list(range(len(pillars)))


def find_havens(world: World) -> list[int]:
    """haven_j: 1 where a pillar that counts has too small a share of its tasks standing."""
    parameters = world.scenario.parameters
    counting = pillars_of_havens(world.scenario.pillars)
    result = []
    for j in world.beneficiaries:
        shares = [len(world.standing[j][k]) / parameters.tasks_per_pillar for k in counting]
        result.append(1 if min(shares) < parameters.haven_threshold else 0)
    return result


def users_in_havens(world: World) -> float:
    """H: share of all users who live in safe havens."""
    inside = sum_in_order(users * haven for users, haven in zip(world.users, world.haven, strict=True))
    return inside / sum_in_order(world.users)


def exposures(world: World) -> list[float]:
    """e_j: what a state's own capacity does not protect, more where many users live in havens."""
    left = 1 - world.scenario.parameters.haven_spill * users_in_havens(world)
    result = []
    for j in world.beneficiaries:
        protection = 0.0
        for k in world.pillars:
            protection += world.derived.pillar_weight[k] * capacity_value(world, len(world.standing[j][k]))
        result.append(1 - protection / len(world.pillars) * left)
    return result


def expose(world: World, quarter: int) -> list[int]:
    """The phase: find havens, then draw incidents; return how many per state."""
    world.haven = find_havens(world)
    return incidents(world, quarter)


def incidents(world: World, quarter: int) -> list[int]:
    """Draw incidents by exposure; a state that had one is remembered for some quarters."""
    parameters = world.scenario.parameters
    if parameters.salience == 0.0:
        return [0 for _ in world.beneficiaries]
    result = []
    for j, exposed in enumerate(exposures(world)):
        u = streams.uniform(streams.INCIDENT, world.seed, quarter, world.derived.beneficiary_key[j], 0, 0, 0)
        number = streams.poisson_quantile(u, parameters.incident_rate * exposed)
        if number > 0:
            world.alarm_until[j] = quarter + parameters.salience_quarters
        result.append(number)
    return result
