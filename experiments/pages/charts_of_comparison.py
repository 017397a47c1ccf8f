"""Pictures of a comparison: differences over the futures, levels with their ranges, what aid adds over time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from donorlab.experiments import ensemble
from donorlab.experiments.canvas import INK, SHADES, spread
from donorlab.experiments.outcomes import outcome
from donorlab.experiments.pages.chart import (
    GAIN,
    SAME,
    SMALL,
    Chart,
    dash,
    finished,
    headed,
    label,
    listed,
    needed,
    note,
    signed,
)
from donorlab.experiments.tables import names_in

DOTS: Final = 20
"""Futures are shown as so many quantiles: few enough to be counted (Kay et al. 2016, CHI: 5092-5103)."""
_BEND: Final = 5.0  # points around 0 where the scale of futures is about even
_PLOT: Final = 330  # pixels
_DOT: Final = 9.5
_WORSE: Final = "#dd7a2c"  # of a mark too small to be hatched, which has a shape of its own


# ---------------------------------------------------------------------- the picture of page one
def futures(draws: pd.DataFrame, first: str, smallest: float, column: str = "efficiency") -> Chart:
    """Draw the differences to the first architecture over the futures as 20 dots a row, with how many are better, same, worse.

    Parameters
    ----------
    draws : architecture, draw, and the column; a row a future and architecture
    first : what the others are set against
    smallest : least difference that matters, as a share
    column : outcome, a share, of which more is better
    """
    altair, _ = needed()
    wide = draws.assign(architecture=draws["architecture"].astype(str)).pivot_table(
        index="draw", columns="architecture", values=column, dropna=False
    )
    own = [name for name in names_in(draws) if name != first]
    change = wide[own].sub(wide[first], axis=0)
    counts = {name: ensemble.futures(change[name], smallest) for name in own}
    own.sort(key=lambda name: (-counts[name].better, counts[name].worse))
    dots: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for name in own:
        here = 100 * change[name].dropna().to_numpy(dtype=np.float64)
        count = counts[name]
        middle = float(np.median(here)) if len(here) else math.nan
        rows.append(
            {
                "architecture": label(name),
                "better": count.better,
                "same": count.same,
                "worse": count.worse,
                "undefined": count.undefined,
                "middle_points": middle,
            }
        )
        if len(here):
            dots += _stacked(np.quantile(here, (np.arange(DOTS) + 0.5) / DOTS), label(name), 100 * smallest)
    data = pd.DataFrame(rows)
    order = [label(name) for name in own]
    most = max((abs(dot["level"]) for dot in dots), default=1.0)
    row = max(34.0, (2 * most + 1) * _DOT + 8)
    base = altair.Chart(pd.DataFrame(dots))
    values = [dot["points"] for dot in dots] or [0.0]
    low, high = min(*values, -100 * smallest) * 1.25 - 1, max(*values, 100 * smallest) * 1.25 + 1
    x = altair.X(
        "points:Q",
        scale=altair.Scale(type="symlog", constant=_BEND, domain=[low, high], nice=False),
        axis=altair.Axis(
            values=[tick for tick in (-80, -40, -20, -10, -5, -2, 0, 2, 5, 10, 20, 40, 80) if low <= tick <= high],
            labelExpr="(datum.value > 0 ? '+' : datum.value < 0 ? '\u2212' : '') + abs(datum.value)",
            title=f"Points of {label(column)}: worse than {label(first)} \u2190 0 \u2192 better than {label(first)}",
            grid=False,
            labelOverlap="greedy",
        ),
    )
    rows_of = altair.Scale(type="band", paddingInner=0, paddingOuter=0)
    y = altair.Y(
        "architecture:N",
        sort=order,
        scale=rows_of,
        title=None,
        axis=altair.Axis(ticks=False, domain=False, labelFontSize=13),
    )
    band = (
        altair.Chart(pd.DataFrame([{"low": -100 * smallest, "high": 100 * smallest}]))
        .mark_rect(color="#ececec")
        .encode(
            x=altair.X("low:Q", scale=altair.Scale(type="symlog", constant=_BEND, domain=[low, high], nice=False)),
            x2="high:Q",
        )
    )
    zero = altair.Chart(pd.DataFrame([{"points": 0.0}])).mark_rule(color="#777").encode(x=x)
    marks = base.mark_point(size=58, filled=True, opacity=1, stroke=INK, strokeWidth=0.6).encode(
        x=x,
        y=y,
        yOffset=altair.YOffset("level:Q", scale=altair.Scale(domain=[-row / 2 / _DOT, row / 2 / _DOT], range=[row, 0])),
        color=altair.Color(
            "verdict:N", scale=altair.Scale(domain=["better", "same", "worse"], range=[GAIN, SAME, _WORSE]), legend=None
        ),
        shape=altair.Shape(
            "verdict:N",
            scale=altair.Scale(domain=["better", "same", "worse"], range=["circle", "circle", "triangle-down"]),
            legend=None,
        ),
    )
    plot = altair.layer(band, zero, marks).properties(width=_PLOT, height=row * len(own))
    table = data.melt("architecture", ["better", "same", "worse"], "verdict", "futures")
    numbers = (
        altair.Chart(table)
        .mark_text(fontSize=14, fontWeight="bold")
        .encode(
            x=altair.X(
                "verdict:N",
                sort=["better", "same", "worse"],
                title=None,
                axis=altair.Axis(orient="top", labelAngle=0, ticks=False, domain=False, labelFontWeight="bold"),
            ),
            y=altair.Y("architecture:N", sort=order, scale=rows_of, axis=None),
            text="futures:Q",
        )
        .properties(width=150, height=row * len(own))
    )
    total = max((counts[name].count for name in own), default=0)
    each = f"{total / DOTS:g}" if total % DOTS == 0 else f"about {total / DOTS:.0f}"
    said_above = (
        f"A dot is {each} of {total} futures. Grey: less than {100 * smallest:g} points either way. Far from 0 the scale is "
        "compressed."
    )
    chart = altair.hconcat(plot, numbers, spacing=6).properties(title=note(said_above))
    alt = f"Differences to {label(first)} over {total} futures. " + "; ".join(
        f"{r['architecture']}: better in {r['better']}, about the same in {r['same']}, worse in {r['worse']}, middle future "
        f"{signed(r['middle_points'])} points"
        if not math.isnan(r["middle_points"])
        else f"{r['architecture']}: not defined"
        for r in rows
    )
    return finished("futures", chart, f"{alt}.", data)


def _stacked(points: np.ndarray, name: str, smallest: float) -> list[dict[str, Any]]:
    """Return dots, stacked around the middle of their row where they would lie on each other."""
    seen = np.sign(points) * np.log1p(np.abs(points) / _BEND)
    size = 0.13  # of a column, on the bent scale: about the width of a dot
    column = np.floor(seen / size).astype(int)
    dots = []
    for cell in np.unique(column):
        here = np.flatnonzero(column == cell)
        for place, index in enumerate(here):
            value = float(points[index])
            verdict = "better" if value >= smallest else "worse" if value <= -smallest else "same"
            middle = float(points[here].mean())
            dots.append(
                {
                    "architecture": name,
                    "points": middle,
                    "value": value,
                    "level": place - (len(here) - 1) / 2,
                    "verdict": verdict,
                }
            )
    return dots


# ---------------------------------------------------------------------- levels
def comparison(
    summary: pd.DataFrame, outcomes: Sequence[str] = ("efficiency", "duplication_share", "orphans", "exposure")
) -> Chart:
    """Draw levels of outcomes: a dot at default values, a line from 5% to 95% of the futures where there are any.

    Parameters
    ----------
    summary : as ``summary.csv`` has it
    outcomes : which rows of it; those that are not there are left out
    """
    altair, _ = needed()
    own = designs_in(summary)
    table: dict[Any, dict[Any, Any]] = summary.set_index("outcome").to_dict("index")
    rows: list[pd.DataFrame] = []
    panels: list[Any] = []
    for name in (name for name in outcomes if name in table):
        here = table[name]
        share = here["unit"] == "share"
        factor, words = (100.0 if share else 1.0), outcome(name).label
        part = pd.DataFrame(
            {
                "outcome": f"{words}, %" if share else words,
                "architecture": label(one),
                "value": factor * float(here[one]),
                "low": factor * float(here.get(f"{one}_range_low", math.nan)),
                "high": factor * float(here.get(f"{one}_range_high", math.nan)),
            }
            for one in own
        )
        rows.append(part)
        y = altair.Y(
            "architecture:N",
            sort=[label(one) for one in own],
            title=None,
            axis=altair.Axis(ticks=False, domain=False, labels=len(panels) % 2 == 0),
        )
        base = altair.Chart(part)
        span = base.mark_rule(strokeWidth=2.5, color="#9db4cc").encode(
            x=altair.X("low:Q", title=None), x2="high:Q", y=y
        )
        dot = base.mark_point(filled=True, size=64, color=GAIN, opacity=1).encode(x="value:Q", y=y)
        text = base.mark_text(dy=-10, fontSize=SMALL).encode(
            x="value:Q", y=y, text=altair.Text("value:Q", format=".1f" if share else ".0f")
        )
        title = headed(str(part["outcome"].iloc[0]))
        panels.append(altair.layer(span, dot, text).properties(width=210, height=altair.Step(30), title=title))
    data = pd.concat(rows, ignore_index=True)
    pairs = [altair.hconcat(*panels[i : i + 2]) for i in range(0, len(panels), 2)]
    said_above = (
        "Dot: at default values; line: 5% to 95% of the futures considered, which hold chance as well as assumptions."
    )
    chart = altair.vconcat(*pairs).properties(title=note(said_above))
    alt = "Levels at default values, and over the futures. " + "; ".join(
        f"{row['outcome']}, {row['architecture']}: {row['value']:.1f}"
        + ("" if math.isnan(row["low"]) else f" ({row['low']:.0f} to {row['high']:.0f})").replace("-", "\u2212")
        for row in data[data["outcome"] == data["outcome"].iloc[0]].to_dict("records")
    )
    return finished("comparison", chart, f"{alt}.", data)


def designs_in(summary: pd.DataFrame) -> list[str]:
    """Return the architectures and proposals of a table such as ``summary.csv``, in their order."""
    tail = "_seed_noise"
    heads = [str(name).removesuffix(tail) for name in summary.columns if str(name).endswith(tail)]
    return [name for name in heads if "_minus_" not in name]


# ---------------------------------------------------------------------- over time
def over_time(steps: pd.DataFrame, column: str = "capacity", horizon: int | None = None) -> Chart:
    """Draw an outcome by year under each architecture; where it is known without aid, what aid adds to it.

    Parameters
    ----------
    steps : architecture, seed, quarter and the column; with COLUMN_no_aid what aid adds is drawn
    column : a share
    horizon : last quarter with new money
    """
    altair, _ = needed()
    own = names_in(steps)
    value = 100 * steps[column].astype("float64")
    added = f"{column}_no_aid" in steps
    if added:
        value = value - 100 * steps[f"{column}_no_aid"]
    data = (
        steps.assign(points=value, architecture=steps["architecture"].astype(str))
        .groupby(["architecture", "quarter"], sort=False)["points"]
        .mean()
        .reset_index()
    )
    data["year"] = data["quarter"] / 4
    data["name"] = [label(name) for name in data["architecture"]]
    last = data.groupby("architecture", sort=False).tail(1).set_index("architecture")["points"]
    span = max(float(data["points"].max() - data["points"].min()), 0.5)
    places = spread([float(last[name]) for name in own], 0.062 * span)
    end = float(data["year"].max())
    beside = end * 1.06
    labels = pd.DataFrame(
        {
            "name": [label(n) for n in own],
            "year": beside,
            "place": places,
            "words": [f"{label(n)} {float(last[n]):.1f}" for n in own],
        }
    )
    leads = pd.DataFrame(
        [
            {"name": label(n), "year": at, "place": v}
            for n, place in zip(own, places, strict=True)
            for at, v in ((end, float(last[n])), (beside, place))
        ]
    )
    scale = altair.Scale(domain=[label(n) for n in own], range=[SHADES[i % len(SHADES)] for i in range(len(own))])
    dashes = altair.Scale(domain=[label(n) for n in own], range=[dash(i) for i in range(len(own))])
    x = altair.X(
        "year:Q",
        title="Year",
        scale=altair.Scale(domain=[0, beside], nice=False),
        axis=altair.Axis(values=list(range(0, int(end) + 1, 2)), grid=False),
    )
    title = f"Points of {label(column)} that aid adds" if added else f"{label(column).capitalize()}, %"
    y = altair.Y("points:Q", title=title, scale=altair.Scale(zero=added))
    lines = (
        altair.Chart(data)
        .mark_line(strokeWidth=2.2)
        .encode(
            x=x,
            y=y,
            color=altair.Color("name:N", scale=scale, legend=None),
            strokeDash=altair.StrokeDash("name:N", scale=dashes, legend=None),
        )
    )
    words = altair.Chart(labels).mark_text(align="left", dx=5).encode(x="year:Q", y="place:Q", text="words:N")
    led = (
        altair.Chart(leads)
        .mark_line(strokeWidth=2.2)
        .encode(
            x="year:Q",
            y="place:Q",
            color=altair.Color("name:N", scale=scale, legend=None),
            strokeDash=altair.StrokeDash("name:N", scale=dashes, legend=None),
        )
    )
    parts = [lines, led, words]
    if horizon is not None and horizon / 4 < end:
        shade = (
            altair.Chart(pd.DataFrame([{"a": horizon / 4, "b": end}]))
            .mark_rect(color="#efefef")
            .encode(x=altair.X("a:Q"), x2="b:Q")
        )
        parts.insert(0, shade)
    chart = altair.layer(*parts).properties(width=400, height=260)
    if horizon is not None and horizon / 4 < end:
        chart = chart.properties(
            title=note(f"Grey: no new money after year {horizon / 4:g}. Mean of the replications at default values.")
        )
    alt = f"{title}, at the end of year {end:g}: " + listed([f"{label(n)} {float(last[n]):.1f}" for n in own]) + "."
    table = data.pivot_table(index="year", columns="name", values="points", observed=True)[
        [label(n) for n in own]
    ].reset_index()
    return finished(f"over-time-{column.replace('_', '-')}", chart, alt, table[table["year"] % 1 == 0])
