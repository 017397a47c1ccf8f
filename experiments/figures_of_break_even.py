"""Where the sign changes, as a figure: one panel a setting, or, of many architectures, one row each."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from donorlab import scenarios as catalogue
from donorlab.experiments import break_even as crossing
from donorlab.experiments.canvas import (
    DASHES,
    FONT,
    MARKERS,
    SHADES,
    SMALL,
    WIDTH_CM,
    Drawn,
    Page,
    Stamp,
    names_width_cm,
    signed,
    style,
    text_width_cm,
    wrapped,
)
from donorlab.experiments.levers import WHOLE
from donorlab.experiments.tables import sure
from donorlab.experiments.words import DEFAULT_VALUES, in_lines, label

TOGETHER: Final = 4  # lines that can be told apart in one panel, bands and all; more have a row each
_PANEL: Final = 3.0  # cm
_GAP: Final = 1.35
_ROW: Final = 1.25
_BETWEEN: Final = 0.28


def break_even(curves: pd.DataFrame, names: Sequence[str], stamp: Stamp, smallest: float) -> Drawn:
    """Draw the difference in efficiency to the first architecture along each setting.

    A panel a setting; of more than `TOGETHER` architectures a row each, on the scales of its column.

    Parameters
    ----------
    curves : parameter, value, architecture, seed, difference
    names : all architectures in their order, the first is the reference
    stamp : where the figure comes from
    smallest : least difference that matters
    """
    first = names[0]
    seeds = sorted(int(seed) for seed in curves["seed"].unique())
    stamp = dataclasses.replace(stamp, seeds=f"seeds {seeds[0]}-{seeds[-1]}" if len(seeds) > 1 else f"seed {seeds[0]}")
    grouped = curves.groupby(["parameter", "architecture", "value"], sort=False)["difference"]
    data = pd.DataFrame(
        {"difference": grouped.mean(), "seed_noise": grouped.std(ddof=1), "replications": grouped.size()}
    )
    data["standard_error"] = data["seed_noise"] / np.sqrt(data["replications"])
    data = data.reset_index()
    noise = 100 * (sure(len(seeds)) * data["standard_error"]).fillna(0)
    low, high = 100 * data["difference"] - noise, 100 * data["difference"] + noise
    title = _claim(curves, first, smallest)
    shown = [name for name in names if name in set(data["architecture"])]
    note = (
        f"Mean of {len(seeds)} paired replications, all else {DEFAULT_VALUES}; bands: {sure(len(seeds)):.2g} standard "
        "errors of it either way (95%, Student's t). "
        if len(seeds) > 1
        else f"One replication, all else {DEFAULT_VALUES}: nothing is told from chance. "
    )
    note += f"Zero: {label(first)}; grey: less than {100 * smallest:g} points. Observation probability changes "
    drawn = data.assign(low=low, high=high)
    with style():
        if len(shown) > TOGETHER:
            note += "every architecture; its column has a scale of its own. A dash: the setting does nothing there."
            page = _rows(drawn, shown, title, note, stamp, smallest)
        else:
            note += "every architecture; its panel has a scale of its own."
            page = _panels(drawn, shown, names, title, note, stamp, smallest)
    return Drawn("break_even", title, page.figure, data, stamp)


def _panels(
    data: pd.DataFrame, shown: Sequence[str], names: Sequence[str], title: str, note: str, stamp: Stamp, smallest: float
) -> Page:
    """Draw a panel a setting with all architectures in it."""
    settings = list(dict.fromkeys(data["parameter"]))
    per_row = min(2, len(settings))
    rows = -(-len(settings) // per_row)
    legend = _legend_rows(shown)
    page = Page(title, note, stamp, rows * (_PANEL + _GAP) + 0.4 * len(legend))
    width = (WIDTH_CM - 1.35 - 0.3 - 0.9 * (per_row - 1)) / per_row
    for index, name in enumerate(settings):
        row, column = divmod(index, per_row)
        axes = page.axes(1.35 + column * (width + 0.9), 0.5 + (rows - 1 - row) * (_PANEL + _GAP), width, _PANEL)
        for who in shown:
            _line(axes, data[(data["parameter"] == name) & (data["architecture"] == who)], who, names.index(who))
        _frame(axes, data, name, smallest)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=name in WHOLE, steps=[1, 2, 5, 10]))
        axes.set_title(_setting(name), loc="left", fontweight="bold", pad=4)
        if column == 0:
            axes.set_ylabel("Points of efficiency")
    _legend(page, legend, names, rows * (_PANEL + _GAP))
    return page


def _rows(data: pd.DataFrame, shown: Sequence[str], title: str, note: str, stamp: Stamp, smallest: float) -> Page:
    """Draw a row an architecture and a column a setting, so that no line lies on another."""
    settings = list(dict.fromkeys(data["parameter"]))
    left = 0.4 + names_width_cm(shown) + 0.75
    apart = [0.75 if name in crossing.EVERYWHERE and index else 0.3 for index, name in enumerate(settings)]
    width = (WIDTH_CM - left - 0.3 - sum(apart[1:])) / len(settings)
    heads = [wrapped(_setting(name), FONT, "bold", width) for name in settings]
    top = 0.5 + len(shown) * (_ROW + _BETWEEN)
    page = Page(title, note, stamp, top + 0.45 + 0.35 * max(map(len, heads)))
    page.text(0.25, top + 0.1, "Points of\nefficiency", fontsize=SMALL, color="#444444", va="bottom")
    for column, name in enumerate(settings):
        x = left + column * width + sum(apart[1 : column + 1])
        page.text(x, top + 0.1, "\n".join(heads[column]), fontweight="bold", va="bottom", linespacing=1.1)
        for row, who in enumerate(shown):
            part = data[(data["parameter"] == name) & (data["architecture"] == who)]
            last = row == len(shown) - 1
            axes = page.axes(x, 0.5 + (len(shown) - 1 - row) * (_ROW + _BETWEEN), width, _ROW)
            _frame(axes, data, name, smallest)
            values = data.loc[data["parameter"] == name, "value"]
            margin = 0.05 * float(values.max() - values.min())
            axes.set_xlim(float(values.min()) - margin, float(values.max()) + margin)
            axes.xaxis.set_major_locator(MaxNLocator(3, integer=name in WHOLE, steps=[1, 2, 3, 4, 5, 10]))
            axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
            axes.tick_params(axis="y", labelsize=SMALL)
            if not last:
                axes.tick_params(axis="x", labelbottom=False)
            if column and name not in crossing.EVERYWHERE:
                axes.tick_params(axis="y", labelleft=False, length=0)
            if part.empty:
                _empty(axes, last)
                continue
            _line(axes, part, who, 0, marker=False)
        if column == 0:
            for row, who in enumerate(shown):
                middle = 0.5 + (len(shown) - 1 - row) * (_ROW + _BETWEEN) + _ROW / 2
                page.text(0.25, middle, in_lines(who), va="center", linespacing=1.1)
    return page


def _empty(axes: Axes, last: bool) -> None:
    """Leave a panel without a line empty; the scale of its column stays where it is the last."""
    for thing in (axes.yaxis, axes.spines["left"], *axes.patches, *axes.lines):
        thing.set_visible(False)
    if not last:
        axes.set_axis_off()
    axes.text(0.5, 0.5, "-", transform=axes.transAxes, ha="center", va="center", color="#777777")


def _line(axes: Axes, part: pd.DataFrame, who: str, index: int, marker: bool = True) -> None:
    """Draw the line of an architecture with its band."""
    colour = SHADES[index % len(SHADES)]
    axes.fill_between(part["value"], part["low"], part["high"], color=colour, alpha=0.2, linewidth=0)
    axes.plot(
        part["value"], 100 * part["difference"], label=label(who), color=colour, linestyle=DASHES[index % len(DASHES)],
        marker=MARKERS[index % len(MARKERS)] if marker else "", markersize=3, linewidth=1.3,
    )  # fmt: skip


def _frame(axes: Axes, data: pd.DataFrame, name: str, smallest: float) -> None:
    """Draw zero and what is too small to matter, on one scale for all settings but those of every architecture."""
    axes.axhspan(-100 * smallest, 100 * smallest, color="#e4e4e4", linewidth=0, zorder=0)
    axes.axhline(0, color="#555555", linewidth=0.7)
    everywhere = data["parameter"].isin(crossing.EVERYWHERE)
    alike = everywhere if name in crossing.EVERYWHERE else ~everywhere
    bottom, top = min(float(data["low"][alike].min()), 0), max(float(data["high"][alike].max()), 0)
    room = max(0.5, 0.08 * (top - bottom))
    axes.set_ylim(bottom - room, top + room)
    axes.yaxis.set_major_formatter(FuncFormatter(signed))


def _setting(name: str) -> str:
    """Return a parameter in plain words, with its unit where that is not a share or a probability."""
    unit = next((row.unit for row in catalogue.parameter_table() if row.name == name), "share")
    return label(name) if unit in ("share", "probability") else f"{label(name)}, {unit}"


def _legend_rows(shown: Sequence[str]) -> list[list[str]]:
    """Put the entries of the legend into rows that fit the page."""
    rows: list[list[str]] = []
    room = 0.0
    for name in shown:
        need = 1.05 + text_width_cm(label(name), SMALL)
        if not rows or room < need:
            rows.append([])
            room = WIDTH_CM - 0.8
        rows[-1].append(name)
        room -= need
    return rows


def _legend(page: Page, rows: Sequence[Sequence[str]], names: Sequence[str], bottom: float) -> None:
    axes = page.axes(0.3, bottom, WIDTH_CM - 0.6, 0.4 * len(rows))
    axes.set_axis_off()
    axes.set_xlim(0, WIDTH_CM - 0.6)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    for y, row in enumerate(rows):
        x = 0.1
        for name in row:
            i = list(names).index(name)
            axes.plot(
                [x, x + 0.35, x + 0.7], [y, y, y], color=SHADES[i % len(SHADES)], linestyle=DASHES[i % len(DASHES)],
                marker=MARKERS[i % len(MARKERS)], markevery=[1], markersize=3, linewidth=1.3, clip_on=False,
            )  # fmt: skip
            axes.text(x + 0.8, y, label(name), va="center", fontsize=SMALL)
            x += 1.05 + text_width_cm(label(name), SMALL)


def _claim(curves: pd.DataFrame, first: str, smallest: float) -> str:
    lines = crossing.lines(curves).to_dict("records")
    change = [line for line in lines if line["crossings"]]
    points = f"{100 * smallest:g} points"
    if change:
        line, place = change[0], change[0]["crossings"][0]
        word = "worse" if not place.rising else "better"
        text = f"From {label(line['parameter'])} {place.at:.2g} on {label(line['architecture'])} is {word} than {label(first)}"
        return f"{text}; in {len(lines) - len(change)} of {len(lines)} lines the sign does not change"
    no = "No" if lines[0]["seeds"] > 1 else "With one replication no"
    text = f"{no} difference to {label(first)} changes its sign beyond chance"
    less = [(line, crossing.small(line, smallest)) for line in lines if max(-line["least"], line["most"]) >= smallest]
    less = [(line, places) for line, places in less if places]
    if not less:
        return text
    (line, ((low, high), *_)), *others = less
    where = (
        f"below {high:.2g}" if low == line["low"] else f"above {low:.2g}" if high == line["high"] else f"near {low:.2g}"
    )
    text += f", but that of {label(line['architecture'])} is under {points} at {label(line['parameter'])} {where}"
    return text + (f"; so are parts of {len(others)} other {'line' if len(others) == 1 else 'lines'}" if others else "")
