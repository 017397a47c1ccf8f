"""The figure of mechanisms: a row a mechanism, a panel the first architecture and each difference to it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from donorlab.experiments.canvas import (
    FONT,
    INK,
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
from donorlab.experiments.effects import verdict
from donorlab.experiments.tables import sure
from donorlab.experiments.words import label

_ROW: Final = 0.44  # cm
_GAP: Final = 0.3
_ROUND: Final = (5, 10, 15, 20, 30, 40, 50, 60, 80, 100)
"""Points of efficiency that may be numbered, beside 0 and the least that matters."""


def mechanisms(found: pd.DataFrame, smallest: float, seeds: int, stamp: Stamp) -> Drawn:
    """Draw the effect of each mechanism on efficiency: at default values, and over the futures.

    Parameters
    ----------
    found : of `effects.summary`
    smallest : least difference that matters
    seeds : number of replications
    stamp : where the figure comes from
    """
    data = found[found["outcome"] == "efficiency"].reset_index(drop=True)
    names = [str(name) for name in data["architecture"].unique()]
    order, left_out = _order(data)
    title = claim(data, names, smallest)
    futures = "future_change" in data and bool(data["future_change"].notna().any())
    with style():
        heads = [_head(name, names[0]) for name in names]
        edge = 0.45 + max(text_width_cm(label(name), FONT) for name in order)
        width = (WIDTH_CM - edge - 0.3 - _GAP * (len(names) - 1)) / len(names)
        heads = ["\n".join(wrapped(head, SMALL, "bold", width)) for head in heads]
        lines = max(head.count("\n") + 1 for head in heads)
        height = _ROW * len(order)
        body = 1.05 + height + 0.3 * lines
        note = (
            f"Points of efficiency with a mechanism on less off, all else equal. Diamond: mean of {seeds} paired seeds at "
            f"default values, with {sure(seeds):.2g} standard errors either way (95%, Student's t, chance only); filled where "
            "that is told from 0. "
            if seeds > 1
            else "Points of efficiency with a mechanism on less off, all else equal. Diamond: one seed at default values, which "
            "tells nothing from chance: none is filled. "
        )
        if futures:
            note += "Grey line: 5% to 95% of the futures, tick: the middle one. "
        note += (
            f"Band: less than {100 * smallest:g} points; beyond it the scale is compressed. =: inert at default values, no "
            "outcome moves by a bit."
        )
        if left_out:
            note += f" So, and without a row, in every panel and future: {', '.join(map(label, left_out))}."
        page = Page(title, note, stamp, body)
        for column, name in enumerate(names):
            left = edge + column * (width + _GAP)
            axes = page.axes(left, 0.8, width, height)
            rows = {str(row["mechanism"]): row for row in data[data["architecture"] == name].to_dict("records")}
            _panel(axes, [rows[mechanism] for mechanism in order], smallest, futures)
            page.text(
                left + width / 2,
                0.92 + height,
                heads[column],
                fontsize=SMALL,
                fontweight="bold",
                ha="center",
                linespacing=1.1,
            )
            if column == 0:
                axes.set_yticks(np.arange(len(order))[::-1], [label(name) for name in order])
        page.text(edge, 0.05, "points of efficiency", fontsize=SMALL)
    return Drawn("mechanisms", title, page.figure, data, stamp)


def _head(name: str, first: str) -> str:
    return f"efficiency of {label(name)}" if name == first else f"{label(name)} - {label(first)}"


def _order(data: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Return the mechanisms that are shown, the largest effect at default values on any panel first, and all others.

    One that is inert on every panel and in every future has no row, unless all are.
    """
    size = data.assign(size=data["change"].abs().fillna(0)).groupby("mechanism", sort=False)["size"].max().to_dict()
    moves = data[["future_low", "future_high"]].ne(0).any(axis=1) if "future_low" in data else data["change"].ne(0)
    alive = data.assign(alive=~data["inert"] | moves).groupby("mechanism", sort=False)["alive"].any().to_dict()
    names = sorted((str(name) for name in size), key=lambda name: -float(size[name]))
    shown = [name for name in names if alive[name]]
    return (shown, [name for name in names if not alive[name]]) if shown else (names, [])


