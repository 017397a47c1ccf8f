"""Sections 3 (Appropriate) and 5.2 (at a cost, pooled fund) of the ODD: what arrives at donors, and who takes of it."""

from __future__ import annotations

from oracle.derived import sum_in_order
from oracle.records import World


def first_quarter_of_a_year(world: World, quarter: int) -> bool:
    """1, 5, 9, ... up to the horizon."""
    return quarter % 4 == 1 and quarter <= world.scenario.parameters.horizon


def appropriate(world: World, quarter: int) -> None:
    """Give each donor a quarter of its yearly budget while there is income; members pay out of it."""
    overhead = [0.0 for _ in world.donors]
    pooled = [0.0 for _ in world.donors]
    if first_quarter_of_a_year(world, quarter):
        world.income_of_year = [0.0 for _ in world.donors]
    if quarter <= world.scenario.parameters.horizon:
        negotiation = negotiation_shares(world)
        for donor in world.donors:
            income = world.budget[donor] / 4
            if world.design.member[donor]:
                world.run.arrived_inside[donor] += income
                secretariat = world.design.overhead * income
                overhead[donor] = secretariat + min(negotiation[donor], income - secretariat)
                pooled[donor] = world.design.pool_share * (income - overhead[donor])
            world.income_of_year[donor] += income
            world.cash[donor] += income - overhead[donor] - pooled[donor]
        if world.design.pool is not None:
            world.cash[world.design.pool] += sum_in_order(pooled)
    world.run.overhead.append(overhead)
    world.run.pooled.append(pooled)


def members_with_budget(world: World) -> list[int]:
    """Members that have a yearly budget (the pooled fund has none)."""
    return [donor for donor in world.donors if world.design.member[donor] and world.budget[donor] > 0.0]


def negotiation_shares(world: World) -> list[float]:
    """Return what each donor owes for a quarter of agreeing in pairs, by budget."""
    members = members_with_budget(world)
    result = [0.0 for _ in world.donors]
    pairs = len(members) * (len(members) - 1) / 2
    total = sum_in_order(world.budget[donor] for donor in members)
    for donor in members:
        result[donor] = pairs * world.design.negotiation_cost / 4 * world.budget[donor] / total
    return result


def respond(world: World, quarter: int) -> None:
    """Set the budgets of a new year by what members could account for in the last one."""
    if world.design.budget_elasticity == 0.0:
        return
    year = quarter // 4  # 0, 1, ...
    if year > 0:
        for donor in world.donors:
            if world.design.member[donor]:
                expectation = expected(world, year - 1, donor)
                account = world.run.accounts[year - 1][donor] if expectation > 0.0 else 1.0
                factor = response(world, account, expectation or 1.0)
                world.budget[donor] = world.derived.yearly_budget[donor] * factor
    world.run.yearly_budgets.append(list(world.budget))


def response(world: World, account: float, expectation: float) -> float:
    """Return the factor of a yearly budget, within .75 and 1.25."""
    return min(1.25, max(0.75, 1 + world.design.budget_elasticity * (account / expectation - 1)))


def expected(world: World, year: int, donor: int) -> float:
    """Return the donor's account of the year in the paired fragmented run; where it is 0 the budget stays as it is."""
    paired = world.paired
    assert paired is not None
    name = world.scenario.donors.ids[donor]
    if name not in paired.donor_ids:
        return 0.0
    return paired.accounts[year][paired.donor_ids.index(name)]
