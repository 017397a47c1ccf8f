"""5.2 Umbrella: a secretariat over some donors, all but rivals unless they are named; each part is a lever of its own."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import numpy as np

from donorlab.sim.architectures.base import Architecture, common_donor, givers
from donorlab.sim.design import POOL, Design, nobody
from donorlab.sim.scenario import Donors, Scenario, ScenarioError


def with_pool(scenario: Scenario) -> Donors:
    """Return the donors with the common fund ``POOL`` added in id order: need alone, skills of the mean member.

    Raises
    ------
    ScenarioError
        If a donor is called POOL.
    """
    donors = scenario.donors
    if POOL in donors.ids:
        raise ScenarioError(f"pooled_fund: the id '{POOL}' is kept for the fund; rename the donor of that name")
    fund = dataclasses.replace(
        common_donor(scenario, POOL, "Pooled fund", "fund", scenario.able), motives=np.array([[1.0, 0.0, 0.0, 0.0]])
    )
    at = sum(name < POOL for name in donors.ids)
    values: dict[str, Any] = {}
    for item in dataclasses.fields(donors):
        column, added = getattr(donors, item.name), getattr(fund, item.name)
        if isinstance(column, tuple):
            values[item.name] = (*column[:at], *added, *column[at:])
        else:
            values[item.name] = np.insert(column, at, added[0], axis=0)
    return Donors(**values)


class Umbrella(Architecture):
    """Register, division of labour, joint programming, pooled fund, credit, calendar, at their cost."""

    name: ClassVar[str] = "umbrella"
    summary: ClassVar[str] = (
        "a secretariat: members report, agree on leads and may pool money, at a cost and with a lag"
    )
    source: ClassVar[str] = "Pawlak 2016 (umbrella architecture); Halonen-Akatwijuka 2007 (register of plans)"

    def prepare(self, scenario: Scenario) -> Scenario:
        """Return the scenario with the common fund and the joint calendar, where they are on.

        Raises
        ------
        ScenarioError
            If there is nobody who could be a member, or a fund that nobody pays into.
        """
        p = scenario.parameters
        if not (givers(scenario) & scenario.able).any():
            needed = "that is not a rival" if scenario.members is None else "among members"
            raise ScenarioError(
                f"architecture: {self.name} has no members here; it needs a donor with a budget {needed}"
            )
        if p.pooled_fund == "on":
            if p.pool_share == 0:
                raise ScenarioError(
                    "pool_share: at 0 the fund has no money; set pool_share above 0, or pooled_fund to off"
                )
            members = None if scenario.members is None else (*scenario.members, POOL)
            reporters = None if scenario.reporters is None else (*scenario.reporters, POOL)
            scenario = dataclasses.replace(scenario, donors=with_pool(scenario), members=members, reporters=reporters)
        if p.calendar == "serial":
            scenario = scenario.replace(planning_slots=0)
        return scenario

    def design(self, scenario: Scenario) -> Design:
        """Return members, register, leads and costs as the levers say.

        Raises
        ------
        ScenarioError
            If members are to join projects that nobody reports.
        """
        p, donors = scenario.parameters, scenario.donors
        if p.joint_programming == "on" and p.register == "none":
            raise ScenarioError(
                "joint_programming: members can only join what is reported; set register to projects or plans"
            )
        return Design(
            member=scenario.able,
            conditional=nobody(scenario),
            pledging=nobody(scenario),
            register=p.register,
            reporting_rate=p.reporting_rate,
            reporter=None if scenario.reporters is None else np.isin(donors.ids, scenario.reporters),
            register_lag=p.register_lag,
            decision_lag=p.decision_lag,
            division=p.division,
            discipline=p.discipline,
            joint=p.joint_programming == "on",
            joiner_fixed_share=p.joiner_fixed_share,
            pool=donors.ids.index(POOL) if p.pooled_fund == "on" else -1,
            pool_share=p.pool_share,
            credit=p.credit,
            overhead=p.overhead,
            negotiation_cost=p.negotiation_cost,
            budget_elasticity=p.budget_elasticity,
            voluntary=p.voluntary_membership == "on",
            founding_share=p.founding_share,
        )
