"""Section 5 of the ODD: what an architecture switches on. Levers stand at 0 (off) where it does not use them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from donorlab.sim.scenario import Donors, Scenario
from oracle.derived import weighted_mean, yearly_budgets

ARCHITECTURES = ("fragmented", "pledge", "credit", "umbrella", "conditional", "umbrella_conditional")
POOL = "POOL"


@dataclass
class Design:
    """Who is a member, what members report, who leads, which contracts are conditional, and what it costs."""

    member: list[bool]  # [d]
    rival: list[bool]  # [d]
    register: str = "none"
    reporting_rate: float = 0.0
    register_lag: int = 0
    division: str = "none"
    discipline: float = 0.0
    joint_programming: bool = False
    joiner_fixed_share: float = 0.0
    pool: int | None = None  # index of the pooled fund among the donors
    pool_share: float = 0.0
    credit: list[str] = dataclasses.field(default_factory=list)  # [d] none or a rule of credit
    planning_slots: int = 0
    overhead: float = 0.0
    negotiation_cost: float = 0.0
    decision_lag: list[int] = dataclasses.field(default_factory=list)  # [d]
    budget_elasticity: float = 0.0
    conditional: list[bool] = dataclasses.field(default_factory=list)  # [d] sets conditions
    credibility: float = 0.0
    credibility_follows: bool = False  # from what the donor would really do
    opportunity_cost: float = 0.0
    number_is_chosen: bool = False  # donors demand as many reforms as a state accepts
    monitoring_cost: float = 0.0
    shun_quarters: int = 0
    linked_conditions: bool = False
    pledges: list[bool] = dataclasses.field(default_factory=list)  # [d]
    pledge_strength: float = 0.0
    pledge_focus: float = 0.0


def prepare(scenario: Scenario) -> tuple[Scenario, Design]:
    """Return the scenario with the donor POOL where there is a pooled fund, and the design."""
    name = scenario.architecture
    if name not in ARCHITECTURES:
        raise ValueError(f"the oracle does not know the architecture '{name}'; pass a prepared scenario")
    parameters = scenario.parameters
    umbrella = name in ("umbrella", "umbrella_conditional")
    if umbrella and parameters.pooled_fund == "on":
        scenario = with_pool(scenario)

    donors = scenario.donors
    rival = [bool(x) for x in donors.rival]
    everybody = range(donors.count)
    design = Design(
        member=[umbrella and invited(scenario, d) for d in everybody],
        rival=rival,
        credit=["none" for _ in everybody],
        planning_slots=parameters.planning_slots,
        decision_lag=[0 for _ in everybody],
        conditional=[False for _ in everybody],
        pledges=[False for _ in everybody],
    )
    if name == "pledge":
        design.pledges = [not rival[d] for d in everybody]
        design.pledge_strength = parameters.pledge_strength
        design.pledge_focus = parameters.pledge_focus
    if name == "credit":
        design.credit = [parameters.credit for _ in everybody]
    if umbrella:
        use_umbrella(scenario, design)
    if name in ("conditional", "umbrella_conditional"):
        use_conditions(scenario, design)
        if umbrella:  # the others do as ever
            design.conditional = [
                sets and inside for sets, inside in zip(design.conditional, design.member, strict=True)
            ]
        design.linked_conditions = umbrella and parameters.linked_conditions == "on"
    return scenario, design


def invited(scenario: Scenario, donor: int) -> bool:
    """Whether an umbrella coordinates a donor: who is named, else all but rivals; the fund is always in it."""
    name = scenario.donors.ids[donor]
    if scenario.members is None:
        return not scenario.donors.rival[donor]
    return name in scenario.members or name == POOL


def use_umbrella(scenario: Scenario, design: Design) -> None:
    """Switch on the levers of 5.2."""
    parameters = scenario.parameters
    design.register = parameters.register
    design.reporting_rate = parameters.reporting_rate
    design.register_lag = parameters.register_lag
    design.division = parameters.division
    design.discipline = parameters.discipline
    design.joint_programming = parameters.joint_programming == "on"
    design.joiner_fixed_share = parameters.joiner_fixed_share
    if parameters.pooled_fund == "on":
        design.pool = scenario.donors.ids.index(POOL)
        design.pool_share = parameters.pool_share
    design.credit = [parameters.credit if is_member else "none" for is_member in design.member]
    if parameters.calendar == "serial":
        design.planning_slots = 0
    design.overhead = parameters.overhead
    design.negotiation_cost = parameters.negotiation_cost
    design.decision_lag = [parameters.decision_lag if is_member else 0 for is_member in design.member]
    design.budget_elasticity = parameters.budget_elasticity


def use_conditions(scenario: Scenario, design: Design) -> None:
    """Switch on the levers of 5.3."""
    parameters = scenario.parameters
    if parameters.conditional_donors == "all":
        design.conditional = [not is_rival for is_rival in design.rival]
    else:
        declared = [bool(x) for x in scenario.donors.conditional]
        design.conditional = [d and not r for d, r in zip(declared, design.rival, strict=True)]  # rivals set none
    design.credibility = parameters.credibility
    design.credibility_follows = parameters.credibility_rule == "endogenous"
    design.opportunity_cost = parameters.opportunity_cost
    design.number_is_chosen = parameters.conditions_choice == "on"
    design.monitoring_cost = parameters.monitoring_cost
    design.shun_quarters = parameters.shun_quarters


def with_pool(scenario: Scenario) -> Scenario:
    """Add the pooled fund as a donor without a budget of its own, in id order."""
    old = scenario.donors
    pillars, states = len(scenario.pillars), scenario.beneficiaries.count
    order = sorted(range(old.count + 1), key=lambda d: (*old.ids, POOL)[d])  # the last one is the new one

    def column(values: np.ndarray, last: float | bool) -> np.ndarray:
        return np.array([*values, last])[order]

    def table(values: np.ndarray, last: list[float]) -> np.ndarray:
        return np.array([*values.tolist(), last])[order]

    def names(values: tuple[str, ...], last: str) -> tuple[str, ...]:
        return tuple((*values, last)[d] for d in order)

    donors = Donors(
        ids=names(old.ids, POOL),
        names=names(old.names, "Pooled fund"),
        kinds=names(old.kinds, "fund"),
        budget_low=column(old.budget_low, 0.0),
        budget_central=column(old.budget_central, 0.0),
        budget_high=column(old.budget_high, 0.0),
        mandate=table(old.mandate, [1 / pillars for _ in range(pillars)]),
        skill=table(old.skill, skill_of_pool(scenario)),
        affinity=table(old.affinity, [1.0 for _ in range(states)]),
        norm_position=column(old.norm_position, norm_position_of_pool(scenario)),
        rival=column(old.rival, False),
        conditional=column(old.conditional, False),
        motives=table(old.motives, [1.0, 0.0, 0.0, 0.0]),
    )
    return dataclasses.replace(scenario, donors=donors)


def skill_of_pool(scenario: Scenario) -> list[float]:
    """Mean of members' skill by budget; even skill without members."""
    mean = mean_of_members(scenario, scenario.donors.skill)
    return mean or [1 / len(scenario.instruments) for _ in scenario.instruments]


def norm_position_of_pool(scenario: Scenario) -> float:
    """Mean of members' position by budget; 0 without members."""
    mean = mean_of_members(scenario, scenario.donors.norm_position.reshape(-1, 1))
    return mean[0] if mean else 0.0


def mean_of_members(scenario: Scenario, rows: np.ndarray) -> list[float]:
    """Mean of members' rows by budget; equal weights where all budgets are 0; nothing without members."""
    donors = scenario.donors
    budget = yearly_budgets(donors, scenario.parameters)
    members = [d for d in range(donors.count) if invited(scenario, d)]
    if not members:
        return []
    return weighted_mean([[float(x) for x in rows[d]] for d in members], [budget[d] for d in members])
