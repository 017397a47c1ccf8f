"""Which conclusions survive rival submodels: the same futures again, one rival form at a time, all else equal.

The rule, fixed before any of these runs was looked at. Under one set of forms an architecture is *better* than the first
if (1) among the futures that differ by at least the smallest difference that matters, those in which it is better
outnumber those in which it is worse by more than two standard errors of a fair coin (`SURE` times the root of their
number), and (2) the median difference is above 0; *worse* with both signs turned; *open* otherwise. What an architecture
is with the forms as set

- *survives* if every rival form that acts on the pair says the same,
- *turns* if a form that acts says the opposite,
- is *left open* if no form says the opposite and one that acts says open.

A form acts on a pair where it changes an outcome of one of the two in a future by as much as a bit. One that acts on no
pair is *inert*: it says nothing, and nothing survives it. Forms whose runs of a pair are the same to the last bit are one:
they are counted once, under the name of the first of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import pandas as pd

from donorlab.experiments import ensemble
from donorlab.experiments.disagreements import Variant
from donorlab.experiments.runner import Job, Run
from donorlab.experiments.tables import SURE
from donorlab.sim.scenario import Scenario

AS_SET: Final = "as set"
"""Name of the forms that the scenario has."""

Verdict = Literal["better", "worse", "open"]
Fate = Literal["survives", "turns", "left open", "no conclusion", "not tested"]

RULE: Final = (
    "Better (worse): futures in which it is better by {points} outnumber those in which it is worse (or the reverse) by "
    "more than two standard errors of a fair coin, and the median has the same sign; else open. What holds with the forms "
    "as set survives if every rival form that acts says the same, turns if one says the opposite."
)


@dataclass(frozen=True)
class Contest:
    """What is run.

    Attributes
    ----------
    variants : rival forms, one at a time, and all second forms at once
    draws : numbers of the futures, the first ones of the ensemble
    """

    variants: tuple[Variant, ...]
    draws: tuple[int, ...]


@dataclass(frozen=True)
class Standing:
    """What one set of forms says of an architecture against the first.

    Attributes
    ----------
    form : its name, `AS_SET` for the forms of the scenario
    architecture : the other one
    futures : how many better, same, worse
    median : difference in efficiency
    verdict : by the rule
    same_as : the first form whose runs of the two are the same in every outcome, to the last bit: `AS_SET`, an earlier
        rival, or the form itself
    """

    form: str
    architecture: str
    futures: ensemble.Futures
    median: float
    verdict: Verdict
    same_as: str

    @property
    def acts(self) -> bool:
        """Whether an outcome of one of the two differs from the forms as set; False for these themselves."""
        return self.same_as != AS_SET


@dataclass(frozen=True)
class Conclusion:
    """What becomes of the conclusion about one architecture.

    Attributes
    ----------
    architecture : against the first
    verdict : with the forms as set
    fate : by the rule
    same, opposite, opened : forms that act, by what they say; of an open verdict ``same`` are those that say open, and
        ``opposite`` those that say better or worse; forms that are the same run here are one, named by `joined`
    """

    architecture: str
    verdict: Verdict
    fate: Fate
    same: tuple[str, ...]
    opposite: tuple[str, ...]
    opened: tuple[str, ...]


# ---------------------------------------------------------------------- runs
def jobs(contest: Contest, plan: ensemble.Plan) -> list[Job]:
    """Return the runs, a job a variant and future; the architectures that a variant changes not are not run again."""
    return [
        Job(f"draw {draw}", draw, tuple(_key(name, variant) for name in variant.scenarios), plan.changes(draw))
        for variant in contest.variants
        if variant.scenarios
        for draw in contest.draws
    ]


def scenarios(contest: Contest) -> dict[str, Scenario]:
    """Return the scenarios of the variants under the names that their jobs use."""
    return {
        _key(name, variant): scenario for variant in contest.variants for name, scenario in variant.scenarios.items()
    }


def _key(architecture: str, variant: Variant) -> str:
    return f"{architecture} with {variant.name}"


def table(
    contest: Contest, asked: Sequence[Job], runs: Sequence[Sequence[Run]], futures: Sequence[Sequence[Run]]
) -> pd.DataFrame:
    """Return a row a form, architecture and future, with all outcomes; forms as set first.

    Parameters
    ----------
    contest : what was asked for
    asked : its jobs; runs : of each
    futures : runs of the ensemble, with the forms as set, from the first draw on
    """
    found = {(run.architecture, job.seed): run for job, made in zip(asked, runs, strict=True) for run in made}
    rows: list[dict[str, Any]] = []
    for variant in (None, *contest.variants):
        if variant is not None and variant.refused:
            continue
        for draw, owns in zip(contest.draws, futures, strict=False):  # the ensemble may go on
            for own in owns:
                run = own if variant is None else found.get((_key(own.architecture, variant), draw), own)
                name = AS_SET if variant is None else variant.name
                rows.append({"form": name, "architecture": own.architecture, "draw": draw, **run.outcomes})
    frame = pd.DataFrame(rows)
    order = [run.architecture for run in futures[0]]
    frame["architecture"] = pd.Categorical(frame["architecture"], categories=order)
    return frame


def outline(contest: Contest) -> dict[str, Any]:
    """Return what makes the runs, as plain data."""
    return {
        "draws": len(contest.draws),
        "forms": {
            variant.name: {key: value for form in variant.forms for key, value in form.override.items()}
            for variant in contest.variants
        },
        "refused": {variant.name: variant.refused for variant in contest.variants if variant.refused},
    }


# ---------------------------------------------------------------------- what they say
def verdict(count: ensemble.Futures, median: float) -> Verdict:
    """Return what a set of forms says of a pair, by the rule of this module."""
    ahead = count.better - count.worse
    beyond = abs(ahead) > SURE * math.sqrt(count.better + count.worse)
    if beyond and ahead > 0 and median > 0:
        return "better"
    if beyond and ahead < 0 and median < 0:
        return "worse"
    return "open"


def alike(runs: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Return the first form whose runs of an architecture and the first one are the same, by form and architecture.

    The same: no outcome of either differs, in any future, by as much as a bit.
    """
    outcomes = [name for name in runs.columns if name not in ("form", "architecture", "draw")]
    parts = {
        (str(form), str(name)): part.sort_values("draw")[outcomes].reset_index(drop=True)
        for (form, name), part in runs.groupby(["form", "architecture"], sort=False, observed=True)
    }
    forms = [AS_SET, *(str(form) for form in runs["form"].unique() if form != AS_SET)]
    first, *others = (str(name) for name in runs["architecture"].cat.categories)

    def same(one: str, other: str, name: str) -> bool:
        return all(parts[one, who].equals(parts[other, who]) for who in (first, name))

    return {
        (form, name): next(one for one in forms if one == form or same(one, form, name))
        for form in forms
        for name in others
    }


