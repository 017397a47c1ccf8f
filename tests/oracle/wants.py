"""Section 4.3 of the ODD: what a donor wants, and what it contracts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from oracle.coverage import believed_taken, pick_tasks
from oracle.delivery import oversight, room
from oracle.derived import NEED, POLITICAL, VISIBILITY
from oracle.records import OracleProject, World
from oracle.value import capacity_value


@dataclass
class Choice:
    """A cell and a number of tasks that a donor could contract."""

    score: int
    j: int
    k: int
    n: int
    lowest_n: int
    believed_open: set[int]


def donor_plans(world: World, donor: int, quarter: int, slot: int) -> list[OracleProject]:
    """Contract the best cell again and again, until it is too dear or nothing is left to choose."""
    contracts: list[OracleProject] = []
    if world.derived.yearly_budget[donor] == 0.0 and world.cash[donor] == 0.0:
        return contracts
    while True:
        best = best_choice(world, donor, contracts)
        if best is None:
            return contracts
        limit = world.cash[donor] + 1e-9
        affordable = [
            n
            for n in range(best.lowest_n, best.n + 1)
            if project_cost(world, donor, best.j, best.k, n, contracts) <= limit
        ]
        if not affordable:
            world.run.saved += 1
            return contracts
        contracts.append(contract(world, donor, best, max(affordable), contracts, quarter, slot))


def contract(
    world: World, donor: int, best: Choice, n: int, contracts: list[OracleProject], quarter: int, slot: int
) -> OracleProject:
    """Pay for a project and choose its tasks; its serial counts the contracts made before it."""
    parameters = world.scenario.parameters
    serial = len(contracts)
    cost = project_cost(world, donor, best.j, best.k, n, contracts)
    world.cash[donor] -= cost
    kappa = world.derived.task_price[best.j]
    return OracleProject(
        donor=donor,
        beneficiary=best.j,
        pillar=best.k,
        quarter=quarter,
        slot=slot,
        serial=serial,
        tasks=tuple(sorted(pick_tasks(world, donor, best.k, best.believed_open, n, quarter, serial))),
        cost=cost,
        fixed=parameters.fixed_cost,
        relation=relation_cost(world, donor, best.j, contracts),
        base_cost=n * kappa,
        kappa=kappa,
    )


def best_choice(world: World, donor: int, contracts: list[OracleProject]) -> Choice | None:
    """Return the cell and size of the highest integer score; ties to the smallest j, then k, then n."""
    parameters = world.scenario.parameters
    if world.largest_score <= 0.0:
        return None
    best: Choice | None = None
    for j in world.beneficiaries:
        wait = believed_wait(world, j, contracts)
        if wait > parameters.queue_limit:
            continue
        for k in world.pillars:
            weight = omega(world, donor, j, k, contracts)
            taken = believed_taken(world, donor, j, k, contracts)
            believed_open = set(range(parameters.tasks_per_pillar)) - taken
            sizes = project_sizes(world, len(believed_open))
            for n in sizes:
                value = perceived_value(world, weight, len(taken), n, wait)
                cost = project_cost(world, donor, j, k, n, contracts)
                score = math.floor(value / cost / world.largest_score * 2**40)
                if score > 0 and (best is None or score > best.score):
                    best = Choice(score, j, k, n, sizes[0], believed_open)
    return best


def largest_score_at_start(world: World) -> float:
    """Return the highest value per EUR over donors, cells and sizes, before anything has happened."""
    largest = 0.0
    for donor in world.donors:
        for j in world.beneficiaries:
            for k in world.pillars:
                weight = omega(world, donor, j, k, [])
                count = len(world.standing[j][k])
                for n in project_sizes(world, world.scenario.parameters.tasks_per_pillar - count):
                    value = perceived_value(world, weight, count, n, wait=0.0)
                    largest = max(largest, value / project_cost(world, donor, j, k, n, []))
    return largest


def project_sizes(world: World, count_open: int) -> range:
    """Possible numbers of tasks, from the smallest project to the largest, as far as tasks are open."""
    if count_open == 0:
        return range(0)
    parameters = world.scenario.parameters
    lowest = min(parameters.project_tasks_minimum, count_open)
    highest = min(parameters.project_tasks_maximum, count_open)
    return range(lowest, highest + 1)


def own_live(world: World, donor: int, j: int, contracts: list[OracleProject]) -> int:
    """r_dj: number of a donor's own live projects in a state, with those it has just contracted."""
    return len([p for p in world.live() + contracts if p.donor == donor and p.beneficiary == j])


def omega(world: World, donor: int, j: int, k: int, contracts: list[OracleProject]) -> float:
    """How much a donor cares about a cell."""
    derived = world.derived
    if world.scenario.donors.ids[donor] == world.scenario.beneficiaries.ids[j]:
        return 0.0
    motives = derived.motives[donor]
    need = motives[NEED] * derived.state_weight[j] * derived.pillar_weight[k]
    political = 0.0
    if derived.mean_affinity[donor] > 0.0:
        political = motives[POLITICAL] * derived.affinity[donor][j] / derived.mean_affinity[donor]
    visibility = motives[VISIBILITY] / (1 + own_live(world, donor, j, contracts))
    return derived.mandate[donor][k] * len(world.scenario.pillars) * (need + political + visibility)


def believed_wait(world: World, j: int, contracts: list[OracleProject]) -> float:
    """wait_j: quarters of work that the state has before it, with what the donor has just contracted."""
    undelivered = 0
    for project in world.live() + contracts:
        if project.beneficiary == j:
            undelivered += len(project.remaining)
    started = [p for p in world.live() if p.beneficiary == j and p.start > 0]
    return undelivered / room(world, j, oversight(world, started))


def perceived_value(world: World, weight: float, count: int, n: int, wait: float) -> float:
    """Value of n more tasks where so many are believed taken, discounted by the wait."""
    gain = capacity_value(world, count + n) - capacity_value(world, count)
    return weight * gain * math.exp(-world.scenario.parameters.impatience * wait)


def relation_cost(world: World, donor: int, j: int, contracts: list[OracleProject]) -> float:
    """What it takes to begin in a state where the donor has nothing live."""
    if own_live(world, donor, j, contracts) > 0:
        return 0.0
    return world.scenario.parameters.relation_cost


def project_cost(world: World, donor: int, j: int, k: int, n: int, contracts: list[OracleProject]) -> float:
    """All that a donor pays for a project of n tasks."""
    parameters = world.scenario.parameters
    mandate = world.derived.mandate[donor]
    outside = 1 - mandate[k] / max(mandate)
    tasks = n * world.derived.task_price[j] * (1 + parameters.mismatch * outside)
    return parameters.fixed_cost + relation_cost(world, donor, j, contracts) + tasks
