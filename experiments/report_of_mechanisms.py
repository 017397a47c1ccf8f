"""What ``mechanisms`` prints: tables of effects, and sentences that follow from tested rules."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
from rich.console import Console

from donorlab.experiments import effects, switches, tables
from donorlab.experiments.outcomes import outcome, written_difference, written_noise
from donorlab.experiments.parameters import written as as_typed
from donorlab.experiments.switches import Switch
from donorlab.experiments.tables import SURE, sure
from donorlab.experiments.words import counted, label

if TYPE_CHECKING:
    from rich.table import Table

    from donorlab.sim import Scenario

HEADLINES: Final[Mapping[str, str]] = {
    "efficiency": "effi-\nciency",
    "duplication_share": "paid\ntwice",
    "ownership": "owner-\nship",
    "exposure": "expo-\nsure",
    "attribution_share": "own\nwork",
}
"""Outcomes of the first architecture that are printed, those that this build has; all others are in the files."""
_INERT: Final = "="


def show(
    screen: Console,
    frame: pd.DataFrame,
    found: pd.DataFrame,
    first: Scenario,
    chosen: Sequence[Switch],
    smallest: float,
    settings: Sequence[str],
) -> None:
    """Print everything; ``frame`` and ``found`` are of `effects`, ``first`` is the first architecture's scenario."""
    seeds = frame.loc[frame["sample"] == effects.DEFAULT, "number"].nunique()
    draws = frame.loc[frame["sample"] == effects.FUTURE, "number"].nunique()
    names = list(found["architecture"].unique())
    screen.print(f"You set: {', '.join(settings) or 'nothing'}.", highlight=False, markup=False)
    screen.print(f"\n[bold]What each mechanism does under {label(names[0])}[/], all else at default values")
    screen.print(levels(found, first, chosen))
    _note(screen, _levels_note(seeds))
    for name in names[1:]:
        screen.print(f"\n[bold]What it does to the difference {label(name)} - {label(names[0])}[/] in efficiency")
        screen.print(differences(found, name, chosen))
        _note(screen, _differences_note(seeds, draws, smallest))
    screen.print("\n[bold]In words[/]")
    for text in sentences(frame, found, smallest):
        screen.print("\n".join(_wrapped(text, screen.width)), highlight=False, markup=False)


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width - 1, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)


def _note(screen: Console, text: str) -> None:
    screen.print(f"[dim]{text}[/]", highlight=False)


def _levels_note(seeds: int) -> str:
    noise = ", one seed: nothing is told from chance"
    if seeds > 1:
        noise = f", mean of {seeds} paired seeds ± its standard error (chance only; told from 0 beyond {sure(seeds):.2g} of them)"
    return (
        f"On less off, in points{noise}. Brackets: what is off by default. {_INERT}: the same in every outcome, to the last "
        "bit; 0: this outcome alone is. Own work: share of new tasks by states themselves."
    )


def _differences_note(seeds: int, draws: int, smallest: float) -> str:
    means = f"means of {seeds} paired seeds; change ± its standard error" if seeds > 1 else "one seed"
    text = f"Points of efficiency with the mechanism off and on, {means}"
    text += ". Left out: what changes nothing here, neither at default values nor in the futures."
    if not draws:
        return text
    return (
        f"{text} Futures: change from 5% to 95% of {counted(draws, 'future')}, on as drawn; better/same/worse than the first by "
        f"{100 * smallest:g} points, off, then on."
    )


# ---------------------------------------------------------------------- tables
def levels(found: pd.DataFrame, first: Scenario, chosen: Sequence[Switch]) -> Table:
    """Return a row a mechanism: its values, and the change of headline outcomes of the first architecture."""
    shown = [name for name in HEADLINES if name in set(found["outcome"])]
    rows = _by(found, str(found["architecture"].iloc[0]))
    table = tables.table()
    table.add_column("mechanism", no_wrap=True)
    table.add_column("what it is", ratio=1)
    table.add_column("off, on", no_wrap=True)
    for name in shown:
        table.add_column(HEADLINES[name], justify="right", no_wrap=True)
    for one in chosen:
        cells = [_change(rows[one.name, name], name) for name in shown]
        on = switches.is_on(one, first)
        table.add_row(one.name if on else f"({one.name})", one.words, _values(one, first), *cells)
    return table


def _values(one: Switch, first: Scenario) -> str:
    pairs = [(as_typed(off), as_typed(on)) for off, on in _pairs(one, first)]
    return "; ".join(f"{off}, {on}" for off, on in pairs)


def _pairs(one: Switch, first: Scenario) -> list[tuple[Any, Any]]:
    on = switches.on_values(one, first)
    return [(off, on[key]) for key, off in switches.off_values(one).items()]


def _change(row: Mapping[Any, Any], name: str) -> str:
    if row["inert"]:
        return _INERT
    if not row["moved"]:
        return "0"
    change = float(row["change"])
    unit = outcome(name).unit
    noise = "" if math.isnan(change) else written_noise(float(row["standard_error"]), unit)
    return f"{written_difference(change, unit)} [dim]{noise:>4}[/]" if noise else written_difference(change, unit)


