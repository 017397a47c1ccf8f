"""Sentences of page one and of the comparison: each follows from numbers by a rule, and stands only where the rule holds.

Claims rest on the futures considered. A share of futures is no probability: futures are drawn evenly over ranges that are
themselves assumptions. What is told only at default values says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from donorlab.experiments.ensemble import Futures
from donorlab.experiments.pages.chart import listed, signed
from donorlab.experiments.tables import SURE, paired, standard_error, sure
from donorlab.experiments.words import counted

CONFIDENCE: Final = 0.95
MOST: Final = 0.5
"""Share of the futures above which it is said to be so in most of them."""
HARDLY: Final = 0.9
"""Share of the futures with no difference that matters, from which on it is said to make hardly any difference: *assumption*."""
_FINE: Final = 0.5  # points: half a 95% interval of the middle future, below which one decimal is supported

BETTER, OFTEN, OPEN, HARDLY_ANY, SELDOM, WORSE = "better", "often", "open", "hardly any", "seldom", "worse"


def verdict(count: Futures) -> str:
    """Return what the futures say of one against the reference.

    Returns
    -------
    str
        `HARDLY_ANY` where nine of ten of all futures show no difference that matters; `BETTER` or `WORSE` where most do, and more
        than a fair coin would make of those that differ; `OFTEN` or `SELDOM` where fewer do, but clearly more than show the
        opposite; else `OPEN`. A future in which efficiency is not defined counts among all, and for nothing.
    """
    total = count.count
    if total == count.undefined:
        return OPEN
    if count.same >= HARDLY * total:
        return HARDLY_ANY
    differ, ahead = count.better + count.worse, count.better - count.worse
    if abs(ahead) <= SURE * math.sqrt(differ):
        return OPEN
    most = max(count.better, count.worse) > MOST * total
    if ahead < 0:
        return WORSE if most else SELDOM
    return BETTER if most else OFTEN


def ranked(counts: Mapping[str, Futures]) -> list[str]:
    """Return the designs in order: by their verdict, then by how many more futures are better than worse."""
    return sorted(
        counts,
        key=lambda name: (
            _ORDER.index(verdict(counts[name])),
            counts[name].worse - counts[name].better,
            counts[name].worse,
        ),
    )


def shown_better(counts: Mapping[str, Futures]) -> list[str]:
    """Return the designs that are better in most futures, or clearly more often than worse; those in most first."""
    told = {name: verdict(counts[name]) for name in ranked(counts)}
    return [name for one in (BETTER, OFTEN) for name in told if told[name] == one]


def answer(counts: Mapping[str, Futures], called: Mapping[str, str], first: str, points: str) -> str:
    """Return the answer in a few sentences.

    Parameters
    ----------
    counts : by name, of what could be proposed; empty where no futures were drawn
    called : their names in words
    first : the reference in words
    points : least difference that matters, in words
    """
    if not counts:
        return (
            "No futures were drawn, so that nothing is claimed: what follows holds at default values only, where chance "
            "is all that varies."
        )
    if all(count.undefined == count.count for count in counts.values()):
        return "Nothing can be said: there is nothing to gain in any of the futures considered, so that no design can be better."
    told = {name: verdict(counts[name]) for name in ranked(counts)}
    if len(counts) == 1:
        (name,) = counts
        return f"{_LEAD[told[name]]} {_of_one(called[name], counts[name], first, points)}."
    of_kind = {one: [called[name] for name in told if told[name] == one] for one in _ORDER}
    futures = counted(max(count.count for count in counts.values()), "future")
    if of_kind[BETTER]:
        text = (
            f"{_some(len(of_kind[BETTER]), len(counts))} than {first} by at least {points} in most of the {futures} "
            f"considered: {listed(of_kind[BETTER])}."
        )
        if of_kind[OFTEN]:
            text += f" {_more(len(of_kind[OFTEN]))} in fewer, but clearly more often than worse."
    elif of_kind[OFTEN]:
        text = (
            f"None of the {len(counts)} does better than {first} by at least {points} in most of the {futures} considered; "
            f"{len(of_kind[OFTEN])} of them {'does' if len(of_kind[OFTEN]) == 1 else 'do'} in some, and clearly more often than "
            f"worse: {listed(of_kind[OFTEN])}."
        )
    else:
        text = f"None of the {len(counts)} is shown to do better than {first} over the {futures} considered."
    if better := shown_better(counts):
        one = counts[better[0]]
        text += f" {_capital(called[better[0]])} is better in {one.better}, about the same in {one.same} and worse in {one.worse}"
        text += f", not defined in {one.undefined}." if one.undefined else "."
    worse = of_kind[WORSE] + of_kind[SELDOM]
    if worse:
        text += f" {_capital(listed(worse))} {'does' if len(worse) == 1 else 'do'} worse more often than better."
    return text


def title(counts: Mapping[str, Futures], called: Mapping[str, str], first: str) -> str:
    """Return the heading of the comparison: what all verdicts together say."""
    told = {name: verdict(counts[name]) for name in ranked(counts)}
    for one, words in ((BETTER, "in most futures"), (OFTEN, "more often than worse, though not in most futures")):
        names = [called[name] for name in told if told[name] == one]
        if names:
            return f"{_capital(listed(names))} {'is' if len(names) == 1 else 'are'} better than {first} {words}"
    if told and all(one in (WORSE, SELDOM) for one in told.values()):
        return f"All that was tried is worse than {first} more often than better"
    if told and all(one == HARDLY_ANY for one in told.values()):
        return f"What was tried hardly differs from {first}"
    return f"Nothing that was tried is shown to be better than {first}"


_ORDER: Final = (BETTER, OFTEN, OPEN, HARDLY_ANY, SELDOM, WORSE)
_LEAD: Final[Mapping[str, str]] = {
    BETTER: "Yes, in most of the futures considered:",
    OFTEN: "Sometimes, and more often than the opposite:",
    OPEN: "That is open:",
    HARDLY_ANY: "It hardly makes a difference:",
    SELDOM: "It does worse more often than better:",
    WORSE: "No, it does worse in most of the futures considered:",
}


def _some(number: int, of: int) -> str:
    return f"{_NUMBERS.get(number, str(number))} of {of} {'does' if number == 1 else 'do'} better"


def _more(number: int) -> str:
    return f"{_NUMBERS.get(number, str(number))} more {'does' if number == 1 else 'do'}"


_NUMBERS: Final = {1: "One", 2: "Two", 3: "Three", 4: "Four", 5: "Five", 6: "Six", 7: "Seven", 8: "Eight", 9: "Nine"}


def _of_one(name: str, count: Futures, first: str, points: str) -> str:
    text = (
        f"{name} is better than {first} by at least {points} in {count.better} of {count.count} futures considered, "
        "about the same in "
        f"{count.same}, worse in {count.worse}"
    )
    return f"{text}, not defined in {count.undefined}" if count.undefined else text


def size(difference: pd.Series[float]) -> str:
    """Return how large the difference is over the futures: its middle and nine tenths, in points, no finer than they support.

    Parameters
    ----------
    difference : in efficiency, a share, a value a future
    """
    here = 100 * difference.dropna().to_numpy(dtype=np.float64)
    if len(here) < 2:
        return ""
    low, middle, high = (float(value) for value in np.quantile(here, (0.05, 0.5, 0.95)))
    fine = 1 if middle_open(here) <= _FINE else 0
    return (
        f"In the middle future the difference is {signed(middle, fine)} points; in nine of ten futures it lies between "
        f"{signed(low, 0)} and {signed(high, 0)}."
    )


def middle_open(values: np.ndarray) -> float:
    """Return half the 95% interval of the median of so many futures (order statistics), in units of the values.

    Source: Conover 1999, Practical Nonparametric Statistics, 3.2.
    """
    ordered, count = np.sort(values), len(values)
    at = int(stats.binom.ppf((1 - CONFIDENCE) / 2, count, 0.5))
    return float(ordered[min(count - 1, count - 1 - at)] - ordered[at]) / 2 if count > at else math.inf


def other_draws(count: Futures) -> str:
    """Return how far the count hangs on which futures were drawn; nothing where there are none.

    Wilson's 95% interval of a share (Wilson 1927), times the number of futures.
    """
    total = count.better + count.same + count.worse
    if total == 0:
        return ""
    found = stats.binomtest(count.better, total).proportion_ci(CONFIDENCE, method="wilson")
    low, high = math.floor(total * found.low + 0.5), math.ceil(total * found.high - 0.5)
    return (
        f"As many other futures, drawn in the same way, would give between {low} and {high} in place of {count.better}."
    )


# ---------------------------------------------------------------------- what it buys, what it costs
def twice(draws: pd.DataFrame, first: str, name: str, called: str, of_first: str) -> str:
    """Return what happens to duplication over the futures: middle shares, and in how many futures it falls.

    Parameters
    ----------
    draws : draw, architecture, duplication_share
    first, name : architectures
    called, of_first : in words
    """
    if "duplication_share" not in draws:
        return ""
    wide = draws.assign(architecture=draws["architecture"].astype(str)).pivot_table(
        index="draw", columns="architecture", values="duplication_share", dropna=False
    )
    both = wide[[first, name]].dropna()
    if both.empty:
        return ""
    before, after = (100 * float(both[one].median()) for one in (first, name))
    falls, rises = int((both[name] < both[first]).sum()), int((both[name] > both[first]).sum())
    return (
        f"Of each 100 euros spent on tasks, {_whole(before)} pay for what is already paid for under {of_first} and "
        f"{_whole(after)} under {called} (middle future); it is less in {falls} and more in {rises} of "
        f"{counted(len(both), 'future')}."
    )


def _whole(value: float) -> str:
    return f"{value:.0f}" if value >= 0.95 or value == 0 else "less than 1"


def tasks(steps: pd.DataFrame, first: str, name: str, called: str, of_first: str) -> str:
    """Return how many of all tasks stand in the end without aid, under the reference and under a design, at default values.

    Parameters
    ----------
    steps : architecture, seed, quarter, capacity and capacity_no_aid (shares of all tasks, every state alike)
    first, name : architectures
    called, of_first : in words

    Notes
    -----
    Whole tasks in a hundred, or tenths where whole ones would be the same; what is not told from chance (`sure`) says so.
    """
    if not {"quarter", "seed", "capacity", "capacity_no_aid"} <= set(steps.columns) or steps.empty:
        return ""
    last = steps[steps["quarter"] == steps["quarter"].max()].assign(
        architecture=lambda one: one["architecture"].astype(str)
    )
    ends = paired(last, "capacity")
    without = 100 * float(last["capacity_no_aid"].mean())
    before, after = (100 * float(ends[one].mean()) for one in (first, name))
    if any(map(math.isnan, (without, before, after))):
        return ""
    form = ".0f" if f"{before:.0f}" != f"{after:.0f}" else ".1f"
    text = f"Of every 100 tasks on the lists of all states {without:{form}} would stand in the end without any aid, "
    text += f"{before:{form}} under {of_first} and {after:{form}} under {called}, at default values"
    change = ends[name] - ends[first]
    told = len(change) > 1 and abs(float(change.mean())) > sure(len(change)) * standard_error(change)
    return f"{text}." if told else f"{text}; the last two are not told apart from chance."


def cost(runs: pd.DataFrame, first: str, name: str, years: float) -> tuple[float, float] | None:
    """Return what coordinating itself costs, EUR m a year and as a share of all money, at default values; None if not known.

    Parameters
    ----------
    runs : architecture, seed, overhead_share, appropriated_m
    first, name : architectures
    years : with new money
    """
    if not {"overhead_share", "appropriated_m"} <= set(runs.columns):
        return None
    spent = (runs["overhead_share"] * runs["appropriated_m"]).groupby(runs["architecture"].astype(str)).mean()
    whole = runs["appropriated_m"].groupby(runs["architecture"].astype(str)).mean()
    more = float(spent[name] - spent[first])
    if math.isnan(more) or years <= 0 or not float(whole[name]) > 0:
        return None
    return more / years, more / float(whole[name])


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def harm(draws: pd.DataFrame, names: Sequence[str], called: Mapping[str, str]) -> str:
    """Return in how many futures aid leaves states below where they would be without it; nothing where it never does.

    Parameters
    ----------
    draws : draw, architecture, harm
    names : architectures, the reference first
    called : in words
    """
    if "harm" not in draws:
        return ""
    wide = draws.assign(architecture=draws["architecture"].astype(str), hurt=draws["harm"] > 0)
    counts = {name: int(wide.loc[wide["architecture"] == name, "hurt"].sum()) for name in names}
    total = int(draws["draw"].nunique())
    if not any(counts.values()):
        return ""
    first, *others = names
    text = (
        f"In {counts[first]} of {counted(total, 'future')} all states together end below where they would be without any "
        f"aid under {called[first]}"
    )
    text += "".join(f", in {counts[name]} under {called[name]}" for name in others)
    return (
        f"{text}: projects, and donors who hire its staff away, use up the administration that states would have "
        "needed for work of "
        "their own."
    )
