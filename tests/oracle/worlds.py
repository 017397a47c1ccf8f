"""Small random worlds for Hypothesis, and a builder of worlds by hand.

Most parameters of a world are drawn from meaningful values, chosen so that money is tight, lists are short and
administration is busy; a few (``wild``) are drawn from extreme ones. ``worlds`` draws fragmented ones, whose levers
play no role; ``architectures`` draws worlds under all architectures, with their levers.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from donorlab.sim.scenario import Beneficiaries, Donors, Parameters, Scenario
from hypothesis import strategies as st

from oracle.model import OracleRun

ARCHITECTURES: Final = ("fragmented", "pledge", "credit", "umbrella", "conditional", "umbrella_conditional")
INCOME_GROUPS: Final = ("low", "lower middle", "upper middle", "high")

# Parameter: (meaningful values, extreme values).
VALUES: Final[dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]]] = {
    "rival_share": ((0.05, 0.2, 0.5), (0.0, 1.0)),
    "motive_need": ((0.3, 1.0), (0.0,)),
    "motive_security": ((0.15, 0.0), (2.0,)),
    "motive_political": ((0.2, 0.1), (0.0, 5.0)),
    "motive_visibility": ((0.2, 0.5), (0.0, 5.0)),
    "motive_spread": ((0.4, 0.8), (0.0, 2.0)),
    "user_weight_exponent": ((0.5, 0.0), (1.0, 2.0)),
    "state_weighting": (("users",), ("poorest",)),
    "value_concavity": ((2.0, 1.5), (1.0, 10.0)),
    "tasks_per_pillar": ((8, 9, 10, 7), (3, 5, 14)),
    "headroom": ((0.85, 0.7), (0.0, 1.0)),
    "initial_noise": ((0.15,), (0.0, 3.0)),
    "task_cost": ((0.25,), (0.1, 1.0)),
    "task_cost_users_exponent": ((0.15, 0.5), (0.0, 2.0)),
    "project_tasks_minimum": ((1, 2), (3,)),
    "project_tasks_maximum": ((3, 4), (1, 2)),
    "fixed_cost": ((0.06, 0.1), (0.0, 0.6)),
    "relation_cost": ((0.1, 0.03), (0.0, 0.5)),
    "mismatch": ((0.25, 0.6), (0.0, 4.0)),
    "observation_probability": ((0.2, 0.3, 0.0), (0.7, 1.0)),
    "ignorance": (("project", "task"), ("project", "task")),
    "planning_slots": ((1, 2, 4, 0, 13), (1, 0)),
    "administration_intercept": ((0.8, 1.0), (0.0, 2.5)),
    "administration_slope": ((0.8, 0.6), (0.0, 3.0)),
    "administration_users_exponent": ((0.25, 0.1), (0.0, 1.5)),
    "administration_factor": ((1.0, 0.8), (0.0, 0.3, 3.0)),
    "oversight_per_project": ((0.05, 0.08), (0.0, 0.5)),
    "oversight_economies": ((1.0, 0.5), (0.0,)),
    "presence_oversight": ((0.05, 0.12), (0.0, 0.6)),
    "room_floor": ((0.1, 0.05), (1e-9, 1.0)),
    "pace": ((0.5, 0.4, 0.7), (0.1, 5.0)),
    "impatience": ((0.02, 0.1), (0.0, 1.0)),
    "queue_limit": ((16.0, 40.0), (0.0, 2.0, 1e6)),
    "failure": ((0.0, 0.3), (0.0, 1.0)),
    "narrative_coherence": ((0.0, 0.5), (1.0,)),
    "narrative_target": (("mean", "need"), ("mean", "need")),
    "ownership_intercept": ((0.3, 0.5), (0.0, 1.0)),
    "ownership_slope": ((0.3,), (0.0, -1.0, 1.0)),
    "ownership_noise": ((0.1,), (0.0, 1.0)),
    "lapse": ((0.03, 0.0, 0.1), (0.5, 5.0)),
    "own_effort": ((8.0, 12.0), (1.0, 0.0, 40.0)),
    "crowding_out": ((0.25, 0.5), (0.0, 1.0)),
    "reform_cost": ((0.5, 0.3), (0.0, 2.0)),
    "reform_cost_spread": ((0.6, 1.2), (0.0,)),
    "reform_benefit": ((1.0, 0.8), (0.0,)),
    "reform_patience": ((2, 4, 1), (0, 30)),
    "horizon": ((9, 7, 8, 10), (4, 2)),
    "wind_down": ((2, 3, 4), (0, 1)),
}

# Lever: values, the extreme ones less often.
LEVERS: Final[dict[str, tuple[Any, ...]]] = {
    "register": ("none", "projects", "plans", "plans"),
    "reporting_rate": (1.0, 0.8, 0.5, 1.0, 0.8, 0.0),
    "register_lag": (0, 1, 2, 3),
    "division": ("none", "cell", "beneficiary", "cell"),
    "discipline": (0.6, 1.0, 0.6, 0.0),
    "joint_programming": ("off", "on", "on"),
    "joiner_fixed_share": (0.3, 0.0, 1.0),
    "pooled_fund": ("off", "on"),
    "pool_share": (0.5, 0.2, 1.0, 0.0),
    "calendar": ("own", "own", "serial"),
    "credit": ("none", "marginal", "equal"),
    "overhead": (0.05, 0.1, 0.0, 0.05, 0.25),
    "negotiation_cost": (0.0005, 0.02, 0.0),
    "decision_lag": (0, 1, 2),
    "budget_elasticity": (0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 5.0),
    "conditional_donors": ("declared", "all"),
    "credibility": (0.3, 0.3, 1.0, 0.6, 0.0),
    "monitoring_cost": (0.02, 0.06, 0.0),
    "shun_quarters": (0, 1, 2, 4),
    "linked_conditions": ("off", "on"),
    "pledge_strength": (0.1, 0.5, 1.0, 0.0),
    "pledge_focus": (0.5, 0.2, 0.0, 1.0),
}

# Now and then all of an income goes elsewhere.
WILD_LEVERS: Final[dict[str, Any]] = {"overhead": 1.0, "negotiation_cost": 5.0, "register_lag": 400, "decision_lag": 9}

GIVEN_MOTIVES: Final = ([1.0, 0.0, 0.0, 0.0], [0.2, 0.1, 0.3, 0.4], [0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 2.0, 0.0])


def scenario(
    *,
    score: list[list[float]],
    mandate: list[list[float]],
    skill: list[list[float]],
    mix: list[list[float]],
    budget: list[float],
    donor_ids: list[str],
    state_ids: list[str],
    parameters: dict[str, Any],
    affinity: list[list[float]] | None = None,
    budget_low: list[float] | None = None,
    budget_high: list[float] | None = None,
    rival: list[bool] | None = None,
    conditional: list[bool] | None = None,
    motives: list[list[float]] | None = None,
    instruments: list[str] | None = None,
    architecture: str = "fragmented",
    users: list[float] | None = None,
    rank: list[float] | None = None,
    income_groups: list[str] | None = None,
    pillar_weights: list[float] | None = None,
) -> Scenario:
    """Build a scenario from plain lists; names and what no rule reads are filled in."""
    n_states, n_donors = len(state_ids), len(donor_ids)
    users = users or [1.0] * n_states
    states = Beneficiaries(
        ids=tuple(state_ids),
        names=tuple(state_ids),
        regions=("Region",) * n_states,
        subregions=("Subregion",) * n_states,
        income_groups=tuple(income_groups or ["low"] * n_states),
        users_m=np.array(users) * 3.0,
        users_relative=np.array(users),
        government_rank=np.array([0.5] * n_states if rank is None else rank),
        norm_position=np.zeros(n_states),
        initial_score=np.array(score),
    )
    donors = Donors(
        ids=tuple(donor_ids),
        names=tuple(donor_ids),
        kinds=("state",) * n_donors,
        budget_low=np.array(budget if budget_low is None else budget_low),
        budget_central=np.array(budget),
        budget_high=np.array(budget if budget_high is None else budget_high),
        mandate=np.array(mandate),
        skill=np.array(skill),
        affinity=np.array([[1.0] * n_states] * n_donors if affinity is None else affinity),
        norm_position=np.zeros(n_donors),
        rival=np.array([False] * n_donors if rival is None else rival),
        conditional=np.array([False] * n_donors if conditional is None else conditional),
        motives=None if motives is None else np.array(motives),
    )
    return Scenario(
        name="small",
        title="Small",
        description="A world of a test.",
        pillars=tuple(f"pillar{k}" for k in range(len(mix))),
        instruments=tuple(instruments or [f"instrument{m}" for m in range(len(mix[0]))]),
        pillar_weights=np.array(pillar_weights or [1.0] * len(mix)),
        instrument_mix=np.array(mix),
        income_group_weights={"low": 4.0, "lower middle": 2.0, "upper middle": 1.0, "high": 0.5},
        beneficiaries=states,
        donors=donors,
        parameters=Parameters(**parameters),
        architecture=architecture,
    )


def plain_parameters(**changes: Any) -> dict[str, Any]:
    """Return parameters of a world without any friction and with all levers off, with some of them changed."""
    return {
        "money": 4.0,
        "rival_share": 0.0,
        "motive_need": 1.0,
        "motive_security": 0.0,
        "motive_political": 0.0,
        "motive_visibility": 0.0,
        "motive_spread": 0.0,
        "user_weight_exponent": 0.0,
        "state_weighting": "users",
        "value_concavity": 2.0,
        "tasks_per_pillar": 4,
        "headroom": 1.0,
        "initial_noise": 0.0,
        "task_cost": 1.0,
        "task_cost_users_exponent": 0.0,
        "project_tasks_minimum": 1,
        "project_tasks_maximum": 1,
        "fixed_cost": 0.0,
        "relation_cost": 0.0,
        "mismatch": 0.0,
        "observation_probability": 1.0,
        "ignorance": "project",
        "planning_slots": 1,
        "administration_intercept": 10.0,
        "administration_slope": 0.0,
        "administration_users_exponent": 0.0,
        "administration_factor": 1.0,
        "oversight_per_project": 0.0,
        "oversight_economies": 1.0,
        "presence_oversight": 0.0,
        "room_floor": 0.1,
        "pace": 1.0,
        "impatience": 0.0,
        "queue_limit": 1e6,
        "failure": 0.0,
        "narrative_coherence": 0.0,
        "narrative_target": "mean",
        "ownership_intercept": 0.5,
        "ownership_slope": 0.0,
        "ownership_noise": 0.0,
        "lapse": 0.0,
        "own_effort": 0.0,
        "crowding_out": 0.0,
        "reform_cost": 0.0,
        "reform_cost_spread": 0.0,
        "reform_benefit": 1.0,
        "reform_patience": 24,
        "register": "none",
        "reporting_rate": 1.0,
        "register_lag": 0,
        "division": "none",
        "discipline": 0.0,
        "joint_programming": "off",
        "joiner_fixed_share": 0.0,
        "pooled_fund": "off",
        "pool_share": 0.0,
        "calendar": "own",
        "credit": "none",
        "overhead": 0.0,
        "negotiation_cost": 0.0,
        "decision_lag": 0,
        "budget_elasticity": 0.0,
        "conditional_donors": "declared",
        "credibility": 0.0,
        "monitoring_cost": 0.0,
        "shun_quarters": 0,
        "linked_conditions": "off",
        "pledge_strength": 0.0,
        "pledge_focus": 0.0,
        "horizon": 1,
        "wind_down": 0,
    } | changes


def weights(draw: st.DrawFn, n: int, zeros: bool = True) -> list[float]:
    """Draw shares that sum to 1, some of them perhaps 0."""
    raw = [draw(st.sampled_from((1, 2, 3, 5, *((0,) if zeros else ())))) for _ in range(n)]
    if sum(raw) == 0:
        raw[0] = 1
    return [value / sum(raw) for value in raw]


@st.composite
def worlds(draw: st.DrawFn) -> Scenario:
    """Draw a small valid scenario."""
    n_wild = draw(st.sampled_from((1, 2, 0, 2, 1, 3)))
    wild = draw(st.sets(st.sampled_from(sorted(VALUES)), min_size=n_wild, max_size=n_wild))
    parameters = {name: draw(st.sampled_from(VALUES[name][name in wild])) for name in VALUES}
    parameters |= {name: LEVERS[name][0] for name in LEVERS}
    parameters["project_tasks_minimum"] = min(parameters["project_tasks_minimum"], parameters["project_tasks_maximum"])
    if all(parameters[f"motive_{name}"] == 0 for name in ("need", "security", "political", "visibility")):
        parameters["motive_need"] = 1.0

    n_donors = draw(st.sampled_from((4, 5, 4, 3) * 6 + (2, 1)))
    n_states = draw(st.sampled_from((3, 4, 5) * 4 + (2, 1)))
    n_pillars = draw(st.sampled_from((1, 2, 1, 2, 3)))
    n_instruments = draw(st.sampled_from((2, 3, 4)))
    instruments = [f"instrument{m}" for m in range(n_instruments)]
    if draw(st.sampled_from((True,) * 7 + (False,))):
        instruments[draw(st.integers(0, n_instruments - 1))] = "advice"

    donor_ids = [f"D{d}" for d in range(n_donors)]
    state_ids = [f"S{j}" for j in range(n_states)]
    both = n_states > 1 and draw(st.sampled_from((False, False, False, True)))
    if both:  # the last donor is also the first state
        donor_ids[-1] = state_ids[0]

    kinds_of_state = [
        {
            "score": [draw(st.sampled_from((0.2, 0.3, 0.1, 0.4) * 4 + (0.0, 1.0))) for _ in range(n_pillars)],
            "users": draw(st.sampled_from((1.0, 0.5, 2.0) * 3 + (0.01, 20.0))),
            "rank": draw(st.sampled_from((0.5, 0.25, 0.75) * 3 + (0.0, 1.0))),
            "income": draw(st.sampled_from(INCOME_GROUPS)),
        }
        for _ in range(n_states)
    ]
    identical = draw(st.sampled_from((False, False, False, True)))
    kinds = [kinds_of_state[0 if identical else j] for j in range(n_states)]
    if all(value == 1.0 for kind in kinds for value in kind["score"]) and draw(st.sampled_from((True, True, False))):
        kinds[0]["score"][0] = 0.2  # seldom a world without anything to do

    affinity = [[draw(st.sampled_from((1.0, 0.5, 0.1, 0.0))) for _ in range(n_states)] for _ in range(n_donors)]
    if draw(st.sampled_from((False, False, False, True))):
        affinity[0] = [0.0] * n_states
    if both:
        affinity[-1][0] = 0.0

    budget = [draw(st.sampled_from((1.0, 1.5, 2.0, 0.7) * 3 + (4.0, 0.0))) for _ in range(n_donors)]
    spread = draw(st.sampled_from(((0.5, 2.0), (0.5, 2.0), (1.0, 1.0))))
    tilt = [draw(st.sampled_from((1.0, 0.6))) for _ in range(n_donors)]
    # Years of work that all tasks of the world are for this money: tight or plenty.
    per_donor = draw(st.sampled_from((5.0, 4.0, 6.0) * 8 + (0.7, 20.0)))
    nothing = draw(st.sampled_from((False,) * 49 + (True,)))
    money = 0.0 if nothing else per_donor * n_donors * parameters["task_cost"] / 0.25 * 0.5

    motives = [[float("nan")] * 4 for _ in range(n_donors)]
    if draw(st.sampled_from((False, False, False, True))):
        motives[draw(st.integers(0, n_donors - 1))] = draw(st.sampled_from(GIVEN_MOTIVES))

    return scenario(
        score=[kind["score"] for kind in kinds],
        users=[kind["users"] for kind in kinds],
        rank=[kind["rank"] for kind in kinds],
        income_groups=[kind["income"] for kind in kinds],
        mandate=[weights(draw, n_pillars) for _ in range(n_donors)],
        skill=[weights(draw, n_instruments) for _ in range(n_donors)],
        mix=[weights(draw, n_instruments) for _ in range(n_pillars)],
        pillar_weights=weights(draw, n_pillars, zeros=False),
        budget=budget,
        budget_low=[value * spread[0] * t for value, t in zip(budget, tilt, strict=True)],
        budget_high=[value * spread[1] for value in budget],
        rival=[draw(st.sampled_from((False, False, False, True))) for _ in range(n_donors)],
        conditional=[draw(st.sampled_from((True, False))) for _ in range(n_donors)],
        motives=motives,
        affinity=affinity,
        instruments=instruments,
        donor_ids=donor_ids,
        state_ids=state_ids,
        parameters=parameters | {"money": money},
    )


@st.composite
def architectures(draw: st.DrawFn) -> Scenario:
    """Draw a world, an architecture and all levers (an architecture leaves some of them unused).

    Architecture and levers hang on one number and the world, since Hypothesis by itself would draw some of them far
    more often than others.
    """
    world = draw(worlds())
    number = draw(st.integers(0, 2**32 - 1))
    chance = random.Random(f"{number} {world.parameters} {world.donors.mandate.tolist()}")
    levers = {name: chance.choice(values) for name, values in LEVERS.items()}
    if chance.random() < 0.1:
        name = chance.choice(sorted(WILD_LEVERS))
        levers[name] = WILD_LEVERS[name]
    return world.replace(architecture=chance.choice(ARCHITECTURES), **levers)


@dataclass
class Shown:
    """What happened in a run, of the four things that a drawn world should show."""

    duplicate: bool
    queue: bool
    saved: bool
    own_task: bool

    @property
    def all(self) -> bool:
        return self.duplicate and self.queue and self.saved and self.own_task


@dataclass
class ShownByDesign:
    """What the rules of section 5 did in a run."""

    stalled: bool  # a project ended with reforms that nobody wanted
    withheld: bool
    complied_for_money: bool  # a conditional project holds reforms that go on
    joined: bool
    pool_spent: bool
    late: bool  # a project started after the quarter of its contract


def shown_by_design(run: OracleRun) -> ShownByDesign:
    """Look what a run shows of section 5."""
    pool = run.donor_ids.index("POOL") if "POOL" in run.donor_ids else None
    return ShownByDesign(
        stalled=any(project.status == "stalled" for project in run.projects),
        withheld=any(project.status == "withheld" for project in run.projects),
        complied_for_money=any(project.for_money for project in run.projects),
        joined=any(project.joined for project in run.projects),
        pool_spent=any(project.donor == pool for project in run.projects),
        late=any(project.start > project.quarter for project in run.projects),
    )


def shown(run: OracleRun) -> Shown:
    """Look whether a run had a duplicate, a queue, a saved budget and an own task."""
    return Shown(
        duplicate=any(project.duplicated for project in run.projects),
        queue=run.queued > 0,
        saved=run.saved > 0,
        own_task=any(count > 0 for quarter in run.own_effort for row in quarter for count in row),
    )
