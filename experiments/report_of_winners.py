"""What ``winners`` prints: who wins and who loses, what chance alone would make of it, and whether winners could pay losers."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd
from rich.console import Console
from rich.table import Table

from donorlab.experiments import chances, tables
from donorlab.experiments.winners_in_words import sentences, several
from donorlab.experiments.winnings import Answer
from donorlab.experiments.words import label

LISTED: Final = 8  # at either end in a table
KINDS: Final[Mapping[str, str]] = {
    "all": "", "region": "By region", "income": "By income group", "un": "Groups of the United Nations",
    "served": "By share of aid over share of need, under the reference",
}  # fmt: skip


def show(screen: Console, answers: Sequence[Answer], settings: Sequence[str]) -> None:
    """Print everything."""
    screen.print(f"You set: {', '.join(settings) or 'nothing'}.", highlight=False, markup=False)
    if len(answers) > 1:
        screen.print(f"\n[bold]Winners and losers, each against {label(answers[0].first)}[/]")
        screen.print(overview(answers))
    for answer in answers:
        screen.print(f"\n[bold]Who wins and who loses under {answer.name}, against {label(answer.first)}[/]")
        for text in sentences(answer):
            lines = textwrap.wrap(
                text, screen.width - 1, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False
            )
            screen.print("\n".join(lines), highlight=False, markup=False)
        if answer.nothing:
            continue
        screen.print(f"\n[bold]States at both ends under {answer.name}[/]")
        screen.print(states(answer))
        screen.print(f"\n[bold]Groups of states under {answer.name}[/]")
        screen.print(groups(answer))
        if len(answer.donors):
            screen.print(f"\n[bold]Donors at both ends under {answer.name}[/]")
            screen.print(donors(answer))
    if not all(answer.nothing for answer in answers):
        screen.print(f"\n[dim]{notes(answers[0])}[/]", highlight=False)


def notes(answer: Answer) -> str:
    """Return how to read the tables."""
    points = f"{100 * answer.smallest:g}"
    texts = [
        "Own value: what stands in a state by the model's rule of value, 0 (nothing) to 100 (every task), whatever its weight;",
        "capacity: share of all tasks that stand, in points. Money: contracts for the state in the whole run. Worth to a donor:",
        "what it would have to add to its own programme to get as much, by what it wants itself.",
    ]
    if answer.seeds > 1:
        texts += [
            "95%: interval of the mean over paired seeds, chance only; it says nothing of the assumptions. *: told from chance; of",
            "those marked at most one in twenty is expected to be luck. The ends of a ranking are the luckiest: expect them nearer",
            "to 0 on other seeds.",
        ]
    if answer.draws:
        texts += [
            f"In futures: gain/same/lose by {points} points (donors: {points}%); each future is one seed, so that for one state or",
            "donor most of it is luck. Range over assumptions: 5% to 95% of the futures, of the mean of a group.",
        ]
    return " ".join(texts)


# ---------------------------------------------------------------------- tables
def overview(answers: Sequence[Answer]) -> Table:
    """Return a row a proposal."""
    table = tables.table()
    table.add_column("proposal")
    for head in (
        "effi-\nciency",
        "states\ngain",
        "may\ngain",
        "same",
        "may\nlose",
        "lose",
        "donors\ngain",
        "donors\nlose",
    ):
        table.add_column(head, justify="right")
    for one in answers:
        table.add_row(
            one.name,
            f"{100 * float(one.efficiency.mean[0]):+z.1f}",
            *(str(one.count(one.states, verdict)) for verdict in chances.VERDICTS),
            *(str(one.count(one.donors, verdict)) for verdict in ("gains", "loses")),
        )
    table.caption = several(answers)
    table.caption_justify = "left"
    return table


def _ends(frame: pd.DataFrame, by: str) -> list[dict[Any, Any] | None]:
    """Return rows at both ends of an order, the most first, with None for what is left out between."""
    ordered = frame.dropna(subset=[by]).sort_values(by, ascending=False, kind="stable").to_dict("records")
    if len(ordered) <= 2 * LISTED:
        return list(ordered)
    return [*ordered[:LISTED], None, *ordered[-LISTED:]]


def _points(value: float) -> str:
    return "-" if math.isnan(value) else f"{100 * value:+z.1f}"


def _interval(row: Mapping[Any, Any], name: str, factor: float = 100.0) -> str:
    low, high = float(row[f"{name}_low"]), float(row[f"{name}_high"])
    return "" if math.isnan(low) else f"{factor * low:+z.1f} to {factor * high:+z.1f}"


def _futures(row: Mapping[Any, Any]) -> str:
    counts = [row.get(f"futures_{part}", math.nan) for part in ("gain", "same", "lose")]
    return "" if any(math.isnan(float(one)) for one in counts) else "/".join(f"{float(one):.0f}" for one in counts)


def _range(row: Mapping[Any, Any]) -> str:
    low, high = (float(row.get(f"future_{end}", math.nan)) for end in ("low", "high"))
    return "" if math.isnan(low) else f"{100 * low:+z.1f} to {100 * high:+z.1f}"


def states(answer: Answer) -> Table:
    """Return the states that gain and lose most in the mean."""
    table = tables.table()
    for head in ("state", "region"):
        table.add_column(head)
    for head in ("own\nvalue", "95%", "capa-\ncity", "money\nEUR m", "proj-\nects"):
        table.add_column(head, justify="right", no_wrap=True)
    if answer.draws:
        table.add_column("in\nfutures", justify="right", no_wrap=True)
    for row in _ends(answer.states, "value_change"):
        if row is None:
            table.add_row("...")
            continue
        cells = [
            f"{row['name']}{' *' if row['told'] else ''}", str(row["region"]), _points(row["value_change"]),
            _interval(row, "value_change"), _points(row["capacity_change"]), f"{row['aid_m_change']:+z.1f}",
            f"{row['projects_change']:+z.1f}",
        ]  # fmt: skip
        table.add_row(*cells, *([_futures(row)] if answer.draws else []))
    return table


def groups(answer: Answer) -> Table:
    """Return the groups of states."""
    table = tables.table()
    table.add_column("")
    for head in ("states", "own\nvalue", "95%", "capa-\ncity", "money\nEUR m", "gain", "lose"):
        table.add_column(head, justify="right", no_wrap=True)
    if answer.draws:
        table.add_column("range over\nassumptions", justify="right", no_wrap=True)
    for kind, part in answer.groups.groupby("kind", sort=False):
        if KINDS[str(kind)]:
            table.add_row(f"[bold]{KINDS[str(kind)]}[/]")
        for row in part.to_dict("records"):
            members = _members(answer.states, str(kind), str(row["group"]))
            verdicts = (
                [str(int((members["verdict"] == one).sum())) for one in ("gains", "loses")]
                if members is not None
                else ["", ""]
            )
            cells = [
                f"{'  ' if KINDS[str(kind)] else ''}{row['group']}", f"{row['states']:.0f}", _points(row["value_change"]),
                _interval(row, "value_change"), _points(row["capacity_change"]), f"{row['aid_m_change']:+z.1f}", *verdicts,
            ]  # fmt: skip
            table.add_row(*cells, *([_range(row)] if answer.draws else []))
    return table


def _members(states: pd.DataFrame, kind: str, group: str) -> pd.DataFrame | None:
    """Return the states of a group; None where they are not the same in all seeds."""
    if kind == "all":
        return states
    if kind == "un":
        return states[[group in words.split() for words in states["un_groups"]]]
    column = {"region": "region", "income": "income_group"}.get(kind)
    return None if column is None else states[states[column] == group]


def donors(answer: Answer) -> Table:
    """Return the donors to which the proposal is worth most and least."""
    table = tables.table()
    for head in ("donor", "is"):
        table.add_column(head)
    for head in (
        "money\na year",
        "worth\na year",
        "95%",
        "in %",
        "influ-\nence",
        "useful, % of\nits money",
        "paid twice, %\nfor tasks",
    ):
        table.add_column(head, justify="right", no_wrap=True)
    if answer.draws:
        table.add_column("in\nfutures", justify="right", no_wrap=True)
    for row in _ends(answer.donors, "worth_m"):
        if row is None:
            table.add_row("...")
            continue
        moved = row["influence_change"] / row["influence"] if row["influence"] > 0 else math.nan
        cells = [
            f"{row['donor']}{' *' if row['told'] else ''}", "in" if row["member"] else "out", f"{row['budget_m']:.1f}",
            f"{row['worth_m']:+z.2f}", _two(row), _points(row["account_change"]), _points(moved),
            _before_after(row, "useful_share"), _before_after(row, "duplicated_share"),
        ]  # fmt: skip
        table.add_row(*cells, *([_futures(row)] if answer.draws else []))
    return table


def _two(row: Mapping[Any, Any]) -> str:
    low, high = float(row["worth_m_low"]), float(row["worth_m_high"])
    return "" if math.isnan(low) else f"{low:+z.2f} to {high:+z.2f}"


def _before_after(row: Mapping[Any, Any], name: str) -> str:
    before, after = (float(row[f"{name}_{when}"]) for when in ("before", "after"))
    return "-" if math.isnan(before) or math.isnan(after) else f"{100 * before:.0f} > {100 * after:.0f}"
