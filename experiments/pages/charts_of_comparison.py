"""Pictures of a comparison: futures, levels with their ranges, where each euro went, gains over time, break-even."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from donorlab.experiments import ensemble
from donorlab.experiments.canvas import DASHES, INK, SHADES, spread
from donorlab.experiments.figures_of_worth import GROUPS
from donorlab.experiments.outcomes import outcome
from donorlab.experiments.pages.chart import (
    FAINT_GAIN,
    FAINT_LOSS,
    GAIN,
    LOSS,
    QUIET,
    SAME,
    SMALL,
    Chart,
    finished,
    listed,
    needed,
    signed,
)
from donorlab.experiments.tables import names_in, sure
from donorlab.experiments.words import label

DOTS: Final = 20
"""Futures are shown as so many quantiles: few enough to be counted (Kay et al. 2016, CHI: 5092-5103)."""
_BEND: Final = 5.0  # points around 0 where the scale of futures is about even
_PLOT: Final = 330  # pixels
_DOT: Final = 9.5
_NAMES: Final = 150


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
    wide = draws.assign(architecture=draws["architecture"].astype(str)).pivot(
        index="draw", columns="architecture", values=column
    )
    own = [name for name in names_in(draws) if name != first]
    change = wide[own].sub(wide[first], axis=0)
    counts = {name: ensemble.futures(change[name], smallest) for name in own}
    own.sort(key=lambda name: (-counts[name].better, counts[name].worse))
    dots, rows = [], []
    for name in own:
        here = 100 * change[name].dropna().to_numpy(dtype=np.float64)
        count = counts[name]
        middle = float(np.median(here)) if len(here) else math.nan
        rows.append(
            {"architecture": label(name), "better": count.better, "same": count.same, "worse": count.worse,
             "undefined": count.undefined, "middle_points": middle}
        )  # fmt: skip
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
            grid=False, labelOverlap="greedy",
        ),
    )  # fmt: skip
    y = altair.Y("architecture:N", sort=order, title=None, axis=altair.Axis(ticks=False, domain=False, labelFontSize=13))
    band = altair.Chart(pd.DataFrame([{"low": -100 * smallest, "high": 100 * smallest}])).mark_rect(color="#ececec").encode(
        x=altair.X("low:Q", scale=altair.Scale(type="symlog", constant=_BEND, domain=[low, high], nice=False)), x2="high:Q"
    )  # fmt: skip
    zero = altair.Chart(pd.DataFrame([{"points": 0.0}])).mark_rule(color="#777").encode(x=x)
    marks = base.mark_point(size=58, filled=True, opacity=1, stroke=INK, strokeWidth=0.6).encode(
        x=x, y=y, yOffset=altair.YOffset("level:Q", scale=altair.Scale(domain=[-row / 2 / _DOT, row / 2 / _DOT], range=[row, 0])),
        color=altair.Color("verdict:N", scale=altair.Scale(domain=["better", "same", "worse"], range=[GAIN, SAME, "#f0c39a"]), legend=None),
        shape=altair.Shape("verdict:N", scale=altair.Scale(domain=["better", "same", "worse"], range=["circle", "circle", "triangle-down"]), legend=None),
    )  # fmt: skip
    plot = altair.layer(band, zero, marks).properties(width=_PLOT, height=altair.Step(row))
    table = data.melt("architecture", ["better", "same", "worse"], "verdict", "futures")
    numbers = (
        altair.Chart(table)
        .mark_text(fontSize=14, fontWeight="bold")
        .encode(
            x=altair.X("verdict:N", sort=["better", "same", "worse"], title=None, axis=altair.Axis(orient="top", labelAngle=0, ticks=False, domain=False, labelFontWeight="bold")),
            y=altair.Y("architecture:N", sort=order, axis=None),
            text="futures:Q",
        )
        .properties(width=150, height=altair.Step(row))
    )  # fmt: skip
    total = max((counts[name].count for name in own), default=0)
    each = f"{total / DOTS:g}" if total % DOTS == 0 else f"about {total / DOTS:.0f}"
    note = f"A dot is {each} of {total} futures. Grey: less than {100 * smallest:g} points either way. Far from 0 the scale is compressed."
    chart = altair.hconcat(plot, numbers, spacing=6).properties(title=_note(altair, note))
    alt = f"Differences to {label(first)} over {total} futures. " + "; ".join(
        f"{r['architecture']}: better in {r['better']}, about the same in {r['same']}, worse in {r['worse']}, middle future "
        f"{signed(r['middle_points'])} points" if not math.isnan(r["middle_points"]) else f"{r['architecture']}: not defined"
        for r in rows
    )  # fmt: skip
    return finished("futures", chart, f"{alt}.", data)


def _note(altair: Any, text: str) -> Any:
    """Return a line above a chart that says how to read it."""
    return altair.TitleParams(_lines(text), fontSize=SMALL, fontWeight="normal", color=QUIET, anchor="start", offset=8)


def _lines(text: str, width: int = 96) -> list[str]:
    import textwrap

    return textwrap.wrap(text, width)


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
                {"architecture": name, "points": middle, "value": value, "level": place - (len(here) - 1) / 2, "verdict": verdict}
            )  # fmt: skip
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
    table = summary.set_index("outcome")
    rows, panels = [], []
    for name in (name for name in outcomes if name in table.index):
        share = str(table.loc[name, "unit"]) == "share"
        factor, words = (100.0 if share else 1.0), outcome(name).label
        part = pd.DataFrame(
            {
                "outcome": f"{words}, %" if share else words,
                "architecture": label(one),
                "value": factor * float(table.loc[name, one]),
                "low": factor * float(table.loc[name].get(f"{one}_range_low", math.nan)),
                "high": factor * float(table.loc[name].get(f"{one}_range_high", math.nan)),
            }
            for one in own
        )
        rows.append(part)
        y = altair.Y("architecture:N", sort=[label(one) for one in own], title=None, axis=altair.Axis(
            ticks=False, domain=False, labels=len(panels) % 2 == 0))  # fmt: skip
        base = altair.Chart(part)
        span = base.mark_rule(strokeWidth=2.5, color="#9db4cc").encode(x=altair.X("low:Q", title=None), x2="high:Q", y=y)
        dot = base.mark_point(filled=True, size=64, color=GAIN, opacity=1).encode(x="value:Q", y=y)
        text = base.mark_text(dy=-10, fontSize=SMALL).encode(x="value:Q", y=y, text=altair.Text("value:Q", format=".1f" if share else ".0f"))
        title = altair.TitleParams(str(part["outcome"].iloc[0]), fontSize=SMALL + 1)
        panels.append(altair.layer(span, dot, text).properties(width=210, height=altair.Step(30), title=title))
    data = pd.concat(rows, ignore_index=True)
    pairs = [altair.hconcat(*panels[i : i + 2]) for i in range(0, len(panels), 2)]
    note = "Dot: at default values; line: 5% to 95% of the futures considered, which hold chance as well as assumptions."
    chart = altair.vconcat(*pairs).properties(title=_note(altair, note))
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


# ---------------------------------------------------------------------- where each euro went
def waterfall(shares: pd.DataFrame, first: str | None = None) -> Chart:
    """Draw how a euro falls to what is effective under the first architecture, and what is lost otherwise under each other one.

    Parameters
    ----------
    shares : bar, architecture, share, as ``waterfall.csv`` has them
    first : whose euro falls; the first of the table if None
    """
    altair, _ = needed()
    own = names_in(shares)
    first = first or own[0]
    own = [first, *(name for name in own if name != first)]
    wide = shares.pivot_table(index="bar", columns="architecture", values="share", observed=True)
    groups = {head.replace("\n", " "): 100 * wide.reindex(list(bars)).sum(min_count=1) for head, bars, *_ in reversed(GROUPS)}
    data = pd.DataFrame(groups).T[own]
    rows, left = [], 100.0
    for head, cents in data[first].items():
        good = head == "effective"
        rows.append({"head": head, "cents": cents, "from": 0.0 if good else left - cents, "to": cents if good else left,
                     "kind": "effective" if good else "lost"})  # fmt: skip
        left -= 0.0 if good else cents
    order = [row["head"] for row in rows]
    y = altair.Y("head:N", sort=order, title=None, axis=altair.Axis(ticks=False, domain=False))
    base = altair.Chart(pd.DataFrame(rows))
    bars = base.mark_bar(height=17).encode(
        x=altair.X("from:Q", title=f"Cents of a euro, {label(first)}", scale=altair.Scale(domain=[0, 100])), x2="to:Q", y=y,
        color=altair.Color("kind:N", scale=altair.Scale(domain=["effective", "lost"], range=[GAIN, LOSS]), legend=None),
    )  # fmt: skip
    text = base.mark_text(align="left", dx=5, fontWeight="bold").encode(
        x="to:Q", y=y, text=altair.Text("cents:Q", format=".0f")
    )
    fall = altair.layer(bars, text).properties(width=210, height=altair.Step(26))
    others = own[1:]
    grid = data[others].sub(data[first], axis=0).rename_axis("head").reset_index().melt("head", None, "architecture", "change")
    grid["who"] = [label(str(name)) for name in grid["architecture"]]
    # for what is effective more is better, for every loss less
    good = np.where(grid["head"] == "effective", grid["change"], -grid["change"])
    grid["verdict"] = np.select([good >= 0.5, good <= -0.5], ["better", "worse"], "same")
    grid["words"] = [signed(value, 0) for value in grid["change"]]
    chart: Any = fall
    if others:
        across = altair.X("who:N", sort=[label(name) for name in others], title="What changes under the others, in cents",
                          axis=altair.Axis(orient="top", labelAngle=-35, ticks=False, domain=False, labelLimit=200))  # fmt: skip
        cells = altair.Chart(grid).mark_rect(stroke="white", strokeWidth=2).encode(
            x=across, y=altair.Y("head:N", sort=order, axis=None),
            color=altair.Color("verdict:N", scale=altair.Scale(domain=["better", "same", "worse"], range=[FAINT_GAIN, "#f3f3f3", FAINT_LOSS]), legend=None),
        )  # fmt: skip
        said = altair.Chart(grid).mark_text(fontWeight="bold", stroke="white", strokeWidth=3, strokeOpacity=0.9).encode(
            x=across, y=altair.Y("head:N", sort=order, axis=None), text="words:N")  # fmt: skip
        front = altair.Chart(grid).mark_text(fontWeight="bold").encode(x=across, y=altair.Y("head:N", sort=order, axis=None), text="words:N")
        size = min(60, 270 / len(others))
        chart = altair.hconcat(
            fall, altair.layer(cells, said, front).properties(width=altair.Step(size), height=altair.Step(26)), spacing=26
        )
    worst = max((row for row in rows if row["kind"] == "lost"), key=lambda row: row["cents"])
    alt = f"Of a euro under {label(first)}, {data.loc['effective', first]:.0f} cents are effective; the largest loss is '{worst['head']}', {worst['cents']:.0f} cents."
    if others:
        alt += " Effective under the others: " + listed([f"{label(n)} {data.loc['effective', n]:.0f} cents" for n in others]) + "."
    table = data.rename_axis("cents of a euro").rename(columns={name: label(name) for name in own}).reset_index()
    return finished("waterfall", chart, alt, table)


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
    data = steps.assign(points=value, architecture=steps["architecture"].astype(str)).groupby(["architecture", "quarter"], sort=False)["points"].mean().reset_index()
    data["year"] = data["quarter"] / 4
    data["name"] = [label(name) for name in data["architecture"]]
    last = data.groupby("architecture", sort=False).tail(1).set_index("architecture")["points"]
    span = max(float(data["points"].max() - data["points"].min()), 0.5)
    places = spread([float(last[name]) for name in own], 0.062 * span)
    end = float(data["year"].max())
    labels = pd.DataFrame({"name": [label(n) for n in own], "year": end, "place": places, "words": [f"{label(n)} {float(last[n]):.1f}" for n in own]})
    scale = altair.Scale(domain=[label(n) for n in own], range=[SHADES[i % len(SHADES)] for i in range(len(own))])
    dashes = altair.Scale(domain=[label(n) for n in own], range=[_dash(i) for i in range(len(own))])
    x = altair.X("year:Q", title="Year", scale=altair.Scale(domain=[0, end], nice=False), axis=altair.Axis(tickMinStep=1, grid=False))
    title = f"Points of {label(column)} that aid adds" if added else f"{label(column).capitalize()}, %"
    y = altair.Y("points:Q", title=title, scale=altair.Scale(zero=added))
    lines = altair.Chart(data).mark_line(strokeWidth=2.2).encode(
        x=x, y=y, color=altair.Color("name:N", scale=scale, legend=None), strokeDash=altair.StrokeDash("name:N", scale=dashes, legend=None))  # fmt: skip
    words = altair.Chart(labels).mark_text(align="left", dx=8, fontWeight="bold", clip=False).encode(
        x="year:Q", y="place:Q", text="words:N", color=altair.Color("name:N", scale=scale, legend=None))  # fmt: skip
    parts = [lines, words]
    if horizon is not None and horizon / 4 < end:
        shade = altair.Chart(pd.DataFrame([{"a": horizon / 4, "b": end}])).mark_rect(color="#efefef").encode(x=altair.X("a:Q"), x2="b:Q")
        parts.insert(0, shade)
    chart = altair.layer(*parts).properties(width=400, height=260)
    if horizon is not None and horizon / 4 < end:
        chart = chart.properties(title=_note(altair, f"Grey: no new money after year {horizon / 4:g}. Mean of the replications at default values."))
    alt = f"{title}, at the end of year {end:g}: " + listed([f"{label(n)} {float(last[n]):.1f}" for n in own]) + "."
    table = data.pivot(index="year", columns="name", values="points")[[label(n) for n in own]].reset_index()
    return finished(f"over-time-{column.replace('_', '-')}", chart, alt, table[table["year"] % 1 == 0])


def _dash(index: int) -> list[float]:
    found = DASHES[index % len(DASHES)]
    return [1, 0] if isinstance(found, str) else [2 * float(x) for x in found[1]]


# ---------------------------------------------------------------------- break-even
def break_even(curves: pd.DataFrame, first: str = "fragmented", smallest: float = 0.02) -> Chart:
    """Draw the difference in efficiency along each setting: a row an architecture, a column a setting; below 0 hatched.

    Parameters
    ----------
    curves : parameter, value, architecture, seed, difference, as ``break_even.csv`` has them
    first : what they are set against
    smallest : least difference that matters, as a share
    """
    altair, _ = needed()
    own, settings = names_in(curves), list(dict.fromkeys(curves["parameter"].astype(str)))
    grouped = curves.assign(points=100 * curves["difference"]).groupby(["parameter", "architecture", "value"], sort=False, observed=True)["points"]
    data = grouped.agg(["mean", "std", "size"]).reset_index()
    reach = np.array([sure(int(n)) for n in data["size"]]) * (data["std"] / np.sqrt(data["size"])).fillna(0)
    data = data.assign(low=data["mean"] - reach, high=data["mean"] + reach).drop(columns=["std", "size"])
    data["architecture"] = data["architecture"].astype(str)
    bounds = [min(0.0, float(data["low"].min())), max(0.0, float(data["high"].max()))]
    width = min(150, 430 // len(settings))
    rows = []
    for place, name in enumerate(own):
        panels = []
        for setting in settings:
            part = data[(data["architecture"] == name) & (data["parameter"] == setting)]
            bottom = place == len(own) - 1
            whole = data.loc[data["parameter"] == setting, "value"]
            x = altair.X("value:Q", title=label(setting) if bottom else None, scale=altair.Scale(domain=[float(whole.min()), float(whole.max())], nice=False),
                         axis=altair.Axis(labels=bottom, ticks=bottom, grid=False, tickCount=4, labelFlush=True))  # fmt: skip
            y = altair.Y("mean:Q", title=None, scale=altair.Scale(domain=bounds), axis=altair.Axis(labels=setting == settings[0], ticks=False, domain=False, tickCount=3))
            base = altair.Chart(_crossed(part))
            up = base.transform_calculate(up="max(datum.mean, 0)").mark_area(color=FAINT_GAIN, opacity=1).encode(x=x, y=altair.Y("up:Q", title=None, scale=altair.Scale(domain=bounds)))
            down = base.transform_calculate(down="min(datum.mean, 0)").mark_area(color=FAINT_LOSS, opacity=1).encode(x=x, y="down:Q")
            band = base.mark_area(color=INK, opacity=0.16).encode(x=x, y=altair.Y("low:Q", scale=altair.Scale(domain=bounds)), y2="high:Q")
            line = base.mark_line(color=INK, strokeWidth=1.8).encode(x=x, y=y)
            zero = altair.Chart(pd.DataFrame([{"mean": 0.0}])).mark_rule(color="#777").encode(y=y)
            parts = [up, down, band, zero, line] if len(part) else [zero]
            panels.append(altair.layer(*parts).properties(width=width, height=58))
        rows.append(altair.hconcat(*panels, spacing=10).properties(title=altair.TitleParams(label(name), fontSize=SMALL + 1)))
    note = f"Points of efficiency above (blue) or below (hatched) {label(first)}, all else at default values; band: 95% interval of chance. An empty panel: the setting does nothing there."
    chart = altair.vconcat(*rows, spacing=6).properties(title=_note(altair, note))
    alt = f"Difference in efficiency to {label(first)} along {listed([label(s) for s in settings])}. "
    parts = []
    for name in own:
        for setting in settings:
            part = data[(data["architecture"] == name) & (data["parameter"] == setting)].sort_values("value")
            if len(part):
                parts.append(f"{label(name)}, {label(setting)} {part['value'].iloc[0]:g} to {part['value'].iloc[-1]:g}: {signed(part['mean'].iloc[0])} to {signed(part['mean'].iloc[-1])} points")
    table = data.assign(parameter=[label(n) for n in data["parameter"]], architecture=[label(n) for n in data["architecture"]])
    return finished("break-even", chart, alt + "; ".join(parts) + ".", table)


def _crossed(part: pd.DataFrame) -> pd.DataFrame:
    """Return a curve with a point wherever it crosses 0, so that areas above and below end there."""
    rows = part.sort_values("value")[["value", "mean", "low", "high"]].to_numpy(dtype=np.float64)
    found: list[np.ndarray] = []
    for one, other in zip(rows[:-1], rows[1:], strict=True):
        found.append(one)
        if one[1] * other[1] < 0:
            found.append(one + (other - one) * (one[1] / (one[1] - other[1])))
    return pd.DataFrame([*found, *rows[-1:]], columns=["value", "mean", "low", "high"])
