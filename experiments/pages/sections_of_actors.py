"""Who gains and who loses: sections about states and donors; those about cooperation stand beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from markupsafe import Markup

from donorlab.experiments import chances, winnings
from donorlab.experiments.gains import DEFAULT, FUTURE
from donorlab.experiments.pages import amounts, blocks, charts, claims_of_actors
from donorlab.experiments.pages.blocks import Section
from donorlab.experiments.pages.case import Case
from donorlab.experiments.pages.chart import label
from donorlab.experiments.pages.claims_of_actors import Side, Verdicts
from donorlab.experiments.pages.winners import Winners, of, verdicts
from donorlab.experiments.tables import names_in
from donorlab.sim.scenario import FloatArray

DRAWN: Final = 2
"""Candidates that are drawn."""
LISTED: Final = 8
"""At either end of a table of states or donors."""
_ANY: Final = 1e-9  # EUR m a year above which something is worth more than nothing


# ---------------------------------------------------------------------- states
def states(case: Case) -> Section | None:
    """Return which groups of states gain and lose; nothing without results of `winners`."""
    folder = case.one("winners")
    if folder is None:
        return None
    found = Winners(case, folder)
    if not found.names:
        return None
    best = found.names[0]
    own = of(found.states, best)
    counted = verdicts(own)
    lost = _losses(own)
    typical = found.typical_loss(best) if found.over else float(np.median(lost)) if len(lost) else float("nan")
    title = claims_of_actors.states_title(case.called(best), counted, typical)
    drawn = found.names[:DRAWN]
    made = [charts.gains(_drawn(found, drawn, kind), kind, found.smallest) for kind in ("region", "income")]
    captions = ("Change in own value by region.", "Change in own value by income group.")
    blocks_ = [
        blocks.points(_said_of_states(found, best, counted, lost), "claims"),
        _states_table(found),
        *(blocks.picture(chart, caption) for chart, caption in zip(made, captions, strict=True)),
        _other_groups(found, best),
        *_named_states(found, best),
        blocks.note(
            "Own value is what stands in a state, its tasks valued as the model values them, from 0 (nothing) to 100 points (every "
            "task), whatever the state's size; the mean state counts each once. A future has one run, so that for one state much "
            "of what divides the futures is luck. "
            + ("Drawn are the two that are better in the most futures." if len(found.names) > DRAWN else "")
            + ("" if case.named else " States are shown in groups; names=true names them.")
        ),
    ]
    return Section("states", title, tuple(blocks_), tuple(made))


def _losses(own: pd.DataFrame) -> FloatArray:
    """Return what those states lose that lose, as shares of own value: in the middle future, or in the mean at default values."""
    verdict, change = ("over_futures", "future_change") if "over_futures" in own else ("verdict", "value_change")
    return -own.loc[own[verdict] == "loses", change].to_numpy(dtype=np.float64)


def _said_of_states(found: Winners, best: str, counted: Verdicts, lost: FloatArray) -> list[str]:
    name, groups = found.case.called(best), of(found.groups, best)
    said: list[str | None] = [claims_of_actors.states_count(name, counted, found.points)]
    if found.over:
        middle, most = (float(np.median(lost)), float(lost.max())) if len(lost) else (0.0, 0.0)
        said.append(claims_of_actors.losers(len(lost), middle, most, found.typical_loss(best)))
        for row in groups[groups["kind"] == "all"].to_dict("records"):
            change = [float(row[key]) for key in ("future_low", "future_change", "future_high")]
            said.append(
                claims_of_actors.mean_state(
                    name, change, int(row["futures_gain"]), int(row["futures_lose"]), counted.futures, found.points
                )
            )
        part = groups[groups["kind"].isin(["region", "income"])]
        by = {one: list(map(str, part.loc[part["over_futures"] == one, "group"])) for one in ("gains", "loses", "open")}
        still = int(
            (2 * part["futures_same"] > part[["futures_gain", "futures_same", "futures_lose"]].sum(axis=1)).sum()
        )
        said.append(claims_of_actors.groups(name, by["gains"], by["loses"], by["open"], still, found.points))
    for row in of(found.chance, best).to_dict("records"):
        gains, may, down, loses = (int(row[key]) for key in ("gains", "may_gain", "may_lose", "loses"))
        said.append(claims_of_actors.at_default((gains, may, down, loses), float(row["chance_called"]), found.points))
    return [text for text in said if text]


def _states_table(found: Winners) -> Markup:
    """Return a row a proposal: states that gain and lose, and what changes for the mean state."""
    rows = []
    for name in found.names:
        own = verdicts(of(found.states, name))
        whole = of(found.groups, name)
        whole = whole[whole["kind"] == "all"].iloc[:1]
        row: dict[str, object] = {"proposal": label(name)}
        row |= {"most": f"{own.most_gain} / {own.most_lose}"} if found.over else {}
        row |= {"gain": own.gain, "open": own.open, "lose": own.lose}
        if found.over and len(whole):
            one = whole.iloc[0]
            row |= {
                "middle": float(one["future_change"]),
                "up": int(one["futures_gain"]),
                "down": int(one["futures_lose"]),
            }
        default = of(found.states, name)["verdict"]
        row |= {"told_up": int((default == "gains").sum()), "told_down": int((default == "loses").sum())}
        rows.append(row)
    futures = verdicts(found.states).futures
    heads = {
        "most": "states that gain / lose in most futures", "gain": "more often gain" if found.over else "states gain",
        "lose": "more often lose" if found.over else "states lose", "middle": "mean state, points, middle future",
        "up": f"futures of {futures} in which it gains", "down": "in which it loses", "told_up": "default values: states gain",
        "told_down": "states lose",
    }  # fmt: skip
    where = "over the futures, and beyond chance at default values" if found.over else "beyond chance at default values"
    return blocks.table(
        pd.DataFrame(rows), f"States that gain and lose by {found.points} of own value, {where}",
        {"middle": blocks.signed_cell(1, 100)}, heads=heads,
    )  # fmt: skip


def _drawn(found: Winners, names: Sequence[str], kind: str) -> pd.DataFrame:
    """Return groups of a kind of the candidates that are drawn, in their order."""
    part = found.groups[found.groups["kind"].isin(["all", kind])]
    return pd.concat([of(part, name) for name in names], ignore_index=True)


def _other_groups(found: Winners, best: str) -> Markup:
    """Return the table of groups that no picture shows: of the United Nations, and by how well they are served."""
    part = of(found.groups, best)
    part = part[part["kind"].isin(["un", "served"])]
    if part.empty:
        return Markup("")
    columns = ["group", "states", "value_change", "value_change_low", "value_change_high"]
    heads = {"value_change": "points", "value_change_low": "95% from", "value_change_high": "to"}
    if found.over:
        columns += ["future_change", "futures_gain", "futures_lose"]
        heads |= {"future_change": "middle future", "futures_gain": "futures gain", "futures_lose": "futures lose"}
    table = part[columns].assign(
        group=[_GROUP.get(str(one), str(one)) for one in part["group"]], states=part["states"].round()
    )
    points = blocks.signed_cell(1, 100)
    return blocks.table(
        table, f"Other groups of states under {found.case.called(best)}: change of own value at default values, chance only"
        + (", and over the futures" if found.over else ""),
        dict.fromkeys(("value_change", "value_change_low", "value_change_high", "future_change"), points), heads=heads,
    )  # fmt: skip


_GROUP: Final = {
    "LDC": "least developed (LDC)", "LLDC": "without access to the sea (LLDC)", "SIDS": "small islands (SIDS)",
    "orphans": "under half of their share of aid by need", "in between": "half to one and a half of it",
    "darlings": "more than one and a half of it",
}  # fmt: skip


def _named_states(found: Winners, best: str) -> list[Markup]:
    """Return the states at both ends, where they may be named."""
    if not found.case.named:
        return []
    change = "future_change" if found.over else "value_change"
    ends = _ends(of(found.states, best), change)
    columns = ["name", "region", change, *(["futures_gain", "futures_lose"] if found.over else []), "verdict"]
    heads = {
        "name": "state", "future_change": "points, middle future", "value_change": "points", "futures_gain": "futures gain",
        "futures_lose": "futures lose", "verdict": "at default values",
    }  # fmt: skip
    caption = (
        f"States that gain and lose most under {found.case.called(best)}; the ends of a ranking are also the luckiest"
    )
    return [blocks.table(ends[columns], caption, {change: blocks.signed_cell(1, 100)}, heads=heads)]


def _ends(frame: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return both ends of an order, the most first."""
    ordered = frame.dropna(subset=[by]).sort_values(by, ascending=False, kind="stable")
    return ordered if len(ordered) <= 2 * LISTED else pd.concat([ordered.head(LISTED), ordered.tail(LISTED)])


