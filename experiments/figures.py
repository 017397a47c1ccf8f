"""The figures of a comparison. The title of each is its claim, computed from the runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from donorlab.experiments.canvas import (
    DASHES,
    FONT,
    INK,
    SHADES,
    SMALL,
    WIDTH_CM,
    Drawn,
    Page,
    Stamp,
    ends,
    led_text,
    names_width_cm,
    spread,
    style,
    text_width_cm,
)
from donorlab.experiments.figures_of_break_even import break_even
from donorlab.experiments.figures_of_rivals import rivals
from donorlab.experiments.figures_of_states import who_is_served
from donorlab.experiments.figures_of_worth import futures, losses
from donorlab.experiments.outcomes import cents, percent
from donorlab.experiments.rivals import standings
from donorlab.experiments.tables import names_in, paired
from donorlab.experiments.words import in_lines, label

if TYPE_CHECKING:
    from donorlab.experiments.comparison import Comparison, Study

__all__ = ["Stamp", "capacity_over_time", "draw_all", "draw_comparison", "efficiency_and_duplication", "who_is_served"]


def draw_all(study: Study, stamp: Stamp, smallest: float) -> Iterator[Drawn]:
    """Draw all figures of a study, one after the other; ``smallest`` is the least difference that matters."""
    yield from draw_comparison(study.comparison, stamp)
    names = names_in(study.comparison.runs)
    yield losses(study.comparison.waterfalls, stamp)
    if study.draws is not None and len(names) > 1:
        mean = paired(study.comparison.runs, "efficiency").mean(skipna=False)
        pessimistic = bool(study.plan is not None and study.plan.levers)
        yield futures(study.draws, mean - mean[names[0]], smallest, stamp, pessimistic)
    if study.curves is not None and study.curves["difference"].notna().any():
        yield break_even(study.curves, names, stamp, smallest)
    if study.contest is not None and study.contested is not None:
        yield rivals(standings(study.contested, smallest), names[0], smallest, study.contest.draws, stamp)


def draw_comparison(comparison: Comparison, stamp: Stamp) -> Iterator[Drawn]:
    """Draw the figures of paired replications."""
    horizon = next(iter(comparison.scenarios.values())).parameters.horizon
    yield efficiency_and_duplication(comparison.runs, stamp)
    start = float(comparison.beneficiaries["capacity_initial"].mean())
    yield capacity_over_time(comparison.steps, start, horizon, stamp)
    yield who_is_served(comparison.runs, comparison.beneficiaries, stamp)


# ---------------------------------------------------------------------- 1
def efficiency_and_duplication(runs: pd.DataFrame, stamp: Stamp) -> Drawn:
    """Draw bars of efficiency and of duplication, split by cause, a row an architecture.

    Parameters
    ----------
    runs : a row a run: architecture, seed, outcomes
    stamp : where the figure comes from
    """
    names = names_in(runs)
    columns = ("efficiency", "duplication_share", "duplication_ignorance_share", "duplication_race_share")
    rows = []
    for name in names:
        part = runs.loc[runs["architecture"] == name, list(columns)].astype("float64")
        row: dict[str, object] = {"architecture": name, "replications": len(part)}
        for column in columns:
            row[column] = part[column].mean(skipna=False)
            row[f"{column}_seed_noise"] = part[column].std(ddof=1, skipna=False) if len(part) > 1 else 0.0
        rows.append(row)
    data = pd.DataFrame(rows)
    title = _efficiency_claim(data)
    with style():
        body = 2.15 + 0.85 * len(names)
        note = "Bars: means; whiskers: seed noise (one standard deviation of the replications)."
        page = Page(title, note, stamp, body + 0.6)
        edge = 0.5 + names_width_cm(names)
        middle = edge + 0.48 * (WIDTH_CM - edge)
        left = page.axes(edge, 1.0, middle - 0.85 - edge, body - 1.8)
        right = page.axes(middle, 1.0, WIDTH_CM - 0.5 - middle, body - 1.8)
        y = np.arange(len(names))[::-1].astype(np.float64)
        _efficiency_bars(left, y, data)
        _duplication_bars(right, y, data)
        left.set_yticks(y, [in_lines(name) for name in names])
        right.set_yticks(y, [""] * len(names))
        page.text(edge, body + 0.05, "Efficiency", fontweight="bold")
        page.text(edge, body - 0.65, "100%: a proven bound on what\nthe money could reach", fontsize=SMALL)
        page.text(middle, body + 0.05, "Duplication", fontweight="bold")
        for axes in (left, right):
            axes.set_ylim(-0.6, len(names) - 0.4)
            axes.tick_params(axis="y", length=0)
            axes.spines["left"].set_visible(False)
            axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    return Drawn("efficiency_and_duplication", title, page.figure, data, stamp)


def _efficiency_claim(data: pd.DataFrame) -> str:
    first = data.iloc[0]
    name = str(first["architecture"])
    who = "Donors who act alone" if name == "fragmented" else f"Donors under {label(name)}"
    if np.isnan(float(first["efficiency"])) or np.isnan(float(first["duplication_share"])):
        return "There is no money that could reach anything: efficiency and duplication are not defined"
    twice = cents(float(first["duplication_share"]))
    text = f"{who} pay {twice} of each task euro a second time and reach {percent(float(first['efficiency']))} of a proven "
    text += "upper bound"
    others = [(str(row["architecture"]), float(row["efficiency"])) for row in data.iloc[1:].to_dict("records")]
    told = ", ".join(f"{label(other)} {percent(value)}" for other, value in ends(others))
    return f"{text} ({told})" if told else text


def _efficiency_bars(axes: Axes, y: np.ndarray, data: pd.DataFrame) -> None:
    values = data["efficiency"].to_numpy(dtype=np.float64)
    noise = data["efficiency_seed_noise"].to_numpy(dtype=np.float64)
    axes.barh(y, values, height=0.56, color=SHADES[0], edgecolor=INK, linewidth=0.5)
    axes.errorbar(values, y, xerr=noise, fmt="none", ecolor="#888888", elinewidth=1.1, capsize=2.2, zorder=3)
    for value, spread_, at in zip(values, noise, y, strict=True):
        if not np.isnan(value):
            axes.text(max(value + spread_, 0) + 0.02, at, percent(value), va="center", fontweight="bold")
    low = min(0.0, float(np.nanmin(values - noise, initial=0)) * 1.1)
    axes.set_xlim(low, 1.0)
    axes.axvline(0, color="#555555", linewidth=0.6)
    axes.set_xlabel("Share of the upper bound of the gain")


def _duplication_bars(axes: Axes, y: np.ndarray, data: pd.DataFrame) -> None:
    ignorance = data["duplication_ignorance_share"].to_numpy(dtype=np.float64)
    race = data["duplication_race_share"].to_numpy(dtype=np.float64)
    noise = data["duplication_share_seed_noise"].to_numpy(dtype=np.float64)
    options: dict[str, Any] = {"height": 0.56, "edgecolor": INK, "linewidth": 0.5}
    axes.barh(y, ignorance, color="#d5dde5", hatch="////", label="ignorance: others' project unseen", **options)
    axes.barh(y, race, left=ignorance, color=INK, label="race: bought at the same time", **options)
    total = ignorance + race
    axes.errorbar(total, y, xerr=noise, fmt="none", ecolor="#888888", elinewidth=1.1, capsize=2.2, zorder=3)
    widest = float(np.nanmax(total + noise, initial=0.05))
    for value, spread_, at in zip(total, noise, y, strict=True):
        if np.isnan(value):
            continue
        axes.text(value + spread_ + 0.03 * widest, at, percent(value), va="center", fontweight="bold")
    axes.set_xlim(0, widest * 1.3)
    axes.set_xlabel("Share of task money paid twice")
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), borderaxespad=0, handlelength=1.6, labelspacing=0.25)


# ---------------------------------------------------------------------- 2
def capacity_over_time(steps: pd.DataFrame, start: float, horizon: int, stamp: Stamp) -> Drawn:
    """Draw mean capacity by quarter under each architecture and without aid; the wind-down is shaded.

    Parameters
    ----------
    steps : a row a run and quarter: architecture, seed, quarter, capacity, capacity_no_aid
    start : mean capacity before the first quarter
    horizon : last quarter with income
    stamp : where the figure comes from
    """
    names = names_in(steps)
    grouped = steps.groupby(["architecture", "quarter"], observed=True)
    data = grouped[["capacity", "capacity_no_aid"]].mean()
    data.insert(1, "capacity_seed_noise", grouped["capacity"].std(ddof=1))
    data = data.reset_index()
    zero = pd.DataFrame({"architecture": names, "quarter": 0, "capacity": start, "capacity_no_aid": start})
    data = pd.concat([zero, data], ignore_index=True).sort_values(["architecture", "quarter"], key=_ranked(names))
    lines = {name: data[data["architecture"] == name].set_index("quarter")["capacity"] for name in names}
    none = data[data["architecture"] == names[0]].set_index("quarter")["capacity_no_aid"]
    title = _capacity_claim(lines, none)
    with style():
        note = "Capacity: share of the tasks that stand, mean over states, pillars and replications."
        page = Page(title, note, stamp, 6.6)
        ends = [*(float(line.iloc[-1]) for line in lines.values()), float(none.iloc[-1])]
        labels = [f"{label(name)} {100 * end:.0f}%" for name, end in zip([*names, "without aid"], ends, strict=True)]
        room = 0.7 + max(text_width_cm(text, FONT, "bold") for text in labels)
        axes = page.axes(1.5, 0.95, WIDTH_CM - 1.5 - room, 5.45)
        last = int(none.index.max())
        if last > horizon:
            axes.axvspan(horizon, last, color="#ececec", linewidth=0, zorder=0)
        for index, (name, line) in enumerate(lines.items()):
            axes.plot(
                line.index,
                line,
                color=SHADES[index % len(SHADES)],
                linestyle=DASHES[index % len(SHADES)],
                linewidth=1.6,
                label=label(name),
            )
        axes.plot(none.index, none, color="#777777", linestyle=(0, (1, 1.6)), linewidth=1.4)
        axes.set_xlim(0, last)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.set_xlabel("Quarter")
        axes.set_ylabel("Mean capacity")
        axes.set_xticks(range(0, last + 1, 8 if last <= 80 else max(8, last // 80 * 8)))
        low, high = axes.get_ylim()
        axes.set_ylim(low, high)
        if last > horizon:
            axes.text((horizon + last) / 2, low + 0.03 * (high - low), "no new\nmoney", ha="center", fontsize=SMALL)
        places = _below(spread(ends, 0.062 * (high - low)), high, 0.062 * (high - low))
        for index, (end, place, text) in enumerate(zip(ends, places, labels, strict=True)):
            colour = SHADES[index % len(SHADES)] if index < len(names) else "#555555"
            led_text(axes, text, (last, end), (last * 1.04, place), va="center", color=colour, fontweight="bold")
    return Drawn("capacity_over_time", title, page.figure, data, stamp)


def _below(places: Sequence[float], top: float, gap: float) -> list[float]:
    """Return label positions pushed down so that none stands above ``top`` and they keep their distance."""
    moved = list(places)
    for i in sorted(range(len(moved)), key=lambda i: -moved[i]):
        moved[i] = min(moved[i], top)
        top = moved[i] - gap
    return moved


def _ranked(names: Sequence[str]) -> Callable[[pd.Series], pd.Series]:
    """Return a sort key that keeps architectures in the order asked for."""
    place = {name: index for index, name in enumerate(names)}
    return lambda column: column.map(place) if column.name == "architecture" else column


def _capacity_claim(lines: dict[str, pd.Series], none: pd.Series) -> str:
    alone = 100 * float(none.iloc[-1] - none.iloc[0])
    gains = {name: 100 * float(line.iloc[-1] - none.iloc[-1]) for name, line in lines.items()}
    (first, gain), *others = gains.items()
    who = "donors who act alone add" if first == "fragmented" else f"{label(first)} adds"
    text = f"States gain {alone:.0f} points of capacity by themselves; {who} {gain:.1f}"
    return text + "".join(f", {label(name)} {points:.1f}" for name, points in ends(others))
