"""The figures of ``winners``, three a proposal: states, donors, and pillars by group of states."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import FuncFormatter, MaxNLocator

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
)
from donorlab.experiments.chances import CONFIDENCE
from donorlab.experiments.winnings import Answer, pillar_columns
from donorlab.experiments.words import counted, label
from donorlab.sim.outcomes.distribution import DARLING, ORPHAN

ENDS: Final = 15  # states at either end
DONOR_ENDS: Final = 12
_ROW: Final = 0.34  # cm
_STRIP: Final = 0.62
_FUTURES: Final = 1.9  # cm for the column of futures
_DIVERGING: Final = LinearSegmentedColormap.from_list("change", ("#c8702a", "#ffffff", "#4d86b0"))


def draw_all(answers: Sequence[Answer], stamp: Stamp) -> Iterator[Drawn]:
    """Draw the figures of all proposals."""
    for answer in answers:
        yield states(answer, stamp)
        if answer.donors["worth_m"].notna().any():
            yield donors(answer, stamp)
        yield pillars(answer, stamp)


def _signed(value: float, _position: int | None = None) -> str:
    return f"{value:+g}".replace("-", "\N{MINUS SIGN}") if abs(value) > 1e-9 else "0"


def _ends(frame: pd.DataFrame, by: str, many: int) -> tuple[pd.DataFrame, int]:
    """Return rows at both ends of an order, the most first, and after how many of them some are left out (0: none are)."""
    ordered = frame.dropna(subset=[by]).sort_values(by, ascending=False, kind="stable")
    if len(ordered) <= 2 * many:
        return ordered, 0
    return pd.concat([ordered.head(many), ordered.tail(many)]), many


def _heights(count: int, gap: int) -> np.ndarray:
    """Return where rows stand, the first on top; one row is left free where some are left out."""
    rows = np.arange(count) + (np.arange(count) >= gap if gap else 0)
    return np.asarray(rows.max(initial=0) - rows, dtype=np.float64)


def _frame(axes: Axes, rows: float, band: float) -> None:
    """Prepare a panel of rows: a band of what does not matter, a line at 0."""
    if band:
        axes.axvspan(-band, band, color="#ececec", linewidth=0, zorder=0)
    axes.axvline(0, color="#555555", linewidth=0.7, zorder=1)
    axes.set_ylim(-0.7, rows - 0.3)
    axes.set_yticks([])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(FuncFormatter(_signed))


def _dot(axes: Axes, row: Mapping[Any, Any], name: str, at: float, factor: float, full: bool, shade: int) -> None:
    """Draw a mean with its interval; full where it is told from chance."""
    low, high = factor * float(row[f"{name}_low"]), factor * float(row[f"{name}_high"])
    colour = SHADES[shade % len(SHADES)]
    if not math.isnan(low):
        axes.plot([low, high], [at, at], color=colour, linewidth=0.9, zorder=3)
    face = colour if full else "white"
    axes.plot(
        factor * float(row[name]), at, MARKERS[shade % len(MARKERS)], ms=4, mfc=face, mec=colour, mew=0.9, zorder=4
    )


def _left_out(axes: Axes, heights: np.ndarray, gap: int, count: int, what: str) -> None:
    """Say in the free row how many are left out."""
    if gap:
        at = (heights[gap - 1] + heights[gap]) / 2
        words = f"{counted(count, what)} between"
        axes.text(0.5, at, words, transform=axes.get_yaxis_transform(), ha="center", va="center", fontsize=SMALL,
                  color="#666666", zorder=5, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4})  # fmt: skip


def _counts(row: Mapping[Any, Any]) -> str:
    return "/".join(f"{row[f'futures_{part}']:.0f}" for part in ("gain", "same", "lose"))


# ---------------------------------------------------------------------- states
def states(answer: Answer, stamp: Stamp) -> Drawn:
    """Draw the states that gain and lose most, with intervals, and below all states by region."""
    shown, gap = _ends(answer.states, "value_change", ENDS)
    heights = _heights(len(shown), gap)
    regions = sorted(answer.states["region"].unique())
    points = 100 * answer.smallest
    futures = bool(answer.draws)
    total = len(answer.states)
    title = states_claim(answer)
    rows = float(heights.max(initial=0) + 1)
    upper, lower = _ROW * rows, _STRIP * len(regions)
    with style():
        note = f"Points of a state's own value (0 to 100), against {label(answer.first)}. Above: means of "
        note += f"{counted(answer.seeds, 'paired seed')}"
        note += (
            " with 95% of chance; filled: told from chance. "
            if answer.seeds > 1
            else "; one seed tells nothing from chance. "
        )
        note += "Both ends of a ranking are its luckiest: expect them nearer to 0 on other seeds. "
        if futures:
            note += f"Right: of {answer.draws} futures, in how many it gains, is the same, loses by {points:g} points. "
        note += f"Form and colour: region. Below: all {total} states; bar: median; same scale. Grey: less than {points:g} points."
        page = Page(title, note, stamp, 0.9 + lower + 0.75 + upper + (0.45 if futures else 0.15))
        names = [str(name) for name in shown["name"]]
        edge = 0.45 + max(text_width_cm(name, SMALL) for name in [*names, *regions])
        width = WIDTH_CM - edge - 0.35 - (_FUTURES if futures else 0)
        top = page.axes(edge, 0.9 + lower + 0.75, width, upper)
        strip = page.axes(edge, 0.9, width, lower)
        _frame(top, rows, points)
        for row, at in zip(shown.to_dict("records"), heights, strict=True):
            _dot(top, row, "value_change", at, 100, bool(row["told"]), regions.index(row["region"]))
            if futures:
                top.text(1.03, at, _counts(row), transform=top.get_yaxis_transform(), va="center", fontsize=SMALL)
        top.set_yticks(heights, names, fontsize=SMALL)
        _left_out(top, heights, gap, total - len(shown), "state")
        if futures:
            page.text(edge + 1.03 * width, 0.9 + lower + 0.85 + upper, "futures +/=/\N{MINUS SIGN}", fontsize=SMALL)
        _regions(strip, answer.states, regions, points)
        low, high = np.array([[*one.get_xlim()] for one in (top, strip)]).T
        for one in (top, strip):
            one.set_xlim(low.min(), high.max())
        strip.set_xlabel("points of own value")
    return Drawn(f"states_{answer.name}", title, page.figure, answer.states, stamp)


def _regions(axes: Axes, table: pd.DataFrame, regions: Sequence[str], band: float) -> None:
    """Draw all states, a dot each, a row a region."""
    _frame(axes, len(regions), band)
    for index, region in enumerate(regions):
        at = len(regions) - 1 - index
        values = 100 * table.loc[table["region"] == region, "value_change"].to_numpy(dtype=np.float64)
        jitter = at + 0.56 * (np.arange(len(values)) * 0.618 % 1 - 0.5)
        form, shade = MARKERS[index % len(MARKERS)], SHADES[index % len(SHADES)]
        axes.plot(values, jitter, form, ms=3, mfc=shade, mec="white", mew=0.3, alpha=0.8, zorder=2)
        middle = float(np.median(values))
        axes.plot([middle, middle], [at - 0.38, at + 0.38], color=INK, linewidth=1.8, zorder=3, solid_capstyle="butt")
    axes.set_yticks(np.arange(len(regions))[::-1], regions, fontsize=SMALL)


def states_claim(answer: Answer) -> str:
    """Return what the figure of states shows."""
    up, down = answer.count(answer.states, "gains"), answer.count(answer.states, "loses")
    total, points = counted(len(answer.states), "state"), f"{100 * answer.smallest:g} points"
    if answer.seeds < 2:
        return f"{answer.name}: what {total} gain and lose on one seed, which tells nothing from chance"
    if up or down:
        return f"{answer.name}: {up} of {total} gain {points} or more beyond chance, {down} lose as much"
    told = answer.states.loc[answer.states["told"], "value_change"]
    more, less = int((told > 0).sum()), int((told < 0).sum())
    return f"{answer.name}: none of {total} gains or loses {points} beyond chance; {more} gain less, {less} lose less"


# ---------------------------------------------------------------------- donors
def donors(answer: Answer, stamp: Stamp) -> Drawn:
    """Draw what the proposal is worth to donors, in money and in percent, members apart from outsiders."""
    table = answer.donors
    shown, gap = _ends(table, "worth_m", DONOR_ENDS)
    heights = _heights(len(shown), gap)
    rows = float(heights.max(initial=0) + 1)
    futures = bool(answer.draws)
    title = donors_claim(answer)
    with style():
        note = f"What donors get out of their money by what they want themselves, against {label(answer.first)}. Left: EUR m a "
        note += "year that a donor would have to add to its own programme to get as much; middle: the same in percent. Squares: "
        note += f"members; circles: outsiders; means of {counted(answer.seeds, 'paired seed')}"
        note += " with 95% of chance, filled where told from it. " if answer.seeds > 1 else ". "
        if futures:
            note += f"Right: of {answer.draws} futures, in how many it gains, is the same, loses by {100 * answer.smallest:g}%. "
        note += f"Grey: less than {100 * answer.smallest:g}%."
        height = _ROW * rows
        page = Page(title, note, stamp, 0.95 + height + (0.45 if futures else 0.15))
        names = [str(name) for name in shown["donor"]]
        edge = 0.45 + max(text_width_cm(name, SMALL) for name in names)
        width = (WIDTH_CM - edge - 0.75 - (_FUTURES if futures else 0)) / 2
        left, right = (page.axes(edge + at, 0.95, width, height) for at in (0, width + 0.4))
        _frame(left, rows, 0)
        _frame(right, rows, 100 * answer.smallest)
        for row, at in zip(shown.to_dict("records"), heights, strict=True):
            shade = 1 if row["member"] else 0
            _dot(left, row, "worth_m", at, 1, bool(row["told"]), shade)
            _dot(right, row, "account_change", at, 100, bool(row["told"]), shade)
            if futures:
                right.text(1.05, at, _counts(row), transform=right.get_yaxis_transform(), va="center", fontsize=SMALL)
        left.set_yticks(heights, names, fontsize=SMALL)
        _left_out(left, heights, gap, int(table["worth_m"].notna().sum()) - len(shown), "donor")
        if futures:
            page.text(edge + 2.05 * width + 0.4, 1.05 + height, "futures +/=/\N{MINUS SIGN}", fontsize=SMALL)
        left.set_xlabel("EUR m a year", fontsize=SMALL)
        right.set_xlabel("% of what it gets", fontsize=SMALL)
    return Drawn(f"donors_{answer.name}", title, page.figure, table, stamp)


def donors_claim(answer: Answer) -> str:
    """Return what the figure of donors shows."""
    parts = []
    for inside, worth, who in ((True, answer.member_worth, "member"), (False, answer.outsider_worth, "outsider")):
        count = int((answer.donors["member"] == inside).sum())
        if count:
            parts.append(f"to {counted(count, who)} EUR {float(worth.mean[0]):+z.1f}m a year")
    return f"{answer.name} is worth " + ", ".join(parts).replace("-", "\N{MINUS SIGN}")


# ---------------------------------------------------------------------- pillars
def pillars(answer: Answer, stamp: Stamp) -> Drawn:
    """Draw a heat map of what changes in capacity, a row a group of states, a column a pillar."""
    table, of_pillar = answer.groups, pillar_columns(answer.groups)
    columns, heads = list(of_pillar.values()), [label(pillar) for pillar in of_pillar]
    values = 100 * table[columns].to_numpy(dtype=np.float64)
    kinds = table["kind"].to_numpy()
    offset = np.cumsum(np.concatenate([[0], kinds[1:] != kinds[:-1]])) * 0.35  # kinds of groups stand apart
    heights = np.arange(len(table)) + offset
    rows = float(heights[-1] + 1)
    title = pillars_claim(answer, heads, values)
    row = 0.42
    with style():
        note = "Points of capacity (share of a pillar's tasks that stand at the end) against "
        note += f"{label(answer.first)}: mean over the states of a group and {counted(answer.seeds, 'paired seed')}. "
        if answer.seeds > 1:
            luck = (1 - CONFIDENCE) * values.size
            note += (
                f"Bold: told from chance, each by itself (95%); of {values.size} about {luck:.0f} would be by luck. "
            )
        note += "Orphans have "
        note += f"under {ORPHAN:g}, darlings over {DARLING:g} times their share of aid by need under {label(answer.first)}, told "
        note += "from the other seeds."
        names = [f"{one['group']} ({one['states']:.0f})" for one in table.to_dict("records")]
        edge = 0.45 + max(text_width_cm(name, SMALL) for name in names)
        page = Page(title, note, stamp, row * rows + 1.25)
        axes = page.axes(edge, 0.1, WIDTH_CM - edge - 0.3, row * rows)
        most = max(float(np.nanmax(np.abs(values))), 1e-9)
        told = np.array([(table[f"{name}_low"] > 0) | (table[f"{name}_high"] < 0) for name in columns]).T
        for at, line, sure in zip(heights, values, told, strict=True):
            for k, value in enumerate(line):
                axes.fill_between([k, k + 1], at, at + 1, color=_DIVERGING(0.5 + 0.5 * value / most), linewidth=0)
                words, weight = f"{value:+z.1f}".replace("-", "\N{MINUS SIGN}"), "bold" if sure[k] else "normal"
                axes.text(k + 0.5, at + 0.5, words, ha="center", va="center", fontsize=SMALL, fontweight=weight)
        axes.set_xlim(0, len(columns))
        axes.set_ylim(rows, 0)
        axes.set_yticks(heights + 0.5, names, fontsize=SMALL)
        axes.set_xticks([])
        for k, head in enumerate(heads):  # every second one higher, so that long words do not meet
            above = -0.25 - 0.75 * (k % 2)
            words = head.replace(" ", "\n")
            axes.text(k + 0.5, above, words, ha="center", va="bottom", fontsize=SMALL, linespacing=1.0)
        axes.tick_params(length=0)
        for side in axes.spines.values():
            side.set_visible(False)
    return Drawn(f"pillars_{answer.name}", title, page.figure, table, stamp)


def pillars_claim(answer: Answer, heads: Sequence[str], values: np.ndarray) -> str:
    """Return what the heat map shows: the pillars that gain and lose most over all states."""
    everywhere = values[0]
    best, worst = int(np.argmax(everywhere)), int(np.argmin(everywhere))
    text = f"{answer.name}: {heads[best]} capacity changes by {everywhere[best]:+.1f} points over all states"
    if best != worst:
        text += f", {heads[worst]} by {everywhere[worst]:+.1f}"
    return text.replace("-", "\N{MINUS SIGN}").replace(answer.name.replace("-", "\N{MINUS SIGN}"), answer.name)
