"""The scalars of the model, with unit, meaning and hard limits, and the options of third parties.

Defaults and ranges stand in one place only, ``scenarios/data/ranges.yaml``.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

TASKS_MAXIMUM: Final = 64  # one bit each of one machine word
CREDITS: Final = ("none", "marginal", "equal", "by_eur", "gairing", "shapley", "relative_impact")


class ScenarioError(ValueError):
    """An input that cannot be simulated; the message is one line: what, where, what would be right."""


def suggest(name: str, known: Iterable[str]) -> str:
    """Return ``" (did you mean 'x'?)"`` for the closest known name, or an empty string."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" (did you mean '{close[0]}'?)" if close else ""


def parameter(
    unit: str,
    meaning: str,
    low: float = -math.inf,
    high: float = math.inf,
    choices: tuple[str, ...] = (),
) -> Any:
    """Declare a parameter: unit, meaning, and hard limits outside which it makes no sense."""
    return field(metadata={"unit": unit, "meaning": meaning, "low": low, "high": high, "choices": choices})


def option(
    default: float | str,
    unit: str,
    meaning: str,
    source: str,
    low: float = -math.inf,
    high: float = math.inf,
    choices: tuple[str, ...] = (),
) -> Any:
    """Declare an option of a third party's architecture or mechanism, in a frozen dataclass of its own.

    ``source`` says where the default comes from and names a range, or says ``assumption``.
    """
    rules = {"unit": unit, "meaning": meaning, "source": source, "low": low, "high": high, "choices": choices}
    return field(default=default, metadata=rules)


