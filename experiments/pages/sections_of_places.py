"""World maps of the report: capacity, duplication, coverage and exposure under each architecture."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from markupsafe import Markup

from donorlab.experiments import chances
from donorlab.experiments.pages import blocks, claims_of_places
from donorlab.experiments.pages import maps as drawing
from donorlab.experiments.pages.blocks import Cell, Section
from donorlab.experiments.pages.case import Case
from donorlab.experiments.pages.chart import Chart, label
from donorlab.experiments.pages.claims_of_places import Changed
from donorlab.experiments.pages.shades import Unit, amount
from donorlab.sim.outcomes.distribution import DARLING, ORPHAN

BEST: Final = 2
"""Candidates that are drawn beside the reference where there are many."""
FEW: Final = 3
"""Designs up to which all are drawn."""
_LITTLE: Final = f"States under {ORPHAN:.0%} of their share of aid by need"
_TABLE: Final = "beneficiaries"


@dataclass(frozen=True)
class Shown:
    """A value that is mapped.

    Attributes
    ----------
    key : its word in names of pictures
    title : above maps
    said : in sentences
    means : what it is, a sentence
    unit : of it
    part, whole : columns; the value is ``part``, or over all runs ``part`` / ``whole``
    breaks : limits between shades, as far as they mean something
    more_is_better : whether more is better
    words : of what is better and what is worse
    compared : whether a map of differences has a good and a bad side
    """

    key: str
    title: str
    said: str
    means: str
    unit: Unit
    part: str
    whole: str = ""
    breaks: tuple[float, ...] = ()
    more_is_better: bool = True
    words: tuple[str, str] = ("higher", "lower")
    compared: bool = True


SHOWN: Final = (
    Shown(
        "capacity",
        "Capacity at the end",
        "capacity at the end",
        "Capacity is the share of all tasks that stand in a state.",
        "share",
        "capacity_final",
    ),
    Shown(
        "duplication",
        "Money paid twice",
        "the share of money paid twice",
        "Of the money for tasks in a state, the share paid for tasks that another project had paid for already. A state without "
        "any project has no such share and is dotted.",
        "share",
        "duplicated_cost_m",
        "base_cost_m",
        more_is_better=False,
        words=("lower", "higher"),
    ),
    Shown(
        "coverage",
        "Aid over need",
        "aid over need",
        "A state's share of all aid over its share of all need, where need is what it lacks at the start, weighted as in the "
        "model: 1 is aid by need. Where the mean state has more than 1, states with little need get more for it than those with "
        "much. More for one state is less for another: no map of differences is drawn.",
        "ratio",
        "aid_need_ratio",
        breaks=(ORPHAN, 1.0, DARLING, 3.0),
        compared=False,
    ),
    Shown(
        "exposure",
        "Exposure at the end",
        "exposure at the end",
        "Exposure is the part of a state that its own capacity does not protect, from 0% to 100%; where many users live in "
        "states that do little against attackers, capacity protects less everywhere.",
        "share",
        "exposure",
        more_is_better=False,
        words=("lower", "higher"),
    ),
)


def maps(case: Case) -> Section | None:
    """Return maps of what states have in the end, and of what changes; nothing where no state has a place on a map."""
    if _TABLE not in case.compare.tables:
        return None
    columns = sorted({one for value in SHOWN for one in (value.part, value.whole) if one})
    found = case.compare.frame(_TABLE, ["architecture", "seed", "iso3", *columns])
    found["architecture"] = found["architecture"].astype(str)
    states = sorted(found["iso3"].unique())
    if len(drawing.without_place(states)) == len(states):
        return None
    drawn = [case.first, *(case.candidates if len(case.names) > FEW else case.others)[:BEST]]
    seeds = int(found["seed"].nunique())
    pieces: list[Markup] = []
    pictures: list[Chart] = []
    counted: dict[str, Changed] = {}
    for value in SHOWN:
        made, claims, first = _one(case, value, found, drawn, seeds)
        if value.key == "capacity" and first is not None:
            counted["capacity"] = first
        pieces += [blocks.heading(value.title), blocks.say(value.means), blocks.points(claims)]
        cells = _cells(value.unit, case.names)
        pieces += [
            blocks.picture(chart, f"{value.title}, {'differences' if i else 'mean of the runs'}.", {} if i else cells)
            for i, chart in enumerate(made)
        ]
        pictures += made
    called = [case.called(name) for name in drawn]
    title = (
        claims_of_places.title(called[1], counted.get("capacity", Changed(0, 0, len(states))), seeds)
        if called[1:]
        else "What states would have"
    )
    lead = [
        blocks.say(claims_of_places.shown(called, len(case.names) - len(drawn))),
        blocks.note(claims_of_places.rests_on(seeds)),
        means(case.names, found),
    ]
    return Section("maps", title, (*lead, *pieces), tuple(pictures))


def _one(
    case: Case, value: Shown, found: pd.DataFrame, drawn: Sequence[str], seeds: int
) -> tuple[list[Chart], list[str], Changed | None]:
    """Return the pictures of a value, what they say, and for how many states it changes under the best candidate."""
    own = _spread(found, value)
    some = own[own["architecture"].isin(drawn)]
    some = pd.concat([some[some["architecture"] == name] for name in drawn])
    levels = drawing.states(
        some, value.title, value.unit, name=f"map-{value.key}", breaks=value.breaks, named=case.named
    )
    wide = own.pivot_table(index="iso3", columns="architecture", values="value", dropna=False)[list(case.names)]
    levels = dataclasses.replace(levels, data=drawing.table_of(wide, case.named))
    if not value.compared:
        return [levels], _served(case, wide, drawn), None
    if seeds < 2 or len(drawn) < 2:
        return [levels], [], None
    told = {name: _changes(own, name, case.first) for name in drawn[1:]}
    marked = some.assign(
        told=[
            bool(told[n].get(s, False)) if n in told else False
            for n, s in zip(some["architecture"], some["iso3"], strict=True)
        ]
    )
    smallest = case.smallest
    counts = {name: changed(wide[name] - wide[case.first], told[name], smallest, value.more_is_better) for name in told}
    least = amount(smallest, value.unit) if value.unit != "share" else case.points
    claims = [
        claims_of_places.moved(value.said, case.called(name), one, least, value.words) for name, one in counts.items()
    ]
    seen = [name for name, one in counts.items() if one.better + one.worse]
    if not seen:
        return [levels], claims, counts[drawn[1]]
    marked = marked[marked["architecture"].isin([case.first, *seen])]
    differences = drawing.states(
        marked, value.title, value.unit, case.first, name=f"map-{value.key}-change", smallest=smallest,
        more_is_better=value.more_is_better, named=case.named,
    )  # fmt: skip
    return [levels, differences], claims, counts[drawn[1]]


def _spread(found: pd.DataFrame, value: Shown) -> pd.DataFrame:
    """Return a value a run and state.

    A share of money is that of all runs together, told run by run: a run's part is the share of all and by how much the run's own
    money for what is counted departs from it, over the mean money of a run (linearisation of a ratio, Cochran 1977, 6.4). So the
    mean over the runs is the share itself, and a run without any money in a state still counts.
    """
    if not value.whole:
        return found[["architecture", "seed", "iso3"]].assign(value=found[value.part].astype("float64"))
    sums = found.groupby(["architecture", "iso3"], observed=True)[[value.part, value.whole]].transform("sum")
    runs = found.groupby(["architecture", "iso3"], observed=True)["seed"].transform("size")
    whole = sums[value.whole].where(sums[value.whole] > 0)
    ratio = sums[value.part] / whole
    own = ratio + (found[value.part] - ratio * found[value.whole]) * runs / whole
    return found[["architecture", "seed", "iso3"]].assign(value=own)


def _changes(own: pd.DataFrame, name: str, first: str) -> pd.Series[bool]:
    """Return by state whether its change under a candidate is told from chance among all states."""
    runs = {
        who: own[own["architecture"] == who].pivot_table(index="seed", columns="iso3", values="value", dropna=False)
        for who in (name, first)
    }
    difference = (runs[name] - runs[first]).dropna(how="all")
    return pd.Series(chances.changes(difference.to_numpy()).told, index=difference.columns)


def changed(difference: pd.Series[float], told: pd.Series[bool], smallest: float, more_is_better: bool) -> Changed:
    """Return for how many states a difference is told and matters.

    Parameters
    ----------
    difference : of the means, by state; NaN changes nothing
    told : by state
    smallest : least difference that matters
    more_is_better : whether more is better
    """
    kept: npt.NDArray[np.bool_] = told.reindex(difference.index).fillna(False).to_numpy(dtype=np.bool_)
    up, down = int((kept & (difference >= smallest)).sum()), int((kept & (difference <= -smallest)).sum())
    return Changed(up, down, len(difference)) if more_is_better else Changed(down, up, len(difference))


def _served(case: Case, wide: pd.DataFrame, drawn: Sequence[str]) -> list[str]:
    """Return how many states get little of what their need would give them."""
    counts = {name: int((wide[name] < ORPHAN).sum()) for name in drawn}
    before = counts[case.first]
    return [
        claims_of_places.served(counts[name], before, len(wide), case.called(name), case.called(case.first), ORPHAN)
        for name in drawn[1:]
    ]


def _cells(unit: Unit, names: Sequence[str]) -> dict[str, Cell]:
    return dict.fromkeys(names, blocks.percent_cell(1)) if unit == "share" else {}


def means(names: Sequence[str], found: pd.DataFrame) -> Markup:
    """Return the table of all designs: what the mean state has of each value, and how many get little for their need.

    Parameters
    ----------
    names : of designs, in order
    found : a row a run and state
    """
    columns: dict[str, pd.Series[float]] = {}
    for value in SHOWN:
        own = _spread(found, value).groupby(["architecture", "iso3"])["value"].mean()
        if value.compared:
            columns[value.title] = own.groupby("architecture").mean()
        else:
            columns[_LITTLE] = (own < ORPHAN).astype("float64").groupby("architecture").sum()
    frame = pd.DataFrame(columns).reindex(list(names)).rename(index=label).rename_axis("design").reset_index()
    return blocks.table(
        frame,
        "The mean state under each design, each state counted once (at default values)",
        {value.title: blocks.percent_cell(1) for value in SHOWN if value.unit == "share"},
        heads={name: name for name in columns},
    )
