"""The figures of ``discover``: the trade-off, the boxes, the two dimensions that are limited most, the tree."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator, PercentFormatter

from donorlab.experiments import conditions_in_words as said
from donorlab.experiments.canvas import (
    INK,
    MARKERS,
    SHADES,
    SMALL,
    WIDTH_CM,
    Drawn,
    Page,
    Stamp,
    style,
    text_width_cm,
    wrapped,
)
from donorlab.experiments.studies.boxes import Limits
from donorlab.experiments.studies.discovery import Box
from donorlab.experiments.studies.findings import Finding, short, verb
from donorlab.experiments.studies.trees import tells
from donorlab.experiments.sweeps.columns import rows
from donorlab.experiments.words import label

_GREY: Final = "#9a9a9a"
_ROW: Final = 0.62  # cm
_NAMES_CM: Final = 5.6  # at most, for what stands beside bars


def draw_all(finding: Finding, stamp: Stamp) -> Iterator[Drawn]:
    """Draw the figures of a pair; none where nothing was looked for."""
    if finding.why is not None:
        return
    if finding.boxes:
        yield trade_off(finding, stamp)
        yield boxes(finding, stamp)
        if len(finding.boxes[0].limits) > 1:
            yield scatter(finding, stamp)
    if len(finding.leaves) > 1:
        yield tree(finding, stamp)


def _loses(finding: Finding) -> str:
    return short(finding.question)


def _trust(box: Box) -> str:
    return "better than chance" if box.beyond_chance else "not told from chance"


# ---------------------------------------------------------------------- trade-off
def trade_off(finding: Finding, stamp: Stamp) -> Drawn:
    """Draw density over coverage along the trajectory of the first box, and the boxes it was chosen from."""
    box = finding.boxes[0]
    table = pd.DataFrame(
        {
            "coverage": one.counted.coverage, "density": one.counted.density, "mass": one.counted.mass,
            "dimensions": len(one.limits), "search": one.search, "conditions": said.conditions(one.limits),
            "chosen": one.limits == box.limits,
        }
        for one in box.search.candidates
    )  # fmt: skip
    peeled = box.search.trajectories[box.number]
    title = (
        f"The box that is taken holds {said.percent(box.found.coverage)} of the futures in which {label(finding.other)} "
        f"{_loses(finding)}; {said.percent(box.found.density)} of its futures are such ({_trust(box)})"
    )
    note = (
        f"{finding.claim}. Line: what peeling gives, step by step, from all futures (right) to the smallest box, and back by "
        "pasting, in the search from which the box comes; marks: boxes of all searches, without limits that are not worth their "
        "place, by number of limited dimensions. Of "
        f"boxes with a density of {said.percent(finding.pure)}, and at most half as many others as everywhere, the one that "
        "covers most is taken; without such a one that which goes with the cases best (phi). "
        "Crosses: what the same search takes where cases are dealt out by lot. Open star: the box in fresh futures."
    )
    with style():
        page = Page(title, note, stamp, 7.2)
        axes = page.axes(1.55, 1.0, WIDTH_CM - 4.85, 6.0)
        axes.plot(peeled["coverage"], peeled["density"], color=_GREY, linewidth=0.8, zorder=1)
        axes.axhline(box.found.rate, color=INK, linewidth=0.7, linestyle=(0, (4, 2)), zorder=1)
        axes.text(0.01, box.found.rate, f"all futures: {said.percent(box.found.rate)}", fontsize=SMALL, va="bottom")
        for dimensions, part in table.groupby("dimensions"):
            k = int(str(dimensions)) - 1
            axes.plot(
                part["coverage"], part["density"], MARKERS[k], ms=5, mfc=SHADES[k], mec="white", mew=0.4, zorder=3,
                linestyle="none", label=f"{dimensions} dimension{'' if k == 0 else 's'}",
            )  # fmt: skip
        axes.plot(
            box.luck[:, 2], box.luck[:, 1], "x", ms=4, color=INK, mew=0.8, zorder=2, linestyle="none", label="in noise"
        )
        own = (box.found.coverage, box.found.density)
        axes.plot(*own, "o", ms=11, mfc="none", mec=INK, mew=1.2, zorder=4, label="taken", linestyle="none")
        if box.fresh.inside and box.fresh.cases:
            axes.plot(
                box.fresh.coverage, box.fresh.density, "*", ms=10, mfc="white", mec=INK, mew=0.9, zorder=4, linestyle="none",
                label="taken, in fresh\nfutures",
            )  # fmt: skip
        axes.set_xlim(0, 1.03)
        axes.set_ylim(0, 1.03)
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.set_xlabel(f"coverage: share of the futures in which it {_loses(finding)}")
        axes.set_ylabel("density: share of these in the box")
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02), handletextpad=0.4)
    return Drawn(f"trade_off_{finding.other}", title, page.figure, table, stamp)


# ---------------------------------------------------------------------- boxes
def _place(name: str, value: float, finding: Finding) -> float:
    """Return where a value stands between the ends of its range, 0 to 1, on its scale."""
    row = rows().get(name)
    low, high = float(finding.points[name].min()), float(finding.points[name].max())
    if (
        row is not None
        and row.range
        and not row.choices
        and float(row.range[0]) <= low
        and high <= float(row.range[-1])
    ):
        low, high = float(row.range[0]), float(row.range[-1])
    if not math.isfinite(value):
        return 0.0 if value < 0 else 1.0
    if _logarithmic(name) and low > 0:
        return (math.log(value) - math.log(low)) / (math.log(high) - math.log(low))
    return (value - low) / (high - low)


def _logarithmic(name: str) -> bool:
    row = rows().get(name)
    return row is not None and row.distribution == "log_uniform"


def boxes(finding: Finding, stamp: Stamp) -> Drawn:
    """Draw each box as bars over the ranges of what it limits."""
    data: list[dict[str, Any]] = []
    bars: list[tuple[int, Box, str | None]] = []
    for place, box in enumerate(finding.boxes, 1):
        bars.append((place, box, None))
        for name, pair in box.limits.items():
            bars.append((place, box, name))
            for end in (0, 1):
                if math.isfinite(pair[end]):
                    at_place = _place(name, pair[end], finding)
                    row = {
                        "box": place,
                        "name": name,
                        "end": ("low", "high")[end],
                        "limit": pair[end],
                        "place": at_place,
                    }
                    data.append({**row, "quasi_p": box.quasi[name, end], "halves": box.again[name, end]})
    held = len(finding.held)
    first = finding.boxes[0]
    title = f"{label(finding.other)} {verb(finding.question)} {label(finding.first)}"
    if held:
        title += (
            f" most where {said.conditions(first.limits)}: in {said.percent(first.fresh.density)} of fresh futures, against "
            f"{said.percent(first.fresh.rate)} of all"
        )
    else:
        title += ": no box is better than chance"
    note = (
        f"{finding.claim}. Bars: what a box keeps of the range of each dimension that it limits (log: on a logarithmic scale); "
        "white: cut away. At a limit: its value, and its quasi-p value in brackets. A box after the first is one of the "
        "futures that those before leave. Hatched: not told from chance."
    )
    with style():
        names = [f"{label(name)}{' (log)' if _logarithmic(name) else ''}" for _, _, name in bars if name is not None]
        edge = 0.45 + min(_NAMES_CM, max(text_width_cm(name, SMALL) for name in names))
        heights, at = [], 0.0
        for _, _, limited in bars:
            at += 1.0 if limited is not None else 1.15
            heights.append(at)
        page = Page(title, note, stamp, _ROW * (at + 0.5) + 0.5)
        axes = page.axes(edge, 0.5, WIDTH_CM - edge - 0.5, _ROW * (at + 0.5))
        for (place, box, limited), y in zip(bars, heights, strict=True):
            if limited is None:
                own, fresh = box.found, box.fresh
                words = (
                    f"Box {place}: density {said.percent(own.density)} (fresh {said.percent(fresh.density)}), coverage "
                )
                words += f"{said.percent(own.coverage)} (fresh {said.percent(fresh.coverage)}), size {said.percent(own.mass)}"
                axes.text(
                    -edge / (WIDTH_CM - edge - 0.5) + 0.03,
                    y + 0.1,
                    words,
                    fontsize=SMALL,
                    va="center",
                    fontweight="bold",
                )
                continue
            _bar(axes, finding, box, limited, y)
        axes.set_yticks(
            [y for (_, _, name), y in zip(bars, heights, strict=True) if name is not None], names, fontsize=SMALL
        )
        axes.set_ylim(at + 0.55, 0.5)
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 1], ["lowest", "highest of its range"], fontsize=SMALL)
        axes.get_xticklabels()[0].set_horizontalalignment("left")
        axes.get_xticklabels()[1].set_horizontalalignment("right")
        axes.tick_params(length=0)
        for side in axes.spines.values():
            side.set_visible(False)
    return Drawn(f"boxes_{finding.other}", title, page.figure, pd.DataFrame(data), stamp)


def _bar(axes: Axes, finding: Finding, box: Box, name: str, y: float) -> None:
    """Draw what a box keeps of one range, with its limits."""
    low, high = box.limits[name]
    left, right = (_place(name, value, finding) for value in (low, high))
    axes.add_patch(Rectangle((0, y - 0.2), 1, 0.4, facecolor="white", edgecolor="#777777", linewidth=0.6))
    shade = SHADES[2] if box.beyond_chance else "white"
    hatch = None if box.beyond_chance else "////"
    axes.add_patch(
        Rectangle((left, y - 0.2), right - left, 0.4, facecolor=shade, edgecolor=INK, linewidth=0.8, hatch=hatch)
    )
    for end, (value, at) in enumerate(((low, left), (high, right))):
        if math.isfinite(value):
            shown = said.edge(name, value, end)
            words = f"{shown} ({said.short_p(box.quasi[name, end])})"
            into = at < 0.3 if end == 0 else at <= 0.7  # outside the bar, where there is room
            side = "left" if into else "right"
            axes.text(
                at + (0.012 if side == "left" else -0.012), y, words, fontsize=SMALL, va="center", ha=side,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
            )  # fmt: skip


# ---------------------------------------------------------------------- scatter
def _most_limited(limits: Limits, finding: Finding) -> list[str]:
    """Return the names of the two dimensions of which a box keeps least."""
    kept = {name: _place(name, pair[1], finding) - _place(name, pair[0], finding) for name, pair in limits.items()}
    return sorted(kept, key=lambda name: kept[name])[:2]


def scatter(finding: Finding, stamp: Stamp) -> Drawn:
    """Draw the futures over the two dimensions that the first box limits most, cases apart from others by form."""
    box = finding.boxes[0]
    one, other = _most_limited(box.limits, finding)
    table = finding.points[[one, other]].assign(difference=finding.difference, case=finding.cases)
    both: Limits = {name: box.limits[name] for name in (one, other)}
    title = (
        f"{label(one)[0].upper()}{label(one)[1:]} and {label(other)}: {said.of(box.found)} of the futures in the box are ones "
        f"in which {label(finding.other)} {_loses(finding)}"
    )
    if len(box.limits) > 2:
        title = title.replace("in the box", f"in the box of {len(box.limits)} dimensions")
    note = (
        f"Each mark a future of the search. Filled: {finding.claim}; open and small: not so. Frame: the box in the two "
        f"dimensions of which it keeps least ({said.conditions(both)}); {_trust(box)}."
    )
    with style():
        page = Page(title, note, stamp, 7.4)
        axes = page.axes(1.4, 1.0, WIDTH_CM - 2.0, 6.2)
        no, yes = table[~table["case"]], table[table["case"]]
        axes.plot(no[one], no[other], "o", ms=2.6, mfc="none", mec="#a0a0a0", mew=0.5, zorder=1)
        axes.plot(yes[one], yes[other], "^", ms=4.2, mfc=SHADES[0], mec="white", mew=0.3, zorder=2)
        spans = []
        for name in (one, other):
            low, high = float(table[name].min()), float(table[name].max())
            room = 0.5 if (table[name] == np.floor(table[name])).all() else 0.02 * (high - low)
            spans.append((low / 1.04, high * 1.04) if _logarithmic(name) else (low - room, high + room))
        edges = [
            (max(box.limits[name][0], span[0]), min(box.limits[name][1], span[1]))
            for name, span in zip((one, other), spans, strict=True)
        ]
        (left, right), (bottom, top) = edges
        axes.add_patch(
            Rectangle(
                (left, bottom), right - left, top - bottom, facecolor="none", edgecolor=INK, linewidth=1.4, zorder=3
            )
        )
        for name, axis, limits in ((one, "x", spans[0]), (other, "y", spans[1])):
            if _logarithmic(name):
                getattr(axes, f"set_{axis}scale")("log")
                ticks = _ticks(*limits)
                getattr(axes, f"set_{axis}ticks")(ticks, [said.number(tick) for tick in ticks])
                getattr(axes, f"{axis}axis").set_minor_locator(NullLocator())
            getattr(axes, f"set_{axis}lim")(*limits)
            getattr(axes, f"set_{axis}label")(said.axis(name))
    return Drawn(f"scatter_{finding.other}", title, page.figure, table, stamp)


def _ticks(low: float, high: float) -> list[float]:
    """Return round numbers on a logarithmic axis."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found = [digit * 10.0**power for power in powers for digit in (1, 2, 5)]
    return [value for value in found if low <= value <= high]


