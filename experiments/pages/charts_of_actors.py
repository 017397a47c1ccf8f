"""Pictures of who gains: groups of states and of donors, members of a proposal, those who report."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from donorlab.experiments.canvas import INK
from donorlab.experiments.pages import amounts
from donorlab.experiments.pages.chart import (
    FAINT_GAIN,
    FAINT_LOSS,
    GAIN,
    LOSS,
    SAME,
    Chart,
    finished,
    headed,
    label,
    listed,
    needed,
    note,
    signed,
    word_of,
)

_WHO: Final = {
    "region": "region",
    "income": "income group",
    "un": "group of the United Nations",
    "served": "how well they are served",
    "all": "all",
}
_KINDS: Final = {
    "state": "states",
    "regional_org": "regional organisations",
    "international_org": "international organisations",
    "foundation_company": "foundations and companies",
}


# ---------------------------------------------------------------------- winners and losers
def gains(groups: pd.DataFrame, by: str, smallest: float = 0.02) -> Chart:
    """Draw what changes for groups of states over the futures, or for how many donors of each kind.

    Parameters
    ----------
    groups : for states ``groups.csv`` (proposal, kind, group, states, future_change, future_low, future_high, futures_gain,
        futures_lose, futures_same; without futures value_change with its interval); for ``by="donors"`` ``donors.csv`` (proposal,
        kind, member, over_futures, or verdict without futures)
    by : ``region``, ``income``, ``un``, ``served``, or ``donors``
    smallest : least change that matters, as a share
    """
    return _gains_of_donors(groups) if by == "donors" else _gains_of_states(groups, by, smallest)


def _gains_of_states(groups: pd.DataFrame, by: str, smallest: float) -> Chart:
    altair, _ = needed()
    part = groups[groups["kind"].isin(["all", by])].copy()
    future = "future_change" in part and bool(part["future_change"].notna().any())
    middle, low, high = (
        ("future_change", "future_low", "future_high")
        if future
        else ("value_change", "value_change_low", "value_change_high")
    )
    data = pd.DataFrame(
        {
            "proposal": [label(n) for n in part["proposal"]],
            "group": part["group"],
            "states": part["states"].round().astype(int),
            "points": 100 * part[middle],
            "low": 100 * part[low],
            "high": 100 * part[high],
        }
    )
    data["verdict"] = np.where(data["points"] >= 0, "gains", "loses")
    if future:
        data["gain"], data["lose"] = part["futures_gain"].astype(int), part["futures_lose"].astype(int)
        total = int((part["futures_gain"] + part["futures_same"] + part["futures_lose"]).max())
    own, order = list(dict.fromkeys(data["proposal"])), list(dict.fromkeys(data["group"]))
    ends = [min(0.0, float(data["low"].min())), max(0.0, float(data["high"].max()))]
    panels = []
    for name in own:
        here = altair.Chart(data[data["proposal"] == name])
        y = altair.Y("group:N", sort=order, title=None, axis=altair.Axis(ticks=False, domain=False, labelLimit=160))
        x = altair.X(
            "points:Q", title="Points of own value", scale=altair.Scale(domain=ends), axis=altair.Axis(tickCount=5)
        )
        bars = here.mark_bar(height=13).encode(
            x=x,
            y=y,
            color=altair.Color(
                "verdict:N", scale=altair.Scale(domain=["gains", "loses"], range=[GAIN, LOSS]), legend=None
            ),
        )
        lines = here.mark_rule(color="#555", strokeWidth=1.2).encode(x="low:Q", x2="high:Q", y=y)
        layers = [bars, lines]
        if future:
            words = (
                here.transform_calculate(words="datum.gain + ' / ' + datum.lose")
                .mark_text(align="left")
                .encode(x=altair.value(305), y=y, text="words:N")
            )
            layers.append(words)
        panels.append(altair.layer(*layers).properties(width=300, height=altair.Step(21), title=headed(name)))
    said_above = (
        f"Bar: middle future; line: 5% to 95% of {total} futures. "
        f"Right: in how many futures the group gains / loses {100 * smallest:g} points."
        if future
        else "Bar: mean of the replications at default values; line: 95% interval of chance, which says nothing of the assumptions."
    )
    chart = altair.vconcat(*panels, spacing=10).properties(title=note(said_above))
    alt = f"Change in what states have, by {_WHO.get(by, by)}. " + " ".join(
        f"{name}: "
        + listed([f"{r['group']} {signed(r['points'], 2)}" for r in data[data["proposal"] == name].to_dict("records")])
        + " points."
        for name in own
    )
    return finished(f"gains-{word_of(by)}", chart, alt, data.drop(columns="verdict"))


def _gains_of_donors(donors: pd.DataFrame) -> Chart:
    altair, _ = needed()
    over = "over_futures" in donors and bool(donors["over_futures"].notna().any())
    verdict = donors["over_futures" if over else "verdict"].astype(str)
    found = verdict.where(verdict.isin(["gains", "loses"]), "open")
    who = [
        f"{_KINDS.get(str(k), label(str(k)))}, {'members' if m else 'outside'}"
        for k, m in zip(donors["kind"], donors["member"], strict=True)
    ]
    counts = pd.DataFrame({"proposal": [label(str(n)) for n in donors["proposal"]], "group": who, "verdict": found})
    data = pd.crosstab([counts["proposal"], counts["group"]], counts["verdict"])
    data = data.reindex(columns=["loses", "open", "gains"], fill_value=0).reset_index()
    data.columns.name = None
    own, order = list(dict.fromkeys(counts["proposal"])), sorted(set(who))
    rows = []
    for r in data.to_dict("records"):
        left = -r["loses"] - r["open"] / 2
        for kind in ("loses", "open", "gains"):
            rows.append(
                {
                    **{k: r[k] for k in ("proposal", "group")},
                    "kind": kind,
                    "donors": r[kind],
                    "from": left,
                    "to": left + r[kind],
                    "middle": left + r[kind] / 2,
                }
            )
            left += r[kind]
    drawn = pd.DataFrame(rows)
    ends = [float(drawn["from"].min()), float(drawn["to"].max())]
    panels = []
    for name in own:
        here = altair.Chart(drawn[(drawn["proposal"] == name) & (drawn["donors"] > 0)])
        y = altair.Y("group:N", sort=order, title=None, axis=altair.Axis(ticks=False, domain=False, labelLimit=230))
        bars = here.mark_bar(height=16, stroke="white").encode(
            x=altair.X("from:Q", title=None, scale=altair.Scale(domain=ends), axis=None),
            x2="to:Q",
            y=y,
            color=altair.Color(
                "kind:N",
                scale=altair.Scale(domain=["loses", "open", "gains"], range=[FAINT_LOSS, SAME, FAINT_GAIN]),
                legend=None,
            ),
        )
        text = here.mark_text(fontWeight="bold").encode(x="middle:Q", y=y, text="donors:Q")
        panels.append(altair.layer(bars, text).properties(width=330, height=altair.Step(21), title=headed(name)))
    what = "most of the futures" if over else "the replications at default values"
    said_above = (
        "Donors of a kind that lose (left, hatched), are open (grey) and gain (right, blue) by what they want themselves, "
        f"in {what}."
    )
    alt = f"Donors by kind, in {what}. " + " ".join(
        f"{name}: {int(part['gains'].sum())} gain, {int(part['loses'].sum())} lose, {int(part['open'].sum())} open."
        for name, part in data.groupby("proposal", sort=False)
    )
    return finished("gains-donors", altair.vconcat(*panels, spacing=10).properties(title=note(said_above)), alt, data)


# ---------------------------------------------------------------------- membership
def membership(table: pd.DataFrame, name: str = "membership") -> Chart:
    """Draw what being in is worth to each donor or group.

    Parameters
    ----------
    table : player, count, member, gain_m, gain_low, gain_high, as ``membership.csv`` has them
    name : of the picture
    """
    altair, _ = needed()
    data = table[["player", "count", "member", "gain_m", "gain_low", "gain_high"]].copy()
    data["who"] = [f"{p}{'' if m else ' (outside)'}" for p, m in zip(data["player"], data["member"], strict=True)]
    told = (data["gain_low"] > 0) | (data["gain_high"] < 0)
    data["verdict"] = np.select(
        [told & (data["gain_m"] > 0), told], ["better inside", "better outside"], "not told from chance"
    )
    data = data.sort_values("gain_m", ascending=False, kind="stable")
    base = altair.Chart(data)
    y = altair.Y(
        "who:N", sort=list(data["who"]), title=None, axis=altair.Axis(ticks=False, domain=False, labelLimit=260)
    )
    bars = base.mark_bar(height=13, stroke="#777", strokeWidth=0.5).encode(
        x=altair.X("gain_m:Q", title=f"EUR m a year ({amounts.PRICES}) that being in is worth to it"),
        y=y,
        color=altair.Color(
            "verdict:N",
            title=None,
            scale=altair.Scale(
                domain=["better inside", "better outside", "not told from chance"], range=[GAIN, LOSS, SAME]
            ),
            legend=altair.Legend(orient="bottom", symbolType="square"),
        ),
    )
    lines = base.mark_rule(color="#333", strokeWidth=1.2).encode(x="gain_low:Q", x2="gain_high:Q", y=y)
    zero = altair.Chart(pd.DataFrame([{"gain_m": 0.0}])).mark_rule(color="#777").encode(x="gain_m:Q")
    chart = altair.layer(bars, lines, zero).properties(
        width=340, height=altair.Step(21), title=note("Line: 95% interval of chance.")
    )
    counts = data.groupby("verdict")["player"].agg(list).to_dict()
    said = [
        f"{kind}: {listed(list(map(str, counts[kind])))}"
        for kind in ("better inside", "better outside")
        if kind in counts
    ]
    alt = (
        "What being in is worth. "
        + "; ".join([*said, f"{len(counts.get('not told from chance', []))} of {len(data)} not told from chance"])
        + "."
    )
    return finished(name, chart, alt, data.drop(columns="who"))


# ---------------------------------------------------------------------- ignorance
def ignorance(curve: pd.DataFrame) -> Chart:
    """Draw how much of what is paid twice goes if one donor after the other reports its plans.

    Parameters
    ----------
    curve : reporters, last, removed, removed_low, removed_high, as ``curve.csv`` has them
    """
    altair, _ = needed()
    data = pd.DataFrame(
        {
            "reporters": curve["reporters"].astype(int),
            "last": curve["last"].fillna("nobody").astype(str),
            "percent": 100 * curve["removed"],
            "low": 100 * curve["removed_low"],
            "high": 100 * curve["removed_high"],
        }
    )
    data["words"] = [("+ " if i else "") + name for i, name in enumerate(data["last"])]
    base = altair.Chart(data)
    y = altair.Y(
        "words:N",
        sort=list(data["words"]),
        title=None,
        axis=altair.Axis(ticks=False, domain=False, labelLimit=230),
    )
    x = altair.X("percent:Q", title="Share of what is paid twice that goes, %")
    bars = base.mark_bar(color=FAINT_GAIN, height=14, stroke=GAIN, strokeWidth=0.8).encode(x=x, y=y)
    lines = base.mark_rule(color=INK, strokeWidth=1.4).encode(x="low:Q", x2="high:Q", y=y)
    text = base.mark_text(align="left", dx=8).encode(x="high:Q", y=y, text=altair.Text("percent:Q", format=".0f"))
    chart = altair.layer(bars, lines, text).properties(
        width=340,
        height=altair.Step(21),
        title=note("Who reports, one after the other from above. Line: 95% interval of chance."),
    )
    half = data[data["percent"] >= data["percent"].max() / 2]
    alt = (
        f"Share of what is paid twice that goes as donors report: {data['percent'].iloc[-1]:.0f}% with all "
        f"{data['reporters'].iloc[-1]}; half of that with the first {half['reporters'].iloc[0]}."
    )
    return finished("ignorance", chart, alt, data.drop(columns="words"))
