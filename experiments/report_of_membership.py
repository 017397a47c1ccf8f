"""What ``membership`` prints: who would stay, who would join, what payments it takes; sentences follow from tested rules."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from donorlab.experiments import tables
from donorlab.experiments.coalitions import verdict
from donorlab.experiments.free_members import FROM, Ends
from donorlab.experiments.words import counted, money

_AT_END: Final = ("in_at_end_from_nobody", "in_at_end_from_all")
_HALF: Final = 0.5
_TELLS: Final = 0.1  # share of years
_NAMED: Final = 8  # donors that a sentence names

if TYPE_CHECKING:
    from donorlab.experiments.coalitions import Payoffs, Step, Worth


def show(
    screen: Console,
    name: str,
    payoffs: Payoffs,
    found: pd.DataFrame,
    single: pd.DataFrame,
    together: Worth,
    paths: Mapping[str, Sequence[Step]],
    settings: Sequence[str],
) -> None:
    """Print everything; ``found``, ``single`` and ``together`` are of `membership`, ``paths`` hold orders of joining."""
    screen.print(f"You set: {', '.join(settings) or 'nothing'}.", highlight=False, markup=False)
    seeds = len(payoffs.seeds)
    screen.print(f"\n[bold]What being a member of {name} is worth[/] to each, all others as they are (EUR m a year)")
    screen.print(stands(found))
    interval = "95% interval over paired seeds" if seeds > 1 else "one seed, so that chance is not told"
    note = (
        "What a donor would have to add to its own programme outside to get as much as inside, by what it wants itself; "
        f"{interval}. Outsiders: what joining alone would be worth. A group is shown as the sum of its donors, each of which moves "
        "alone. What each would do: by the mean; told: beyond chance (false discoveries at 5% among members, and among outsiders). "
        "Payments: the least among members after which by the means none is better off outside."
    )
    screen.print(f"[dim]{note}[/]", highlight=False)
    for path, steps in paths.items():
        screen.print(f"\n[bold]An order of joining in which each step is stable by the means, {path}[/]")
        screen.print(order(payoffs, steps) if steps else "none: nobody can begin")
    if any(paths.values()):
        reach = "Behind ±: reach of the 95% interval over paired seeds. " if seeds > 1 else ""
        note = (
            f"{reach}Who joins next is the largest of several means of these same seeds, so that luck helped to pick the order and "
            "what is worth most looks better than it is. Here a group comes and goes as one; above each of its donors moves alone."
        )
        screen.print(f"[dim]{note}[/]", highlight=False)
    screen.print("\n[bold]In words[/]")
    for text in sentences(name, single, together, paths, len(found)):
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
    """Return the table of who stands where, a row a donor or group."""
    table = tables.table()
    for head in ("donors and groups", "now"):
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
            _would(row),
        )
    return table


def _would(row: Mapping[Hashable, Any]) -> str:
    """Return what a donor or a group's donors would do by the mean, and for how many that is told from chance."""
    stay, move = ("stay", "leave") if row["member"] else ("stay out", "join")
    word, told = (move, row["moving_told"]) if row["moving"] else (stay, row["staying_told"])
    if row["count"] == 1:
        return f"{word}, told" if told else word
    return f"{word}: {row['moving'] or row['count']} of {row['count']}" + (f", told {told}" if told else "")


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
            _within(step.gain),
            _within(step.least),
            payoffs.players[step.whose].name,
            f"{step.paid:.2f}" if step.paid > 0.005 else "",
        )
    return table


def _within(worth: Worth) -> str:
    """Return a mean with the reach of its interval."""
    return f"{worth.mean:+z.2f}" + ("" if math.isnan(worth.high) else f" ±{worth.high - worth.mean:.2f}")