def _panel(axes: Axes, rows: Sequence[Mapping[Any, Any]], smallest: float, futures: bool) -> None:
    points = 100 * smallest
    axes.axvspan(-points, points, color="#ececec", linewidth=0, zorder=0)
    axes.axvline(0, color="#555555", linewidth=0.7, zorder=1)
    seen = [-points, points]
    for index, row in enumerate(rows):
        at = len(rows) - 1 - index
        if futures and not math.isnan(float(row["future_change"])):
            low, middle, high = (100 * float(row[f"future_{part}"]) for part in ("low", "change", "high"))
            axes.plot([low, high], [at, at], color="#8a8a8a", linewidth=2.6, solid_capstyle="butt", zorder=2)
            axes.plot([middle, middle], [at - 0.28, at + 0.28], color=INK, linewidth=1.1, zorder=3)
            seen += [low, high]
        if row["inert"]:
            backing = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
            axes.text(0, at, "=", ha="center", va="center", fontsize=FONT, zorder=5, bbox=backing)
            continue
        change, error = 100 * float(row["change"]), 100 * float(row["standard_error"])
        if math.isnan(change):
            continue
        error = 0.0 if math.isnan(error) else sure(int(row["seeds"])) * error
        axes.plot([change - error, change + error], [at, at], color=INK, linewidth=0.8, zorder=4)
        full = verdict(row, smallest) in ("moves", "small")
        axes.plot(change, at, "D", ms=4, mfc=SHADES[1] if full else "white", mec=INK, mew=0.8, zorder=5)
        seen += [change - error, change + error]
    low, high = min(seen), max(seen)
    axes.set_xscale("symlog", linthresh=points, linscale=0.7)
    axes.set_xlim(1.25 * low, 1.25 * high)
    axes.xaxis.set_major_locator(FixedLocator(_ticks(axes, points, low, high)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(_signed))
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_yticks([])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _ticks(axes: Axes, points: float, low: float, high: float) -> list[float]:
    """Return where numbers stand: 0, the band, and by size from the ends inwards as far as there is room between them."""
    round_ones = sorted(
        {sign * tick for tick in _ROUND if tick > points for sign in (-1, 1)}, key=lambda tick: -abs(tick)
    )
    chosen: list[float] = [0]

    def place(tick: float) -> float:
        """Return where a value stands, in cm from the left edge of the page."""
        return float(axes.transData.transform((tick, 0))[0]) / axes.figure.dpi * 2.54

    for tick in (-points, points, *(tick for tick in round_ones if low <= tick <= high)):
        half = text_width_cm(_signed(tick), FONT) / 2
        if all(abs(place(tick) - place(one)) > half + text_width_cm(_signed(one), FONT) / 2 + 0.1 for one in chosen):
            chosen.append(tick)
    return sorted(chosen)


def _signed(value: float, _position: int | None = None) -> str:
    return f"{value:+g}".replace("-", "\N{MINUS SIGN}") if value else "0"


def claim(data: pd.DataFrame, names: Sequence[str], smallest: float) -> str:
    """Return what the figure shows: the largest effect on the first architecture, and on the first difference."""
    parts = []
    for name in names[:2]:
        rows = [
            row for row in data[data["architecture"] == name].to_dict("records") if verdict(row, smallest) == "moves"
        ]
        what = f"the efficiency of {label(name)}" if name == names[0] else f"the lead of {label(name)} over it"
        if int(data["seeds"].max()) < 2:
            parts.append(f"one seed cannot tell what moves {what}")
            continue
        if not rows:
            parts.append(f"no mechanism moves {what} by {100 * smallest:g} points beyond chance")
            continue
        most = max(rows, key=lambda row: abs(float(row["change"])))
        parts.append(f"'{label(str(most['mechanism']))}' moves {what} most ({100 * float(most['change']):+.1f} points)")
    text = "; ".join(parts)
    still = int(data.groupby("mechanism")["inert"].all().sum())
    text = f"{text[:1].upper()}{text[1:]}"
    return f"{text}; {still} of {data['mechanism'].nunique()} mechanisms are inert" if still else text
