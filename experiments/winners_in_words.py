"""What ``winners`` says in sentences, the answer first: every one follows from a tested rule."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from donorlab.experiments import chances, coalitions
from donorlab.experiments.chances import Changes
from donorlab.experiments.winnings import Answer
from donorlab.experiments.words import counted, label

NAMED: Final = 3  # at either end in a sentence


def sentences(answer: Answer) -> list[str]:
    """Return what was found, in plain words, the answer first."""
    if answer.nothing:
        return [f"{answer.name} changes nothing: not one state or donor differs from {label(answer.first)} by a bit."]
    return [
        _states(answer),
        _all_together(answer),
        *_named(answer),
        *_chance(answer),
        _pareto(answer),
        _compensation(answer),
        *_groups(answer),
        *_donors(answer),
        *_over(answer),
    ]


def _written(change: Changes, form: str, unit: str, factor: float = 1.0) -> str:
    """Return a change of one with its interval, where there is one; ``unit`` follows the number."""
    mean, low, high = (format(factor * float(one[0]), form) for one in (change.mean, change.low, change.high))
    return f"{mean}{unit}" if math.isnan(change.low[0]) else f"{mean}{unit} (95% {low} to {high})"


def _matters(answer: Answer, unit: str) -> str:
    """Return the least change that matters, in points or percent."""
    return f"{100 * answer.smallest:g}{unit}"


def _listed(rows: pd.DataFrame, name: str, column: str, form: str, factor: float) -> str:
    return ", ".join(f"{row[name]} {format(factor * row[column], form)}" for row in rows.head(NAMED).to_dict("records"))


# ---------------------------------------------------------------------- states
def _states(answer: Answer) -> str:
    total, points = len(answer.states), _matters(answer, " points")
    up, may, down, drop = (answer.count(answer.states, one) for one in ("gains", "may gain", "loses", "may lose"))
    if answer.seeds < 2:
        return (
            f"In this one seed {may} of {counted(total, 'state')} gain {points} of their own value or more and {drop} lose "
            "as much. One seed tells nothing from chance."
        )
    told = answer.states[answer.states["told"]]
    more, less = int((told["value_change"] > 0).sum()), int((told["value_change"] < 0).sum())
    return (
        f"{up} of {counted(total, 'state')} gain {points} of their own value or more beyond chance, {down} lose as much. "
        f"{may} more may gain and {drop} may lose: {points} in the mean of {answer.seeds} seeds, but not told from chance. "
        f"The other {total - up - may - down - drop} change by less. "
        f"By however little, {more} are told to gain and {less} to lose."
    )


def _all_together(answer: Answer) -> str:
    aid = 100 * float((answer.states["value_before"] - answer.states["value_no_aid"]).mean())
    return (
        f"The mean state's own value changes by {_written(answer.value, '+z.1f', ' points', 100)}, where all aid under "
        f"{label(answer.first)} is worth {aid:+z.1f}; efficiency by {_written(answer.efficiency, '+z.1f', ' points', 100)}."
    )


def _named(answer: Answer) -> list[str]:
    ordered = answer.states.sort_values("value_change", kind="stable")
    losers, winners = (ordered[ordered["verdict"] == one] for one in ("loses", "gains"))
    found = []
    if len(losers):
        found.append(f"The largest losers: {_listed(losers, 'name', 'value_change', '+.1f', 100)} points.")
    else:
        less = ordered[ordered["told"] & (ordered["value_change"] < 0)]
        lowest = _listed(less if len(less) else ordered, "name", "value_change", "+.2g", 100)
        told = (
            f"Those told to lose by less: {lowest} points."
            if len(less)
            else f"The lowest means ({lowest}) may be luck."
        )
        found.append(f"No state is told to lose by as much as matters. {told}")
    if len(winners):
        found.append(f"The largest winners: {_listed(winners.iloc[::-1], 'name', 'value_change', '+.1f', 100)} points.")
    return found


def _chance(answer: Answer) -> list[str]:
    luck, total = answer.chance, len(answer.states)
    if math.isnan(luck.matter):
        return []
    beyond, called = total - answer.count(answer.states, "same"), answer.count(answer.states, "gains", "loses")
    reach = float((answer.states["value_change_high"] - answer.states["value_change_low"]).median())
    text = (
        f"If nothing had changed for anybody, chance on {answer.seeds} seeds would still put {luck.matter:.0f} of "
        f"{counted(total, 'state')} beyond {_matters(answer, ' points')} in the mean (in 5% of cases more than "
        f"{luck.matter_high:.0f}) and call {luck.called:.1f} of them; found are {beyond} and {called}. A mean is good to ±"
        f"{50 * reach:.1f} points for the middle state (95%); more seeds tell more (replications=)."
    )
    if not math.isnan(luck.scatter):
        text += f" {100 * luck.scatter:.0f}% of the differences between states' means are more than chance."
    return [text]


def _pareto(answer: Answer) -> str:
    tables = ((answer.states, "state"), (answer.donors, "donor"))
    sure, may = (
        " and ".join(counted(answer.count(table, one), what) for table, what in tables if answer.count(table, one))
        for one in ("loses", "may lose")
    )
    if sure:
        return f"No Pareto improvement: {sure} lose by as much as matters, beyond chance."
    if may:
        return f"Whether it is a Pareto improvement is not known: nobody is told to lose as much as matters, but {may} may."
    return (
        "In the mean nobody loses by as much as matters: a Pareto improvement but for less, as far as these seeds tell."
    )


def _compensation(answer: Answer) -> str:
    told = answer.states["verdict"]
    lost = -float(answer.states.loc[told == "loses", "worth_m_change"].sum())
    won = float(answer.states.loc[told == "gains", "worth_m_change"].sum())
    text = f"What stands in all states together changes by EUR {_written(answer.worth, '+z.1f', 'm')}, at base prices of tasks."
    if lost > 0:
        text += (
            f" What the states told to lose lack would cost EUR {lost:.1f}m to buy, what those told to gain have more EUR "
            f"{won:.1f}m: the winners could {'' if won >= lost else 'not '}make up for the losers, on paper; tasks do not move "
            "between states, and nothing in the proposal pays anybody."
        )
    return text


def _groups(answer: Answer) -> list[str]:
    part = answer.groups[answer.groups["kind"] != "all"].sort_values("value_change", ascending=False, kind="stable")
    if answer.seeds < 2:
        return []
    found = []
    up, down = part[part["value_change_low"] > 0], part[part["value_change_high"] < 0].iloc[::-1]
    for word, rows in (("gain", up), ("lose", down)):
        if len(rows):
            most = ", most of all" if len(rows) > NAMED else ""
            found.append(f"{len(rows)} {word}{most}: {_listed(rows, 'group', 'value_change', '+.1f', 100)} points")
    if not found:
        return [f"Of {counted(len(part), 'group')} of states none is told from chance, each by itself (95%)."]
    luck = (1 - chances.CONFIDENCE) * len(part)
    return [
        f"Of {counted(len(part), 'group')} of states, each by itself beyond chance (95%), {'; '.join(found)}. Luck alone would "
        f"tell about {luck:.0f}."
    ]


# ---------------------------------------------------------------------- donors
def _donors(answer: Answer) -> list[str]:
    table = answer.donors
    if table.empty:
        return ["Donors cannot be compared: under one of the two they do not act themselves."]
    found = [
        _side(answer, table[table["member"] == inside], worth, inside)
        for inside, worth in ((True, answer.member_worth), (False, answer.outsider_worth))
        if (table["member"] == inside).any()
    ]
    ordered = table.dropna(subset=["worth_m"]).sort_values("worth_m", kind="stable")
    losers, winners = (ordered[ordered["verdict"] == one] for one in ("loses", "gains"))
    named = [
        f"{word} most: {_listed(rows, 'donor', 'worth_m', '+.2f', 1)}"
        for rows, word in ((losers, "lose"), (winners.iloc[::-1], "gain"))
        if len(rows)
    ]
    if named:
        found.append(f"Donors that {'; that '.join(named)} (EUR m a year).")
    return found + _payments(ordered["worth_m"].to_numpy(dtype=np.float64))


def _side(answer: Answer, part: pd.DataFrame, worth: Changes, inside: bool) -> str:
    """Return what it is worth to members, or to outsiders."""
    up, down, may, drop = (answer.count(part, one) for one in ("gains", "loses", "may gain", "may lose"))
    text = (
        f"Of {counted(len(part), 'member' if inside else 'outsider')} {up} get {_matters(answer, '%')} or more out of their money "
        f"beyond chance, by what they want themselves, and {down} as much less; {may} more may gain and {drop} lose. "
        f"To all of them together it is worth EUR {_written(worth, '+z.2f', 'm a year')}"
    )
    if inside:
        text += (
            f"; in overhead and negotiation they pay EUR {float(part['overhead_m_change'].sum()):.2f}m a year for it."
        )
    else:
        text += f", and they pay nothing for it.{' They ride free.' if worth.low[0] > 0 else ''}"
    over = answer.member_futures if inside else answer.outsider_futures
    if len(over) == 0:
        return text
    low, middle, high = np.quantile(over, (0.05, 0.5, 0.95))
    return (
        f"{text} Over the futures it is worth EUR {middle:+z.2f}m in the middle "
        f"(range over assumptions {low:+z.1f} to {high:+z.1f}), "
        f"more than nothing in {int((over > 0).sum())} of {len(over)}."
    )


def _payments(gains: np.ndarray) -> list[str]:
    """Return whether donors that gain could pay those that lose."""
    if not (gains < 0).any():
        return []
    moved = coalitions.side_payments(gains)
    if moved is None:
        return [
            "Donors that gain could not make up for donors that lose: no payments among them leave all as well off as before, by "
            "the means."
        ]
    paid = float(np.maximum(moved, 0.0).sum())
    return [
        f"Payments of EUR {paid:.2f}m a year among all donors would leave none worse off than before, by the means "
        "(luck in them counts as gain and loss)."
    ]


# ---------------------------------------------------------------------- futures
def _over(answer: Answer) -> list[str]:
    if not answer.draws:
        return ["Over the assumptions nothing is said: no futures were drawn."]
    found = []
    for table, what, unit in ((answer.states, "state", " points"), (answer.donors, "donor", "%")):
        if table.empty:
            continue
        up, down = (int((table["over_futures"] == one).sum()) for one in ("gains", "loses"))
        counts = table[["futures_gain", "futures_same", "futures_lose"]].to_numpy(dtype=np.int64).T
        found.append(
            f"{up} of {counted(len(table), what)} gain by {_matters(answer, unit)} in clearly more futures than they lose, {down} "
            f"the other way round; a fair coin would make {chances.fair_coin(counts):.1f} of both together."
        )
    told = [f"Over {answer.draws} futures (assumptions and chance): {' '.join(found)}"]
    for here, there, text in (
        ("loses", "loses", "Losers both at default values beyond chance and over the futures"),
        (
            "gains",
            "loses",
            "Winners at default values beyond chance that lose over the futures: they hang on the assumptions",
        ),
        (
            "loses",
            "gains",
            "Losers at default values beyond chance that gain over the futures: they hang on the assumptions",
        ),
    ):
        names = [*_both(answer.states, "name", here, there), *_both(answer.donors, "donor", here, there)]
        if names:
            told.append(f"{text}: {', '.join(names)}.")
    return told


def _both(table: pd.DataFrame, name: str, here: str, there: str) -> list[str]:
    """Return who is ``here`` at default values and ``there`` over the futures."""
    if table.empty:
        return []
    return [str(one) for one in table.loc[(table["verdict"] == here) & (table["over_futures"] == there), name]]


def several(answers: Sequence[Answer]) -> str:
    """Return how to read the table of several proposals."""
    return (
        f"Efficiency in points, mean over seeds. Gain, lose: by {_matters(answers[0], ' points')} of own value (donors: percent of "
        "what they get out of their money) and told from chance; may: in the mean, not told."
    )