# ---------------------------------------------------------------------- tree
def tree(finding: Finding, stamp: Stamp) -> Drawn:
    """Draw the leaves of the tree: the share of cases in each, in futures of the search and in fresh ones."""
    table = pd.DataFrame(
        {
            "conditions": said.conditions(leaf.limits), "density": leaf.found.density, "fresh_density": leaf.fresh.density,
            "coverage": leaf.found.coverage, "mass": leaf.found.mass, "inside": leaf.found.inside, "hits": leaf.found.hits,
            "fresh_inside": leaf.fresh.inside, "fresh_hits": leaf.fresh.hits,
        }
        for leaf in finding.leaves
    )  # fmt: skip
    most, least = finding.leaves[0], finding.leaves[-1]
    what = f"{label(finding.other)} {verb(finding.question)} {label(finding.first)}"
    if tells(finding.leaves):
        title = (
            f"{what} in {said.percent(most.fresh.density)} of fresh futures where {said.conditions(most.limits)}, and in "
            f"{said.percent(least.fresh.density)} where {said.conditions(least.limits)}"
        )
    else:
        title = f"A small tree does not tell where {what}: its leaves do not differ in fresh futures"
    note = (
        f"{finding.claim}. Leaves of a small tree: every future lies in one. Bar: share in the futures of the search; diamond: "
        "in fresh futures; dashed: all futures of the search. Right: share of all futures, and of all such futures."
    )
    with style():
        width = 5.0
        blocks = [wrapped(words, SMALL, width_cm=width) for words in table["conditions"]]
        tall = [max(0.75, 0.33 * len(lines) + 0.2) for lines in blocks]
        page = Page(title, note, stamp, sum(tall) + 1.5)
        edge = width + 0.5
        axes = page.axes(edge, 0.95, WIDTH_CM - edge - 2.6, sum(tall))
        at = 0.0
        for lines, row, height in zip(blocks, table.to_dict("records"), tall, strict=True):
            middle = at + height / 2
            axes.barh(middle, row["density"], 0.42, color=SHADES[2], edgecolor=INK, linewidth=0.6, zorder=2)
            axes.plot(row["fresh_density"], middle, "D", ms=4.5, mfc="white", mec=INK, mew=0.9, zorder=3)
            axes.text(
                -0.03,
                middle,
                "\n".join(lines),
                transform=axes.get_yaxis_transform(),
                ha="right",
                va="center",
                fontsize=SMALL,
            )
            words = f"{said.percent(row['mass'])}, {said.percent(row['coverage'])}"
            axes.text(1.04, middle, words, transform=axes.get_yaxis_transform(), va="center", fontsize=SMALL)
            at += height
        axes.axvline(finding.all.rate, color=INK, linewidth=0.7, linestyle=(0, (4, 2)), zorder=1)
        axes.set_ylim(at, 0)
        axes.set_yticks([])
        axes.set_xlim(0, min(1.0, 1.15 * max(float(table[["density", "fresh_density"]].max().max()), 0.05)))
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.set_xlabel(f"share of futures in which it {_loses(finding)}")
        page.text(WIDTH_CM - 2.45, 1.0 + sum(tall), "size, coverage", fontsize=SMALL)
    return Drawn(f"tree_{finding.other}", title, page.figure, table, stamp)
