"""Section 3 (Evolve) and 4.9 of the ODD: what happens to states after projects have delivered, and what they do on their own."""

from __future__ import annotations

from donorlab.sim import streams
from oracle.havens import expose
from oracle.lapse import lapse
from oracle.norms import pull
from oracle.ownership import move_ownership
from oracle.peers import prices
from oracle.records import World
from oracle.turnover import turn_over
from oracle.users import grow


def evolve(world: World, quarter: int, left: list[float]) -> None:
    """The Evolve phase; ``left`` is the administration that projects left."""
    world.run.own_effort.append(own_effort(world, quarter, left))
    world.run.lapsed.append(lapse(world, quarter))
    move_ownership(world, quarter)
    pull(world, quarter)
    grow(world, quarter)
    world.run.obsolete.append(turn_over(world, quarter))
    world.run.incidents.append(expose(world, quarter))
    world.price = prices(world)


# --- 4.9 Own effort ---


def own_effort(world: World, quarter: int, left: list[float]) -> list[list[int]]:
    """Let each state do own tasks with what administration is left; return how many per cell."""
    return [[own_tasks(world, quarter, j, k, left[j]) for k in world.pillars] for j in world.beneficiaries]


def own_tasks(world: World, quarter: int, j: int, k: int, left: float) -> int:
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
    crowding = 1 - parameters.crowding_out * running / len(not_standing)
    mean = parameters.own_effort * left * world.ownership[j] * derived.priority[j][k] * crowding
    u = streams.uniform(streams.EFFORT, world.seed, quarter, derived.beneficiary_key[j], 0, k, 0)
    done = sorted(not_standing - in_projects)[: streams.poisson_quantile(u, mean)]
    world.standing[j][k].update(done)
    return len(done)
