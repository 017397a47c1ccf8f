"""The table of a comparison and the sentences under it: every number is computed from the runs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from donorlab.experiments.ensemble import futures
from donorlab.experiments.outcomes import (
    MEMBERS,
    MOVES,
    OUTCOMES,
    Unit,
    cents,
    outcome,
    percent,
    written,
    written_difference,
    written_noise,
)
from donorlab.experiments.words import counted, in_lines, label

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

WIDTH: Final = 100  # where there is no terminal to fit
SURE: Final = 2.0  # standard errors of a fair coin beyond which a count of futures is a majority
_ABREAST: Final = 5  # architectures beside each other


def names_in(runs: pd.DataFrame) -> list[str]:
    """Return the architectures of a table of runs in the order in which they were asked for."""
    return [str(name) for name in runs["architecture"].unique()]


def outcome_names(runs: pd.DataFrame) -> list[str]:
    """Return the outcomes that a table of runs holds: known ones in the order of the table, then the others."""
    numbers = [str(name) for name in runs.select_dtypes("number").columns if name != "seed"]
    known = [item.name for item in OUTCOMES if item.name in numbers]
    return known + [name for name in numbers if name not in known]


def paired(runs: pd.DataFrame, name: str, pair: str = "seed") -> pd.DataFrame:
    """Return one outcome with a row a seed (or a draw) and a column an architecture."""
    # there is one value of each, and a table of means would take four times as long
    wide = runs.pivot(index=pair, columns="architecture", values=name).astype("float64")  # noqa: PD010
    return wide.reindex(columns=names_in(runs))


def summarise(runs: pd.DataFrame, draws: pd.DataFrame | None = None, smallest: float = 0.02) -> pd.DataFrame:
    """Return the table of a comparison, a row an outcome.

    Parameters
    ----------
    runs : a row a run: architecture, seed, outcomes
    draws : of the ensemble, a row a draw and architecture; None without one
    smallest : least difference in efficiency that matters

    Returns
    -------
    DataFrame
        outcome, label, unit, then per architecture its mean, ``_seed_noise`` (standard deviation of the replications;
        empty if there is one) and ``_range_low``, ``_range_high`` (5% and 95% of the draws), then the same for the
        paired difference of each further architecture to the first, ``X_minus_FIRST``, with the ``_standard_error``
        of its mean, and for efficiency ``X_better``, ``X_same``, ``X_worse`` (number of draws). What is undefined in
        one replication is empty.
    """
    first, *others = names_in(runs)
    rows: list[dict[str, Any]] = []
    for name in outcome_names(runs):
        values, drawn = paired(runs, name), paired(draws, name, "draw") if draws is not None else None
        shown = outcome(name)
        row: dict[str, Any] = {"outcome": name, "label": shown.label, "unit": shown.unit}
        for who in names_in(runs):
            row |= _columns(who, values[who], None if drawn is None else drawn[who])
        for who in others:
            spread = None if drawn is None else drawn[who] - drawn[first]
            difference = values[who] - values[first]
            row |= _columns(f"{who}_minus_{first}", difference, spread)
            row[f"{who}_minus_{first}_standard_error"] = standard_error(difference)
            if name == "efficiency" and spread is not None:
                count = futures(spread, smallest)
                row |= {f"{who}_better": count.better, f"{who}_same": count.same, f"{who}_worse": count.worse}
        rows.append(row)
    return pd.DataFrame(rows)


def _columns(name: str, series: pd.Series[float], draws: pd.Series[float] | None) -> dict[str, float]:
    found = {name: float(series.mean(skipna=False))}
    found[f"{name}_seed_noise"] = float(series.std(ddof=1, skipna=False)) if len(series) > 1 else math.nan
    if draws is not None:
        found |= {f"{name}_range_low": float(draws.quantile(0.05)), f"{name}_range_high": float(draws.quantile(0.95))}
    return found


def standard_error(series: pd.Series[float]) -> float:
    """Return the standard error of the mean of paired replications; NaN with one of them."""
    return float(series.std(ddof=1, skipna=False)) / math.sqrt(len(series)) if len(series) > 1 else math.nan


def sure(replications: int) -> float:
    """Return how many standard errors from 0 the mean of paired replications must lie to be told from chance.

    Student's t for 95%, two-sided: 12.7 with two of them, 2.09 with twenty. Infinite with one, which tells nothing.
    Source: Student 1908.
    """
    from scipy import stats

    return float(stats.t.ppf(0.975, replications - 1)) if replications > 1 else math.inf


def abreast(architectures: Sequence[str]) -> list[list[str]]:
    """Return the architectures in groups of about the same size, each of so many as fit beside each other."""
    size = math.ceil(len(architectures) / math.ceil(len(architectures) / _ABREAST))
    return [list(architectures[at : at + size]) for at in range(0, len(architectures), size)]


def rendered(summary: pd.DataFrame, architectures: Sequence[str], replications: int, free: bool = False) -> list[Table]:
    """Return the summary as tables for the terminal, grouped and in plain words, some architectures a table.

    The paired difference stands beside two architectures; of more it is in the files only. Who is a member is shown where
    that is another share of the money from one architecture to another, or ``free``: where members may join and leave.
    """
    hidden = _hidden(summary, architectures, free)
    summary = summary[~summary["outcome"].isin(hidden)]
    tables = [
        _block(summary, names, architectures if len(architectures) == 2 else ()) for names in abreast(architectures)
    ]
    tables[-1].caption_justify = "left"
    tables[-1].caption = (
        f"Means of {replications} paired replications; ± is seed noise, their standard deviation. "
        if replications > 1
        else "One replication; seed noise is not known. "
    ) + "Efficiency: 100% is a proven upper bound, which nobody need be able to reach."
    return tables


def _hidden(summary: pd.DataFrame, architectures: Sequence[str], free: bool) -> list[str]:
    """Return the outcomes of membership that tell nothing here."""
    if free:
        return []
    shares = summary.loc[summary["outcome"] == "membership", list(architectures)].to_numpy(dtype=np.float64)
    apart = bool(shares.size) and float(np.nanmax(shares, initial=0)) > float(np.nanmin(shares, initial=1))
    return [item.name for item in OUTCOMES if item.group == MEMBERS and (item.name in MOVES or not apart)]


def _block(summary: pd.DataFrame, names: Sequence[str], pair: Sequence[str]) -> Table:
    block = table()
    block.add_column("", ratio=1)
    for name in names:
        block.add_column(in_lines(name), justify="right", no_wrap=True)
    if pair:
        block.add_column(f"{in_lines(pair[1])}\n- {label(pair[0])}", justify="right", no_wrap=True)
    by_name: dict[str, dict[Any, Any]] = {str(row["outcome"]): row for row in summary.to_dict("records")}
    listed = [item for item in OUTCOMES if item.group and item.name in by_name]
    for group, items in itertools.groupby(listed, key=lambda item: item.group):
        block.add_row(f"[bold]{group}[/]")
        for item in items:
            row = by_name[item.name]
            cells = [_cell(row, name, item.unit) for name in names]
            if pair:
                cells.append(_cell(row, f"{pair[1]}_minus_{pair[0]}", item.unit, difference=True))
            block.add_row(f"  {item.label}", *cells)
    return block


def console() -> Console:
    """Return the terminal; where there is none, one of at least `WIDTH` columns."""
    from rich.console import Console

    found = Console()
    return found if found.is_terminal else Console(width=max(WIDTH, found.width))


def table() -> Table:
    """Return an empty table in the style of all."""
    from rich import box
    from rich.table import Table

    return Table(
        box=box.SIMPLE_HEAD, padding=(0, 1), collapse_padding=True, pad_edge=False, show_edge=False, header_style="bold"
    )


def folded(screen: Console, whole: Table) -> list[Table | Text]:
    """Return a table as it is where it fits, else as several below each other, each with its first column.

    A terminal of 80 columns would otherwise cut numbers short. The caption stands under the last one.
    """
    from rich.measure import Measurement
    from rich.text import Text

    if Measurement.get(screen, screen.options.update(width=10_000), whole).maximum <= screen.width:
        return [whole]
    first, *others = whole.columns
    parts = [_of_columns(whole, [first])]
    for column in others:
        wider = _of_columns(whole, [*parts[-1].columns, column])
        if Measurement.get(screen, screen.options.update(width=10_000), wider).maximum <= screen.width:
            parts[-1] = wider
        else:
            parts.append(_of_columns(whole, [first, column]))
    lines: list[Table | Text] = [piece for part in parts for piece in (part, Text())]
    return [*lines[:-1], Text(str(whole.caption), style="dim italic")] if whole.caption else lines[:-1]


def _of_columns(whole: Table, chosen: Sequence[Any]) -> Table:
    part = table()
    for column in chosen:
        part.add_column(column.header, justify=column.justify, no_wrap=column.no_wrap, vertical=column.vertical)
    for cells in zip(*(column.cells for column in chosen), strict=True):
        part.add_row(*cells)
    return part


def _cell(row: dict[Any, Any], column: str, unit: Unit, difference: bool = False) -> str:
    value = float(row[column])
    text = written_difference(value, unit) if difference else written(value, unit)
    noise = written_noise(float(row[f"{column}_seed_noise"]), unit) if not math.isnan(value) else ""
    return f"{text} [dim]{noise:>4}[/]" if noise else text


def sentences(runs: pd.DataFrame, states: int, smallest: float) -> list[str]:
    """Return what the table says in a few plain sentences.

    Parameters
    ----------
    runs : a row a run: architecture, seed, outcomes
    states : number of beneficiaries
    smallest : least difference in efficiency that matters; a smaller one is called about the same
    """
    first, *others = names_in(runs)
    means = pd.DataFrame({name: paired(runs, name).mean(skipna=False) for name in outcome_names(runs)})

    def defined(*names: str) -> bool:
        return set(names) <= set(means) and bool(means[list(names)].notna().all(axis=None))

    def value(architecture: str, name: str) -> float:
        return float(means[name].to_dict()[architecture])

    result = []
    if "efficiency" in means:
        result.append(_efficiency(runs, first, others, smallest))
    if defined("duplication_share", "duplication_ignorance_share", "duplication_race_share"):
        twice, ignorance, race = (
            cents(value(first, f"duplication_{part}")) for part in ("share", "ignorance_share", "race_share")
        )
        result.append(
            f"{_acting(first)} {twice} of each euro spent on tasks go to something that is already paid for: {ignorance} "
            f"because it could have been seen and was not, {race} because several bought at the same time."
        )
    if defined("orphans", "darlings"):
        text = (
            f"{_acting(first)} {value(first, 'orphans'):.0f} of {counted(states, 'state')} "
            f"{'gets' if round(value(first, 'orphans')) == 1 else 'get'} less than half of what need would give, "
            f"{value(first, 'darlings'):.0f} more than one and a half times it"
        )
        if others:
            parts = (f"{label(name)} {value(name, 'orphans'):.0f} and {value(name, 'darlings'):.0f}" for name in others)
            text += f" ({', '.join(parts)})"
        result.append(text + ".")
    if defined("attribution_share"):
        share = value(first, "attribution_share")
        result.append(
            f"Of the tasks that stand at the end and did not at the start, {percent(share)} are the states' own work "
            f"under {label(first)}: not every gain is the donors'."
        )
    return result


def _acting(name: str) -> str:
    return "Acting alone," if name == "fragmented" else f"Under {label(name)},"


def _efficiency(runs: pd.DataFrame, first: str, others: Sequence[str], smallest: float) -> str:
    values = paired(runs, "efficiency")
    if values.isna().any(axis=None):
        return "Efficiency is not defined: the money could buy no gain at all, so that there is nothing to divide by."
    text = f"{_acting(first)} donors realise {percent(values[first].mean())} of a proven upper bound of what their money could do"
    for other in others:
        difference = values[other] - values[first]
        text += f"; {label(other)} realises {percent(values[other].mean())}, {_verdict(difference, first, smallest)}"
    return text + "."


def _verdict(difference: pd.Series[float], first: str, smallest: float) -> str:
    mean = float(difference.mean())
    if len(difference) < 2:
        return f"{abs(100 * mean):.1f} points {'more' if mean > 0 else 'less'} in this one replication"
    if abs(mean) < smallest:
        return f"about the same as {label(first)}"
    better = int((difference > 0).sum()) if mean > 0 else int((difference < 0).sum())
    direction = "more" if mean > 0 else "less"
    return f"{abs(100 * mean):.1f} points {direction} ({better} of {len(difference)} replications agree)"
