"""Pictures of what drives the answer: regimes, sensitivity, value of information, conditions, regret."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import pandas as pd

from donorlab.experiments.canvas import INK, SHADES
from donorlab.experiments.conditions_in_words import edge
from donorlab.experiments.pages.chart import (
    FAINT_GAIN,
    FAINT_LOSS,
    GAIN,
    LOSS,
    SAME,
    Chart,
    dash,
    finished,
    label,
    listed,
    needed,
    note,
    signed,
    word_of,
)
from donorlab.experiments.studies.factors import NOISE
from donorlab.experiments.tables import sure

_STRONG: Final = 12  # rows of a chart of assumptions
_ROOM: Final = 38  # pixels of a cell below which its number has no room
REGIMES: Final = ("better", "a little better", "worse", "a little worse", "not told from chance")
"""What a cell of a map of regimes is."""


# ---------------------------------------------------------------------- regimes
def regime(
    runs: pd.DataFrame,
    x: str,
    y: str,
    smallest: float = 0.02,
    name: str = "regime",
    heads: tuple[str, str] | None = None,
    percent: tuple[bool, bool] = (False, False),
) -> Chart:
    """Draw the difference between two architectures over two levers; a cell that is not told from chance is grey.

    Parameters
    ----------
    runs : the columns x and y, seed, and ``difference`` (a share; of the second architecture less the first)
    x, y : names of the levers
    smallest : least difference that matters, as a share
    name : of the picture
    heads : what stands beside the axes; the names in plain words if None
    percent : whether x, and y, is a share to be written in percent
    """
    altair, _ = needed()
    grouped = (100 * runs.set_index([x, y])["difference"]).groupby(level=[0, 1])
    data = grouped.agg(["mean", "std", "size"]).reset_index().rename(columns={x: "x", y: "y"})
    reach = np.array([sure(int(n)) for n in data["size"]]) * data["std"].fillna(math.inf) / np.sqrt(data["size"])
    told = data["mean"].abs() > reach
    far = 100 * smallest
    data["verdict"] = np.select(
        [
            told & (data["mean"] >= far),
            told & (data["mean"] > 0),
            told & (data["mean"] <= -far),
            told & (data["mean"] < 0),
        ],
        REGIMES[:-1],
        REGIMES[-1],
    )
    data["words"] = [signed(value) for value in data["mean"]]
    for axis, share in zip("xy", percent, strict=True):
        data[f"{axis}_words"] = [f"{100 * value:g}%" if share else f"{value:g}" for value in data[axis]]
    own, beside = heads or (label(x), label(y)), altair.Axis(labelAngle=0, ticks=False, domain=False)
    ax, ay = (
        altair.X("x_words:N", title=own[0], axis=beside, sort=list(dict.fromkeys(data.sort_values("x")["x_words"]))),
        altair.Y(
            "y_words:N", title=own[1], axis=beside, sort=list(dict.fromkeys(data.sort_values("y")["y_words"]))[::-1]
        ),
    )
    kinds = [REGIMES[at] for at in (2, 3, 4, 1, 0)]
    base = altair.Chart(data)
    size = min(64, 420 / max(data["x"].nunique(), 1))
    cells = base.mark_rect(stroke="white", strokeWidth=2).encode(
        x=ax,
        y=ay,
        color=altair.Color(
            "verdict:N",
            title=None,
            scale=altair.Scale(domain=kinds, range=[LOSS, FAINT_LOSS, SAME, FAINT_GAIN, GAIN]),
            legend=altair.Legend(orient="bottom", columns=3, symbolType="square", symbolSize=160),
        ),
    )
    layers = [cells]
    if size >= _ROOM:
        words = {"x": ax, "y": ay, "text": "words:N"}
        light = base.transform_filter("datum.verdict !== 'better'")
        layers.append(light.mark_text(fontWeight="bold", stroke="white", strokeWidth=3.5).encode(**words))
        layers.append(light.mark_text(fontWeight="bold").encode(**words))
        dark = base.transform_filter("datum.verdict === 'better'")
        layers.append(dark.mark_text(fontWeight="bold", color="white").encode(**words))
    chart = altair.layer(*layers).properties(width=altair.Step(size), height=altair.Step(34))
    counts = data["verdict"].value_counts()
    alt = (
        f"Difference over {label(x)} and {label(y)}, {len(data)} cells: "
        + listed([f"{counts[k]} {k}" for k in kinds if k in counts])
        + "."
    )
    table = data[["x", "y", "mean", "verdict"]].rename(columns={"x": label(x), "y": label(y), "mean": "points"})
    return finished(name, chart, alt, table)


# ---------------------------------------------------------------------- sensitivity and information
def sensitivity(
    table: pd.DataFrame, result: str | None = None, outcome: str = "efficiency", said: str | None = None
) -> Chart:
    """Draw which assumptions move a result: total indices, or sizes of effects where there was only a screening.

    Parameters
    ----------
    table : ``indices.csv`` (outcome, result, factor, first, total, total_low, total_high) or ``screening.csv`` (mu_star with its
        interval, verdict)
    result : an architecture or a difference; the last of the table if None
    outcome : of the table
    said : what the result is, in words; its name if None
    """
    altair, _ = needed()
    part = table[table["outcome"] == outcome] if "outcome" in table else table
    result = result or str(part["result"].iloc[-1])
    part = part[part["result"] == result]
    whole = "total" in part
    value, unit = (
        ("total", "Share of the variance, %")
        if whole
        else ("mu_star", "Mean size of its effect over its range, points")
    )
    data = (
        pd.DataFrame(
            {
                "assumption": [label(str(n)) for n in part["factor"]],
                "value": 100 * part[value],
                "low": 100 * part[f"{value}_low"].clip(lower=0),
                "high": 100 * part[f"{value}_high"],
                "alone": 100 * part["first"].clip(lower=0) if whole else math.nan,
                "luck": (part["factor"] == NOISE).to_numpy(),
            }
        )
        .sort_values("value", ascending=False, kind="stable")
        .head(_STRONG)
    )
    base = altair.Chart(data)
    y = altair.Y("assumption:N", sort=list(data["assumption"]), title=None, axis=altair.Axis(ticks=False, domain=False))
    bars = base.mark_bar(height=13, stroke=INK, strokeWidth=0.5).encode(
        x=altair.X("value:Q", title=unit, axis=altair.Axis(tickCount=6)),
        y=y,
        color=altair.Color(
            "luck:N", scale=altair.Scale(domain=[False, True], range=["#6f9cc4", "#d9d9d9"]), legend=None
        ),
    )
    layers = [bars, base.mark_rule(color=INK, strokeWidth=1.3).encode(x="low:Q", x2="high:Q", y=y)]
    if whole:
        layers.append(base.mark_tick(color=INK, thickness=3, size=15).encode(x="alone:Q", y=y))
    said = said or label(result)
    said_above = (
        f"{said}. "
        + ("Bar: with others; thick tick: alone; line" if whole else "Line")
        + ": 95% interval. Grey: luck of the seed, which no knowledge takes away."
    )
    chart = altair.layer(*layers).properties(width=340, height=altair.Step(21), title=note(said_above))
    told = [
        f"{r['assumption']} {r['value']:.1f} ({r['low']:.1f} to {r['high']:.1f})"
        for r in data.head(5).to_dict("records")
    ]
    return finished(
        f"sensitivity-{word_of(result)}",
        chart,
        f"{unit}, of {said}: {listed(told)}.",
        data.drop(columns=[] if whole else "alone"),
    )


def information(table: pd.DataFrame) -> Chart:
    """Draw what knowing each assumption would be worth; those not told from noise are pale.

    Parameters
    ----------
    table : assumption, value, low, high, told, as ``information.csv`` has them for one judgement
    """
    altair, _ = needed()
    part = table[table["judgement"] == table["judgement"].iloc[0]] if "judgement" in table else table
    data = (
        pd.DataFrame(
            {
                "assumption": [label(str(n)) for n in part["assumption"]],
                "value": 100 * part["value"],
                "low": 100 * part["low"],
                "high": 100 * part["high"],
                "told": part["told"].astype(bool),
            }
        )
        .sort_values(["told", "value"], ascending=False, kind="stable")
        .head(_STRONG)
    )
    base = altair.Chart(data)
    y = altair.Y("assumption:N", sort=list(data["assumption"]), title=None, axis=altair.Axis(ticks=False, domain=False))
    bars = base.mark_bar(height=13, stroke=INK, strokeWidth=0.5).encode(
        x=altair.X(
            "value:Q", title="Points of efficiency that knowing it would be worth", axis=altair.Axis(tickCount=6)
        ),
        y=y,
        color=altair.Color("told:N", scale=altair.Scale(domain=[True, False], range=[GAIN, "#e9e9e9"]), legend=None),
    )
    lines = base.mark_rule(color="#777", strokeWidth=1.3).encode(x="low:Q", x2="high:Q", y=y)
    said_above = "Dark: told from noise; pale: not. Line: 95% interval."
    told = data[data["told"]]
    alt = (
        "No single assumption is told from noise: knowing any one of them is not shown to change the choice."
        if told.empty
        else "What knowing would be worth, in points of efficiency: "
        + listed([f"{r['assumption']} {r['value']:.2f}" for r in told.to_dict("records")])
        + "."
    )
    return finished(
        "information",
        altair.layer(bars, lines).properties(width=340, height=altair.Step(21), title=note(said_above)),
        alt,
        data,
    )


# ---------------------------------------------------------------------- conditions
def box(
    boxes: pd.DataFrame, ranges: pd.DataFrame, name: str = "box", what: str = "it loses", gain: bool = False
) -> Chart:
    """Draw the limits of the conditions under which an architecture loses, within the range of each assumption.

    Parameters
    ----------
    boxes : name, end (``low``: at least the limit; ``high``: at most), limit; of one box
    ranges : name, low, high; with ``log`` where a range is drawn on a logarithmic scale
    name : of the picture
    what : what happens within the limits
    gain : whether that is better
    """
    altair, _ = needed()
    whole = ranges.set_index("name")
    rows: dict[str, dict[str, Any]] = {}
    for r in boxes.to_dict("records"):
        if r["name"] not in whole.index:
            continue
        low, high = float(whole.loc[r["name"], "low"]), float(whole.loc[r["name"], "high"])
        own = {
            "name": r["name"],
            "assumption": label(r["name"]),
            "from": low,
            "to": high,
            "range_low": low,
            "range_high": high,
        }
        one = rows.setdefault(r["name"], own)
        one["from" if r["end"] == "low" else "to"] = float(min(max(r["limit"], low), high))
    data = pd.DataFrame(rows.values(), columns=["name", "assumption", "from", "to", "range_low", "range_high"])
    drawn = data.assign(zero=0.0, one=1.0)
    curved = [bool(whole["log"].get(key, False)) if "log" in whole else False for key in data["name"]]
    for place, end in (("a", "from"), ("b", "to")):
        drawn[place] = [
            _place(r[end], r["range_low"], r["range_high"], log)
            for r, log in zip(data.to_dict("records"), curved, strict=True)
        ]
    drawn["words"] = [
        f"{edge(r['name'], r['from'], 0)} to {edge(r['name'], r['to'], 1)}" for r in data.to_dict("records")
    ]
    drawn["first"], drawn["last"] = ([f"{v:.3g}" for v in data[c]] for c in ("range_low", "range_high"))
    base = altair.Chart(drawn)
    y = altair.Y("assumption:N", sort=list(data["assumption"]), title=None, axis=altair.Axis(ticks=False, domain=False))
    bare = altair.X("zero:Q", scale=altair.Scale(domain=[-0.12, 1.12]), axis=None)
    layers = [
        base.mark_bar(height=8, color="#e6e6e6", stroke="#999", strokeWidth=0.5).encode(x=bare, x2="one:Q", y=y),
        base.mark_bar(height=14, color=GAIN if gain else LOSS).encode(x="a:Q", x2="b:Q", y=y),
        base.mark_text(align="right", dx=-5, color="#5c5c5c").encode(x="zero:Q", y=y, text="first:N"),
        base.mark_text(align="left", dx=5, color="#5c5c5c").encode(x="one:Q", y=y, text="last:N"),
        base.mark_text(align="left", fontWeight="bold").encode(x=altair.value(395), y=y, text="words:N"),
    ]
    colour = "dark" if gain else "hatched"
    chart = altair.layer(*layers).properties(
        width=390,
        height=altair.Step(30),
        title=note(
            f"Grey: the range considered{' (some on a logarithmic scale)' if any(curved) else ''}; {colour}, and on the right: "
            f"where {what}."
        ),
    )
    alt = (
        "Where all of these hold: "
        + listed(
            [
                f"{r['assumption']} {r['from']:.3g} to {r['to']:.3g} (of {r['range_low']:.3g} to {r['range_high']:.3g})"
                for r in data.to_dict("records")
            ]
        )
        + "."
    )
    return finished(name, chart, alt, data.drop(columns="name"))


def _place(value: float, low: float, high: float, log: bool) -> float:
    """Return where a value lies between the ends of a range, from 0 to 1."""
    if high <= low:
        return 0.0
    if log and low > 0:
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)


# ---------------------------------------------------------------------- regret
def regret(table: pd.DataFrame, name: str = "regret") -> Chart:
    """Draw in what share of futures each design lacks no more than so many points of the best in the same future.

    Parameters
    ----------
    table : design, regret, a row a future and design, as ``regret.csv`` has them; of several judgements the first is taken
    name : of the picture
    """
    altair, _ = needed()
    part = table[table["judgement"] == table["judgement"].iloc[0]] if "judgement" in table else table
    own = [str(n) for n in dict.fromkeys(part["design"].astype(str))]
    lost = {n: np.sort(100 * part.loc[part["design"] == n, "regret"].to_numpy(dtype=np.float64)) for n in own}
    own.sort(key=lambda n: float(np.quantile(lost[n], 0.95)))
    right = max(1.0, *(float(np.quantile(v, 0.98)) for v in lost.values()))
    rows = []
    for n in own:
        for q in np.arange(2, 101, 2):
            value = float(np.quantile(lost[n], q / 100))
            if value <= right:
                rows.append({"design": label(n), "percent": float(q), "points": value})
    data = pd.DataFrame(rows)
    ends = pd.DataFrame(
        {
            "design": [label(n) for n in own],
            **{f"within_in_{q}": [float(np.quantile(lost[n], q / 100)) for n in own] for q in (50, 90, 95)},
        }
    )
    order = [label(n) for n in own]
    legend = altair.Legend(title="Nearest to the best first", orient="right", symbolSize=400, symbolStrokeWidth=2.4)
    chart = (
        altair.Chart(data)
        .mark_line(strokeWidth=2.3)
        .encode(
            x=altair.X(
                "points:Q",
                title="Points of efficiency that it lacks of the best in the same future",
                scale=altair.Scale(domain=[0, right], nice=False),
            ),
            y=altair.Y("percent:Q", title="Share of futures, %", scale=altair.Scale(domain=[0, 100])),
            order="percent:Q",
            color=altair.Color(
                "design:N",
                sort=order,
                scale=altair.Scale(domain=order, range=[SHADES[i % len(SHADES)] for i in range(len(own))]),
                legend=legend,
            ),
            strokeDash=altair.StrokeDash(
                "design:N",
                sort=order,
                scale=altair.Scale(domain=order, range=[dash(i) for i in range(len(own))]),
                legend=legend,
            ),
        )
    )
    rule = altair.Chart(pd.DataFrame([{"y": 95}])).mark_rule(color="#777", strokeDash=[2, 3]).encode(y="y:Q")
    said_above = f"Higher is safer. Dotted: 95 of 100 futures. {len(next(iter(lost.values())))} futures."
    alt = (
        "In 95 of 100 futures a design lacks of the best no more than: "
        + listed([f"{r['design']} {r['within_in_95']:.1f}" for r in ends.to_dict("records")])
        + " points."
    )
    return finished(
        name, altair.layer(rule, chart).properties(width=390, height=260, title=note(said_above)), alt, ends
    )
