"""The figure of states: who gets more and who less than their share by need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from donorlab.experiments.canvas import (
    INK,
    MARKERS,
    SHADES,
    SMALL,
    WIDTH_CM,
    Drawn,
    Page,
    Stamp,
    ends,
    style,
    text_width_cm,
    wrapped,
)
from donorlab.experiments.tables import names_in, paired
from donorlab.experiments.words import counted, label

ORPHAN: Final = 0.5
DARLING: Final = 1.5
_NAMED: Final = 4  # states of either kind named in a panel
_TRIED: Final = 10  # states of either kind for which room is looked for
_LEAST_RATIO: Final = 0.03  # a state with less aid per need than this is drawn here, marked as such
_MOST_RATIO: Final = 30.0


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
        spare = len(names) < rows * per_row  # a place without a panel: how to read the others
        how = (
            "A dot is a state, its size its need, mean of the replications; bars: medians; dashed: aid in proportion "
            f"to need. Under {ORPHAN:g}: orphan; over {DARLING:g}: darling; numbers: mean per replication."
        )
        page = Page(
            title,
            f"{_NUMBERS} {_LETTERS} {_SCALE}" if spare else f"{how} {_LETTERS} {_SCALE}",
            stamp,
            rows * (panel + 1.4) + 0.55,
        )
        width = (WIDTH_CM - 2.35 - 0.3 - 0.45 * (per_row - 1)) / per_row
        for index, name in enumerate(names):
            row, column = divmod(index, per_row)
            bottom = 0.95 + (rows - 1 - row) * (panel + 1.4)
            axes = page.axes(2.35 + column * (width + 0.45), bottom, width, panel)
            part = data[data["architecture"] == name]
            _served_panel(axes, part, groups, index, (orphans[name], darlings[name]))
            axes.set_title(label(name), loc="left", fontweight="bold", pad=14)
            axes.set_yticks(range(len(groups)), [_two_lines(group) if column == 0 else "" for group in groups])
            if index + per_row >= len(names):  # nothing stands below
                axes.set_xlabel("Share of aid / share of need")
        if spare:
            _served_key(page, 2.35 + (per_row - 1) * (width + 0.45), 0.95, width, panel)
    return Drawn("who_is_served", title, page.figure, data, stamp)


_NUMBERS: Final = "Numbers over a panel: mean of the replications."
_LETTERS: Final = "Letters: ids (ISO codes) of orphans of great need and of great darlings, where there is room."
_SCALE: Final = f"The scale is logarithmic; at 0 stand all below {_LEAST_RATIO:g}."


def _served_key(page: Page, left: float, bottom: float, width: float, height: float) -> None:
    """Write how to read the panels where none stands, a sign and its meaning a row."""
    axes = page.axes(left, bottom, width, height)
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(-height, 0)
    axes.text(0, 0, "How to read", fontweight="bold", va="top")
    rows = (
        ("dot", "a state, its size its need; mean of the replications"),
        ("bar", "median of an income group"),
        ("dashed", "aid in proportion to need"),
        ("grey", f"orphans: under {ORPHAN:g} of their share by need; darlings: over {DARLING:g} times it"),
    )
    y = -0.65
    for sign, meaning in rows:
        lines = wrapped(meaning, SMALL, width_cm=width - 0.55)
        if sign == "dot":
            axes.plot(0.2, y - 0.15, "o", ms=5, color=SHADES[0], mec="white", clip_on=False)
        elif sign == "bar":
            axes.plot([0.2, 0.2], [y - 0.32, y + 0.02], color=INK, linewidth=2.0, solid_capstyle="butt")
        elif sign == "dashed":
            axes.plot([0.2, 0.2], [y - 0.32, y + 0.02], color="#777777", linewidth=0.9, linestyle=(0, (2, 2)))
        elif sign == "grey":
            axes.fill_between([0.02, 0.38], y - 0.32, y + 0.02, color="#e2e2e2", linewidth=0)
        axes.text(0.55, y, "\n".join(lines), va="top", fontsize=SMALL, linespacing=1.15)
        y -= 0.34 * len(lines) + 0.22


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
    bars: list[tuple[float, float]] = []
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
        bars.append((median, float(at)))
        axes.plot([median, median], [at - 0.36, at + 0.36], color=INK, linewidth=2.0, zorder=3, solid_capstyle="butt")
    _name_extremes(axes, part["iso3"].tolist(), ratio, height, need, size, bars)
    top: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "va": "bottom", "fontsize": SMALL}
    if not np.isnan(counts[0]):
        axes.text(_LEAST_RATIO * 0.85, 1.02, counted(counts[0], "orphan"), ha="left", **top)
        axes.text(_MOST_RATIO * 0.95, 1.02, counted(counts[1], "darling"), ha="right", **top)
    axes.xaxis.set_major_locator(FixedLocator([_LEAST_RATIO, 0.1, 0.5, 1.5, 5, 20]))
    axes.xaxis.set_major_formatter(FuncFormatter(_ratio_label))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _name_extremes(
    axes: Axes,
    ids: Sequence[str],
    ratio: np.ndarray,
    height: np.ndarray,
    need: np.ndarray,
    size: np.ndarray,
    bars: Sequence[tuple[float, float]],
) -> None:
    """Write the ids of the orphans with the greatest need and of the greatest darlings where neither dot nor bar is."""
    orphans = [i for i in np.argsort(-need, kind="stable") if ratio[i] < ORPHAN][:_TRIED]
    darlings = [i for i in np.argsort(-ratio, kind="stable") if ratio[i] > DARLING][:_TRIED]
    seen = np.isfinite(ratio)
    scale = 72 / axes.figure.dpi  # all that follows is in points
    places = scale * axes.transData.transform(np.column_stack([np.where(seen, ratio, 1), height]))
    edge = np.asarray(axes.bbox.extents) * scale
    radius = np.sqrt(size) / 2
    taken: list[tuple[float, float, float, float]] = []
    for median, at in bars:
        (x, low), (_, high) = scale * axes.transData.transform([(median, at + 0.36), (median, at - 0.36)])
        taken.append((x, min(low, high), x, max(low, high)))
    for chosen in (orphans, darlings):
        named = 0
        for i in chosen:
            wide, high, away = text_width_cm(ids[i], SMALL) * 72 / 2.54, 0.8 * SMALL, 1.5 + float(radius[i])
            for x, y in ((away + wide / 2, 0), (-away - wide / 2, 0), (0, away + high / 2), (0, -away - high / 2)):
                centre_x, centre_y = places[i] + (x, y)
                box = (centre_x - wide / 2, centre_y - high / 2, centre_x + wide / 2, centre_y + high / 2)
                others = seen & (np.arange(len(ratio)) != i)
                if (
                    _inside(box, edge)
                    and all(_apart(box, other) for other in taken)
                    and not _covers(box, places[others], radius[others])
                ):
                    taken.append(box)
                    named += 1
                    axes.annotate(
                        ids[i], (ratio[i], height[i]), xytext=(x, y), textcoords="offset points", ha="center",
                        va="center_baseline", fontsize=SMALL, zorder=4,
                    )  # fmt: skip
                    break
            if named == _NAMED:
                break


def _inside(box: tuple[float, float, float, float], edge: np.ndarray) -> bool:
    return bool(box[0] > edge[0] and box[1] > edge[1] and box[2] < edge[2] and box[3] < edge[3])


def _apart(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[2] + 2 < other[0] or other[2] + 2 < one[0] or one[3] + 2 < other[1] or other[3] + 2 < one[1]


def _covers(box: tuple[float, float, float, float], dots: np.ndarray, radius: np.ndarray) -> bool:
    """Return whether a box touches any of the dots."""
    nearest = np.clip(dots, box[:2], box[2:])
    return bool((np.hypot(*(dots - nearest).T) < radius).any())


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
    who = "Donors who act alone" if first == "fragmented" else f"Donors under {label(first)}"
    text = f"{who} leave {orphans[first]:.0f} of {counted(states, 'state')} with less than half their share by need"
    others = [f"{label(name)} {count:.0f}" for name, count in ends([(name, orphans[name]) for name in names[1:]])]
    return text + (f"; {', '.join(others)}" if others else "")
