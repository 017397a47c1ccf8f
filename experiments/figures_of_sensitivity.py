"""The figures of ``sensitivity``: screening, shares of variance, and how they settle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from donorlab.experiments.canvas import (
    DASHES,
    INK,
    MARKERS,
    SHADES,
    SMALL,
    WIDTH_CM,
    Drawn,
    Page,
    Stamp,
    spread,
    style,
    text_width_cm,
)
from donorlab.experiments.report_of_sensitivity import LIKELY, SURE, amount, hidden
from donorlab.experiments.studies.factors import NOISE
from donorlab.experiments.studies.indices import MOST, REST, SETTLED, Indices
from donorlab.experiments.studies.measures import Measure
from donorlab.experiments.studies.screening import STEP
from donorlab.experiments.words import counted, label

NAMED: Final = 10  # factors of a screening that have their names
LINES: Final = 5  # assumptions whose convergence is shown, besides luck
_TALL: Final = 6.4  # cm of a screening
_ROW: Final = 0.44
_ALONE: Final = "#14375e"
_TOTAL: Final = "#b9cbdc"


def file_name(one: Measure, kind: str) -> str:
    """Return the name of a figure's file."""
    return f"{kind}_{one.outcome}_{one.name}"


# ---------------------------------------------------------------------- screening
def of_screening(each: Mapping[Measure, pd.DataFrame], smallest: float, stamp: Stamp) -> Iterator[Drawn]:
    """Draw mu* against sigma, a figure a result."""
    for one, table in each.items():
        yield screening(one, table, smallest, stamp)


def screening_claim(one: Measure, table: pd.DataFrame, smallest: float) -> str:
    """Return what the figure of a screening shows."""
    own = table[table["factor"] != NOISE]
    matter = own[own["verdict"] == "matters"].sort_values("mu_star", ascending=False, kind="stable")
    least = one.smallest(smallest)
    than = f"{amount(one, least)} or more beyond luck" if least else "beyond luck"
    if matter.empty:
        return f"{one.words}: none of {counted(len(own), 'assumption')} is shown to matter by {than}"
    first = matter.iloc[0]
    return (
        f"{one.words}: {len(matter)} of {counted(len(own), 'assumption')} {'matters' if len(matter) == 1 else 'matter'} by {than}, "
        f"{label(str(first['factor']))} with the largest effect"
    )


