"""What `donorlab robust` finds: every score under every value judgement, the front, and the value of information."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from donorlab.experiments.arguments import InputError
from donorlab.experiments.studies import information, objectives, robustness
from donorlab.experiments.studies.information import Information
from donorlab.experiments.studies.objectives import OBJECTIVES, Measured, Rule
from donorlab.experiments.studies.robustness import Stability
from donorlab.experiments.studies.study import Study, would_do

OWN: Final = "as set"
WHO: Final = "who counts"
WHAT: Final = "what counts"


@dataclass(frozen=True)
class Judgement:
    """A value judgement with what the designs are worth by it.

    Attributes
    ----------
    name : in words
    kind : `OWN`: efficiency as the scenario has it; `WHO`: efficiency where other states count more; `WHAT`: other objectives
    worth : a row a future, a column a design; more is better
    good : where a design is good enough
    measured : all objectives in its runs
    """

    name: str
    kind: str
    worth: pd.DataFrame
    good: pd.DataFrame
    measured: Measured


@dataclass(frozen=True)
class Answer:
    """All that the command finds.

    Attributes
    ----------
    designs : names; the first is the reference
    judgements : the scenario's own first
    scores : a row a judgement and design, see `robustness.scores`
    ranks : a row a judgement, design and rank
    stability : by judgement
    pareto : a row a design, see `robustness.pareto`
    information : by judgement; empty where it was not asked for
    points : a row a future, a column an assumption
    rules, smallest, far : as asked
    luck : standard deviation between seeds of one future of the lead in efficiency of the best over the first other; NaN
    replications : seeds of a future
    told : lines about what was left out
    """

    designs: tuple[str, ...]
    judgements: tuple[Judgement, ...]
    scores: pd.DataFrame
    ranks: pd.DataFrame
    stability: dict[str, Stability]
    pareto: pd.DataFrame
    information: dict[str, Information]
    points: pd.DataFrame
    rules: tuple[Rule, ...]
    smallest: float
    far: float
    luck: float
    replications: int
    told: tuple[str, ...]

    @property
    def own(self) -> Judgement:
        """The scenario's own judgement."""
        return self.judgements[0]

    def score(self, judgement: str, design: str, name: str) -> float:
        """Return one score of a design under a judgement."""
        return float(self.of(judgement)[name].to_numpy(dtype=np.float64)[self.designs.index(design)])

    def nearest(self, judgement: str) -> tuple[str, float]:
        """Return the design that lacks least of the best in 95% of futures, and the share of bootstraps in which it does."""
        return nearest_in(self.of(judgement).reset_index())

    def of(self, judgement: str) -> pd.DataFrame:
        """Return the scores under a judgement, a row a design in their order."""
        return self.scores[self.scores["judgement"] == judgement].set_index("design")


def nearest_in(scores: pd.DataFrame) -> tuple[str, float]:
    """Return the design that is nearest to the best by scores under one judgement, a row a design, as `Answer.nearest` does."""
    row = scores.iloc[int(scores["regret_95"].to_numpy(dtype=np.float64).argmin())]
    return str(row["design"]), float(row["chance_nearest"])


def answered(study: Study, judged: Mapping[str, Study], own: str, keys: Mapping[str, Any]) -> Answer:
    """Return what the runs say.

    Parameters
    ----------
    study : of the futures
    judged : by value judgement, runs of the first futures under it
    own : name of the scenario's own value judgement
    keys : of the command
    """
    found = objectives.rules(keys["satisfice"])
    measured = objectives.measured(study)
    there = (study.asked, None if keys["from"] else "futures")
    enough(measured.futures, robustness.FUTURES_LEAST, "scores", "", *there)
    if keys["information"]:
        enough(measured.futures, information.FUTURES_LEAST, "value of information", "information=false", *there)
    good = objectives.satisfied(found, respects(study, measured))
    judgements = [Judgement(f"efficiency, {own}", OWN, measured.mean["efficiency"], good, measured)]
    told = [*study.told_failures(), *told_undefined(measured, own), *told_rules(found, respects(study, measured))]
    for name, other in judged.items():
        here = objectives.measured(other)
        enough(here.futures, robustness.FUTURES_LEAST, f"scores under '{name}'", "", other.asked, "values_futures")
        its = objectives.satisfied(found, respects(other, here))
        judgements.append(Judgement(f"efficiency, {name}", WHO, here.mean["efficiency"], its, here))
        told += [f"{name}: {line}" for line in other.told_failures()] + told_undefined(here, name)
    for name, weights in objectives.WEIGHTS.items():
        judgements.append(Judgement(name, WHAT, measured.weighted(weights), good, measured))
    smallest, far = keys["smallest_difference"], keys["far"]
    scores = pd.concat(
        [
            robustness.scores(one.worth, one.good, smallest, far).assign(
                judgement=one.name, kind=one.kind, futures=len(one.worth)
            )
            for one in judgements
        ],
        ignore_index=True,
    )
    ranks = pd.concat([robustness.rank_table(one.worth).assign(judgement=one.name) for one in judgements])
    points = study.points.loc[measured.mean["efficiency"].index]
    points = points.loc[:, (points != points.iloc[0]).any()]
    return Answer(
        designs=study.labels,
        judgements=tuple(judgements),
        scores=_first(scores, "judgement", "kind", "futures"),
        ranks=_first(ranks, "judgement"),
        stability={one.name: robustness.stability(one.worth) for one in judgements},
        pareto=robustness.pareto([measured.utility(one.name) for one in OBJECTIVES], [one.name for one in OBJECTIVES]),
        information=informed(study, judgements, points) if keys["information"] else {},
        points=points,
        rules=found,
        smallest=smallest,
        far=far,
        luck=luck(measured),
        replications=study.replications,
        told=tuple(told),
    )