# ---------------------------------------------------------------------- donors
def donors(case: Case) -> Section | None:
    """Return which donors gain and lose; nothing without results of `winners`."""
    folder = case.one("winners")
    if folder is None:
        return None
    found = Winners(case, folder)
    if found.donors.empty:
        return None
    names = [name for name in found.names if len(of(found.donors, name))]
    sides = {name: _sides(found, name) for name in names}
    best = names[0]
    title = claims_of_actors.donors_title(case.called(best), *sides[best])
    together = claims_of_actors.across({case.called(name): one for name, one in sides.items()})
    drawn = pd.concat([of(found.donors, name) for name in names[:DRAWN]], ignore_index=True)
    made = charts.gains(drawn, "donors", found.smallest)
    blocks_ = [
        blocks.points([*_said_of_donors(found, best, sides[best]), *([together] if together else [])], "claims"),
        _donors_table(found, sides),
        blocks.picture(made, "Donors that gain and lose, by kind and by whether they are members."),
        _named_donors(found, best),
        blocks.note(
            "Worth to a donor: what it would have to add to its own programme to get as much, by what it wants itself, after what "
            f"it pays for the proposal; a donor gains or loses where that is {100 * found.smallest:g}% or more of what its money "
            "gets it. All members are in, against a world in which donors act apart; what it is worth to a member to be in "
            "rather than out, all others staying in, is another amount (section on who would join). Donors are named as donors, "
            f"states among them as well. {amounts.PRICES_SAID}"
        ),
    ]
    return Section("donors", title, tuple(blocks_), (made,))


