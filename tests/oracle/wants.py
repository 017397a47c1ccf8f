"""Section 4.3 of the ODD: what a donor wants; with multipliers, credit and the costs of section 5."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from oracle.coverage import believed_taken
from oracle.credit import credited_gain
from oracle.delivery import room, started_in
from oracle.omega import omega, omega_with_credit
from oracle.records import OracleProject, World
from oracle.value import capacity_value


@dataclass
class Choice:
    """A cell and a number of tasks that a donor could contract."""

    score: int
    j: int
    k: int
    n: int
    value_of_size: dict[int, float]  # from the lowest n to the highest
    believed_open: set[int]
    joined: bool = False

    def resized(self, score: int, n: int, joined: bool) -> Choice:
        """The same cell with another number of tasks."""
        return replace(self, score=score, n=n, joined=joined)


def best_choice(world: World, donor: int, contracts: list[OracleProject], quarter: int) -> Choice | None:
    """Return the cell and size of the highest integer score; ties to the smallest j, then k, then n."""
    best: Choice | None = None
    for choice in choices_by_cell(world, donor, contracts, quarter):
        if best is None or choice.score > best.score:
            best = choice
    return best


def choices_by_cell(world: World, donor: int, contracts: list[OracleProject], quarter: int) -> list[Choice]:
    """Each cell that a donor could choose, with its best size (ties to the smallest), by state and pillar."""
    parameters = world.scenario.parameters
    result: list[Choice] = []
    if world.largest_score <= 0.0:
        return result
    for j in world.beneficiaries:
        wait = believed_wait(world, j, contracts)
        if wait > parameters.queue_limit or world.shunned_until.get((donor, j), 0) >= quarter:
            continue
        own_projects = own_live(world, donor, j, contracts)
        for k in world.pillars:
            taken = believed_taken(world, donor, j, k, contracts)
            believed_open = set(range(parameters.tasks_per_pillar)) - taken
            value_of_size = {
                n: perceived_value(world, donor, j, k, len(taken), n, wait, own_projects)
                for n in project_sizes(world, len(believed_open))
            }
            best: Choice | None = None
            for n, value in value_of_size.items():
                score = integer_score(world, value, project_cost(world, donor, j, k, n, contracts))
                if score > 0 and (best is None or score > best.score):
                    best = Choice(score, j, k, n, value_of_size, believed_open)
            if best is not None:
                result.append(best)
    return result


def integer_score(world: World, value: float, cost: float) -> int:
    """Value per EUR over the largest one at the start, as a whole number."""
    return math.floor(value / cost / world.largest_score * 2**40 + 0.5)


def largest_score_at_start(world: World) -> float:
    """Return the highest value per EUR over donors, cells and sizes, before anything has happened."""
    largest = 0.0
    for donor in world.donors:
        for j in world.beneficiaries:
            for k in world.pillars:
                count = len(world.standing[j][k])
                for n in project_sizes(world, world.scenario.parameters.tasks_per_pillar - count):
                    value = perceived_value(world, donor, j, k, count, n, wait=0.0, own_projects=0)
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


def believed_wait(world: World, j: int, contracts: list[OracleProject]) -> float:
    """wait_j: quarters of work that the state has before it, with what the donor has just contracted."""
    undelivered = 0
    for project in world.live() + contracts:
        if project.beneficiary == j:
            undelivered += len(project.remaining)
    return undelivered / room(world, j, started_in(world, j))


def perceived_value(
    world: World, donor: int, j: int, k: int, count: int, n: int, wait: float, own_projects: int
) -> float:
    """Value of n more tasks where so many are believed taken, discounted by the wait.

    More where others are present (herding); less outside lead or pledge.
    """
    gain = capacity_value(world, count + n) - capacity_value(world, count)
    rule = world.design.credit[donor]
    if rule == "none":
        value = omega(world, donor, j, k, own_projects) * gain
    else:
        own, credited = omega_with_credit(world, donor, j, k)
        value = own * gain + credited * credited_gain(world, rule, len(world.standing[j][k]), count, n)
    value *= world.crowd[donor][j]
    patience = math.exp(-world.scenario.parameters.impatience * wait)
    return value * patience * world.multiplier[donor][j][k] * world.merit[donor][j]


def fixed_cost(world: World, joined: bool) -> float:
    """The fixed cost of a project, without monitoring; a joiner pays a share of it."""
    share = world.design.joiner_fixed_share if joined else 1.0
    return share * world.scenario.parameters.fixed_cost


def monitoring_cost(world: World, donor: int) -> float:
    """What a donor that sets conditions pays a project for watching them."""
    return world.design.monitoring_cost if world.design.conditional[donor] else 0.0


def relation_cost(world: World, donor: int, j: int, contracts: list[OracleProject], joined: bool) -> float:
    """What it takes to begin in a state where the donor has nothing live."""
    if joined or own_live(world, donor, j, contracts) > 0:
        return 0.0
    return world.scenario.parameters.relation_cost


def project_cost(
    world: World, donor: int, j: int, k: int, n: int, contracts: list[OracleProject], joined: bool = False
) -> float:
    """All that a donor pays for a project of n tasks."""
    mandate = world.derived.mandate[donor]
    outside = 1 - mandate[k] / max(mandate)
    tasks = n * world.price[j][k] * (1 + world.scenario.parameters.mismatch * outside)
    fixed = fixed_cost(world, joined) + monitoring_cost(world, donor)
    return fixed + relation_cost(world, donor, j, contracts, joined) + tasks
