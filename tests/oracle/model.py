"""A slow and plain model of one run, written from ``sim/ODD.md`` to check the compiled engine.

Tasks are numbers in sets, beliefs are recomputed whenever they are needed, and every section of the ODD
has its own module: ``derived`` (2), this one (3), ``value`` (4.1), ``coverage`` (4.2), ``wants`` (4.3),
``delivery`` (4.4) and ``evolve`` (4.5, 4.9). ``records`` holds what they share.
"""

from __future__ import annotations

import math

from donorlab.sim import streams
from donorlab.sim.scenario import Scenario

from oracle.coverage import announce, form_race_groups, judge_duplication, judge_overlaps, shares_of_race
from oracle.delivery import deliver
from oracle.derived import derive
from oracle.evolve import lapse, own_effort
from oracle.records import Cells, OracleProject, OracleRun, World
from oracle.value import welfare
from oracle.wants import donor_plans, largest_score_at_start

__all__ = ["OracleProject", "OracleRun", "run", "shares_of_race"]


def run(scenario: Scenario, seed: int) -> OracleRun:
    """Simulate a scenario as it is given; its architecture and mechanisms are not looked at."""
    world = first_state(scenario, seed)
    world.run.standing_start = snapshot(world.standing)
    for quarter in range(1, scenario.parameters.quarters + 1):
        appropriate(world, quarter)
        plan(world, quarter)  # beliefs are derived inside
        progressed, oversight = deliver(world, quarter)
        world.run.own_effort.append(own_effort(world, quarter, progressed, oversight))
        world.run.lapsed.append(lapse(world, quarter))
        record(world)
    for project in world.ledger:
        project.race = {task for task in project.duplicated if project.kind[task] == "race"}
    return world.run


def first_state(scenario: Scenario, seed: int) -> World:
    """Put the first tasks in place; no cash, no projects."""
    derived = derive(scenario, seed)
    cells = [[0 for _ in scenario.pillars] for _ in range(scenario.beneficiaries.count)]
    ledger: list[OracleProject] = []
    world = World(
        scenario=scenario,
        seed=seed,
        derived=derived,
        largest_score=0.0,
        standing=[[set(tasks) for tasks in row] for row in derived.first_tasks],
        owner=[[{} for _ in row] for row in cells],
        owned_since=[[{} for _ in row] for row in cells],
        cash=[0.0 for _ in range(scenario.donors.count)],
        ledger=ledger,
        run=OracleRun(projects=ledger, yearly_budget=list(derived.yearly_budget)),
    )
    world.largest_score = largest_score_at_start(world)
    return world


def snapshot(standing: list[list[set[int]]]) -> Cells:
    """Copy what stands."""
    return [[frozenset(tasks) for tasks in row] for row in standing]


def appropriate(world: World, quarter: int) -> None:
    """Give each donor a quarter of its yearly budget while there is income."""
    if quarter <= world.scenario.parameters.horizon:
        for donor in world.donors:
            world.cash[donor] += world.derived.yearly_budget[donor] / 4


def plan(world: World, quarter: int) -> None:
    """Let the donors plan slot by slot; those of one slot are blind to each other."""
    for slot, donors in calendar(world, quarter):
        contracts: list[OracleProject] = []
        for donor in donors:
            contracts += donor_plans(world, donor, quarter, slot)
        world.ledger += contracts
        for project in contracts:
            judge_duplication(world, project)
        form_race_groups(contracts)
        for project in contracts:
            judge_overlaps(world, project)
            announce(world, project)


def calendar(world: World, quarter: int) -> list[tuple[int, list[int]]]:
    """Return the slots of a quarter in order, each with its donors in index order."""
    draw = {
        donor: streams.uniform(streams.CALENDAR, world.seed, quarter, world.derived.donor_key[donor], 0, 0, 0)
        for donor in world.donors
    }
    slots = world.scenario.parameters.planning_slots
    if slots == 0:
        in_order = sorted(world.donors, key=lambda donor: (draw[donor], donor))
        return [(slot, [donor]) for slot, donor in enumerate(in_order)]
    members: dict[int, list[int]] = {}
    for donor in world.donors:
        members.setdefault(min(slots - 1, math.floor(slots * draw[donor])), []).append(donor)
    return sorted(members.items())


def record(world: World) -> None:
    """Write down the state at the end of the quarter."""
    world.run.standing.append(snapshot(world.standing))
    world.run.cash.append(list(world.cash))
    world.run.welfare.append(welfare(world))
