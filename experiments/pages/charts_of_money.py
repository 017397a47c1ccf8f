"""Pictures of what money does: where each euro goes, and up to which price coordination pays."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from donorlab.experiments.canvas import INK
from donorlab.experiments.figures_of_worth import GROUPS
from donorlab.experiments.pages.chart import (
    FAINT_GAIN,
    FAINT_LOSS,
    GAIN,
    LOSS,
    Chart,
    finished,
    headed,
    label,
    listed,
    needed,
    note,
    signed,
)
from donorlab.experiments.tables import names_in, sure


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
    groups = {
        head.replace("\n", " "): 100 * wide.reindex(list(bars)).sum(min_count=1) for head, bars, *_ in reversed(GROUPS)
    }
    data = pd.DataFrame(groups).T[own]
    rows, left = [], 100.0
    for head, cents in data[first].items():
        good = head == "effective"
        rows.append(
            {
                "head": head,
                "cents": cents,
                "from": 0.0 if good else left - cents,
                "to": cents if good else left,
                "kind": "effective" if good else "lost",
            }
        )
        left -= 0.0 if good else cents
    order = [row["head"] for row in rows]
    y = altair.Y("head:N", sort=order, title=None, axis=altair.Axis(ticks=False, domain=False))
    base = altair.Chart(pd.DataFrame(rows))
    bars = base.mark_bar(height=17).encode(
        x=altair.X("from:Q", title=f"Cents of a euro, {label(first)}", scale=altair.Scale(domain=[0, 100])),
        x2="to:Q",
        y=y,
        color=altair.Color("kind:N", scale=altair.Scale(domain=["effective", "lost"], range=[GAIN, LOSS]), legend=None),
    )
    text = base.mark_text(align="left", dx=5, fontWeight="bold").encode(
        x="to:Q", y=y, text=altair.Text("cents:Q", format=".0f")
    )
    fall = altair.layer(bars, text).properties(width=210, height=altair.Step(26))
    others = own[1:]
    grid = (
        data[others]
        .sub(data[first], axis=0)
        .rename_axis("head")
        .reset_index()
        .melt("head", None, "architecture", "change")
    )
    grid["who"] = [label(str(name)) for name in grid["architecture"]]
    # for what is effective more is better, for every loss less
    better = np.where(grid["head"] == "effective", grid["change"], -grid["change"])
    grid["verdict"] = np.select([better >= 0.5, better <= -0.5], ["better", "worse"], "same")
    grid["words"] = [signed(value, 0) for value in grid["change"]]
    chart: Any = fall
    if others:
        across = altair.X(
            "who:N",
            sort=[label(name) for name in others],
            title="What changes under the others, in cents",
            axis=altair.Axis(orient="top", labelAngle=-35, ticks=False, domain=False, labelLimit=200),
        )
        cells = (
            altair.Chart(grid)
            .mark_rect(stroke="white", strokeWidth=2)
            .encode(
                x=across,
                y=altair.Y("head:N", sort=order, axis=None),
                color=altair.Color(
                    "verdict:N",
                    scale=altair.Scale(domain=["better", "same", "worse"], range=[FAINT_GAIN, "#f3f3f3", FAINT_LOSS]),
                    legend=None,
                ),
            )
        )
        said = (
            altair.Chart(grid)
            .mark_text(fontWeight="bold", stroke="white", strokeWidth=3, strokeOpacity=0.9)
            .encode(x=across, y=altair.Y("head:N", sort=order, axis=None), text="words:N")
        )
        front = (
            altair.Chart(grid)
            .mark_text(fontWeight="bold")
            .encode(x=across, y=altair.Y("head:N", sort=order, axis=None), text="words:N")
        )
        size = min(60, 270 / len(others))
        chart = altair.hconcat(
            fall,
            altair.layer(cells, said, front).properties(width=altair.Step(size), height=altair.Step(26)),
            spacing=26,
        ).resolve_scale(color="independent")
    said_above = (
        "Blue: better than that; hatched: worse, by half a cent or more. At default values, mean of the replications."
    )
    chart = chart.properties(title=note(said_above)) if others else chart
    worst = max((row for row in rows if row["kind"] == "lost"), key=lambda row: row["cents"])
    kept = dict(zip(own, data.loc["effective", own].to_numpy(dtype=np.float64), strict=True))
    alt = (
        f"Of a euro under {label(first)}, {kept[first]:.0f} cents are effective; the largest loss is "
        f"'{worst['head']}', {worst['cents']:.0f} cents."
    )
    if others:
        alt += " Effective under the others: " + listed([f"{label(n)} {kept[n]:.0f} cents" for n in others]) + "."
    table = data.rename_axis("cents of a euro").rename(columns={name: label(name) for name in own}).reset_index()
    return finished("waterfall", chart, alt, table)


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
    grouped = curves.assign(points=100 * curves["difference"]).groupby(
        ["parameter", "architecture", "value"], sort=False, observed=True
    )["points"]
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
            x = altair.X(
                "value:Q",
                title=label(setting) if bottom else None,
                scale=altair.Scale(domain=[float(whole.min()), float(whole.max())], nice=False),
                axis=altair.Axis(labels=bottom, ticks=bottom, grid=False, tickCount=4, labelFlush=True),
            )
            y = altair.Y(
                "mean:Q",
                title=None,
                scale=altair.Scale(domain=bounds),
                axis=altair.Axis(labels=setting == settings[0], ticks=False, domain=False, tickCount=3),
            )
            base = altair.Chart(_crossed(part))
            up = (
                base.transform_calculate(up="max(datum.mean, 0)")
                .mark_area(color=FAINT_GAIN, opacity=1)
                .encode(x=x, y=altair.Y("up:Q", title=None, scale=altair.Scale(domain=bounds)))
            )
            down = (
                base.transform_calculate(down="min(datum.mean, 0)")
                .mark_area(color=FAINT_LOSS, opacity=1)
                .encode(x=x, y="down:Q")
            )
            band = base.mark_area(color=INK, opacity=0.16).encode(
                x=x, y=altair.Y("low:Q", scale=altair.Scale(domain=bounds)), y2="high:Q"
            )
            line = base.mark_line(color=INK, strokeWidth=1.8).encode(x=x, y=y)
            zero = (
                altair.Chart(pd.DataFrame({"value": [whole.min(), whole.max()], "mean": 0.0}))
                .mark_line(color="#777", strokeWidth=1)
                .encode(x=x, y=y)
            )
            parts = [up, down, band, zero, line] if len(part) else [zero]
            panels.append(altair.layer(*parts).properties(width=width, height=58))
        rows.append(altair.hconcat(*panels, spacing=10).properties(title=headed(label(name))))
    said_above = (
        f"Points of efficiency above (blue) or below (hatched) {label(first)}, all else at default values; band: 95% interval "
        "of chance. An empty panel: the setting does nothing there."
    )
    chart = altair.vconcat(*rows, spacing=6).properties(title=note(said_above))
    alt = f"Difference in efficiency to {label(first)} along {listed([label(s) for s in settings])}. "
    parts = []
    for name in own:
        for setting in settings:
            part = data[(data["architecture"] == name) & (data["parameter"] == setting)].sort_values("value")
            if len(part):
                parts.append(
                    f"{label(name)}, {label(setting)} {part['value'].iloc[0]:g} to {part['value'].iloc[-1]:g}: "
                    f"{signed(part['mean'].iloc[0])} to {signed(part['mean'].iloc[-1])} points"
                )
    table = data.assign(
        parameter=[label(n) for n in data["parameter"]], architecture=[label(n) for n in data["architecture"]]
    )
    return finished("break-even", chart, alt + "; ".join(parts) + ".", table)


def _crossed(part: pd.DataFrame) -> pd.DataFrame:
    """Return a curve with a point wherever it crosses 0, so that areas above and below end there."""
    rows = part.sort_values("value")[["value", "mean", "low", "high"]].to_numpy(dtype=np.float64)
    found: list[np.ndarray] = []
    for one, other in pairwise(rows):
        found.append(one)
        if one[1] * other[1] < 0:
            found.append(one + (other - one) * (one[1] / (one[1] - other[1])))
    return pd.DataFrame([*found, *rows[-1:]], columns=["value", "mean", "low", "high"])
