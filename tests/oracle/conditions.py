"""Section 5.3 of the ODD: reforms need political will; conditions may create it, or be refused."""

from __future__ import annotations

import math

from donorlab.sim import streams
from oracle.coverage import reclassify_after_loss
from oracle.derived import standard_normal, sum_in_order
from oracle.records import OracleProject, World

REFORM_INSTRUMENT = "advice"


def reform_tasks(world: World, project: OracleProject) -> set[int]:
    """The tasks of a project that are reforms."""
    instruments = world.scenario.instruments
    if REFORM_INSTRUMENT not in instruments:
        return set()
    advice = instruments.index(REFORM_INSTRUMENT)
    return {task for task in project.tasks if world.derived.instrument[project.pillar][task] == advice}


def missing_will(world: World, j: int) -> float:
    """c_j - b_j: what a reform costs a state beyond what it gains from it."""
    parameters = world.scenario.parameters
    z = standard_normal(streams.REFORM, world.seed, world.derived.beneficiary_key[j])
    cost = parameters.reform_cost * math.exp(parameters.reform_cost_spread * z)
    return cost - parameters.reform_benefit * world.ownership[j]


def decide(world: World, quarter: int) -> None:
    """The Contract phase: states decide, in ledger order, on the reforms contracted this quarter."""
    for project in world.ledger:
        if project.quarter != quarter or not reform_tasks(world, project):
            continue
        if has_own_will(world, project.beneficiary):
            continue
        project.for_money = gives_in(world, project)
        if project.for_money:
            continue
        project.complied = False
        if project.conditional and withholds(world, project):
            withhold(world, project, quarter)
        else:
            project.blocked = reform_tasks(world, project)


def has_own_will(world: World, j: int) -> bool:
    """Whether a state wants reforms for their own sake."""
    return missing_will(world, j) <= 0.0


def gives_in(world: World, project: OracleProject) -> bool:
    """Whether a state takes reforms for the money that hangs on them."""
    if not project.conditional:
        return False
    return world.design.credibility * threat(world, project) >= missing_will(world, project.beneficiary)


def threat(world: World, project: OracleProject) -> float:
    """Stake less what rivals replace."""
    design = world.design
    live = [other for other in world.live() if other.beneficiary == project.beneficiary]
    stake = project.base_cost
    if design.linked_conditions and design.member[project.donor]:
        stake = base_cost([other for other in live if other.conditional and design.member[other.donor]])
    replaced = stake * base_cost([other for other in live if design.rival[other.donor]]) / base_cost(live)
    return stake - replaced


def base_cost(projects: list[OracleProject]) -> float:
    """Base cost of several projects, in ledger order."""
    return sum_in_order(project.base_cost for project in projects)


def withholds(world: World, project: OracleProject) -> bool:
    """Draw whether the donor makes its threat true."""
    key = world.derived.donor_key[project.donor]
    u = streams.uniform(streams.WITHHOLD, world.seed, project.quarter, key, 0, 0, project.serial)
    return u < world.design.credibility


def withhold(world: World, project: OracleProject, quarter: int) -> None:
    """End a refused project; the money not yet spent goes back, and the donor stays away for a while."""
    project.status = "withheld"
    project.end = quarter
    project.returned = project.cost - project.fixed - project.monitoring
    world.cash[project.donor] += project.returned
    reclassify_after_loss(world, project)
    world.shunned_until[project.donor, project.beneficiary] = quarter + world.design.shun_quarters