def _sides(found: Winners, name: str) -> tuple[Side | None, Side | None]:
    """Return what a proposal is worth to all members, and to all outsiders, together."""
    runs, part = found.runs, of(found.donors, name)
    member = part.set_index("donor")["member"].reindex(list(runs.donor_ids)).astype(bool).to_numpy()
    first = names_in(runs.runs)[0]
    sample = FUTURE if found.over else DEFAULT
    both = winnings.both_sides(winnings.worth(runs, name, first, sample), member)
    inside, outside = (
        _side(values[np.isfinite(values)], int(count), found.over)
        for values, count in zip(both, (member.sum(), (~member).sum()), strict=True)
    )
    return inside, outside


def _side(values: FloatArray, count: int, over: bool) -> Side | None:
    if len(values) == 0:
        return None
    if over:
        low, middle, high = (float(one) for one in np.quantile(values, (0.05, 0.5, 0.95)))
        counts, told = chances.over_futures(values[:, None], _ANY)
        return Side(count, low, middle, high, int(counts[0, 0]), int(counts[2, 0]), told[0])
    change = chances.changes(values[:, None])
    low, middle, high = (float(one[0]) for one in (change.low, change.mean, change.high))
    return Side(count, low, middle, high, 0, 0, "gains" if low > 0 else "loses" if high < 0 else "open")


def _said_of_donors(found: Winners, best: str, sides: tuple[Side | None, Side | None]) -> list[str]:
    part = of(found.donors, best)
    futures = verdicts(part).futures
    said: list[str | None] = []
    for who, inside, one in (("member", True, sides[0]), ("outsider", False, sides[1])):
        own = part[part["member"] == inside]
        if one is not None:
            said.append(claims_of_actors.side(who, found.case.called(best), one, futures))
        said.append(claims_of_actors.donors_count(who, verdicts(own)))
    said.append(claims_of_actors.overhead(float(part.loc[part["member"], "overhead_m_change"].sum())))
    return [text for text in said if text]


def _donors_table(found: Winners, sides: dict[str, tuple[Side | None, Side | None]]) -> Markup:
    """Return a row a proposal and side: how many gain and lose, and what it is worth to all of them."""
    rows = []
    for name, both in sides.items():
        part = of(found.donors, name)
        for who, inside, one in (("members", True, both[0]), ("outside", False, both[1])):
            own = verdicts(part[part["member"] == inside])
            if own.count:
                worth = {} if one is None else {"worth": one.middle, "low": one.low, "high": one.high, "more": one.more}
                rows.append(
                    {"proposal": label(name), "who": who, "gain": own.gain, "open": own.open, "lose": own.lose, **worth}
                )
    frame = pd.DataFrame(rows)
    if not found.over:
        frame = frame.drop(columns="more", errors="ignore")
    futures = verdicts(found.donors).futures
    heads = {
        "gain": "more often gain" if found.over else "gain", "lose": "more often lose" if found.over else "lose",
        "worth": f"worth to all, {'middle future' if found.over else 'mean'}", "low": "from", "high": "to",
        "more": f"futures of {futures} in which it is worth more than nothing",
    }  # fmt: skip
    span = "5% to 95% of the futures" if found.over else "95% interval of chance, at default values"
    return blocks.table(
        frame, f"Donors that gain and lose under each proposal; worth in {amounts.head()}, {span}",
        _cells(frame, "worth", "low", "high"), heads=heads,
    )  # fmt: skip


def _cells(frame: pd.DataFrame, *columns: str) -> dict[str, blocks.Cell]:
    """Return how amounts are written in columns, all to as many decimals as the largest of them supports."""
    size = max((float(frame[name].abs().max()) for name in columns if name in frame), default=0.0)
    return dict.fromkeys(columns, blocks.signed_cell(0 if size >= 10 else 1 if size >= 1 else 2))


def _named_donors(found: Winners, best: str) -> Markup:
    """Return the donors to which the proposal is worth most and least."""
    ends = _ends(of(found.donors, best), "worth_m")
    columns = [
        "name",
        "member",
        "budget_m",
        "worth_m",
        *(["futures_gain", "futures_lose", "over_futures"] if found.over else ["verdict"]),
    ]
    heads = {
        "name": "donor", "budget_m": "gives a year", "worth_m": "worth, default values", "futures_gain": "futures gain",
        "futures_lose": "futures lose", "over_futures": "over the futures", "verdict": "at default values",
    }  # fmt: skip
    return blocks.table(
        ends[columns], f"Donors to which {found.case.called(best)} is worth most and least; {amounts.head()}",
        {**_cells(ends, "worth_m"), "budget_m": amounts.bare}, heads=heads,
    )  # fmt: skip
