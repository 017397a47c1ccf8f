"""The design of coordination that an architecture makes: what the engine reads, as data.

No part of the engine knows the name of an architecture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from donorlab.sim.scenario import BoolArray, Scenario

POOL = "POOL"
BUDGET_FACTOR_LOWEST, BUDGET_FACTOR_HIGHEST = 0.75, 1.25  # limits of what a budget response may do


@dataclass(frozen=True, eq=False)
class Design:
    """Information x allocation x contract, for D donors (of the prepared scenario).

    Attributes
    ----------
    member : (D,) who is under the umbrella; where membership is voluntary, of an architecture: who is invited
    voluntary : whether members may leave and others join; founding_share : of those invited that begin as members
    register : ``none``, ``projects`` or ``plans``; reporting_rate, register_lag : see the specification, 5.2
    reporter : (D,) members whose projects can enter the register; None: all members. The others see it all the same
    decision_lag : quarters by which members' projects start later
    division : ``none``, ``cell`` or ``beneficiary``; discipline : taken off a member's value outside its lead
    joint : whether members may join each other's projects, at joiner_fixed_share of the fixed cost
    pool : row of the common fund, -1 if there is none; pool_share : of members' net income
    credit : ``none`` or the name of a rule (``sim/credit.py``): what is earned in place of visibility
    overhead, negotiation_cost, budget_elasticity : see the specification, 5.2
    conditional : (D,) whose aid is conditional; credibility, monitoring_cost, shun_quarters, linked : 5.3
    credibility_rule : ``given``, or ``endogenous``: what the donor would really do, by its opportunity_cost
    conditions_choice : ``on`` where donors choose how many reforms to demand
    pledging : (D,) who pledges; pledge_strength, pledge_focus : 5.1
    """

    member: BoolArray
    conditional: BoolArray
    pledging: BoolArray
    register: str = "none"
    reporting_rate: float = 0.0
    reporter: BoolArray | None = None
    register_lag: int = 0
    decision_lag: int = 0
    division: str = "none"
    discipline: float = 0.0
    joint: bool = False
    joiner_fixed_share: float = 1.0
    pool: int = -1
    pool_share: float = 0.0
    credit: str = "none"
    overhead: float = 0.0
    negotiation_cost: float = 0.0
    budget_elasticity: float = 0.0
    voluntary: bool = False
    founding_share: float = 1.0
    credibility: float = 0.0
    credibility_rule: str = "given"
    opportunity_cost: float = 0.0
    conditions_choice: str = "off"
    monitoring_cost: float = 0.0
    shun_quarters: int = 0
    linked: bool = False
    pledge_strength: float = 0.0
    pledge_focus: float = 0.0

    @property
    def steers(self) -> bool:
        """Whether values differ by cell: leads or pledges."""
        return self.division != "none" or bool(self.pledging.any())


def nobody(scenario: Scenario) -> BoolArray:
    """Return (D,) False."""
    return np.zeros(scenario.donors.count, dtype=np.bool_)
