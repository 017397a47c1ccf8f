"""The figures of a comparison. The title of each is its claim, computed from the runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator, PercentFormatter

from donorlab.experiments.canvas import (
    DASHES,
    FONT,
    INK,
    MARKERS,
    SHADES,
    SMALL,
    WIDTH_CM,
    Drawn,
    Page,
    Stamp,
    in_lines,
    led_text,
    names_width_cm,
    spread,
    style,
    text_width_cm,
)
from donorlab.experiments.figures_of_worth import break_even, futures, losses
from donorlab.experiments.outcomes import cents, percent
from donorlab.experiments.tables import names_in, paired

if TYPE_CHECKING:
    from donorlab.experiments.comparison import Comparison, Study

__all__ = ["Stamp", "capacity_over_time", "draw_all", "draw_comparison", "efficiency_and_duplication", "who_is_served"]

ORPHAN: Final = 0.5
DARLING: Final = 1.5
_NAMED: Final = 4  # states of either kind named in a panel
_LEAST_RATIO: Final = 0.03  # a state with less aid per need than this is drawn here, marked as such
_MOST_RATIO: Final = 30.0


def draw_all(study: Study, stamp: Stamp, smallest: float) -> Iterator[Drawn]:
    """Draw all figures of a study, one after the other; ``smallest`` is the least difference that matters."""
    yield from draw_comparison(study.comparison, stamp)
    names = names_in(study.comparison.runs)
    yield losses(study.comparison.waterfalls, stamp)
    if study.draws is not None and len(names) > 1:
        central = paired(study.comparison.runs, "efficiency").mean(skipna=False)
        yield futures(study.draws, central - central[names[0]], smallest, stamp)
    if study.curves is not None and study.curves["difference"].notna().any():
        yield break_even(study.curves, names, stamp)


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
    return Drawn("efficiency_and_duplication", title, page.figure, data)


def _efficiency_claim(data: pd.DataFrame) -> str:
    first = data.iloc[0]
    name = str(first["architecture"])
    who = "Donors who act alone" if name == "fragmented" else f"Donors under {name}"
    if np.isnan(float(first["efficiency"])) or np.isnan(float(first["duplication_share"])):
        return "There is no money that could reach anything: efficiency and duplication are not defined"
    twice = cents(float(first["duplication_share"]))
    text = f"{who} realise {percent(float(first['efficiency']))} of a proven upper bound"
    others = [(str(row["architecture"]), float(row["efficiency"])) for row in data.iloc[1:].to_dict("records")]
    text += "".join(f", {other} {percent(value)}" for other, value in _ends(others))
    return f"{text}; {twice} of each task euro pay twice"


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
        labels = [f"{name} {100 * end:.0f}%" for name, end in zip([*names, "without aid"], ends, strict=True)]
        room = 0.7 + max(text_width_cm(label, FONT, "bold") for label in labels)
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
                label=name,
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
        for index, (end, place, label) in enumerate(zip(ends, places, labels, strict=True)):
            colour = SHADES[index % len(SHADES)] if index < len(names) else "#555555"
            led_text(axes, label, (last, end), (last * 1.04, place), va="center", color=colour, fontweight="bold")
    return Drawn("capacity_over_time", title, page.figure, data)


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
    who = "donors who act alone add" if first == "fragmented" else f"{first} adds"
    text = f"States gain {alone:.0f} points of capacity by themselves; {who} {gain:.1f}"
    return text + "".join(f", {name} {points:.1f}" for name, points in _ends(others))


def _ends(others: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Return all of few architectures, of many those with the least and the most; a title holds no more."""
    if len(others) <= 2:
        return list(others)
    return [min(others, key=lambda item: item[1]), max(others, key=lambda item: item[1])]


