"""What a design may be wanted for: five objectives, each a share, and rules that say what is good enough.

Efficiency, coverage and ownership are outcomes of the model as they are (or their complement). *Cost* and *autonomy of donors*
are put together here and nowhere else. Weights over objectives are value judgements: none is right.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from donorlab import scenarios as catalogue
from donorlab.experiments import levers
from donorlab.experiments.arguments import InputError, did_you_mean
from donorlab.experiments.opened import Opened
from donorlab.experiments.studies.study import POINT, Study
from donorlab.experiments.sweeps.plan import from_plain

if TYPE_CHECKING:
    from donorlab.sim import Scenario


@dataclass(frozen=True)
class Objective:
    """One thing that a design may be wanted for.

    Attributes
    ----------
    name, label : as typed, and in words
    more : whether more of it is better
    formula : of outcomes, in words
    source : or *assumption*
    """

    name: str
    label: str
    more: bool
    formula: str
    source: str


OBJECTIVES: Final = (
    Objective("efficiency", "efficiency", True, "efficiency", "specification, 6"),
    Objective("coverage", "coverage", True, "1 - coverage_gini", "specification, 7: Gini of aid by need"),
    Objective("ownership", "ownership", True, "ownership", "specification, 4.5"),
    Objective(
        "cost",
        "cost of giving",
        False,
        "transaction_cost_share + overhead_share",
        "specification, 7; that both count alike is an assumption",
    ),
    Objective(
        "autonomy",
        "autonomy of donors",
        True,
        "1 - membership * (overhead + (1 - overhead) * (pool_share + (1 - pool_share) * discipline)); one donor for all: 0",
        "assumption: a member decides neither what overhead and fund take, nor, in the degree of discipline, where it leads not",
    ),
)
BY_NAME: Final = {one.name: one for one in OBJECTIVES}
OUTCOMES: Final = (
    "efficiency",
    "coverage_gini",
    "ownership",
    "transaction_cost_share",
    "overhead_share",
    "membership",
    "appropriated_m",
)
FIRST: Final = 0.6
"""Weight of what comes first; the others share the rest. Assumption: more than all others together (range .5-.9)."""
_REST: Final = (1 - FIRST) / (len(OBJECTIVES) - 1)
WEIGHTS: Final[dict[str, tuple[float, ...]]] = {
    "all five alike": tuple(1 / len(OBJECTIVES) for _ in OBJECTIVES),
    "four alike, no autonomy": (*(1 / (len(OBJECTIVES) - 1) for _ in OBJECTIVES[1:]), 0.0),
    **{f"{one.label} first": tuple(FIRST if other is one else _REST for other in OBJECTIVES) for one in OBJECTIVES[1:]},
}
"""Weights by value judgement, in the order of `OBJECTIVES`; a point of one counts as much as a point of another, by weight."""


@dataclass(frozen=True)
class Measured:
    """What the designs are worth at each point.

    Attributes
    ----------
    designs : names; the first is the reference
    each : by objective, a row a point and seed, a column a design
    mean : by objective, a row a point: the mean over its seeds
    undefined : points left out because an objective is undefined there under some design
    money_m : EUR m that arrive in a run, mean
    """

    designs: tuple[str, ...]
    each: dict[str, pd.DataFrame]
    mean: dict[str, pd.DataFrame]
    undefined: int
    money_m: float

    @property
    def futures(self) -> int:
        """Number of points."""
        return len(self.mean["efficiency"])

    def utility(self, name: str) -> pd.DataFrame:
        """Return an objective so that more is better."""
        return self.mean[name] if BY_NAME[name].more else -self.mean[name]

    def weighted(self, weights: Sequence[float]) -> pd.DataFrame:
        """Return the weighted sum of all objectives, so that more is better."""
        parts = [weight * self.utility(one.name) for weight, one in zip(weights, OBJECTIVES, strict=True)]
        total: pd.DataFrame = sum(parts[1:], parts[0])
        return total


def measured(study: Study) -> Measured:
    """Return the objectives of all designs at all points of a study.

    Raises
    ------
    InputError
        If the runs lack an outcome, or no point is left.
    """
    for name in OUTCOMES:
        study.check(name)
    of = {name: study.each(name) for name in OUTCOMES}
    each = {
        "efficiency": of["efficiency"],
        "coverage": 1 - of["coverage_gini"],
        "ownership": of["ownership"],
        "cost": of["transaction_cost_share"] + of["overhead_share"],
        "autonomy": _autonomy(study, of["membership"]),
    }
    bad = np.logical_or.reduce([frame.isna().any(axis=1).to_numpy() for frame in each.values()])
    out = set(of["efficiency"].index.get_level_values(POINT)[bad])
    each = {name: frame[~frame.index.get_level_values(POINT).isin(out)] for name, frame in each.items()}
    if each["efficiency"].empty:
        raise InputError("objectives: at every point one of them is undefined under some design; nothing can be said")
    mean = {name: frame.groupby(level=POINT).mean() for name, frame in each.items()}
    return Measured(study.labels, each, mean, len(out), float(of["appropriated_m"].to_numpy().mean()))


def _autonomy(study: Study, membership: pd.DataFrame) -> pd.DataFrame:
    rows = membership.index.get_level_values(POINT)
    found = {}
    for name, scenario in scenarios(study).items():
        bound = bound_share(scenario, study.points)
        found[name] = 0.0 * membership[name] if bound is None else 1 - membership[name] * bound.loc[rows].to_numpy()
    return pd.DataFrame(found, index=membership.index)


def scenarios(study: Study) -> dict[str, Scenario]:
    """Return the scenario under each design, at the values that are not varied."""
    plan = from_plain(Opened(study.folders[0]).manifest["plan"])
    return {name: catalogue.build(plan.builds[plan.labels.index(name)][0]) for name in study.labels}


def bound_share(scenario: Scenario, points: pd.DataFrame) -> pd.Series[float] | None:
    """Return the share of its money that a member does not decide itself; None where one donor acts for all.

    Parameters
    ----------
    scenario : under a design
    points : a row a point; a lever that is varied has a column
    """
    made: Mapping[str, Any] = levers.composition(scenario)
    if not set(scenario.donors.ids) <= set(made["donors"]):
        return None

    def lever(name: str) -> pd.Series[float]:
        value = points[name] if name in points and name in made else made.get(name, 0.0)
        return pd.Series(value, index=points.index, dtype="float64")

    overhead, pool, discipline = lever("overhead"), lever("pool_share"), lever("discipline")
    return overhead + (1 - overhead) * (pool + (1 - pool) * discipline)


# ---------------------------------------------------------------------- good enough
_RULE: Final = re.compile(
    r"([a-z_]+)\s*(>=|<=)\s*(?:(first|best)\s*([+-]\s*[0-9]*\.?[0-9]+)?|([+-]?[0-9]*\.?[0-9]+(?:e[+-]?[0-9]+)?))"
)
_COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {">=": operator.ge, "<=": operator.le}
_SLACK: Final = 1e-12  # what rounding may move


@dataclass(frozen=True)
class Rule:
    """What is good enough in one respect.

    Attributes
    ----------
    text : as typed
    name : of an objective or an outcome
    sign : ``>=`` or ``<=``
    anchor : ``first`` or ``best`` (of the designs, in the same future), or empty for 0
    amount : added to the anchor
    """

    text: str
    name: str
    sign: str
    anchor: str
    amount: float


def rules(texts: Sequence[str]) -> tuple[Rule, ...]:
    """Return rules such as ``efficiency>=0.3``, ``cost<=first+0.02``, ``coverage>=best-0.05``; no code is run.

    Raises
    ------
    InputError
        If one cannot be read.
    """
    found = []
    for text in texts:
        match = _RULE.fullmatch(text.strip())
        if match is None:
            raise InputError(
                f"satisfice: '{text}' cannot be read; write efficiency>=0.3, cost<=first+0.02 or coverage>=best-0.05"
            )
        name, sign, anchor, more, number = match.groups()
        amount = float((more or number or "0").replace(" ", ""))
        found.append(Rule(text.strip(), name, sign, anchor or "", amount))
    return tuple(found)


def satisfied(found: Sequence[Rule], values: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return in which futures which design meets all rules.

    Parameters
    ----------
    found : rules
    values : a row a future, a column a design, by name

    Raises
    ------
    InputError
        If a rule speaks of something that there is not.
    """
    frame = next(iter(values.values()))
    good = pd.DataFrame(True, index=frame.index, columns=frame.columns)
    for rule in found:
        if rule.name not in values:
            raise InputError(
                f"satisfice: there is no objective or outcome '{rule.name}'{did_you_mean(rule.name, values)}; objectives are "
                f"{', '.join(BY_NAME)}"
            )
        own = values[rule.name]
        limit = pd.Series(rule.amount, index=own.index)
        if rule.anchor == "first":
            limit = limit + own.iloc[:, 0]
        elif rule.anchor == "best":
            limit = limit + (own.max(axis=1) if rule.sign == ">=" else own.min(axis=1))
        slack = -_SLACK if rule.sign == ">=" else _SLACK
        good &= own.apply(lambda column, limit=limit, slack=slack: _COMPARE[rule.sign](column, limit + slack))  # noqa: B023
    return good