def standings(runs: pd.DataFrame, smallest: float) -> list[Standing]:
    """Return what each set of forms says of each architecture against the first, forms as set first."""
    roots = alike(runs)
    found = []
    for form in runs["form"].unique():
        for name, difference in ensemble.differences(runs[runs["form"] == form]).items():
            count = ensemble.futures(difference, smallest)
            median = float(difference.median())
            root = roots[str(form), str(name)]
            found.append(Standing(str(form), str(name), count, median, verdict(count, median), root))
    return found


def conclusions(found: Sequence[Standing]) -> list[Conclusion]:
    """Return what becomes of each conclusion that the forms as set give, by the rule of this module."""
    told = []
    for own in (one for one in found if one.form == AS_SET):
        here = [one for one in found if one.architecture == own.architecture and one.acts]
        acting = [one for one in here if one.same_as == one.form]
        named = {one.form: joined([other.form for other in here if other.same_as == one.form]) for one in acting}
        same = tuple(named[one.form] for one in acting if one.verdict == own.verdict)
        opened = tuple(named[one.form] for one in acting if one.verdict != own.verdict and one.verdict == "open")
        opposite = tuple(named[one.form] for one in acting if one.verdict not in (own.verdict, "open"))
        fate: Fate
        if own.verdict == "open":
            fate = "no conclusion"
        elif not acting:
            fate = "not tested"
        else:
            fate = "turns" if opposite else "left open" if opened else "survives"
        told.append(Conclusion(own.architecture, own.verdict, fate, same, opposite, opened))
    return told


def inert(found: Sequence[Standing]) -> list[str]:
    """Return the rival forms that act on no pair."""
    names = dict.fromkeys(one.form for one in found if one.form != AS_SET)
    return [name for name in names if not any(one.acts for one in found if one.form == name)]


def joined(forms: Sequence[str]) -> str:
    """Return forms that are the same run as one name: ``credit=equal = by_eur``; another disagreement is written out."""
    first, *others = forms
    start = f"{first.partition('=')[0]}="
    return " = ".join([first, *(other.removeprefix(start) for other in others)])


def merged(found: Sequence[Standing]) -> dict[str, tuple[str, ...]]:
    """Return the rival forms that act, by the first of those that are the same run in every pair; itself included."""
    roots: dict[tuple[tuple[str, str], ...], str] = {}
    groups: dict[str, list[str]] = {}
    still = inert(found)
    for form in dict.fromkeys(one.form for one in found if one.form != AS_SET and one.form not in still):
        where = tuple((one.architecture, one.same_as) for one in found if one.form == form)
        groups.setdefault(roots.setdefault(where, form), []).append(form)
    return {form: tuple(forms) for form, forms in groups.items()}


def summary(found: Sequence[Standing]) -> pd.DataFrame:
    """Return a row a form and architecture: what stands in `Standing`; ``same_as`` is empty where it is no other form."""
    return pd.DataFrame(
        [
            {
                "form": one.form, "architecture": one.architecture, "acts": one.acts,
                "same_as": one.same_as if one.same_as != one.form else "", "better": one.futures.better,
                "same": one.futures.same, "worse": one.futures.worse, "undefined": one.futures.undefined,
                "median_difference": one.median, "verdict": one.verdict,
            }
            for one in found
        ]
    )  # fmt: skip
