"""Small random worlds, for Hypothesis and by number.

Most parameters of a world are drawn from meaningful values, chosen so that money is tight, lists are short and
administration is busy; a few (``wild``) are drawn from extreme ones. ``worlds`` draws fragmented ones, whose levers
play no role; ``architectures`` draws worlds under all architectures, with their levers. Mechanisms of the political
economy (``political``) are switched on in half of the worlds each, those in ``NEW``.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import strategies as st

from donorlab.scenarios.byhand import plain_parameters, scenario
from donorlab.sim.scenario import Scenario
from oracle.derived import yearly_budgets
from oracle.design import ARCHITECTURES, POOL
from oracle.model import OracleRun
from oracle.political import GROUPS, Choose, political

__all__ = ["NEW", "architectures", "numbered", "plain_parameters", "scenario", "shown", "shown_by_design", "worlds"]

# The groups of ``political.VALUES`` that drawn worlds have, and that engine and oracle are compared on.
NEW: Final[frozenset[str]] = frozenset(GROUPS)

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
    "tasks_per_pillar": ((8, 10, 12, 9), (3, 5, 16)),
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
    "horizon": ((9, 12, 10, 13), (4, 2)),
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
    "credibility_rule": ("given", "given", "given", "endogenous"),
    "opportunity_cost": (0.5, 0.9, 1.0, 0.0),
    "conditions_choice": ("off", "off", "off", "on"),
}

# Where a contract is asked for by name.
CONTRACTS: Final[dict[str, tuple[Any, ...]]] = {
    "selectivity": (1.0, 2.0, 3.0, 1.0, 0.5, 20.0, 0.0),
    "prize_share": (0.7, 0.5, 0.3, 0.7, 0.9, 0.0, 1.0),
    "tournament_noise": (0.5, 1.0, 0.25, 0.0),
}

# Now and then all of an income goes elsewhere.
WILD_LEVERS: Final[dict[str, Any]] = {"overhead": 1.0, "negotiation_cost": 5.0, "register_lag": 400, "decision_lag": 9}

GIVEN_MOTIVES: Final = ([1.0, 0.0, 0.0, 0.0], [0.2, 0.1, 0.3, 0.4], [0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 2.0, 0.0])


def weights(choose: Choose, n: int, zeros: bool = True) -> list[float]:
    """Draw shares that sum to 1, some of them perhaps 0."""
    raw = [choose((1, 2, 3, 5, *((0,) if zeros else ()))) for _ in range(n)]
    if sum(raw) == 0:
        raw[0] = 1
    return [value / sum(raw) for value in raw]


def small_world(choose: Choose) -> Scenario:
    """Choose a small valid scenario."""
    wild: set[str] = set()
    for _ in range(choose((1, 2, 0, 2, 1, 3))):
        wild.add(choose(sorted(VALUES.keys() - wild)))
    parameters = plain_parameters() | {name: choose(VALUES[name][name in wild]) for name in VALUES}
    parameters |= {name: LEVERS[name][0] for name in LEVERS}
    parameters["project_tasks_minimum"] = min(parameters["project_tasks_minimum"], parameters["project_tasks_maximum"])
    if all(parameters[f"motive_{name}"] == 0 for name in ("need", "security", "political", "visibility")):
        parameters["motive_need"] = 1.0

    n_donors = choose((4, 5, 4, 3) * 6 + (2, 1))
    n_states = choose((3, 4, 5) * 4 + (2, 1))
    n_pillars = choose((1, 2, 1, 2, 3))
    n_instruments = choose((2, 3, 4))
    instruments = [f"instrument{m}" for m in range(n_instruments)]
    if choose((True,) * 7 + (False,)):
        instruments[choose(range(n_instruments))] = "advice"

    donor_ids = [f"D{d}" for d in range(n_donors)]
    state_ids = [f"S{j}" for j in range(n_states)]
    both = n_states > 1 and choose((False, False, False, True))
    if both:  # the last donor is also the first state
        donor_ids[-1] = state_ids[0]

    kinds_of_state = [
        {
            "score": [choose((0.2, 0.3, 0.1, 0.4) * 4 + (0.0, 1.0)) for _ in range(n_pillars)],
            "users": choose((1.0, 0.5, 2.0) * 3 + (0.01, 20.0)),
            "rank": choose((0.5, 0.25, 0.75) * 3 + (0.0, 1.0)),
            "income": choose(INCOME_GROUPS),
        }
        for _ in range(n_states)
    ]
    identical = choose((False, False, False, True))
    kinds = [kinds_of_state[0 if identical else j] for j in range(n_states)]
    if all(value == 1.0 for kind in kinds for value in kind["score"]) and choose((True, True, False)):
        kinds[0]["score"][0] = 0.2  # seldom a world without anything to do

    affinity = [[choose((1.0, 0.5, 0.1, 0.0)) for _ in range(n_states)] for _ in range(n_donors)]
    if choose((False, False, False, True)):
        affinity[0] = [0.0] * n_states
    if both:
        affinity[-1][0] = 0.0

    budget = [choose((1.0, 1.5, 2.0, 0.7) * 3 + (4.0, 0.0)) for _ in range(n_donors)]
    spread = choose(((0.5, 2.0), (0.5, 2.0), (1.0, 1.0)))
    tilt = [choose((1.0, 0.6)) for _ in range(n_donors)]
    # Years of work that all tasks of the world are for this money: tight or plenty.
    per_donor = choose((5.0, 4.0, 6.0) * 8 + (0.7, 20.0))
    nothing = choose((False,) * 49 + (True,))
    money = 0.0 if nothing else per_donor * n_donors * parameters["task_cost"] / 0.25 * 0.5

    motives = [[float("nan")] * 4 for _ in range(n_donors)]
    if choose((False, False, False, True)):
        motives[choose(range(n_donors))] = choose(GIVEN_MOTIVES)

    return scenario(
        score=[kind["score"] for kind in kinds],
        users=[kind["users"] for kind in kinds],
        rank=[kind["rank"] for kind in kinds],
        income_groups=[kind["income"] for kind in kinds],
        mandate=[weights(choose, n_pillars) for _ in range(n_donors)],
        skill=[weights(choose, n_instruments) for _ in range(n_donors)],
        mix=[weights(choose, n_instruments) for _ in range(n_pillars)],
        pillar_weights=weights(choose, n_pillars, zeros=False),
        budget=budget,
        budget_low=[value * spread[0] * t for value, t in zip(budget, tilt, strict=True)],
        budget_high=[value * spread[1] for value in budget],
        rival=[choose((False, False, False, True)) for _ in range(n_donors)],
        conditional=[choose((True, False)) for _ in range(n_donors)],
        motives=motives,
        affinity=affinity,
        instruments=instruments,
        donor_ids=donor_ids,
        state_ids=state_ids,
        parameters=parameters | {"money": money},
    )


def with_levers(world: Scenario, architecture: str, choose: Choose) -> Scenario:
    """Choose all levers of a world (an architecture leaves some of them unused)."""
    levers = {name: choose(values) for name, values in LEVERS.items()}
    if choose((False,) * 9 + (True,)):
        name = choose(sorted(WILD_LEVERS))
        levers[name] = WILD_LEVERS[name]
    # what contradicts itself is refused; a few draws are made possible instead
    if levers["pool_share"] == 0:
        levers["pooled_fund"] = "off"
    if architecture == "credit" and levers["credit"] == "none":
        levers["credit"] = "marginal"
    budget = yearly_budgets(world.donors, world.parameters)
    declared, rival = world.donors.conditional, world.donors.rival
    if not any(yearly > 0 and c and not r for yearly, c, r in zip(budget, declared, rival, strict=True)):
        levers["conditional_donors"] = "all"
    return world.replace(architecture=architecture, **levers)


@st.composite
def worlds(draw: st.DrawFn) -> Scenario:
    """Draw a small fragmented world."""

    def choose(options: Sequence[Any]) -> Any:
        return draw(st.sampled_from(options))

    return political(small_world(choose), choose, NEW, always=False)


@st.composite
def architectures(draw: st.DrawFn, names: Sequence[str] = ARCHITECTURES) -> Scenario:
    """Draw a small world, its architecture and all levers."""

    def choose(options: Sequence[Any]) -> Any:
        return draw(st.sampled_from(options))

    return political(with_levers(small_world(choose), choose(names), choose), choose, NEW, always=False)


def with_contract(world: Scenario, contract: str, choose: Choose) -> Scenario:
    """Let states decide by another contract; more money, so that a donor has more than one project to compare."""
    chosen = {name: choose(values) for name, values in CONTRACTS.items()}
    mechanisms = dataclasses.replace(world.mechanisms, contract=contract)
    return world.replace(mechanisms=mechanisms, money=world.parameters.money * choose((1, 2, 3)), **chosen)


def numbered(
    number: int, names: Sequence[str] = ARCHITECTURES, on: Collection[str] = NEW, *, always: bool = False
) -> Scenario:
    """Return the world of a number: always another one, where Hypothesis repeats much; names take turns.

    A name is that of an architecture, or of an architecture and a contract: ``conditional/tournament``. What is drawn
    for the groups that are on shifts nothing else.
    """
    chance = random.Random(number)
    architecture, _, contract = names[number % len(names)].partition("/")
    world = with_levers(small_world(chance.choice), architecture, chance.choice)
    if contract:
        world = with_contract(world, contract, chance.choice)
    return political(world, random.Random(f"{number} political").choice, on, always)


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
    fewer: bool  # fewer reforms were demanded than a project holds, but some
    unasked: bool  # a donor that sets conditions set none, since the state would have accepted none
    complied_for_money: bool  # a conditional project holds reforms that go on
    joined: bool
    pool_spent: bool
    late: bool  # a project started after the quarter of its contract


def shown_by_design(run: OracleRun) -> ShownByDesign:
    """Look what a run shows of section 5."""
    pool = run.donor_ids.index(POOL) if POOL in run.donor_ids else None
    return ShownByDesign(
        stalled=any(project.status == "stalled" for project in run.projects),
        withheld=any(project.status == "withheld" for project in run.projects),
        fewer=any(project.for_money and project.blocked for project in run.projects),
        unasked=any(project.demanded == 0 for project in run.projects),
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
