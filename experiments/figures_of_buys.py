"""The figures of ``buys``: what EUR 1m of each donor buys, and accession beside the real dates."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import pandas as pd

from donorlab.experiments.canvas import FONT, INK, SHADES, SMALL, WIDTH_CM, Drawn, Page, Stamp, style, text_width_cm
from donorlab.experiments.purchases import MEASURES, TEN, Pair
from donorlab.experiments.words import counted

_SHOWN: Final = ("legal", "technical", "organisational", "capacity_development", "cooperation", "tasks")
_ROW: Final = 0.95  # cm
_STATE: Final = 0.36
_HATCH: Final = ("", "////")
_SHOWN_VERDICTS: Final = ("hit", "missed", "false alarm")


def buys(found: pd.DataFrame, who: Pair, wind_down: int, seeds: int, stamp: Stamp) -> Drawn:
    """Draw what EUR 1m of each donor buys alone, pillar by pillar and in all, with the range over the futures.

    Parameters
    ----------
    found : of `purchases.summary`
    who : the two donors
    wind_down : quarters after the money
    seeds : number of replications
    stamp : where the figure comes from
    """
    data = found[(found["way"] == "alone") & found["measure"].isin(_SHOWN)].reset_index(drop=True)
    title = claim(data, who)
    ranges = bool(data["range_low"].notna().any())
    shown = [name for name in _SHOWN if name in set(data["measure"])]
    with style():
        note = (
            f"Tasks that stand {wind_down / 4:g} years after the money stops and would not without the donor, for EUR {TEN:g}m. "
            f"Bars: means of {counted(seeds, 'paired seed')} at default values"
            + (
                "; lines: 5% to 95% of the futures, in which the money of the two is drawn as well. "
                if ranges
                else ". "
            )
            + "Below 0: more would stand without it, since projects eat the administration that states use for work of their own."
        )
        height = _ROW * len(shown)
        page = Page(title, note, stamp, height + 1.55)
        edge = 0.4 + max(text_width_cm(MEASURES[name][1], FONT) for name in shown)
        axes = page.axes(edge, 0.95, WIDTH_CM - edge - 0.4, height)
        at = np.arange(len(shown))[::-1].astype(float)
        for i, name in enumerate(who.ids):
            own = data[data["donor"] == name].set_index("measure").reindex(shown)
            place = at + (0.19 if i == 0 else -0.19)
            look: dict[str, Any] = {"color": SHADES[2 * i], "edgecolor": INK, "linewidth": 0.5, "hatch": _HATCH[i]}
            axes.barh(place, TEN * own["per_million"], height=0.34, zorder=2, label=name, **look)
            if ranges:
                axes.hlines(place, TEN * own["range_low"], TEN * own["range_high"], color=INK, linewidth=0.9, zorder=3)
        axes.axvline(0, color="#555555", linewidth=0.7, zorder=1)
        axes.axhline(0.5, color="#bbbbbb", linewidth=0.5, zorder=0)
        axes.set_yticks(at, [MEASURES[name][1] for name in shown])
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(-0.55, len(shown) - 0.45)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(f"tasks for EUR {TEN:g}m", fontsize=SMALL)
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.1, handlelength=1.4)
    return Drawn("buys", title, page.figure, data, stamp)


def claim(data: pd.DataFrame, who: Pair) -> str:
    """Return what the figure shows: what each buys most of."""
    parts: list[str] = []
    pillars = [name for name in _SHOWN if name != "tasks" and name in set(data["measure"])]
    for name in who.ids:
        own = TEN * data[data["donor"] == name].set_index("measure")["per_million"].astype("float64")
        best = str(own[pillars].idxmax())
        count = _whole(own[best]) if parts else counted(own[best], "task")
        parts.append(
            f"{name}{'' if parts else ' buys'} {count} of {MEASURES[best][1]} ({_whole(own['tasks'])} in all, net)"
        )
    return f"For EUR {TEN:g}m {', '.join(parts)}"


def _whole(value: float) -> str:
    """Return a number without decimals, and no -0."""
    return f"{round(value):d}"


def accession(states: pd.DataFrame, lines: pd.DataFrame, last: int, stamp: Stamp) -> Drawn:
    """Draw when states acceded and when the model lets them, with the probability by the end.

    Parameters
    ----------
    states : of `accession.table`
    lines : of `accession.checks`, with ``judged``; none is judged where the scenario is not that of the frozen file
    last : last year of the run
    stamp : where the figure comes from
    """
    shown = states[states["verdict"].isin(_SHOWN_VERDICTS)]
    shown = shown.sort_values(["real_year", "probability"], ascending=[True, False], na_position="last").reset_index(
        drop=True
    )
    judged = lines[lines["judged"]]
    held = f"{int(judged['holds'].sum())} of {len(judged)} demands hold" if len(judged) else "demands are not judged"
    real = int(states["real_year"].notna().sum())
    count = states["verdict"].value_counts()
    title = (
        f"The model foresees {count.get('hit', 0)} of {real} accessions to the Budapest Convention, and "
        f"{count.get('false alarm', 0)} that did not come; {held}"
    )
    with style():
        note = (
            "Left: square, year of entry into force (empty: from general knowledge); cross, the year in which the probability "
            f"reaches one half in the model. Right: probability to have acceded by the end of {last}. "
            "Shown are states that acceded, or have one half or more; the others were rightly left out."
        )
        height = _STATE * max(1, len(shown))
        page = Page(title, note, stamp, height + 1.5)
        edge = 0.4 + max((text_width_cm(str(name), SMALL) for name in shown["name"]), default=2.0)
        width = (WIDTH_CM - edge - 1.2) * 0.66
        axes = page.axes(edge, 0.9, width, height)
        right = page.axes(edge + width + 0.5, 0.9, WIDTH_CM - edge - width - 0.9, height)
        at = np.arange(len(shown))[::-1]
        for place, row in zip(at, shown.to_dict("records"), strict=True):
            year, half = float(row["real_year"]), float(row["year_of_half"])
            if not math.isnan(year) and not math.isnan(half):
                axes.plot([year, half], [place, place], color="#aaaaaa", linewidth=0.8, zorder=1)
            if not math.isnan(half):
                axes.plot(half, place, "x", ms=4.5, mew=1.2, color=SHADES[1], zorder=3)
            if not math.isnan(year):
                known = str(row["evidence"]).startswith("found")
                axes.plot(year, place, "s", ms=4, mfc=SHADES[0] if known else "white", mec=SHADES[0], mew=0.9, zorder=2)
        right.barh(at, shown["probability"], height=0.62, color=SHADES[2], edgecolor=INK, linewidth=0.4)
        right.axvline(0.5, color="#555555", linewidth=0.7)
        right.set_xlim(0, 1)
        right.set_xticks([0, 0.5, 1], ["0", ".5", "1"])
        right.set_yticks([])
        axes.set_yticks(at, [str(name) for name in shown["name"]], fontsize=SMALL)
        axes.set_xlim(2012.5, 2024.8)
        axes.set_xticks([2013, 2016, 2019, 2022, 2024])
        for one in (axes, right):
            one.tick_params(axis="y", length=0)
            one.set_ylim(-0.7, len(shown) - 0.3)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="y", color="#eeeeee", linewidth=0.5, zorder=0)
        axes.set_axisbelow(True)
        axes.set_xlabel("year", fontsize=SMALL)
        right.set_xlabel("probability", fontsize=SMALL)
    return Drawn("accession", title, page.figure, shown, stamp)