def screening(one: Measure, table: pd.DataFrame, smallest: float, stamp: Stamp) -> Drawn:
    """Draw one screening."""
    factor = 100.0 if one.unit == "share" else 1.0
    title = screening_claim(one, table, smallest)
    own = table[table["factor"] != NOISE].sort_values("mu_star", ascending=False, kind="stable")
    luck = table[table["factor"] == NOISE]
    named = own[own["mu_star"] > 0].head(NAMED)
    names = [label(str(name)) for name in named["factor"]] + ([NOISE] if len(luck) else [])
    unit = "points" if one.unit == "share" else one.unit
    with style():
        note = (
            "Effects of moving one assumption, all else at random and the seed the same, from "
            f"{int(table['trajectories'].iloc[0])} trajectories, scaled to the whole range ({unit}). Right: large "
            "effects, with 95% intervals; up: effects that depend on the others or on where one stands. Filled: "
            "matters beyond luck. Grey: what reshuffled luck alone can make (another "
            f"seed changes {amount(one, float(luck['mu_star'].iloc[0]) * STEP) if len(luck) else 'nothing'} in the mean). "
            "Dotted: sigma = mu*."
        )
        page = Page(title, note, stamp, _TALL + 1.15)
        edge = 1.15
        room = 0.5 + max((text_width_cm(name, SMALL) for name in names), default=0)
        axes = page.axes(edge, 0.95, WIDTH_CM - edge - room - 0.5, _TALL)
        stars, sigmas = factor * own["mu_star"].to_numpy(), factor * own["sigma"].to_numpy()
        right = max(1e-9, factor * float(table["mu_star_high"].max())) * 1.04
        top = max(1e-9, factor * float(table["sigma"].max())) * 1.08
        if len(luck):
            axes.axvspan(0, factor * float(luck["mu_star"].iloc[0]), color="#e6e6e6", linewidth=0, zorder=0)
        axes.plot(
            [0, max(right, top)], [0, max(right, top)], color="#777777", linewidth=0.7, linestyle=(0, (1, 2)), zorder=1
        )
        for row, x, y in zip(own.to_dict("records"), stars, sigmas, strict=True):
            full = row["verdict"] == "matters"
            if full or row["factor"] in set(named["factor"]):
                axes.plot(
                    [factor * row["mu_star_low"], factor * row["mu_star_high"]],
                    [y, y],
                    color=SHADES[0],
                    linewidth=0.7,
                    zorder=2,
                )
            axes.plot(
                x, y, "o", ms=4 if full else 3.2, mfc=SHADES[0] if full else "white", mec=SHADES[0], mew=0.8, zorder=3
            )
        if len(luck):
            at = factor * luck[["mu_star", "sigma"]].to_numpy(dtype=np.float64)[0]
            axes.plot(*at, MARKERS[8], ms=8, mfc=SHADES[1], mec=INK, mew=0.6, zorder=4)
        axes.set_xlim(0, right)
        axes.set_ylim(-0.02 * top, top)
        axes.set_xlabel(f"mu*: mean size of the effect ({unit})")
        axes.set_ylabel(f"sigma: spread of the effect ({unit})")
        shown = [
            (factor * row["mu_star"], factor * row["sigma"]) for row in pd.concat([named, luck]).to_dict("records")
        ]
        _named(axes, shown, names, right, top)
    return Drawn(file_name(one, "screening"), title, page.figure, table, stamp)


def _named(axes: Axes, places: Sequence[tuple[float, float]], names: Sequence[str], right: float, top: float) -> None:
    """Write names at the right, each with a thin line to its point."""
    heights = spread([y for _, y in places], top * 0.052)
    over = max(0.0, max(heights, default=0) - top)
    for (x, y), name, height in zip(places, names, heights, strict=True):
        at = height - over
        axes.plot(
            [x, right * 1.0, right * 1.02], [y, at, at], color="#aaaaaa", linewidth=0.4, clip_on=False, zorder=1.5
        )
        axes.text(right * 1.03, at, name, fontsize=SMALL, va="center", clip_on=False)


# ---------------------------------------------------------------------- indices
def of_indices(
    each: Mapping[Measure, Indices | None], convergence: Mapping[Measure, pd.DataFrame], stamp: Stamp
) -> Iterator[Drawn]:
    """Draw shares of variance and how they settle, two figures for each outcome and further architecture (or the only one)."""
    for panels in panels_of(each):
        found = {one: indices for one in panels if (indices := each[one]) is not None}
        if found:
            yield shares(found, stamp)
            yield settling({one: convergence[one] for one in found}, found, stamp)


def panels_of(each: Mapping[Measure, Any]) -> list[list[Measure]]:
    """Return which results stand beside each other: the first architecture's, and a difference to it."""
    panels = []
    for name in dict.fromkeys(one.outcome for one in each):
        own = [one for one in each if one.outcome == name]
        differences = [one for one in own if one.against]
        panels += [[own[0], one] for one in differences] or [[own[0]]]
    return panels


def shares_claim(found: Mapping[Measure, Indices]) -> str:
    """Return what the figure of indices shows."""
    parts = []
    for place, (one, indices) in enumerate(found.items()):
        what = one.words if place == 0 else "the difference of " + label(one.who) if one.against else one.words
        own = indices.table[indices.table["told"] & ~indices.table["factor"].isin([NOISE, REST])]
        if own.empty:
            parts.append(f"{what}: no single assumption is told from luck")
            continue
        if hidden(indices):
            parts.append(f"{what}: which assumption drives it most is open")
            continue
        first = own.sort_values("total", ascending=False, kind="stable").iloc[0]
        chance = float(first["chance_first"])
        how = "most" if chance >= SURE else "likely most" if chance >= LIKELY else "as much as any"
        parts.append(f"{what}: {label(str(first['factor']))} drives it {how} ({100 * first['total']:.0f}%)")
    return "; ".join(parts)


