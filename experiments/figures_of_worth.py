"""What a comparison is worth, as figures: over all futures, and where the money went."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from donorlab.experiments import ensemble, falls
from donorlab.experiments.canvas import (
    INK,
    MARKERS,
    SHADES,
    SMALL,
    WIDTH_CM,
    Drawn,
    Page,
    Stamp,
    led_text,
    names_width_cm,
    signed,
    spread,
    style,
    text_width_cm,
)
from donorlab.experiments.outcomes import cents
from donorlab.experiments.tables import names_in
from donorlab.experiments.words import DEFAULT_VALUES, in_lines, label

GROUPS: Final[tuple[tuple[str, tuple[str, ...], str, str], ...]] = (
    ("effective", ("effective",), "#14375e", ""),
    ("displaced\nown effort", ("displaced_own_effort",), "#6aa3c4", ""),
    ("wrong state\nor pillar", ("misallocation_states", "misallocation_pillars"), "#d5dde5", "...."),
    ("lapsed", ("lapse",), "#ffffff", "\\\\\\\\"),
    ("came to\nnothing", ("non_compliance", "failure", "pipeline", "congestion"), "#c9c9c9", "||||"),
    ("paid twice", ("duplication_ignorance", "duplication_race"), "#c8702a", "////"),
    ("contracting\nand mismatch", ("transaction", "mismatch"), "#e9e2d0", "xxxx"),
    ("overhead\nand unspent", ("overhead", "idle"), "#333333", ""),
)
"""Bars that are drawn as one, with colour and hatch; the CSV has them all."""
_MARGIN: Final = 1.0  # cm beside the bars of losses, for the last name
_LINEAR: Final = 10.0  # points up to which the scale of futures is linear
_TOLD: Final = 4  # architectures that a title names
_DARK: Final = ("#14375e", "#333333", "#c8702a")


# ---------------------------------------------------------------------- 1
def futures(
    draws: pd.DataFrame, central: pd.Series[float], smallest: float, stamp: Stamp, pessimistic: bool = False
) -> Drawn:
    """Draw the paired differences in efficiency to the first architecture, a dot a future, a row an architecture.

    Parameters
    ----------
    draws : a row a draw and architecture
    central : difference at default values, by architecture
    smallest : least difference that matters
    stamp : where the figure comes from
    pessimistic : whether levers stand at the ends of their ranges that are worse for coordination
    """
    first = names_in(draws)[0]
    numbers = sorted(int(draw) for draw in draws["draw"].unique())
    stamp = dataclasses.replace(stamp, seeds=f"draws {numbers[0]}-{numbers[-1]}, diamonds {stamp.seeds}")
    difference = ensemble.differences(draws)
    names = [str(name) for name in difference]
    counts = {name: ensemble.futures(difference[name], smallest) for name in names}
    data = (
        difference.rename_axis(columns=None)
        .reset_index()
        .melt("draw", var_name="architecture", value_name="difference")
    )
    title = _futures_claim(counts, first, smallest)
    title = title[:1].upper() + title[1:]
    with style():
        body = 1.75 + 0.95 * len(names)
        note = (
            f"A dot is a future: all uncertainties drawn at once, the same for each architecture; levers "
            f"{'at the ends of their ranges that are worse for coordination' if pessimistic else DEFAULT_VALUES}. Grey "
            f"band: less than {100 * smallest:g} points either way. Vertical line: middle future; diamond: all "
            f"{DEFAULT_VALUES}. Beyond {_LINEAR:g} points the scale is compressed."
        )
        page = Page(title, note, stamp, body + 0.2)
        edge = 0.5 + names_width_cm(names)
        right = 3.0
        axes = page.axes(edge, 0.95, WIDTH_CM - edge - right, body - 1.55)
        _strips(axes, [100 * difference[name].to_numpy(dtype=np.float64) for name in names], 100 * smallest)
        y = np.arange(len(names))[::-1].astype(np.float64)
        for at, name in zip(y, names, strict=True):
            if not math.isnan(float(central[name])):
                axes.plot(100 * float(central[name]), at, "D", ms=4.5, mfc="white", mec=INK, mew=1.0, zorder=5)
        axes.set_yticks(y, [in_lines(name) for name in names])
        axes.set_xlabel(f"Efficiency, points above or below {label(first)}")
        bottom, height = 0.95, body - 1.55
        places = [WIDTH_CM - right + 0.7 + 0.87 * i for i in range(3)]
        for x, word in zip(places, ("better", "same", "worse"), strict=True):
            page.text(x, body - 0.35, word, fontsize=SMALL, ha="center")
            for at, name in zip(y, names, strict=True):
                place = bottom + height * (at + 0.6) / (len(names) + 0.2)
                number = str(getattr(counts[name], word))
                page.text(x, place, number, fontweight="bold", ha="center", va="center")
    return Drawn("futures", title, page.figure, data, stamp)


def _strips(axes: Axes, values: Sequence[np.ndarray], smallest: float) -> None:
    axes.axvspan(-smallest, smallest, color="#e4e4e4", linewidth=0, zorder=0)
    axes.axvline(0, color="#555555", linewidth=0.7, zorder=1)
    for index, numbers in enumerate(values):
        at = len(values) - 1 - index
        here = np.sort(numbers[np.isfinite(numbers)])
        if len(here) == 0:
            continue
        axes.scatter(
            here, at + _swarm(here), s=5.5, facecolors=SHADES[(index + 1) % len(SHADES)], edgecolors=INK, linewidths=0.2,
            marker=MARKERS[(index + 1) % len(MARKERS)], zorder=3,
        )  # fmt: skip
        middle = float(np.median(here))
        axes.plot([middle, middle], [at - 0.42, at + 0.42], color=INK, linewidth=1.6, zorder=4, solid_capstyle="butt")
    axes.set_xscale("symlog", linthresh=_LINEAR, linscale=1.0)
    whole = np.concatenate([*values, np.array([-smallest, smallest])])
    low, high = float(np.nanmin(whole)), float(np.nanmax(whole))
    axes.set_xlim(low - 0.08 * max(_LINEAR, -low), high + 0.08 * max(_LINEAR, high))
    ticks = [sign * tick for tick in (5, 10, 20, 40, 80) for sign in (-1, 1)]
    axes.xaxis.set_major_locator(FixedLocator([0, *(tick for tick in ticks if low <= tick <= high)]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylim(-0.6, len(values) - 0.4)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_formatter(FuncFormatter(signed))


def _swarm(numbers: np.ndarray) -> np.ndarray:
    """Return heights between -0.38 and 0.38 that make dense places wide, without any randomness; numbers rise."""
    seen = np.where(
        np.abs(numbers) <= _LINEAR,
        numbers,
        np.sign(numbers) * _LINEAR * (1 + np.log10(np.maximum(np.abs(numbers), _LINEAR) / _LINEAR)),
    )
    place = np.floor((seen - seen[0]) / (_LINEAR / 18)).astype(int)
    height = np.zeros(len(numbers))
    most = int(np.bincount(place).max())
    for cell in np.unique(place):
        here = np.flatnonzero(place == cell)
        order = np.argsort(np.arange(len(here)) * 0.618034 % 1, kind="stable")
        step = min(0.09, 0.76 / max(1, most - 1))
        height[here[order]] = (np.arange(len(here)) - (len(here) - 1) / 2) * step
    return height


def _futures_claim(counts: dict[str, ensemble.Futures], first: str, smallest: float) -> str:
    real = [name for name in counts if name != "central"] or list(counts)  # central is a reference, not on offer
    best = max(real, key=lambda name: counts[name].better)
    total = counts[best].count
    text = (
        f"{label(best)} beats {label(first)} by {100 * smallest:g} points or more in {counts[best].better} of {total} "
    )
    text += "futures considered"
    if counts[best].worse:
        text += f" (worse in {counts[best].worse})"
    others = sorted((name for name in real if name != best), key=lambda name: -counts[name].better)
    for name in others if len(others) < _TOLD else [others[0], others[-1]]:
        text += f", {label(name)} in {counts[name].better}"
        text += f" (worse in {counts[name].worse})" if counts[name].worse else ""
    return text


# ---------------------------------------------------------------------- 2
def losses(waterfalls: pd.DataFrame, stamp: Stamp) -> Drawn:
    """Draw where each euro went, a bar an architecture.

    Parameters
    ----------
    waterfalls : a row a run: architecture, seed, shares
    stamp : where the figure comes from
    """
    names = names_in(waterfalls)
    data = falls.summarise(waterfalls, None)
    share = data.pivot_table(
        index="architecture", columns="bar", values="share", sort=False, dropna=False, observed=True
    )
    grouped = pd.DataFrame({head: share[list(bars)].sum(axis=1, skipna=False) for head, bars, *_ in GROUPS}).loc[names]
    title = _losses_claim(grouped, names)
    with style():
        body = 2.3 + 0.72 * len(names)
        note = (
            "Cents of each euro given to donors, mean of the replications. 'Effective': what the gain over no aid would have "
            "cost without any friction. 'Displaced own effort': tasks that the states would have done anyway. 'Wrong state or "
            "pillar': tasks of use, but others would have gained more. All fifteen bars, and the reverse order, are in the data."
        )
        page = Page(title, note, stamp, body + 0.2)
        edge = 0.5 + names_width_cm(names)
        axes = page.axes(edge, 0.85, WIDTH_CM - edge - _MARGIN, body - 2.15)
        _stacks(axes, grouped)
        axes.set_xlabel("Share of all money, %")
        if not grouped.isna().any(axis=None):
            _name_stacks(axes, grouped.iloc[0], WIDTH_CM - edge - _MARGIN)
    return Drawn("losses", title, page.figure, data, stamp)


def _stacks(axes: Axes, grouped: pd.DataFrame) -> None:
    y = np.arange(len(grouped))[::-1].astype(np.float64)
    left = np.zeros(len(grouped))
    for head, _, colour, hatch in GROUPS:
        width = np.nan_to_num(100 * np.maximum(0, grouped[head].to_numpy(dtype=np.float64)))
        axes.barh(y, width, left=left, height=0.66, color=colour, hatch=hatch, edgecolor=INK, linewidth=0.5)
        for at, x, size in zip(y, left, width, strict=True):
            if size >= 3.95:
                dark = colour in _DARK
                backing: dict[str, Any] = (
                    {} if not hatch else {"bbox": {"facecolor": colour, "edgecolor": "none", "pad": 0.8}}
                )
                axes.text(
                    x + size / 2, at, f"{size:.0f}", ha="center", va="center", color="white" if dark else INK,
                    fontsize=SMALL, fontweight="bold", **backing,
                )  # fmt: skip
        left += width
    axes.set_xlim(0, 100)
    axes.set_ylim(-0.55, len(grouped) - 0.45)
    axes.set_yticks(y, [in_lines(str(name)) for name in grouped.index])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _name_stacks(axes: Axes, row: pd.Series[float], width: float) -> None:
    """Write the groups' names above the first bar, in two tiers, each led to its place."""
    edges = np.cumsum(row.to_numpy(dtype=np.float64))
    middles = edges - row.to_numpy(dtype=np.float64) / 2
    top = len(axes.get_yticks()) - 1 + 0.36
    for tier in range(2):
        chosen = list(range(tier, len(GROUPS), 2))
        widest = [max(text_width_cm(line, SMALL) for line in GROUPS[i][0].split("\n")) for i in chosen]
        wanted = [float(middles[i]) * width for i in chosen]
        placed = spread(wanted, max(widest) + 0.12)
        shift = min(0.0, width + _MARGIN - 0.1 - max(p + w / 2 for p, w in zip(placed, widest, strict=True)))
        for i, x in zip(chosen, placed, strict=True):
            at, place = (100 * float(middles[i]), top), (100 * (x + shift) / width, top + 0.36 + 0.95 * (1 - tier))
            led_text(axes, GROUPS[i][0], at, place, ha="center", va="bottom", fontsize=SMALL, linespacing=0.95)


def _losses_claim(grouped: pd.DataFrame, names: Sequence[str]) -> str:
    if grouped.isna().any(axis=None):
        return "No money was given: there is nothing to account for"
    first = names[0]
    who = "donors who act alone" if first == "fragmented" else f"donors under {label(first)}"
    good = cents(float(grouped["effective"].to_dict()[first]))
    text = f"Of each euro of {who}, {good} would have bought the same gain without friction"
    loss = {
        head.replace("\n", " "): float(grouped[head].to_dict()[first]) for head, *_ in GROUPS if head != "effective"
    }
    worst = max(loss, key=lambda head: loss[head])
    return f"{text}; the largest loss is '{worst}', {cents(loss[worst])}"
