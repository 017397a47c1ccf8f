"""5.1 Pledge: a non-binding promise to concentrate."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from donorlab.sim.architectures.base import Architecture
from donorlab.sim.design import Design
from donorlab.sim.scenario import Scenario


class Pledge(Architecture):
    """Each donor promises to stay with its own favourite states; nobody checks."""

    name: ClassVar[str] = "pledge"
    summary: ClassVar[str] = "donors promise to concentrate on their own favourite states; nobody checks"
    source: ClassVar[str] = "Nunnenkamp et al. 2013: pledges of division of labour changed little"

    def design(self, scenario: Scenario) -> Design:
        """Return pledges of all donors but rivals."""
        p = scenario.parameters
        return dataclasses.replace(
            super().design(scenario),
            pledging=~scenario.donors.rival,
            pledge_strength=p.pledge_strength,
            pledge_focus=p.pledge_focus,
        )
