"""Section 5.3 of the ODD, `contract = ex_post`: nothing is promised; aid follows the record of reforms."""

from __future__ import annotations

from oracle.conditions import base_cost, has_own_will, missing_will, reform_tasks
from oracle.derived import sum_in_order
from oracle.records import OracleProject, World


def look_at_records(world: World) -> None:
    """The Observe phase: donors that set conditions value a state by its record, to the mean record of all states."""
    records = [record(world, j) for j in world.beneficiaries]
    world.mean_record = sum_in_order(records) / len(records)
    for donor in world.donors:
        sets = world.design.conditional[donor]
        for j in world.beneficiaries:
            steep = world.scenario.parameters.selectivity
            world.merit[donor][j] = max(0.0, 1 + steep * (records[j] / world.mean_record - 1)) if sets else 1.0


def record(world: World, j: int) -> float:
    """Share of its reform projects with conditions that a state adopted, as if there had been one more of each kind."""
    projects = decided_before(world, j, None)
    adopted = len([project for project in projects if project.complied])
    return (1 + adopted) / (2 + len(projects))


def decided_before(world: World, j: int, end: OracleProject | None) -> list[OracleProject]:
    """The reform projects with conditions that a state decided on, up to but without one of them."""
    result = []
    for project in world.ledger:
        if project is end:
            break
        if project.beneficiary == j and project.conditional and reform_tasks(world, project):
            result.append(project)
    return result


def decide(world: World, quarter: int) -> None:
    """The Contract phase: states decide one project after the other; refusals are blocked and nothing else."""
    for project in world.ledger:
        if project.quarter != quarter or not reform_tasks(world, project):
            continue
        j = project.beneficiary
        if has_own_will(world, j):
            continue
        project.for_money = project.conditional and reward(world, project, quarter) >= missing_will(world, j)
        if not project.for_money:
            project.complied = False
            project.blocked = reform_tasks(world, project)


def reward(world: World, project: OracleProject, quarter: int) -> float:
    """What adopting instead of refusing is worth: a year of aid times the rise of the record, less what rivals replace."""
    j = project.beneficiary
    of_year = [
        other
        for other in world.ledger
        if other.beneficiary == j and other.conditional and quarter - 3 <= other.quarter <= quarter
    ]
    rise = 1 / (3 + len(decided_before(world, j, project)))
    live = [other for other in world.live() if other.beneficiary == j]
    rivals = base_cost([other for other in live if world.design.rival[other.donor]]) / base_cost(live)
    steep = world.scenario.parameters.selectivity
    return steep * base_cost(of_year) * rise / world.mean_record * (1 - rivals)
