"""The figure of ``membership``: how much money stays under an umbrella whose members are free to leave, and whose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from donorlab.experiments.canvas import (
    DASHES,
    FONT,
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
from donorlab.experiments.free_members import FOUNDED, FROM, Ends, by_year
from donorlab.experiments.reporters import Player

_ROW: Final = 0.4  # cm
_LINES: Final = 3.4  # cm, height of the lines
_LABELS: Final = {"nobody": "nobody founds it", "half": "half found it", "all": "all found it"}


def free_members(name: str, found: pd.DataFrame, end: Ends, players: Sequence[Player], stamp: Stamp) -> Drawn:
    """Draw the share of money inside by year and beginning, and beside it in how many runs each player is inside.

    Parameters
    ----------
    name : of the proposal
    found : of `free_members.histories`
    end : of `free_members.ends`
    players : who stands alone, and groups
    stamp : where the figure comes from
    """
    shares = by_year(found)
    mean = shares.groupby(["founded_by", "year"], sort=False)["share"].agg(["mean", "min", "max"])
    inside, rows = heat(found, players)
    years = np.arange(1, inside.shape[1] + 1)
    with style():
        note = (
            "Each year every donor that is invited compares what a euro brought inside and outside, its own and those of donors of "
            "similar budget, and stays, joins or leaves. Lines: means over paired runs; light: the range of these runs, "
            "of the beginning with half."
        )
        title = claim(name, end)
        below = _ROW * len(rows)
        page = Page(title, note, stamp, below + _LINES + 2.6)
        edge = 0.45 + max(text_width_cm(row, FONT) for row in rows)
        labels = max(text_width_cm(words, SMALL) for words in _LABELS.values()) + 0.3
        width = WIDTH_CM - edge - labels - 0.25
        axes = page.axes(edge, below + 2.0, width, _LINES)
        last = []
        for i, key in enumerate(FOUNDED):
            line = mean.loc[key]
            if key == FROM:  # three of them would mix
                axes.fill_between(years, line["min"], line["max"], color=SHADES[i], alpha=0.12, linewidth=0)
            axes.plot(years, line["mean"], color=SHADES[i], linestyle=DASHES[i], linewidth=1.5)
            last.append(float(line["mean"].iloc[-1]))
        axes.set_xlim(0.5, years[-1] + 0.5)
        axes.set_ylim(0, 1.02)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "25%", "50%", "75%", "100%"])
        for i, (key, place) in enumerate(zip(FOUNDED, spread(last, 0.4 / _LINES), strict=True)):
            axes.annotate(
                _LABELS[key], (years[-1] + 0.1, place), xytext=(4, 0), textcoords="offset points", fontsize=SMALL,
                color=SHADES[i], va="center", annotation_clip=False,
            )  # fmt: skip
        page.text(0.25, below + _LINES + 2.2, "share of the money of those invited that is inside", fontsize=SMALL)

        lower = page.axes(edge, 0.9, width, below)
        image = lower.imshow(
            inside, aspect="auto", cmap="Greys", vmin=0, vmax=1, interpolation="nearest",
            extent=(0.5, years[-1] + 0.5, len(rows) - 0.5, -0.5),
        )  # fmt: skip
        lower.set_yticks(np.arange(len(rows)), rows)
        lower.tick_params(axis="y", length=0)
        lower.set_xlabel("year", fontsize=SMALL)
        for each in (axes, lower):
            each.set_xticks(years)
        page.text(0.25, below + 1.05, "share of runs in which a donor is inside, if half found it", fontsize=SMALL)
        scale = page.axes(edge + width + 0.3, 0.9 + 0.1 * below, 0.25, 0.8 * below)
        page.figure.colorbar(image, cax=scale, ticks=[0, 0.5, 1])
        scale.set_yticklabels(["never", "half", "always"], fontsize=SMALL)
    data = shares.assign(player="all who are invited")
    return Drawn("free_members", title, page.figure, data, stamp)


def heat(found: pd.DataFrame, players: Sequence[Player]) -> tuple[np.ndarray, list[str]]:
    """Return in what share of runs each invited player is inside by year, (players, years), and their names; by money."""
    start = found[found["founded_by"] == FROM]
    lines, names = [], []
    for player in players:
        own = start[start["donor"].isin(player.ids)]
        if own.empty:
            continue
        held = own["budget_m"] * own["member"]
        lines.append((held.groupby(own["year"]).sum() / own.groupby("year")["budget_m"].sum()).to_numpy())
        names.append(player.name)
    return np.array(lines), names


def claim(name: str, end: Ends) -> str:
    """Return what the figure shows: where it ends from each beginning, beside an umbrella that does nothing."""
    if not end.could_move:
        return f"{name}: in {end.years} years nobody could move yet"
    shares = end.share
    return (
        f"{name}: after {end.years} years {shares[FROM]:.0%} of the money is inside if half found it "
        f"({shares['nobody']:.0%} if nobody, {shares['all']:.0%} if all); of an umbrella that does nothing {end.idle[FROM]:.0%}"
    )
