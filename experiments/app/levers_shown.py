"""The levers that the app shows: what each one is in one sentence, its range, its step, and which designs use it."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from donorlab.experiments import levers
from donorlab.experiments.app import settable
from donorlab.experiments.app.choices import Choice, ready
from donorlab.experiments.arguments import InputError
from donorlab.scenarios.parameters import ParameterRow, Value
from donorlab.sim.scenario import Scenario

STEPS: Final = 20  # at least so many from end to end of a range

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "money": ("Money of all donors", "What all donors together give in a year."),
    "observation_probability": (
        "What donors see by chance",
        "The chance that a donor sees a project of another one without being told.",
    ),
    "rival_share": (
        "Money of rivals",
        "The share of all money that is held by donors who stay outside any coordination.",
    ),
    "herding": ("Herding", "How much more a donor wants to be in a state because other donors are there."),
    "failure": ("Projects that fail", "The chance that a project ends half way."),
    "lapse": ("Tasks that lapse", "The chance in a quarter that a task is lost which the state does not make its own."),
    "poaching": ("Hiring away", "How much of a state's administration is lost to donors who hire its staff."),
    "value_concavity": (
        "Worth of a further task",
        "How much less each further task is worth than the first: at 1 all are worth the same.",
    ),
    "register": ("Register", "What members report to each other: nothing, projects once they run, or plans before."),
    "reporting_rate": ("Reported", "The share of their projects that members report to the register."),
    "register_lag": ("Delay of the register", "How long after its start a project appears in a register of projects."),
    "division": ("Lead donors", "Whether members agree who leads in a state, or in one pillar of a state."),
    "discipline": ("Discipline", "How far members stay away from where another member leads."),
    "joint_programming": ("Joint programming", "Whether members may join each other's projects in place of their own."),
    "joiner_fixed_share": (
        "Cost of joining",
        "The share of the fixed cost of a project that a member pays who joins it.",
    ),
    "pooled_fund": ("Common fund", "Whether members pay into a common fund that looks at need alone."),
    "pool_share": ("Share of the fund", "The share of members' money that goes into the common fund."),
    "calendar": ("Calendar", "Whether donors plan at times of their own or one after the other."),
    "credit": (
        "Credit",
        "What donors are credited with, in place of being seen: nothing, or some share of what is done.",
    ),
    "overhead": ("Overhead", "The share of members' money that the secretariat costs."),
    "negotiation_cost": ("Cost of agreeing", "What it costs each pair of members in a year to agree."),
    "decision_lag": ("Delay of decisions", "How much later members' projects start, because they decide together."),
    "voluntary_membership": (
        "Free to leave",
        "Whether those who are invited may stay outside, and leave again, by what they see of both sides.",
    ),
    "founding_share": ("Founders", "The share of those invited who are members from the start."),
    "conditional_donors": ("Who sets conditions", "The donors that do so today, or all of them but rivals."),
    "credibility": ("Threat carried out", "The share of refused conditions after which money is really withheld."),
    "credibility_rule": (
        "Where threats come from",
        "Whether credibility is given, or follows from what withholding is worth.",
    ),
    "opportunity_cost": ("Worth of withheld money", "What withheld money is still worth to the donor elsewhere."),
    "conditions_choice": ("How many conditions", "Whether donors choose how many reforms they demand."),
    "monitoring_cost": ("Watching conditions", "What it costs to watch the conditions of one project."),
    "linked_conditions": (
        "Linked conditions",
        "Whether all conditional aid in a state is at stake, or one project alone.",
    ),
    "pledge_strength": ("Strength of the pledge", "How far donors stay away from states outside their pledge."),
    "pledge_focus": ("Focus of the pledge", "The share of states on which a donor promises to concentrate."),
}
"""Label and explanation of each parameter that can be set."""

_PERCENT: Final = frozenset({"share", "probability"})


@dataclass(frozen=True)
class Shown:
    """One lever, or a number of the world, as it is shown.

    Attributes
    ----------
    name : of the parameter; kind : ``lever``, ``uncertainty`` or ``value``
    label, explanation : in plain words
    unit : of the parameter table; ``-`` for none
    low, high, step : of a number; None for words
    options : words to choose from; empty for a number
    default : of the parameter table
    now : the value under each design, before anything is set
    users : designs of the choice that use it; a number of the world acts under all
    idle : why it does nothing here, in one line; empty where it acts
    """

    name: str
    kind: str
    label: str
    explanation: str
    unit: str
    low: float | None
    high: float | None
    step: float | None
    options: tuple[str, ...]
    default: Value
    now: Mapping[str, Value]
    users: tuple[str, ...]
    idle: str

    @property
    def percent(self) -> bool:
        """Whether it is a share, and reads best in percent."""
        return self.unit in _PERCENT


def step_of(row: ParameterRow) -> float:
    """Return a round step with at least `STEPS` steps from end to end; 1 of a whole number.

    Only 1, 2 and 5 with zeros, so that the ends and the default of a range lie on steps or close to one.
    """
    assert row.range is not None
    if row.name in levers.WHOLE:
        return 1
    width = (float(row.range[-1]) - float(row.range[0])) / STEPS
    power = 10.0 ** math.floor(math.log10(width) + 1e-9)
    best = max(one for one in (1, 2, 5) if one * power <= width * (1 + 1e-9))
    return float(f"{best * power:.3g}")


@functools.lru_cache(maxsize=64)
def shown(choice: Choice, every: bool = False) -> tuple[Shown, ...]:
    """Return what can be set for a choice, in the order of the parameter table; remembered, for it takes a few runs' time.

    Parameters
    ----------
    choice : with what is set so far, which decides what can act: without a fund its share does nothing
    every : also levers that no design of the choice uses
    """
    made = ready(choice)
    where = settable.WORLDS[choice.scenario]
    found = []
    for name, row in settable.rows().items():
        if name in where.without:
            continue
        users = tuple(design for design, one in made.scenarios.items() if _acts(one, row))
        if users or every:
            found.append(_one(row, choice, users, _why_idle(made.scenarios, row) if not users else ""))
    return tuple(found)


def _acts(scenario: Scenario, row: ParameterRow) -> bool:
    if row.name not in settable.levers():
        return True
    here = getattr(scenario.parameters, row.name)
    return not levers.without_effect(scenario, [row.name]) and levers.uses(
        scenario, row.name, levers.some_values(row, here)
    )


def _why_idle(scenarios: Mapping[str, Scenario], row: ParameterRow) -> str:
    try:
        levers.check(scenarios, [row.name])
    except InputError as error:
        return error.message
    return f"{row.name}: does nothing under {', '.join(scenarios)}"


def _one(row: ParameterRow, choice: Choice, users: Sequence[str], idle: str) -> Shown:
    label, explanation = WORDS[row.name]
    number = not row.choices
    limits = row.range or ()
    untouched = {name: settable.loaded(choice.scenario, name).parameters for name in choice.designs}
    return Shown(
        name=row.name,
        kind=row.kind,
        label=label,
        explanation=explanation,
        unit=row.unit,
        low=float(limits[0]) if number else None,
        high=float(limits[-1]) if number else None,
        step=step_of(row) if number else None,
        options=() if number else tuple(map(str, limits)),
        default=row.default,
        now={name: getattr(one, row.name) for name, one in untouched.items()},
        users=tuple(users),
        idle=idle,
    )