def shares(found: Mapping[Measure, Indices], stamp: Stamp) -> Drawn:
    """Draw first-order and total indices as bars."""
    measures, title = list(found), shares_claim(found)
    totals = pd.concat([one.table.set_index("factor")["total"] for one in found.values()], axis=1)
    order = totals.iloc[:, -1].sort_values(ascending=False, kind="stable").index
    names = [str(name) for name in order if name not in (NOISE, REST)] + [one for one in (REST, NOISE) if one in order]
    with style():
        base = next(iter(found.values())).base
        note = (
            "Shares of the variance over all assumptions. Dark: the assumption alone (first order); light: with all its interplay "
            f"(total); lines: 95% intervals, bootstrap over {base} base points. *: told from luck. Right of the dotted line a "
            "total index exceeds what reshuffled luck can make."
        )
        height = _ROW * len(names)
        page = Page(title, note, stamp, height + 1.35)
        edge = 0.35 + max(text_width_cm(label(name), SMALL) for name in names)
        width = (WIDTH_CM - edge - 0.35 - 0.75 * (len(found) - 1) - 0.3) / len(found)
        end = max(float(one.table["total_high"].max()) for one in found.values()) * 1.22
        for index, (one, indices) in enumerate(found.items()):
            axes = page.axes(edge + index * (width + 0.75), 0.85, width, height)
            rows = indices.table.set_index("factor").to_dict("index")
            for place, name in enumerate(names):
                _bar(axes, rows[name], len(names) - 1 - place)
            if NOISE in rows:
                limit = rows[NOISE]["total_high"]
                axes.axvline(limit, color="#555555", linewidth=0.8, linestyle=(0, (1, 2)), zorder=1)
            axes.set_xlim(0, end)
            axes.set_ylim(-0.6, len(names) - 0.4)
            axes.set_yticks(
                np.arange(len(names))[::-1], [label(name) for name in names] if index == 0 else [], fontsize=SMALL
            )
            axes.tick_params(axis="y", length=0)
            axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
            axes.xaxis.set_major_locator(MaxNLocator(4))
            axes.set_xlabel("share of variance")
            axes.set_title(_panel(one), fontsize=SMALL, loc="left")
        data = pd.concat([indices.table.assign(outcome=one.outcome, result=one.name) for one, indices in found.items()])
    return Drawn(file_name(measures[-1], "indices"), title, page.figure, data, stamp)


def _panel(one: Measure) -> str:
    return f"{label(one.who)} \N{MINUS SIGN} {label(one.against)}" if one.against else label(one.who)


def _bar(axes: Axes, row: Mapping[Any, Any], at: float) -> None:
    total, first = max(0.0, float(row["total"])), max(0.0, float(row["first"]))
    axes.barh(at, total, height=0.72, color=_TOTAL, edgecolor=INK, linewidth=0.4, zorder=2)
    axes.barh(at, first, height=0.36, color=_ALONE, linewidth=0, zorder=3)
    high = max(0.0, float(row["total_high"]))
    axes.plot([max(0.0, float(row["total_low"])), high], [at + 0.26] * 2, color=INK, linewidth=0.9, zorder=4)
    ends = [max(0.0, float(row[f"first_{end}"])) for end in ("low", "high")]
    axes.plot(ends, [at - 0.26] * 2, color=_ALONE, linewidth=0.9, zorder=4)
    right = max(high, ends[1], total)
    axes.text(right, at, f" {100 * total:.0f}{'*' if row['told'] else ''}", fontsize=SMALL, va="center", zorder=5)


