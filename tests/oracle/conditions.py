"""Section 5.3 of the ODD: reforms need political will; conditions may create it, or be refused."""

from __future__ import annotations

import math

from donorlab.sim import streams
from oracle.coverage import reclassify_after_loss
from oracle.derived import standard_normal, sum_in_order
from oracle.records import OracleProject, World
from oracle.value import capacity_value

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
        if project.conditional:
            set_conditions(world, project)
        if has_own_will(world, project.beneficiary):
            continue
        project.for_money = gives_in(world, project)
        if project.for_money:
            project.blocked = beyond_demand(world, project)
            continue
        project.complied = False
        if project.conditional and withholds(world, project):
            withhold(world, project, quarter)
        else:
            project.blocked = reform_tasks(world, project)


def set_conditions(world: World, project: OracleProject) -> None:
    """The donor demands all reforms or, where it may choose, the most that the state will take; none is no condition."""
    reforms = len(reform_tasks(world, project))
    project.demanded = reforms
    if world.design.number_is_chosen and not has_own_will(world, project.beneficiary):
        worth = credibility(world, project) * threat(world, project)
        borne = [missing_will(world, project.beneficiary) * (m / reforms) for m in range(1, reforms + 1)]
        project.demanded = len([burden for burden in borne if burden <= worth])
    if project.demanded == 0:
        project.conditional = False


def beyond_demand(world: World, project: OracleProject) -> set[int]:
    """The reforms that nobody demanded: all but the lowest-numbered ones."""
    return set(sorted(reform_tasks(world, project))[project.demanded :])


def has_own_will(world: World, j: int) -> bool:
    """Whether a state wants reforms for their own sake."""
    return missing_will(world, j) <= 0.0


def gives_in(world: World, project: OracleProject) -> bool:
    """Whether a state takes what is demanded for the money that hangs on it."""
    if not project.conditional or project.demanded is None:
        return False
    share = project.demanded / len(reform_tasks(world, project))
    worth = credibility(world, project) * threat(world, project)
    return worth >= missing_will(world, project.beneficiary) * share


def credibility(world: World, project: OracleProject) -> float:
    """How likely the threat is carried out: as given, or 1 or 0 by what is better for the donor."""
    if not world.design.credibility_follows:
        return world.design.credibility
    return 1.0 if gain_of_withholding(world, project) > gain_of_releasing(world, project) else 0.0


def gain_of_withholding(world: World, project: OracleProject) -> float:
    """The returned part of the money does elsewhere what it promised here; a part of that counts."""
    promised = gain_of(world, project, len(project.tasks))
    returns = (project.cost - project.fixed - project.monitoring) / project.cost
    return world.design.opportunity_cost * promised * returns


def gain_of_releasing(world: World, project: OracleProject) -> float:
    """What the project still does without its reforms."""
    return gain_of(world, project, len(project.tasks) - len(reform_tasks(world, project)))


def gain_of(world: World, project: OracleProject, tasks: int) -> float:
    """f((s + tasks) / L) - f(s / L), s tasks standing in the project's cell."""
    standing = len(world.standing[project.beneficiary][project.pillar])
    return capacity_value(world, standing + tasks) - capacity_value(world, standing)


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
    return u < credibility(world, project)


def withhold(world: World, project: OracleProject, quarter: int) -> None:
    """End a refused project; the money not yet spent goes back, and the donor stays away for a while."""
    project.status = "withheld"
    project.end = quarter
    project.returned = project.cost - project.fixed - project.monitoring
    world.cash[project.donor] += project.returned
    reclassify_after_loss(world, project)
    world.shunned_until[project.donor, project.beneficiary] = quarter + world.design.shun_quarters
