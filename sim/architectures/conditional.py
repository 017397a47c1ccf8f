"""5.3 and 5.4 Conditional aid: ex-ante contracts, alone or under an umbrella."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from donorlab.sim.architectures.base import Architecture, givers
from donorlab.sim.architectures.umbrella import Umbrella
from donorlab.sim.design import Design
from donorlab.sim.scenario import Scenario, ScenarioError


def with_conditions(design: Design, scenario: Scenario, linked: bool) -> Design:
    """Return the design with conditions of the donors that declare them, or of all but rivals.

    Raises
    ------
    ScenarioError
        If nobody with a budget sets conditions.
    """
    p, donors = scenario.parameters, scenario.donors
    able = ~donors.rival
    who = able & donors.conditional if p.conditional_donors == "declared" else able
    if not (who & givers(scenario)).any():
        if (able & givers(scenario)).any():
            raise ScenarioError(
                "conditional_donors: no donor with a budget declares conditions here; conditional_donors=all lets all "
                "but rivals set them"
            )
        raise ScenarioError(
            "architecture: nobody sets conditions here; a donor with a budget that is not a rival is needed"
        )
    return dataclasses.replace(
        design,
        conditional=who,
        credibility=p.credibility,
        credibility_rule=p.credibility_rule,
        opportunity_cost=p.opportunity_cost,
        conditions_choice=p.conditions_choice,
        monitoring_cost=p.monitoring_cost,
        shun_quarters=p.shun_quarters,
        linked=linked,
    )


class Conditional(Architecture):
    """Donors act apart; some pay for reforms only against a promise."""

    name: ClassVar[str] = "conditional"
    summary: ClassVar[str] = "donors act apart, and some set conditions: reform, or the money may be withheld"
    source: ClassVar[str] = "Kanbur on ex-ante conditionality; Svensson 2000 on credibility"

    def design(self, scenario: Scenario) -> Design:
        """Return conditions without members."""
        return with_conditions(super().design(scenario), scenario, linked=False)


class UmbrellaConditional(Umbrella):
    """Umbrella and conditions composed; linked conditions put all conditional aid in a state at stake."""

    name: ClassVar[str] = "umbrella_conditional"
    summary: ClassVar[str] = "an umbrella whose members also set conditions, linked to each other or not"
    source: ClassVar[str] = "Pawlak 2016; Torsvik 2005 (cooperation with and without enforceable contracts)"

    def design(self, scenario: Scenario) -> Design:
        """Return the umbrella's design with conditions of those members that would set them."""
        linked = scenario.parameters.linked_conditions == "on"
        design = with_conditions(super().design(scenario), scenario, linked=linked)
        return dataclasses.replace(design, conditional=design.conditional & design.member)