def sentences(
    name: str, single: pd.DataFrame, together: Worth, paths: Mapping[str, Sequence[Step]], players: int
) -> list[str]:
    """Return what was found, in plain words: stable or unstable beyond chance, or not told.

    Parameters
    ----------
    name : of the proposal
    single : of `membership.donor_table`
    together : of `membership.together`
    paths : orders of joining by name; empty if none was asked for
    players : how many donors and groups may join in them
    """
    members, outsiders = single[single["member"]], single[~single["member"]]
    if members.empty:
        return [f"{name} has no members among those who may join."]
    texts = [_side("Internal", "internally", members, "member", f"better off outside {name}", "leaving")]
    if outsiders.empty:
        texts.append("Externally stable: nobody is left outside.")
    else:
        texts.append(_side("External", "externally", outsiders, "outsider", "better off inside", "joining"))
    texts.append(_payments(members, together))
    for path, steps in paths.items():
        text = (
            f"In an order of joining {path} all {players} donors and groups come in, and by the means at no step anyone wants to "
            "leave"
            if len(steps) == players
            else f"An order of joining {path} ends after {len(steps)} of {players} donors and groups: at the next step somebody "
            "loses, by the means"
        )
        known = [step for step in steps if not math.isnan(step.gain.low)]
        if known:
            gaining = sum(step.gain.low > 0 for step in known)
            text += f"; joining pays beyond chance at {gaining} of {counted(len(known), 'step')}"
        texts.append(text + ".")
    return texts


def _side(noun: str, adverb: str, rows: pd.DataFrame, who: str, moved: str, moving: str) -> str:
    """Return what is told of one side of the coalition, each donor moving alone."""
    would = rows[rows["moves"]]
    total = counted(len(rows), who)
    if rows["gain_low"].isna().any():
        return f"{noun} stability cannot be told from one seed; in it {len(would)} of {total} would be {moved}{_list(would)}."
    told = verdict(rows["moves"].tolist(), rows["told"].tolist(), rows["stays"].tolist())
    if told == "unstable":
        sure = would[would["told"]]
        rest = f" By the mean alone {len(would)} would." if len(would) > len(sure) else ""
        return f"Not {adverb} stable, beyond chance: {len(sure)} of {total} would be {moved}, each moving alone{_list(sure)}.{rest}"
    if told == "stable":
        return f"{adverb.capitalize()} stable, beyond chance: {moving} alone would pay for none of {total}."
    known = f"{noun} stability is not told from chance: by the mean {len(would) or 'none'} of {total} would be {moved}"
    other = int((rows["told"] & ~rows["moves"]).sum())
    lose = f"that {moving} would not pay is told for {other or 'none'}"
    return (
        f"{known}{_list(would)}, beyond chance none of them; {lose}." if len(would) else f"{known}, but {lose} of them."
    )


def _payments(members: pd.DataFrame, together: Worth) -> str:
    """Return what payments between members it takes."""
    if not members["moves"].any():
        return "No payments are needed to keep them" + ("." if members["stays"].all() else ", by the means.")
    moved = float(np.maximum(members["payment_m"], 0.0).sum())
    share = 100 * moved / float(members["budget_m"].sum())
    enough = not members["payment_m"].isna().all()
    keep = (
        f"payments of EUR {money(moved, 2)} a year among members would keep all of them ({share:.1f}% of their money)"
    )
    sums = f"in sum being in is worth EUR {money(together.mean, 2, '+')} a year to them, each counted against leaving alone"
    if math.isnan(together.low):
        return f"By one seed, which tells nothing from chance, {keep if enough else 'no payments would do: ' + sums}."
    interval = f"{sums} ({money(together.low, 2, '+')} to {money(together.high, 2, '+')})"
    if together.high < 0:
        return f"No payments among members make it stable, beyond chance: {interval}."
    if together.low > 0:
        return f"{keep[0].upper()}{keep[1:]}; that they have enough to pay is told from chance: {interval}."
    by_mean = f"by the means {keep if enough else 'none do'}"
    return f"Whether payments among members make it stable is not told from chance: {interval}; {by_mean}."


def _list(rows: pd.DataFrame) -> str:
    """Return who, those with most at stake first, in brackets; nothing for nobody."""
    ordered = rows.reindex(rows["gain_m"].abs().sort_values(ascending=False).index)
    names = [str(name) for name in ordered["donor"]]
    if not names:
        return ""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED + 1 else ""
    return f" ({', '.join(names[:_NAMED] if more else names)}{more})"