def differences(found: pd.DataFrame, name: str, chosen: Sequence[Switch]) -> Table:
    """Return a row a mechanism: the difference of an architecture to the first, off and on, and in the futures.

    Those that change nothing are left out.
    """
    rows = _by(found, name)
    futures = "future_change" in found
    table = tables.table()
    table.add_column("mechanism", no_wrap=True)
    for head in ("off", "on", "change"):
        table.add_column(head, justify="right", no_wrap=True)
    for head in ("change in futures", "futures, off", "futures, on") if futures else ():
        table.add_column(head, justify="right", no_wrap=True)
    for one in chosen:
        row = rows[one.name, "efficiency"]
        if row["inert"] and not (futures and (row["future_low"] or row["future_high"])):
            continue
        cells = [_points(row["off"]), _points(row["on"]), _change(row, "efficiency")]
        if futures:
            cells.append(f"{_points(row['future_low'])} to {_points(row['future_high'])}")
            cells += [
                f"{row[f'better_{side}']:.0f}/{row[f'same_{side}']:.0f}/{row[f'worse_{side}']:.0f}"
                for side in effects.SIDES
            ]
        table.add_row(one.name, *cells)
    return table


def _points(value: Any) -> str:
    return written_difference(float(value), "share")


def _by(found: pd.DataFrame, name: str) -> dict[tuple[str, str], dict[Any, Any]]:
    own = found[found["architecture"] == name]
    return {(str(row["mechanism"]), str(row["outcome"])): row for row in own.to_dict("records")}


# ---------------------------------------------------------------------- words
def sentences(frame: pd.DataFrame, found: pd.DataFrame, smallest: float) -> list[str]:
    """Return which mechanisms are inert, which move the first architecture, and which move or turn a difference."""
    mechanisms = [str(name) for name in found["mechanism"].unique()]
    first, *others = (str(name) for name in found["architecture"].unique())
    still = [name for name in mechanisms if effects.inert(frame, name)]
    told = []
    if still:
        under = ", ".join(label(name) for name in (first, *others))
        told.append(
            f"Inert at default values, on or off (no outcome moves by a bit under {under}): {', '.join(still)}."
        )
        if effects.FUTURE in set(frame["sample"]):
            always = [name for name in still if effects.inert(frame, name, effects.FUTURE)]
            awake = [name for name in still if name not in always]
            told.append(
                f"{'They are so in every future too' if not awake else f'In some future they act: {_listed(awake)}'}."
            )
    told.append(_movers(_rows(found, first), f"the efficiency of {label(first)}", smallest))
    for name in others:
        rows = _rows(found, name)
        told.append(_movers(rows, f"the difference {label(name)} - {label(first)}", smallest))
        told += _turns(rows, label(name), label(first))
    return told


def _rows(found: pd.DataFrame, name: str) -> list[dict[Any, Any]]:
    return found[(found["architecture"] == name) & (found["outcome"] == "efficiency")].to_dict("records")


def _movers(rows: Iterable[Mapping[Any, Any]], what: str, smallest: float) -> str:
    """Return which mechanisms move a number beyond chance by what matters, the largest first."""
    rows = list(rows)
    moving = [row for row in rows if effects.verdict(row, smallest) == "moves"]
    moving.sort(key=lambda row: -abs(float(row["change"])))
    points = f"{100 * smallest:g} points"
    if all(int(row["seeds"]) < 2 for row in rows):
        text = f"With one seed no change of {what} is told from chance (replications=20 has twenty)"
    elif not moving:
        text = f"None moves {what} by {points} beyond chance"
    else:
        parts = [f"{row['mechanism']} {_points(row['change'])}" for row in moving]
        text = f"Switched on they move {what} by {points} or more, beyond chance: {', '.join(parts)}"
    small = sum(effects.verdict(row, smallest) == "small" for row in rows)
    unclear = sum(effects.verdict(row, smallest) == "unclear" for row in rows)
    still = [str(row["mechanism"]) for row in rows if effects.verdict(row, smallest) == "elsewhere"]
    if (small or unclear) and "With one" not in text:
        text += f"; told from 0 but smaller: {small}; not told from 0: {unclear}"
    if still:
        text += f"; not moved by a bit, only other outcomes are: {', '.join(still)}"
    return f"{text}."


def turned(row: Mapping[Any, Any], side: str) -> int:
    """Return the sign of a difference with the mechanism on one side, as the futures tell it; 0 where they do not.

    The sign of the majority of the futures that differ by what matters, if it is that of the median.
    """
    ahead = float(row[f"better_{side}"]) - float(row[f"worse_{side}"])
    beyond = abs(ahead) > SURE * math.sqrt(float(row[f"better_{side}"]) + float(row[f"worse_{side}"]))
    median = float(row[f"future_{side}"])
    return int(math.copysign(1, ahead)) if beyond and ahead * median > 0 else 0


def _turns(rows: Iterable[Mapping[Any, Any]], who: str, first: str) -> list[str]:
    """Return with which mechanisms the futures say the opposite; nothing where there are no futures."""
    rows = list(rows)
    if not rows or "better_on" not in rows[0]:
        return []
    words = {1: "better", -1: "worse"}
    signs = [(str(row["mechanism"]), turned(row, "off"), turned(row, "on")) for row in rows]
    opposite = [f"{name} ({words[off]} off, {words[on]} on)" for name, off, on in signs if off * on < 0]
    if opposite:
        return [f"In the futures {who} against {first} turns with {_listed(opposite)}."]
    return [f"In the futures no mechanism turns {who} against {first} into its opposite."]


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
