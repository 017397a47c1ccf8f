"""Section 5.3 of the ODD, `contract = tournament`: the reform projects of one donor and quarter compete for its money."""

from __future__ import annotations

import math

from donorlab.sim import streams
from oracle.conditions import has_own_will, missing_will, reform_tasks, threat, withhold
from oracle.records import OracleProject, World


def decide(world: World, quarter: int) -> None:
    """The Contract phase: all states decide, then the best of each group are paid; what follows is in ledger order."""
    projects = [p for p in world.ledger if p.quarter == quarter and reform_tasks(world, p)]
    groups = [[p for p in projects if p.donor == donor and p.conditional] for donor in world.donors]
    for project in projects:
        project.complied = has_own_will(world, project.beneficiary)
    losers: list[OracleProject] = []
    for group in groups:
        compete(world, group)
        losers += sorted(group, key=lambda p: -performance(world, p))[places(world, group) :]  # stable: ties stay
    for project in projects:
        if project in losers:
            end_unpaid(world, project, quarter)
        elif not project.complied:
            project.blocked = reform_tasks(world, project)


def places(world: World, group: list[OracleProject]) -> int:
    """How many of a group are paid."""
    return math.ceil(world.scenario.parameters.prize_share * len(group) - 1e-9)


def compete(world: World, group: list[OracleProject]) -> None:
    """Let each of a group answer the others in turn, until nobody changes; then decide."""
    own_will = {p.serial: p.complied for p in group}
    believed = dict(own_will)
    stakes = {p.serial: threat(world, p) for p in group}

    def answer(project: OracleProject) -> bool:
        others = sum(believed[p.serial] for p in group if p is not project)
        worth = advantage(others, len(group), places(world, group)) * stakes[project.serial]
        return own_will[project.serial] or worth >= missing_will(world, project.beneficiary)

    for _ in range(len(group)):
        before = dict(believed)
        for project in group:
            believed[project.serial] = answer(project)
        if believed == before:
            break
    decisions = [answer(project) for project in group]
    for project, adopts in zip(group, decisions, strict=True):
        project.complied = adopts
        project.for_money = adopts and not own_will[project.serial]


def advantage(others: int, competitors: int, paid: int) -> float:
    """Chance of being paid with the reform, less that without, if so many others adopt."""
    with_it = 1.0 if others < paid else paid / (others + 1)
    left = paid - others if others < paid else 0
    return with_it - left / (competitors - others)


def performance(world: World, project: OracleProject) -> float:
    """What is measured: the reform and noise (a shock to all would change no rank)."""
    key = world.derived.donor_key[project.donor]
    u = streams.uniform(streams.TOURNAMENT, world.seed, project.quarter, key, 0, 0, project.serial)
    return project.complied + world.scenario.parameters.tournament_noise * float(streams.normal_cut(u))


def end_unpaid(world: World, project: OracleProject, quarter: int) -> None:
    """End a loser as if refused; from a state that did adopt the donor does not stay away."""
    before = world.shunned_until.get((project.donor, project.beneficiary))
    withhold(world, project, quarter)
    if project.complied:
        del world.shunned_until[project.donor, project.beneficiary]
        if before is not None:
            world.shunned_until[project.donor, project.beneficiary] = before