# ---------------------------------------------------------------------- convergence
def settling_claim(found: Mapping[Measure, Indices]) -> str:
    """Return what the figure of convergence shows."""
    base = next(iter(found.values())).base
    states = {one.state for one in found.values()}
    widest = max(indices.widest for indices in found.values())
    measure = next(iter(found)).words.partition(" under ")[0].partition(",")[0]
    if states == {"settled"}:
        return f"{measure}: the shares have settled with {base} base points (widest interval {100 * widest:.0f} points)"
    if "no" not in states:
        return f"{measure}: the shares have roughly settled with {base} base points (widest interval {100 * widest:.0f} points)"
    need = max(one.enough for one in found.values())
    width = f"widest interval {100 * widest:.0f} points"
    would = f"{need:,} would do" if need <= MOST else f"not even {MOST:,} would do"
    return f"{measure}: the shares have not settled with {base} base points ({width}); {would}"


def settling(convergence: Mapping[Measure, pd.DataFrame], found: Mapping[Measure, Indices], stamp: Stamp) -> Drawn:
    """Draw total indices at a quarter, half and all of the base points."""
    measures, title = list(found), settling_claim(found)
    with style():
        note = (
            "Total indices with 95% intervals at the first quarter, half and all of the base points: the "
            f"{LINES} largest, and luck. Settled: no interval wider than {100 * SETTLED:.0f} points and a "
            "stable ranking (Sarrazin et al. 2016)."
        )
        edge, tall = 1.15, 3.6
        page = Page(title, note, stamp, (tall + 0.9) * len(found) + 0.7)
        apart = [frame[frame["factor"] != REST] for frame in convergence.values()]
        ends = [(float(frame["total_low"].min()), float(frame["total_high"].max())) for frame in apart]
        end = max(high for _, high in ends) * 1.04
        for index, one in enumerate(measures):
            frame, table = convergence[one], found[one].table
            own = table[~table["factor"].isin([NOISE, REST])].sort_values("total", ascending=False, kind="stable")
            names = [str(name) for name in own["factor"].head(LINES)] + [
                n for n in (NOISE,) if n in set(table["factor"])
            ]
            texts = [label(name) for name in names]
            room = 0.5 + max(text_width_cm(text, SMALL) for text in texts)
            bottom = 0.95 + (len(found) - 1 - index) * (tall + 0.9)
            axes = page.axes(edge, bottom, WIDTH_CM - edge - room - 0.2, tall)
            bases = sorted(frame["base_points"].unique())
            for shade, name in enumerate(names):
                rows = frame[frame["factor"] == name].sort_values("base_points")
                xs = np.array([bases.index(value) for value in rows["base_points"]]) + 0.05 * (shade - len(names) / 2)
                colour = SHADES[shade % len(SHADES)]
                axes.plot(
                    xs, rows["total"], color=colour, linestyle=DASHES[shade], marker=MARKERS[shade], ms=3.5, linewidth=1
                )
                axes.vlines(xs, rows["total_low"], rows["total_high"], color=colour, linewidth=0.8)
            heights = spread(
                [float(table.loc[table["factor"] == name, "total"].iloc[0]) for name in names], end * 0.085
            )
            for shade, (text, height, name) in enumerate(zip(texts, heights, names, strict=True)):
                at = float(table.loc[table["factor"] == name, "total"].iloc[0])
                last = len(bases) - 1 + 0.05 * (shade - len(names) / 2)
                axes.plot(
                    [last, len(bases) - 0.72], [at, height], color="#aaaaaa", linewidth=0.4, clip_on=False, zorder=1
                )
                axes.text(len(bases) - 0.68, height, text, fontsize=SMALL, va="center", clip_on=False, color=INK)
            axes.set_xlim(-0.3, len(bases) - 0.75)
            axes.set_ylim(min(0.0, *(low for low, _ in ends)), end)
            axes.set_xticks(range(len(bases)), [f"{value:,}" for value in bases])
            axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
            axes.set_title(_panel(one), fontsize=SMALL, loc="left")
            axes.set_ylabel("total index")
            if index == len(found) - 1:
                axes.set_xlabel("base points")
        data = pd.concat([frame.assign(outcome=one.outcome, result=one.name) for one, frame in convergence.items()])
    return Drawn(file_name(measures[-1], "convergence"), title, page.figure, data, stamp)