def respects(study: Study, measured: Measured) -> dict[str, pd.DataFrame]:
    """Return all that a rule may speak of: objectives and outcomes, a row a future."""
    rows = measured.mean["efficiency"].index
    return {name: study.mean(name).loc[rows] for name in study.outcomes} | measured.mean


def informed(study: Study, judgements: Sequence[Judgement], points: pd.DataFrame) -> dict[str, Information]:
    """Return the value of information, in efficiency, under each judgement of who counts that has enough futures."""
    found = {}
    for one in judgements:
        if one.kind == WHAT or len(one.worth) < information.FUTURES_LEAST:
            continue
        each = one.measured.each["efficiency"]
        rows = one.worth.index.intersection(points.index)
        if len(rows) == len(one.worth):  # a judgement's own points are numbered as the first of the futures
            found[one.name] = information.value_of_information(points.loc[rows], one.worth.loc[rows], each)
    return found


def information_table(answer: Answer) -> pd.DataFrame:
    """Return the value of information of all judgements, with what it is in money.

    Returns
    -------
    DataFrame
        judgement, chosen, the columns of `information.value_of_information`, value_m (EUR m in a run: the same share of all
        money that arrives), ceiling (of knowing everything, luck included), assumptions (of knowing all assumptions, at least)
    """
    kinds = {one.name: one for one in answer.judgements}
    parts = []
    for name, one in answer.information.items():
        money = kinds[name].measured.money_m
        parts.append(
            one.table.assign(
                judgement=name,
                chosen=one.chosen,
                value_m=one.table["value"] * money,
                ceiling=one.everything,
                assumptions=one.assumptions,
            )
        )
    return _first(pd.concat(parts, ignore_index=True), "judgement", "chosen") if parts else pd.DataFrame()


def stability_table(answer: Answer) -> pd.DataFrame:
    """Return how firm the order is under each judgement."""
    return pd.DataFrame(
        {
            "judgement": name,
            "order": " > ".join(one.order),
            "concordance": one.concordance,
            "tau": one.tau,
            "same_order_share": one.same,
        }
        for name, one in answer.stability.items()
    )


def luck(measured: Measured) -> float:
    """Return the standard deviation between seeds of one future of the lead of the best design over the next; NaN with one seed."""
    each = measured.each["efficiency"]
    one, other = each.mean().sort_values(ascending=False, kind="stable").index[:2]
    return float(np.sqrt((each[one] - each[other]).groupby(level=0).var().mean()))


def told_undefined(measured: Measured, name: str) -> list[str]:
    """Return what a report must say of futures in which an objective is undefined."""
    if not measured.undefined:
        return []
    return [
        f"{name}: in {measured.undefined} of {measured.undefined + measured.futures} futures an objective is undefined under some "
        "design; they are left out"
    ]


def told_rules(found: Sequence[Rule], values: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return what a report must say of rules about something that is undefined in some futures."""
    lines = []
    for name in dict.fromkeys(rule.name for rule in found):
        missing = values[name].isna().any(axis=1)
        if missing.any():
            lines.append(
                f"satisfice: {name} is undefined under some design in {int(missing.sum()):,} of {len(missing):,} futures; a design "
                "without it counts as not good enough there"
            )
    return lines


def enough(
    futures: int, least: int, method: str, otherwise: str = "", asked: int = 0, key: str | None = "futures"
) -> None:
    """Refuse too few futures for a method, with the number that would do; ``asked``: of how many these are left, 0 for all."""
    if futures < least:
        more = would_do(futures, asked or futures, least, key)
        instead = f", or {otherwise}" if otherwise else ""
        raise InputError(f"{method}: {futures:,} futures are too few; it needs {least:,}: {more}{instead}")


def _first(frame: pd.DataFrame, *names: str) -> pd.DataFrame:
    return frame[[*names, *(name for name in frame.columns if name not in names)]]
