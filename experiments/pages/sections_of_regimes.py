"""Where the answer turns with two levers: maps of regimes out of sweeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

from donorlab.experiments.arguments import InputError
from donorlab.experiments.conditions_in_words import axis
from donorlab.experiments.opened import Opened
from donorlab.experiments.pages import blocks, charts
from donorlab.experiments.pages import claims_of_regimes as turns
from donorlab.experiments.pages import claims_of_studies as said
from donorlab.experiments.pages.blocks import Section
from donorlab.experiments.pages.case import Case
from donorlab.experiments.pages.chart import Chart, label, listed
from donorlab.experiments.sweeps.columns import SEED
from donorlab.experiments.words import counted

_PICTURES: Final = 3  # further architectures of a sweep
_OUTCOME: Final = "efficiency"


def regimes(case: Case) -> Section | None:
    """Return a map of regimes for each pair of levers that a sweep varies; nothing without one."""
    sweeps = case.gathered.found.get("sweep", ())
    if not sweeps:
        return None
    made: list[tuple[turns.Regimes, Chart, list[str]]] = []
    left: list[str] = []
    for place, one in enumerate(sweeps):
        why, levers = _levers(one)
        if why:
            left.append(f"The sweep in {one.path.name} is left out: {why}.")
        else:
            made += _maps(case, one, levers, f"regime-{place}", left)
    if not made:
        return Section(
            "regimes", "No map of regimes can be drawn from the sweeps that are there", (blocks.points(left),)
        )
    body = []
    for drawn, chart, notes in made:
        body.append(
            blocks.points(said.spoken([turns.counts_said(drawn), turns.lever(drawn), turns.ends(drawn)]), "claims")
        )
        caption = (
            f"Difference in efficiency, {drawn.other} less {drawn.first}, in points, at each setting of {drawn.levers}."
        )
        body.append(blocks.picture(chart, caption, {"points": blocks.signed_cell()}))
        body += [blocks.note(text) for text in notes]
    body += [blocks.note(_REGIMES), *(blocks.note(text) for text in left)]
    return Section("regimes", turns.title(made[0][0]), tuple(body), tuple(chart for _, chart, _ in made))


_REGIMES: Final = (
    "All that is not on the two axes stands at default values: a map says where the answer turns with these two levers, and "
    "nothing about other futures. A cell is told from chance if the mean over its pairs of seeds lies outside the 95% interval, "
    "each cell by itself, so that of cells without any difference one in twenty would be told as well."
)


def _levers(one: Opened) -> tuple[str, tuple[str, ...]]:
    """Return why a sweep makes no map, empty if it does, and the two levers that it varies."""
    plan, found = one.manifest.get("plan", {}), one.manifest.get("complete")
    try:
        varied = [column for column in plan["columns"] if len(column["values"]) != 1 and column["name"] != SEED]
        labels = list(plan["labels"])
    except (KeyError, TypeError):
        raise InputError(
            f"{one.path / 'manifest.json'}: its plan is not readable; put a copy of the folder in its place"
        ) from None
    names = tuple(str(column["name"]) for column in varied)
    if not found:
        return "it is not finished; its own command, run again, goes on with it", ()
    if len(labels) < 2:
        return f"it has one architecture, {label(str(labels[0]))}, and a map shows the difference between two", ()
    if len(names) != 2:
        what = f"{counted(len(names), 'value')} ({listed([label(name) for name in names])})" if names else "nothing"
        return f"it varies {what}, and a map shows two", ()
    if any(column["kind"] == "word" for column in varied):
        return "it varies words, and a map has numbers on its axes", ()
    design = one.frame("design", names)
    cells = len(design.drop_duplicates())
    if cells < design[names[0]].nunique() * design[names[1]].nunique():
        return f"its points are no grid over {label(names[0])} and {label(names[1])}", ()
    return "", names


def _maps(
    case: Case, one: Opened, levers: Sequence[str], name: str, left: list[str]
) -> list[tuple[turns.Regimes, Chart, list[str]]]:
    """Return a map for each further architecture of a sweep; what is left out is added to ``left``."""
    x, y = levers
    runs = one.frame("runs", ["point", "architecture", SEED, x, y, _OUTCOME, "error"])
    labels = [str(who) for who in one.manifest["plan"]["labels"]]
    first = case.first if case.first in labels else labels[0]
    others = [who for who in labels if who != first]
    failed = int(runs["error"].notna().sum())
    good = runs[runs["error"].isna()]
    wide = good.pivot_table(
        index=[x, y, "point", SEED], columns="architecture", values=_OUTCOME, dropna=False, observed=True
    )
    notes = (
        [f"{counted(failed, 'run')} of the sweep failed and {'is' if failed == 1 else 'are'} left out."]
        if failed
        else []
    )
    if len(others) > _PICTURES:
        rest = listed([case.called(who) for who in others[_PICTURES:]])
        left.append(f"The sweep in {one.path.name} has more architectures than are shown: {rest}.")
    made = []
    for place, who in enumerate(others[:_PICTURES]):
        if who not in wide or first not in wide:
            left.append(f"The sweep in {one.path.name} has no run of {case.called(who)} beside {case.called(first)}.")
            continue
        difference = (wide[who] - wide[first]).dropna().rename("difference").reset_index()
        if difference.empty:
            left.append(
                f"The sweep in {one.path.name} has no pair of runs of {case.called(who)} in which efficiency is defined."
            )
            continue
        heads = (axis(x), axis(y)) if not (turns.in_percent(x) or turns.in_percent(y)) else (_head(x), _head(y))
        percent = (turns.in_percent(x), turns.in_percent(y))
        chart = charts.regime(difference, x, y, case.smallest, f"{name}-{place}", heads, percent)
        cells = chart.data.set_axis(["x", "y", "points", "verdict"], axis=1)
        found = turns.Regimes(case.called(who), case.called(first), x, y, cells, case.points)
        made.append((found, chart, [_read(x, y, difference), *notes]))
    return made


def _head(name: str) -> str:
    return label(name) if turns.in_percent(name) else axis(name)


def _read(x: str, y: str, difference: pd.DataFrame) -> str:
    """Return what the axes mean, and on how many seeds a cell rests."""
    sizes = difference.groupby([x, y]).size()
    few, most = int(sizes.min()), int(sizes.max())
    seeds = counted(most, "pair") if few == most else f"{few} to {most} pairs"
    return f"{said.glossary((x, y))} Each cell is the mean of {seeds} of runs with the same seed.".strip()
