"""5.1 Central: one budget and one view, with the same frictions. A simulated reference, not a bound."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np

from donorlab.sim.architectures.base import Architecture, common_donor
from donorlab.sim.scenario import Scenario
from donorlab.sim.setup import yearly_budgets


class Central(Architecture):
    """One donor with all the money that follows need alone and sees all; every other friction stays."""

    name: ClassVar[str] = "central"
    summary: ClassVar[str] = "one donor holds all the money, follows need and sees everything; other frictions stay"
    source: ClassVar[str] = "assumption: a planner with the same frictions (reference only)"

    def prepare(self, scenario: Scenario) -> Scenario:
        """Return the scenario with one donor, ``CENTRAL``, in place of all."""
        everybody = np.ones(scenario.donors.count, dtype=np.bool_)
        total = np.array([yearly_budgets(scenario).sum()])
        one = dataclasses.replace(
            common_donor(scenario, "CENTRAL", "Central fund", "reference", everybody),
            budget_low=total,
            budget_central=total,
            budget_high=total,
        )
        parameters = dataclasses.replace(
            scenario.parameters,
            motive_need=1.0,
            motive_security=0.0,
            motive_political=0.0,
            motive_visibility=0.0,
            motive_spread=0.0,
            narrative_coherence=0.0,
            planning_slots=1,
        )
        return dataclasses.replace(scenario, donors=one, parameters=parameters)