def options_of(kind: type | None, options: Mapping[str, Any], prefix: str) -> Any:
    """Return an instance of an options dataclass, filled from the keys of ``options`` that begin with ``prefix``.

    Raises
    ------
    ScenarioError
        If a key is unknown or a value impossible; None is returned where there is no such dataclass and no key.
    """
    given = {key.removeprefix(prefix): value for key, value in options.items() if key.startswith(prefix)}
    known = {item.name: item for item in dataclasses.fields(kind)} if kind is not None else {}
    for name in given:
        if name not in known:
            hint = f"; there are {', '.join(known)}" if known else "; it has no options"
            raise ScenarioError(f"unknown option '{prefix}{name}'{suggest(name, known)}{hint}")
    checked = {}
    for name, value in given.items():
        declared = known[name].type
        word = declared if isinstance(declared, str) else getattr(declared, "__name__", "float")
        checked[name] = _checked(f"{prefix}{name}", value, word, known[name].metadata)
    return kind(**checked) if kind is not None else None


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Scalars of the model. Symbols and equations: ``ODD.md``."""

    money: float = parameter("EUR m a year", "all donors' budgets together", 0)
    rival_share: float = parameter("share", "share of money held by donors that set no conditions (rivals)", 0, 1)
    motive_need: float = parameter("share", "weight of need; motives are divided by their sum", 0)
    motive_security: float = parameter("share", "weight of safe havens", 0)
    motive_political: float = parameter("share", "weight of political affinity", 0)
    motive_visibility: float = parameter("share", "weight of being visible in a state", 0)
    motive_spread: float = parameter("-", "donors' motives differ by exp(spread * z)", 0, 5)
    herding: float = parameter("-", "a donor's wish for a state rises with the presence of others in it", 0, 100)
    salience: float = parameter("-", "weight of a state rises by this share after an incident", 0, 100)
    salience_quarters: int = parameter("quarters", "an incident is remembered", 1, 400)
    incident_rate: float = parameter("1 / quarter", "incidents of a state that is wholly exposed", 0, 100)
    user_weight_exponent: float = parameter("-", "a state's weight is users to this power", 0, 2)
    state_weighting: str = parameter("-", "how states are weighed", choices=("users", "poorest"))
    value_concavity: float = parameter("-", "exponent of the value of capacity, f(c) = 1 - (1 - c)^exponent", 1, 10)
    user_growth: float = parameter("-", "speed of growth of internet users, 1 as in the data, 0 none", 0, 10)
    turnover: float = parameter("1 / quarter", "a task becomes obsolete and is replaced by a new one", 0, 1)
    haven_threshold: float = parameter("share", "capacity below it makes a safe haven; 0 there are none", 0, 1)
    haven_spill: float = parameter("share", "protection lost if all users lived in safe havens", 0, 1)
    norm_pull: float = parameter("1 / quarter", "how far deliveries draw a state to its donors' position", 0, 1)
    peer_discount: float = parameter("share", "price cut on tasks that all peers have done", 0, 0.99)
    peer_scope: str = parameter("-", "who is a peer", choices=("subregion", "organisation"))
    tasks_per_pillar: int = parameter("tasks", "length of the task list of one pillar", 1, TASKS_MAXIMUM)
    headroom: float = parameter("share", "share of the list that a full GCI score stands for", 0, 1)
    initial_noise: float = parameter("-", "departure of the first tasks from the order of difficulty", 0, 10)
    task_cost: float = parameter("EUR m", "cost of a task at median users", 1e-6)
    task_cost_users_exponent: float = parameter("-", "task cost grows as users to this power", 0, 2)
    project_tasks_minimum: int = parameter("tasks", "smallest project", 1, TASKS_MAXIMUM)
    project_tasks_maximum: int = parameter("tasks", "largest project", 1, TASKS_MAXIMUM)
    fixed_cost: float = parameter("EUR m", "cost of contracting a project", 0)
    relation_cost: float = parameter("EUR m", "cost of a project where the donor has nothing running", 0)
    mismatch: float = parameter("share", "extra cost of a task wholly outside the mandate", 0)
    observation_probability: float = parameter("probability", "another actor sees a project", 0, 1)
    ignorance: str = parameter("-", "what may go unseen: a project, or a task of it", choices=("project", "task"))
    planning_slots: int = parameter("a quarter", "planning slots; 0 (`serial`) gives each donor its own", 0, 4096)
    administration_intercept: float = parameter("tasks a quarter", "capacity of the weakest state at median users", 0)
    administration_slope: float = parameter("tasks a quarter", "added at the highest rank of government", 0)
    administration_users_exponent: float = parameter("-", "capacity grows as users to this power", 0, 2)
    administration_factor: float = parameter("-", "multiplies administrative capacity", 0)
    oversight_per_project: float = parameter("tasks a quarter", "capacity that one project takes", 0)
    oversight_economies: float = parameter("-", "oversight = per project * tasks^(1 - economies)", 0, 1)
    presence_oversight: float = parameter("tasks a quarter", "capacity that the presence of a donor takes", 0)
    room_floor: float = parameter("tasks a quarter", "least room for project work", 1e-9)
    pace: float = parameter("tasks a quarter", "full speed of one project", 1e-9)
    impatience: float = parameter("1 / quarter", "discount of value by the wait in the queue", 0)
    queue_limit: float = parameter("quarters", "a state with a longer queue takes no new project", 0)
    failure: float = parameter("probability", "mean probability that a project fails half way", 0, 1)
    method_failure: float = parameter("probability", "mean probability that a delivered task does not take", 0, 0.5)
    method_learning: float = parameter("-", "how strongly donors follow methods that they saw succeed", 0, 20)
    poaching: float = parameter(
        "share", "administration lost to donors' hiring where none counts the others' loss", 0, 1
    )
    poaching_altruism: float = parameter("share", "of the others' loss that a hiring donor counts as its own", 0, 1)
    narrative_coherence: float = parameter("share", "how far donors share one set of motives and mandates", 0, 1)
    narrative_target: str = parameter("-", "what they share: the mean donor or need alone", choices=("mean", "need"))
    ownership_intercept: float = parameter("share", "ownership at the lowest rank of government", 0, 1)
    ownership_slope: float = parameter("share", "added at the highest rank", -1, 1)
    ownership_noise: float = parameter("share", "standard deviation of ownership between states", 0, 1)
    lapse: float = parameter("1 / quarter", "hazard that an unowned delivered task lapses", 0)
    ownership_rate: float = parameter("1 / quarter", "speed at which ownership moves; 0 it is fixed", 0, 0.2)
    mistrust_cost: float = parameter(
        "-", "ownership lost by imposed or withheld aid, to that gained by own choice", 0, 4
    )
    choice_cells: int = parameter("cells", "best cells of a donor that count as its offers", 1, 64)
    imposed_lapse: float = parameter("-", "hazard of imposed reforms, to that of others", 1, 20)
    own_effort: float = parameter("-", "own tasks a quarter per task-quarter of free capacity and ownership", 0)
    crowding_out: float = parameter("share", "own effort lost where donors work on all open tasks", 0, 1)
    reform_cost: float = parameter("EUR m a project", "political cost of a reform", 0)
    reform_cost_spread: float = parameter("-", "states differ by exp(spread * z)", 0, 5)
    reform_benefit: float = parameter("EUR m a project", "own benefit of a reform at full ownership", 0)
    reform_patience: int = parameter("quarters", "a project left with reforms that nobody wants ends after", 0, 4000)
    register: str = parameter("-", "what members report", choices=("none", "projects", "plans"))
    reporting_rate: float = parameter("probability", "a member reports a project", 0, 1)
    register_lag: int = parameter("quarters", "from a project's start to its entry in a register of projects", 0, 400)
    division: str = parameter("-", "lead donors by", choices=("none", "cell", "beneficiary"))
    discipline: float = parameter("share", "value that a member takes off outside its lead", 0, 1)
    joint_programming: str = parameter("-", "members may join each other's projects", choices=("off", "on"))
    joiner_fixed_share: float = parameter("share", "of the fixed cost that a joiner pays", 0, 1)
    pooled_fund: str = parameter("-", "members pay into a common fund", choices=("off", "on"))
    pool_share: float = parameter("share", "of members' budgets that goes to the fund", 0, 1)
    calendar: str = parameter("-", "donors plan in their own slots or one after the other", choices=("own", "serial"))
    credit: str = parameter("-", "who is credited in place of visibility", choices=CREDITS)
    overhead: float = parameter("share", "of members' budgets that the secretariat costs", 0, 1)
    negotiation_cost: float = parameter("EUR m a pair and year", "cost of agreeing, a pair of members", 0)
    decision_lag: int = parameter("quarters", "members' projects start later by", 0, 400)
    budget_elasticity: float = parameter("-", "response of a member's budget to what it can account for", 0, 10)
    voluntary_membership: str = parameter("-", "those invited may stay out and leave", choices=("off", "on"))
    founding_share: float = parameter("share", "of those invited that are members from the start", 0, 1)
    membership_term: int = parameter("years", "a donor stays in, or out, at least", 1, 1000)
    membership_memory: float = parameter("share", "weight of the last year in a running mean of payoffs", 1e-6, 1)
    membership_similarity: float = parameter("factor", "budgets that differ by no more are similar", 1)
    membership_curiosity: float = parameter("probability", "a year, to try the other side whatever was seen", 0, 1)
    conditional_donors: str = parameter("-", "who sets conditions", choices=("declared", "all"))
    credibility: float = parameter("probability", "aid is withheld where a condition is refused", 0, 1)
    credibility_rule: str = parameter("-", "where credibility comes from", choices=("given", "endogenous"))
    opportunity_cost: float = parameter("share", "of its value elsewhere that withheld money has to the donor", 0, 1)
    conditions_choice: str = parameter("-", "donors choose how many reforms to demand", choices=("off", "on"))
    selectivity: float = parameter("-", "a donor's wish follows a state's record of reforms", 0, 20)
    prize_share: float = parameter("share", "of the competing projects that a tournament pays", 0, 1)
    tournament_noise: float = parameter(
        "-", "standard deviation of measured performance, to the effect of a reform", 0, 10
    )
    monitoring_cost: float = parameter("EUR m a project", "cost of watching a condition", 0)
    shun_quarters: int = parameter("quarters", "a donor stays away after it withheld", 0, 4000)
    linked_conditions: str = parameter("-", "the stake is all conditional aid in the state", choices=("off", "on"))
    pledge_strength: float = parameter("share", "value that a donor takes off outside its pledge", 0, 1)
    pledge_focus: float = parameter("share", "of states that a donor pledges to concentrate on", 0, 1)
    horizon: int = parameter("quarters", "quarters with income", 1, 4000)
    wind_down: int = parameter("quarters", "quarters after it without income", 0, 4000)

    def __post_init__(self) -> None:
        for item in dataclasses.fields(self):
            value = _checked(item.name, getattr(self, item.name), str(item.type), item.metadata)
            object.__setattr__(self, item.name, value)
        if self.project_tasks_minimum > self.project_tasks_maximum:
            raise ScenarioError(
                f"project_tasks_minimum: {self.project_tasks_minimum} is larger than "
                f"project_tasks_maximum, {self.project_tasks_maximum}"
            )
        if self.horizon + self.wind_down >= 65536:
            raise ScenarioError("horizon: horizon and wind_down together must be below 65536 quarters")
        if self.motive_need + self.motive_security + self.motive_political + self.motive_visibility <= 0:
            raise ScenarioError("motive_need: at least one of the four motives must be above 0")

    @property
    def quarters(self) -> int:
        """Number of quarters of a run, wind-down included."""
        return self.horizon + self.wind_down


def _checked(name: str, value: object, kind: str, rules: Mapping[str, Any]) -> object:
    choices = rules["choices"]
    if choices:
        if value not in choices:
            raise ScenarioError(f"{name}: '{value}' is not one of {', '.join(choices)}{suggest(str(value), choices)}")
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise ScenarioError(f"{name}: '{value}' is not a number; {_limits(rules)}")
    number = float(value)
    if not math.isfinite(number):
        raise ScenarioError(f"{name}: {number} is not a finite number; {_limits(rules)}")
    if kind == "int" and number != int(number):
        raise ScenarioError(f"{name}: {number:g} is not a whole number; {_limits(rules)}")
    if not rules["low"] <= number <= rules["high"]:
        raise ScenarioError(f"{name}: {number:g} is out of range; {_limits(rules)}")
    return int(number) if kind == "int" else number


def _limits(rules: Mapping[str, Any]) -> str:
    low, high = rules["low"], rules["high"]
    if math.isinf(high):
        return f"it must be at least {low:g} ({rules['unit']})"
    return f"it must lie between {low:g} and {high:g} ({rules['unit']})"
