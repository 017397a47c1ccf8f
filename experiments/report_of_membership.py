"""What ``membership`` prints: who would stay, who would join, what payments it takes; sentences follow from tested rules."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from donorlab.experiments import tables
from donorlab.experiments.free_members import FROM, Ends
from donorlab.experiments.words import counted

_AT_END: Final = ("in_at_end_from_nobody", "in_at_end_from_all")
_HALF: Final = 0.5
_TELLS: Final = 0.1  # share of years

if TYPE_CHECKING:
    from donorlab.experiments.coalitions import Payoffs, Step


def show(
    screen: Console,
    name: str,
    payoffs: Payoffs,
    found: pd.DataFrame,
    paths: Mapping[str, Sequence[Step]],
    settings: Sequence[str],
) -> None:
    """Print everything; ``found`` is of `membership.table`, ``paths`` hold orders of joining."""
    screen.print(f"You set: {', '.join(settings) or 'nothing'}.", highlight=False, markup=False)
    seeds = len(payoffs.seeds)
    screen.print(f"\n[bold]What being a member of {name} is worth[/] to each, all others as they are (EUR m a year)")
    screen.print(stands(found))
    interval = "95% interval over paired seeds" if seeds > 1 else "one seed, so that chance is not told"
    note = (
        "What a donor would have to add to its own programme outside to get as much as inside, by what it wants itself; "
        f"{interval}. "
        "Outsiders: what joining alone would be worth. Payments: the least among members after which none is better off outside."
    )
    screen.print(f"[dim]{note}[/]", highlight=False)
    for path, steps in paths.items():
        screen.print(f"\n[bold]An order of joining in which each step is stable, {path}[/]")
        screen.print(order(payoffs, steps) if steps else "none: nobody can begin")
    screen.print("\n[bold]In words[/]")
    for text in sentences(name, found, {path: len(steps) for path, steps in paths.items()}):
        lines = textwrap.wrap(
            text, screen.width - 1, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False
        )
        screen.print("\n".join(lines), highlight=False, markup=False)


def show_free(screen: Console, name: str, players: pd.DataFrame, end: Ends, seeds: int, found: pd.DataFrame) -> None:
    """Print what runs with free members say; see `sentences_of_free`."""
    screen.print(
        f"\n[bold]Where donors are free to join and leave {name}[/], by what they see each year (half found it)"
    )
    table = tables.table()
    table.add_column("who")
    for head in ("money", "years in", "at end: half", "nobody", "all", "joins", "leaves", "compared"):
        table.add_column(head, justify="right")
    ordered = players.sort_values(["years_in", "budget_m"], ascending=False, kind="stable")
    for row in ordered.to_dict("records"):
        table.add_row(
            str(row["player"]),
            f"{row['budget_m']:.1f}",
            *(f"{float(row[key]):.0%}" for key in ("years_in", "in_at_end", *_AT_END)),
            f"{float(row['joins']):.1f}",
            f"{float(row['leaves']):.1f}",
            "" if math.isnan(row["compared"]) else f"{float(row['compared']):.0%}",
        )
    screen.print(table)
    note = (
        "Share of years, and of runs at the end by who founded it; joins and leaves: times a run and donor; compared: years in "
        "which it had seen both sides, itself or with donors of similar budget. Unlike above, others move too, and a donor knows "
        "only what it and its like got."
    )
    screen.print(f"[dim]{note}[/]", highlight=False)
    for text in sentences_of_free(players, end, seeds, found):
        lines = textwrap.wrap(
            text, screen.width - 1, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False
        )
        screen.print("\n".join(lines), highlight=False, markup=False)


def sentences_of_free(players: pd.DataFrame, end: Ends, seeds: int, found: pd.DataFrame) -> list[str]:
    """Return what runs with free members say, in plain words, and whether donors find out what membership is worth.

    Parameters
    ----------
    players : of `free_members.by_player`
    end : of `free_members.ends`; seeds : how many runs from each beginning
    found : of `membership.table`
    """
    if not end.could_move:
        return [f"Nobody could move in these {end.years} years: a donor stays where it is for membership_term years."]
    runs = counted(seeds, "seed")
    depends = (
        "where it ends depends on how it begins"
        if end.matters
        else f"whether it matters how it begins is not told from chance with {runs}"
    )
    lean = (
        "That is told from chance."
        if end.differs
        else f"With {runs} that is not told from chance: being inside says nothing for it yet."
    )
    texts = [
        f"At the end {end.share[FROM]:.0%} of the money of those invited is inside if half found it, {end.share['nobody']:.0%} "
        f"if nobody does, {end.share['all']:.0%} if all do; {depends}.",
        f"Under an umbrella that does and costs nothing it is {end.idle[FROM]:.0%}, {end.idle['nobody']:.0%} and "
        f"{end.idle['all']:.0%}: what it does itself makes {100 * (end.share[FROM] - end.idle[FROM]):+.0f} points from half. "
        f"{lean}",
    ]
    both = players.merge(found[["player", "gain_m"]], on="player")
    gaining, losing = both[both["gain_m"] > 0], both[both["gain_m"] < 0]
    if len(gaining) and len(losing):
        texts.append(
            f"Those who would gain by being in are in for {_mean(gaining):.0%} of the years, those who would lose for "
            f"{_mean(losing):.0%}: what donors see tells them "
            + ("which side pays." if _mean(gaining) - _mean(losing) >= _TELLS else "little about which side pays.")
        )
    blind = players[players["compared"] < _HALF]
    if len(blind):
        texts.append(
            f"In most years nothing to compare with have {', '.join(str(name) for name in blind['player'])}: nobody of similar "
            "budget was on the other side."
        )
    return texts


def _mean(rows: pd.DataFrame) -> float:
    return float(np.average(rows["years_in"], weights=rows["budget_m"]))


def stands(found: pd.DataFrame) -> Table:
    """Return the table of who stands where."""
    table = tables.table()
    for head in ("who", "now"):
        table.add_column(head)
    for head in ("money", "worth", "95%", "payment"):
        table.add_column(head, justify="right")
    table.add_column("would")
    for row in found.sort_values(["member", "gain_m"], ascending=[False, False]).to_dict("records"):
        low, high, paid = (float(row[key]) for key in ("gain_low", "gain_high", "payment_m"))
        table.add_row(
            str(row["player"]),
            "in" if row["member"] else "out",
            f"{row['budget_m']:.1f}",
            f"{row['gain_m']:+z.2f}",
            "" if math.isnan(low) else f"{low:+z.2f} to {high:+z.2f}",
            "" if math.isnan(paid) or abs(paid) < 0.005 else f"{paid:+.2f}",
            ("stay" if row["stays"] else "leave") if row["member"] else ("stay out" if row["stays"] else "join"),
        )
    return table


def order(payoffs: Payoffs, steps: Sequence[Step]) -> Table:
    """Return the table of an order of joining."""
    table = tables.table()
    table.add_column("step", justify="right")
    table.add_column("joins")
    table.add_column("worth to it", justify="right")
    table.add_column("least to a member", justify="right")
    table.add_column("whose")
    table.add_column("payments", justify="right")
    for number, step in enumerate(steps, start=1):
        table.add_row(
            str(number),
            payoffs.players[step.player].name,
            f"{step.gain:+z.2f}",
            f"{step.least:+z.2f}",
            payoffs.players[step.whose].name,
            f"{step.paid:.2f}" if step.paid > 0.005 else "",
        )
    return table


def sentences(name: str, found: pd.DataFrame, lengths: Mapping[str, int]) -> list[str]:
    """Return what was found, in plain words.

    Parameters
    ----------
    name : of the proposal
    found : of `membership.table`
    lengths : steps of each order of joining, by its name; empty if none was asked for
    """
    members, outsiders = found[found["member"]], found[~found["member"]]
    if members.empty:
        return [f"{name} has no members among those who may join."]
    leaving, joining = members[~members["stays"]], outsiders[~outsiders["stays"]]
    texts = []
    if leaving.empty:
        texts.append(f"Internally stable: none of the {len(members)} members would be better off outside {name}.")
    else:
        texts.append(
            f"Not internally stable: {len(leaving)} of {counted(len(members), 'member')} would be better off outside {name} "
            f"({_names(leaving, 'gain_m')})."
        )
    sure = members[members["gain_high"] < 0]
    if len(leaving) and not leaving["gain_high"].isna().all():
        texts.append(f"Beyond chance (95%) this holds for {len(sure)} of them.")
    if outsiders.empty:
        texts.append("Externally stable: nobody is left outside.")
    elif joining.empty:
        texts.append(f"Externally stable: none of {counted(len(outsiders), 'outsider')} would gain by joining.")
    else:
        texts.append(f"Not externally stable: joining would pay for {_names(joining, 'gain_m')}.")
    texts.append(_payments(members, leaving))
    for path, steps in lengths.items():
        if steps == len(found):
            texts.append(
                f"In an order of joining {path} all {len(found)} come in, and at no step anyone wants to leave."
            )
        else:
            texts.append(
                f"An order of joining {path} ends after {steps} of {len(found)}: at the next step somebody loses."
            )
    return texts


def _payments(members: pd.DataFrame, leaving: pd.DataFrame) -> str:
    """Return what payments between members it takes."""
    if leaving.empty:
        return "No payments are needed to keep them."
    surplus = float(members["gain_m"].sum())
    if members["payment_m"].isna().all():
        return (
            f"No payments among members make it stable: together they are EUR {-surplus:.2f}m a year better off outside, each "
            "counted against leaving alone."
        )
    moved = float(np.maximum(members["payment_m"], 0.0).sum())
    share = 100 * moved / float(members["budget_m"].sum())
    return f"Payments of EUR {moved:.2f}m a year among members would keep all of them ({share:.1f}% of their money)."


def _names(rows: pd.DataFrame, by: str) -> str:
    ordered = rows.reindex(rows[by].abs().sort_values(ascending=False).index)
    return ", ".join(str(name) for name in ordered["player"])
