"""A slow and plain model of one run, written from ``sim/ODD.md`` to check the compiled engine.

Tasks are numbers in sets, beliefs are recomputed whenever they are needed, and every section of the ODD
has its own module: ``derived`` (2), this one (3), ``value`` (4.1), ``coverage`` (4.2), ``omega``, ``presence``, ``wants``,
``offers`` and ``planning`` (4.3), ``delivery``, ``poaching`` and ``methods`` (4.4), ``lapse`` and ``ownership`` (4.5),
``norms`` (4.6), ``users``, ``turnover`` and ``havens`` (4.7), ``peers`` (4.8), ``evolve`` (4.9, and the order of these),
``design`` (5), ``pledge`` (5.1), ``income``, ``register``, ``leads``, ``joint``, ``credit`` and ``membership`` (5.2),
``conditions``, ``contracts_by_record``, ``contracts_by_rank`` (5.3),
``bound`` (6), ``outcomes`` (7). ``records`` holds what they share.
"""

from __future__ import annotations

import copy

from donorlab.sim.scenario import Scenario
from oracle import conditions, contracts_by_rank, contracts_by_record
from oracle.coverage import shares_of_race
from oracle.delivery import deliver
from oracle.derived import derive
from oracle.design import prepare
from oracle.evolve import evolve
from oracle.havens import exposures, find_havens
from oracle.income import appropriate, first_quarter_of_a_year, respond
from oracle.leads import agree_on_leads
from oracle.membership import found, look_back, note_sides
from oracle.methods import CONTEXTS
from oracle.omega import make_wishes
from oracle.outcomes import outcomes
from oracle.peers import peers, prices
from oracle.planning import plan
from oracle.pledge import make_pledges
from oracle.presence import presence_of_others
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
    """Simulate a scenario under its architecture; of its mechanisms contract, absorption and lapse are looked at.

    For ``central`` pass the prepared scenario, with one donor, as ``fragmented``.
    """
    world = first_state(scenario, seed)
    world.run.standing_start = snapshot(world.standing)
    world.run.ownership_start = list(world.ownership)
    for quarter in range(1, scenario.parameters.quarters + 1):
        world.quarter = quarter
        if quarter % 4 == 1:
            world.run.accounts.append([0.0 for _ in world.donors])
        if first_quarter_of_a_year(world, quarter):
            look_back(world, quarter)
            respond(world, quarter)
        appropriate(world, quarter)
        observe(world, quarter)
        plan(world, quarter)  # beliefs are derived inside
        note_sides(world)
        CONTRACTS[scenario.mechanisms.contract].decide(world, quarter)
        left = deliver(world, quarter)
        evolve(world, quarter, left)
        record(world)
        if quarter == scenario.parameters.horizon:
            world.owned_at_horizon = world.owned_tasks()
    for project in world.ledger:
        project.race = {task for task in project.duplicated if project.kind[task] == "race"}
    world.run.trials, world.run.successes = world.trials, world.successes
    world.run.means = [memory.mean for memory in world.voluntary.memory] if world.voluntary else []
    world.run.outcomes = outcomes(world)
    return world.run


def first_state(scenario: Scenario, seed: int) -> World:
    """Put the first tasks in place; no cash, no projects."""
    as_given = scenario
    scenario, design = prepare(scenario)
    derived = derive(scenario, seed)
    paired = None
    if design.budget_elasticity > 0.0:
        paired = run(as_given.replace(architecture="fragmented"), seed)
    umbrella = any(design.member) and scenario.parameters.voluntary_membership == "on"
    names, keys = scenario.donors.ids, derived.donor_key
    voluntary = found(design, names, keys, scenario.parameters, seed) if umbrella else None
    cells = [[0 for _ in scenario.pillars] for _ in range(scenario.beneficiaries.count)]
    ledger: list[OracleProject] = []
    evidence = [[[0 for _ in scenario.instruments] for _ in range(CONTEXTS)] for _ in range(scenario.donors.count)]
    world = World(
        given=as_given,
        scenario=scenario,
        design=design,
        seed=seed,
        derived=derived,
        largest_score=0.0,
        standing=[[set(tasks) for tasks in row] for row in derived.first_tasks],
        owner=[[{} for _ in row] for row in cells],
        endured=[[{} for _ in row] for row in cells],
        ownership=list(derived.ownership),
        norm_position=[float(x) for x in scenario.beneficiaries.norm_position],
        users=[float(users) for users in scenario.beneficiaries.users_m],
        state_weight=list(derived.state_weight),
        peers=peers(scenario),
        price=[],
        haven=[],
        alarm_until=[0 for _ in cells],
        trials=copy.deepcopy(evidence),
        successes=copy.deepcopy(evidence),
        budget=list(derived.yearly_budget),
        cash=[0.0 for _ in range(scenario.donors.count)],
        multiplier=[[[1.0 for _ in row] for row in cells] for _ in range(scenario.donors.count)],
        shunned_until={},
        ledger=ledger,
        run=OracleRun(projects=ledger, donor_ids=scenario.donors.ids, yearly_budget=list(derived.yearly_budget)),
        paired=paired,
        voluntary=voluntary,
        merit=[[1.0 for _ in cells] for _ in range(scenario.donors.count)],
    )
    world.run.influence = [0.0 for _ in world.donors]
    world.run.arrived_inside = [0.0 for _ in world.donors]
    world.run.gross_pull = [0.0 for _ in world.beneficiaries]
    world.price = prices(world)
    world.haven = find_havens(world)
    make_wishes(world)
    presence_of_others(world)
    world.largest_score = largest_score_at_start(world)
    return world


def snapshot(standing: list[list[set[int]]]) -> Cells:
    """Copy what stands."""
    return [[frozenset(tasks) for tasks in row] for row in standing]


def observe(world: World, quarter: int) -> None:
    """The register shows what is due; once a year leads are agreed and pledges made."""
    show_due_projects(world, quarter)
    if quarter % 4 == 1:
        make_wishes(world)
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
    world.run.member.append(list(world.design.member))
    world.run.welfare.append(welfare(world))
    world.run.ownership.append(list(world.ownership))
    world.run.norm_position.append(list(world.norm_position))
    world.run.users.append(list(world.users))
    world.run.state_weight.append(list(world.state_weight))
    world.run.price.append(copy.deepcopy(world.price))
    world.run.haven.append(list(world.haven))
    world.run.exposure.append(exposures(world))
    world.run.alarm_until.append(list(world.alarm_until))
