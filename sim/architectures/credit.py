"""5.1 Credit: no money moves, only who is credited changes."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from donorlab.sim.architectures.base import Architecture
from donorlab.sim.design import Design
from donorlab.sim.scenario import Scenario, ScenarioError


class Credit(Architecture):
    """Visibility is earned by contribution to capacity instead of by presence."""

    name: ClassVar[str] = "credit"
    summary: ClassVar[str] = "no money moves: donors are credited for what they add instead of for being there"
    source: ClassVar[str] = "Vetta 2002 (marginal contribution); Gairing 2009 (shares of credit)"

    def design(self, scenario: Scenario) -> Design:
        """Return the rule of credit.

        Raises
        ------
        ScenarioError
            If there is none.
        """
        rule = scenario.parameters.credit
        if rule == "none":
            raise ScenarioError(
                "credit: none under the architecture credit leaves nothing of it; set credit to marginal or equal"
            )
        return dataclasses.replace(super().design(scenario), credit=rule)
