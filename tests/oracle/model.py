"""A slow and plain model of one run, written from ``sim/ODD.md`` to check the compiled engine.

Tasks are numbers in sets, beliefs are recomputed whenever they are needed, and every section of the ODD
has its own module: ``derived`` (2), this one (3), ``value`` (4.1), ``coverage`` (4.2), ``omega``, ``wants`` and
``planning`` (4.3), ``delivery`` (4.4), ``evolve`` (4.5, 4.9), ``design`` (5), ``pledge`` (5.1), ``income``,
``register``, ``leads`` and ``joint`` (5.2), ``conditions``, ``contracts_by_record`` and ``contracts_by_rank`` (5.3),
``bound`` (6). ``records`` holds what they share.
"""

from __future__ import annotations

import copy

from donorlab.sim.scenario import Scenario
from oracle import conditions, contracts_by_rank, contracts_by_record
from oracle.coverage import shares_of_race
from oracle.delivery import deliver
from oracle.derived import derive
from oracle.design import prepare
from oracle.evolve import lapse, own_effort
from oracle.income import appropriate, first_quarter_of_a_year, respond
from oracle.leads import agree_on_leads
from oracle.planning import plan
from oracle.pledge import make_pledges
from oracle.records import Cells, OracleProject, OracleRun, World
from oracle.register import show_due_projects
from oracle.value import welfare
from oracle.wants import largest_score_at_start

CONTRACTS = {
    "ex_ante": conditions,
    "ex_post": contracts_by_record,
    "tournament": contracts_by_rank,
}

__all__ = ["OracleProject", "OracleRun", "run", "shares_of_race"]


def run(scenario: Scenario, seed: int) -> OracleRun:
    """Simulate a scenario under its architecture; of its mechanisms only the contract is looked at.

    For ``central`` pass the prepared scenario, with one donor, as ``fragmented``.
    """
    world = first_state(scenario, seed)
    world.run.standing_start = snapshot(world.standing)
    for quarter in range(1, scenario.parameters.quarters + 1):
        if quarter % 4 == 1:
            world.run.accounts.append([0.0 for _ in world.donors])
        if first_quarter_of_a_year(world, quarter):
            respond(world, quarter)
        appropriate(world, quarter)
        observe(world, quarter)
        plan(world, quarter)  # beliefs are derived inside
        CONTRACTS[scenario.mechanisms.contract].decide(world, quarter)
        progressed, oversight = deliver(world, quarter)
        world.run.own_effort.append(own_effort(world, quarter, progressed, oversight))
        world.run.lapsed.append(lapse(world, quarter))
        record(world)
    for project in world.ledger:
        project.race = {task for task in project.duplicated if project.kind[task] == "race"}
    return world.run


def first_state(scenario: Scenario, seed: int) -> World:
    """Put the first tasks in place; no cash, no projects."""
    as_given = scenario
    scenario, design = prepare(scenario)
    derived = derive(scenario, seed)
    paired = None
    if design.budget_elasticity > 0.0:
        paired = run(as_given.replace(architecture="fragmented"), seed)
    cells = [[0 for _ in scenario.pillars] for _ in range(scenario.beneficiaries.count)]
    ledger: list[OracleProject] = []
    world = World(
        scenario=scenario,
        design=design,
        seed=seed,
        derived=derived,
        largest_score=0.0,
        standing=[[set(tasks) for tasks in row] for row in derived.first_tasks],
        owner=[[{} for _ in row] for row in cells],
        owned_since=[[{} for _ in row] for row in cells],
        budget=list(derived.yearly_budget),
        cash=[0.0 for _ in range(scenario.donors.count)],
        multiplier=[[[1.0 for _ in row] for row in cells] for _ in range(scenario.donors.count)],
        shunned_until={},
        ledger=ledger,
        run=OracleRun(projects=ledger, donor_ids=scenario.donors.ids, yearly_budget=list(derived.yearly_budget)),
        paired=paired,
        merit=[[1.0 for _ in cells] for _ in range(scenario.donors.count)],
    )
    world.largest_score = largest_score_at_start(world)
    return world


def snapshot(standing: list[list[set[int]]]) -> Cells:
    """Copy what stands."""
    return [[frozenset(tasks) for tasks in row] for row in standing]


def observe(world: World, quarter: int) -> None:
    """The register shows what is due; once a year leads are agreed and pledges made."""
    show_due_projects(world, quarter)
    if first_quarter_of_a_year(world, quarter):
        if world.design.division != "none":
            agree_on_leads(world)
        make_pledges(world)
        agreed = copy.deepcopy(world.multiplier) if world.design.division != "none" else None
        world.run.leads.append(agreed)
    if world.scenario.mechanisms.contract == "ex_post":
        contracts_by_record.look_at_records(world)


def record(world: World) -> None:
    """Write down the state at the end of the quarter."""
    world.run.standing.append(snapshot(world.standing))
    world.run.cash.append(list(world.cash))
    world.run.welfare.append(welfare(world))
