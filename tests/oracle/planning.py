"""Sections 3 (Plan) and 4.3 of the ODD: who plans when, and what a donor contracts."""

from __future__ import annotations

import math

from donorlab.sim import streams
from oracle.coverage import announce, form_race_groups, judge_duplication, judge_overlaps, pick_tasks
from oracle.joint import as_joiner
from oracle.offers import mark_chosen, offered_states
from oracle.presence import presence_of_others
from oracle.records import OracleProject, World
from oracle.register import report
from oracle.wants import Choice, best_choice, fixed_cost, monitoring_cost, project_cost, relation_cost


def plan(world: World, quarter: int) -> None:
    """Let the donors plan slot by slot; those of one slot are blind to each other."""
    presence_of_others(world)
    offers: dict[int, set[int]] = {}
    before = len(world.ledger)
    for slot, donors in calendar(world, quarter):
        contracts: list[OracleProject] = []
        for donor in donors:
            if world.scenario.parameters.ownership_rate > 0.0:
                offers[donor] = offered_states(world, donor, quarter)
            contracts += donor_plans(world, donor, quarter, slot)
        world.ledger += contracts
        for project in contracts:
            judge_duplication(world, project)
        form_race_groups(contracts)
        for project in contracts:
            judge_overlaps(world, project)
            announce(world, project)
            report(world, project)
    mark_chosen(offers, world.ledger[before:])


def calendar(world: World, quarter: int) -> list[tuple[int, list[int]]]:
    """Return the slots of a quarter in order, each with its donors in index order."""
    draw = {
        donor: streams.uniform(streams.CALENDAR, world.seed, quarter, world.derived.donor_key[donor], 0, 0, 0)
        for donor in world.donors
    }
    slots = world.design.planning_slots
    if slots == 0:
        in_order = sorted(world.donors, key=lambda donor: (draw[donor], donor))
        return [(slot, [donor]) for slot, donor in enumerate(in_order)]
    planners: dict[int, list[int]] = {}
    for donor in world.donors:
        planners.setdefault(min(slots - 1, math.floor(slots * draw[donor])), []).append(donor)
    return sorted(planners.items())


def donor_plans(world: World, donor: int, quarter: int, slot: int) -> list[OracleProject]:
    """Contract the best cell again and again, until it is too dear or nothing is left to choose."""
    contracts: list[OracleProject] = []
    if world.budget[donor] == 0.0 and world.cash[donor] == 0.0:
        return contracts
    while True:
        best = best_choice(world, donor, contracts, quarter)
        if best is None:
            return contracts
        best = as_joiner(world, donor, best, contracts)
        limit = world.cash[donor] + 1e-9
        affordable = [
            n
            for n in best.value_of_size
            if n <= best.n and project_cost(world, donor, best.j, best.k, n, contracts, best.joined) <= limit
        ]
        if not affordable:
            world.run.saved += 1
            return contracts
        contracts.append(contract(world, donor, best, max(affordable), contracts, quarter, slot))


def contract(
    world: World, donor: int, best: Choice, n: int, contracts: list[OracleProject], quarter: int, slot: int
) -> OracleProject:
    """Pay for a project and choose its tasks; its serial counts the contracts made before it."""
    serial = len(contracts)
    cost = project_cost(world, donor, best.j, best.k, n, contracts, best.joined)
    world.cash[donor] -= cost
    kappa = world.price[best.j][best.k]
    return OracleProject(
        donor=donor,
        beneficiary=best.j,
        pillar=best.k,
        quarter=quarter,
        slot=slot,
        serial=serial,
        tasks=tuple(sorted(pick_tasks(world, donor, best.j, best.k, best.believed_open, n, quarter, serial))),
        cost=cost,
        fixed=fixed_cost(world, best.joined),
        relation=relation_cost(world, donor, best.j, contracts, best.joined),
        base_cost=n * kappa,
        due=quarter + world.design.decision_lag[donor] + (1 if best.joined else 0),
        joined=best.joined,
        conditional=world.design.conditional[donor],
        monitoring=monitoring_cost(world, donor),
        kappa=kappa,
    )
