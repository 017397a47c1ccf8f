"""Pictures of what drives the answer: regimes, sensitivity, value of information, conditions, regret."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import pandas as pd

from donorlab.experiments.canvas import INK, SHADES
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


# ---------------------------------------------------------------------- regimes
def regime(runs: pd.DataFrame, x: str, y: str, smallest: float = 0.02, name: str = "regime") -> Chart:
    """Draw the difference between two architectures over two levers; a cell that is not told from chance is grey.

    Parameters
    ----------
    runs : the columns x and y, seed, and ``difference`` (a share; of the second architecture less the first)
    x, y : names of the levers
    smallest : least difference that matters, as a share
    name : of the picture
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
        ["better", "a little better", "worse", "a little worse"],
        "not told from chance",
    )
    data["words"] = [signed(value) for value in data["mean"]]
    kinds = ["worse", "a little worse", "not told from chance", "a little better", "better"]
    axis = {"labelAngle": 0, "ticks": False, "domain": False, "format": "~g"}
    ax, ay = (
        altair.X("x:O", title=label(x), axis=altair.Axis(**axis)),
        altair.Y("y:O", title=label(y), sort="descending", axis=altair.Axis(**axis)),
    )
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
    back = base.mark_text(fontWeight="bold", stroke="white", strokeWidth=3.5).encode(x=ax, y=ay, text="words:N")
    front = base.mark_text(fontWeight="bold").encode(x=ax, y=ay, text="words:N")
    chart = altair.layer(cells, back, front).properties(width=altair.Step(size), height=altair.Step(34))
    counts = data["verdict"].value_counts()
    alt = (
        f"Difference over {label(x)} and {label(y)}, {len(data)} cells: "
        + listed([f"{counts[k]} {k}" for k in kinds if k in counts])
        + "."
    )
    table = data[["x", "y", "mean", "verdict"]].rename(columns={"x": label(x), "y": label(y), "mean": "points"})
    return finished(name, chart, alt, table)


# ---------------------------------------------------------------------- sensitivity and information
def sensitivity(table: pd.DataFrame, result: str | None = None, outcome: str = "efficiency") -> Chart:
    """Draw which assumptions move a result: total indices, or sizes of effects where there was only a screening.

    Parameters
    ----------
    table : ``indices.csv`` (outcome, result, factor, first, total, total_low, total_high) or ``screening.csv`` (mu_star with its
        interval, verdict)
    result : an architecture or a difference; the last of the table if None
    outcome : of the table
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
        x=altair.X("value:Q", title=unit),
        y=y,
        color=altair.Color(
            "luck:N", scale=altair.Scale(domain=[False, True], range=["#6f9cc4", "#d9d9d9"]), legend=None
        ),
    )
    layers = [bars, base.mark_rule(color=INK, strokeWidth=1.3).encode(x="low:Q", x2="high:Q", y=y)]
    if whole:
        layers.append(base.mark_tick(color=INK, thickness=3, size=15).encode(x="alone:Q", y=y))
    said_above = (
        f"{label(result)}. "
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
        f"{unit}, of {label(result)}: {listed(told)}.",
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
        x=altair.X("value:Q", title="Points of efficiency that knowing it would be worth"),
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
def box(boxes: pd.DataFrame, ranges: pd.DataFrame, name: str = "box") -> Chart:
    """Draw the limits of the conditions under which an architecture loses, within the range of each assumption.

    Parameters
    ----------
    boxes : name, end (``low``: at least the limit; ``high``: at most), limit; of one box
    ranges : name, low, high
    name : of the picture
    """
    altair, _ = needed()
    whole = ranges.set_index("name")
    rows: dict[str, dict[str, Any]] = {}
    for r in boxes.to_dict("records"):
        if r["name"] not in whole.index:
            continue
        low, high = float(whole.loc[r["name"], "low"]), float(whole.loc[r["name"], "high"])
        one = rows.setdefault(
            r["name"],
            {
                "assumption": label(r["name"]),
                "least": low,
                "most": high,
                "from": low,
                "to": high,
                "range_low": low,
                "range_high": high,
            },
        )
        one["from" if r["end"] == "low" else "to"] = float(r["limit"])
    data = pd.DataFrame(rows.values())
    width = (data["range_high"] - data["range_low"]).replace(0, 1)
    drawn = data.assign(
        a=(data["from"] - data["range_low"]) / width, b=(data["to"] - data["range_low"]) / width, zero=0.0, one=1.0
    )
    drawn["words"] = [f"{r['from']:.3g} to {r['to']:.3g}" for r in data.to_dict("records")]
    drawn["first"], drawn["last"] = ([f"{v:.3g}" for v in data[c]] for c in ("range_low", "range_high"))
    base = altair.Chart(drawn)
    y = altair.Y("assumption:N", sort=list(data["assumption"]), title=None, axis=altair.Axis(ticks=False, domain=False))
    bare = altair.X("zero:Q", scale=altair.Scale(domain=[-0.12, 1.12]), axis=None)
    layers = [
        base.mark_bar(height=8, color="#e6e6e6", stroke="#999", strokeWidth=0.5).encode(x=bare, x2="one:Q", y=y),
        base.mark_bar(height=14, color=LOSS).encode(x="a:Q", x2="b:Q", y=y),
        base.mark_text(align="right", dx=-5, color="#5c5c5c").encode(x="zero:Q", y=y, text="first:N"),
        base.mark_text(align="left", dx=5, color="#5c5c5c").encode(x="one:Q", y=y, text="last:N"),
        base.mark_text(align="left", fontWeight="bold").encode(x=altair.value(395), y=y, text="words:N"),
    ]
    chart = altair.layer(*layers).properties(
        width=390,
        height=altair.Step(30),
        title=note("Grey: the range considered; hatched, and on the right: where it loses."),
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
    return finished(name, chart, alt, data.drop(columns=["least", "most"]))


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