# ---------------------------------------------------------------------- 3
def who_is_served(runs: pd.DataFrame, beneficiaries: pd.DataFrame, stamp: Stamp) -> Drawn:
    """Draw each state's share of aid over its share of need, by income group, a panel an architecture.

    Parameters
    ----------
    runs : a row a run, with outcomes orphans and darlings
    beneficiaries : a row a run and state: iso3, name, income_group, users_m, aid_need_ratio
    stamp : where the figure comes from
    """
    names = names_in(runs)
    keys = ["architecture", "iso3", "name", "income_group"]
    data = beneficiaries.groupby(keys, observed=True, sort=False)[["users_m", "need", "aid_need_ratio"]].mean()
    data = data.reset_index()
    groups = _in_order(data["income_group"].unique().tolist())
    states = int(data["iso3"].nunique())
    orphans = {name: float(paired(runs, "orphans")[name].mean()) for name in names}
    darlings = {name: float(paired(runs, "darlings")[name].mean()) for name in names}
    title = _served_claim(names, orphans, states)
    with style():
        per_row = min(2, len(names))
        rows = -(-len(names) // per_row)
        panel = 0.85 * len(groups) + 0.3
        note = (
            "A dot is a state, its size its need, mean of the replications; bars: medians; dashed: aid in proportion "
            f"to need. Under {ORPHAN:g}: orphan; over {DARLING:g}: darling; numbers: mean per replication."
        )
        page = Page(title, note, stamp, rows * (panel + 1.4) + 0.55)
        width = (WIDTH_CM - 2.35 - 0.3 - 0.45 * (per_row - 1)) / per_row
        for index, name in enumerate(names):
            row, column = divmod(index, per_row)
            bottom = 0.95 + (rows - 1 - row) * (panel + 1.4)
            axes = page.axes(2.35 + column * (width + 0.45), bottom, width, panel)
            part = data[data["architecture"] == name]
            _served_panel(axes, part, groups, index, (orphans[name], darlings[name]))
            axes.set_title(name, loc="left", fontweight="bold", pad=14)
            axes.set_yticks(range(len(groups)), [_two_lines(group) if column == 0 else "" for group in groups])
            if index + per_row >= len(names):  # nothing stands below
                axes.set_xlabel("Share of aid / share of need")
    return Drawn("who_is_served", title, page.figure, data)


def _served_panel(
    axes: Axes, part: pd.DataFrame, groups: Sequence[str], index: int, counts: tuple[float, float]
) -> None:
    axes.set_xscale("log")
    axes.set_xlim(_LEAST_RATIO * 0.8, _MOST_RATIO)
    axes.set_ylim(len(groups) - 0.45, -0.55)
    axes.axvspan(_LEAST_RATIO * 0.8, ORPHAN, color="#eeeeee", linewidth=0, zorder=0)
    axes.axvspan(DARLING, _MOST_RATIO, color="#eeeeee", linewidth=0, zorder=0)
    axes.axvline(1, color="#777777", linewidth=0.7, linestyle=(0, (2, 2)), zorder=1)
    need = part["need"].to_numpy(dtype=np.float64)
    height = np.zeros(len(part))
    size = 4 + 60 * need / max(need.max(), 1e-300)
    ratio = np.clip(part["aid_need_ratio"].to_numpy(dtype=np.float64), _LEAST_RATIO, _MOST_RATIO * 0.9)
    for at, group in enumerate(groups):
        here = (part["income_group"] == group).to_numpy()
        if not here.any():
            continue
        jitter = at + 0.56 * (np.arange(int(here.sum())) * 0.618 % 1 - 0.5)
        height[here] = jitter
        axes.scatter(
            ratio[here],
            jitter,
            s=size[here],
            marker=MARKERS[index % len(SHADES)],
            facecolors=SHADES[index % len(SHADES)],
            edgecolors="white",
            linewidths=0.35,
            alpha=0.75,
            zorder=2,
        )
        if np.isnan(ratio[here]).all():  # no money was given to anyone
            continue
        median = float(np.nanmedian(ratio[here]))
        axes.plot([median, median], [at - 0.36, at + 0.36], color=INK, linewidth=2.0, zorder=3, solid_capstyle="butt")
    _name_extremes(axes, part["iso3"].tolist(), ratio, height, need, size)
    top: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "va": "bottom", "fontsize": SMALL}
    if not np.isnan(counts[0]):
        axes.text(_LEAST_RATIO * 0.85, 1.02, f"{counts[0]:.0f} orphans", ha="left", **top)
        axes.text(_MOST_RATIO * 0.95, 1.02, f"{counts[1]:.0f} darlings", ha="right", **top)
    axes.xaxis.set_major_locator(FixedLocator([_LEAST_RATIO, 0.1, 0.5, 1.5, 5, 20]))
    axes.xaxis.set_major_formatter(FuncFormatter(_ratio_label))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _name_extremes(
    axes: Axes, ids: Sequence[str], ratio: np.ndarray, height: np.ndarray, need: np.ndarray, size: np.ndarray
) -> None:
    """Write the ids of the orphans with the greatest need and of the greatest darlings where there is room."""
    orphans = [i for i in np.argsort(-need, kind="stable") if ratio[i] < ORPHAN][:_NAMED]
    darlings = [i for i in np.argsort(-ratio, kind="stable") if ratio[i] > DARLING][:_NAMED]
    taken: list[tuple[float, float]] = []
    for i in [*orphans, *darlings]:
        x, y = float(np.log10(ratio[i])), float(height[i])
        if all(abs(x - other) > 0.42 or abs(y - at) > 0.24 for other, at in taken):
            taken.append((x, y))
            left = ratio[i] < ORPHAN and ratio[i] > 3 * _LEAST_RATIO  # away from the crowd, but inside the panel
            away = 1.5 + float(np.sqrt(size[i])) / 2
            axes.annotate(
                ids[i],
                (ratio[i], y),
                xytext=(-away if left else away, 0),
                textcoords="offset points",
                ha="right" if left else "left",
                va="center",
                fontsize=SMALL,
                zorder=4,
            )


def _ratio_label(value: float, _position: int | None = None) -> str:
    return "0" if value <= _LEAST_RATIO else f"{value:g}".lstrip("0")


def _two_lines(group: str) -> str:
    head, _, last = group.rpartition(" ")
    return f"{head}\n{last}" if len(group) > 12 and head else group


def _in_order(groups: Sequence[str]) -> list[str]:
    known = ("Low income", "Lower middle income", "Upper middle income", "High income", "Not classified")
    return [name for name in known if name in groups] + sorted(str(name) for name in groups if name not in known)


def _served_claim(names: Sequence[str], orphans: dict[str, float], states: int) -> str:
    first = names[0]
    if np.isnan(orphans[first]):
        return "Nobody is served: no money was given"
    who = "Donors who act alone" if first == "fragmented" else f"Donors under {first}"
    text = f"{who} leave {orphans[first]:.0f} of {states} states with less than half their share by need"
    others = [f"{name} {count:.0f}" for name, count in _ends([(name, orphans[name]) for name in names[1:]])]
    return text + (f"; {' and '.join(others)}" if others else "")
