"""Whether donors join and report, and what two of them buy, in words: numbers in, a sentence or nothing out.

All of these studies are made at default values; what differs between their runs is chance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from donorlab.experiments.coalitions import Verdict
from donorlab.experiments.pages import amounts
from donorlab.experiments.pages.chart import listed
from donorlab.experiments.words import DEFAULT_VALUES, counted

MOST: Final = 0.5
NAMED: Final = 3  # proposals in a heading
_AT_DEFAULT: Final = DEFAULT_VALUES.capitalize()
Told = Literal["more", "less", "open"]


# ---------------------------------------------------------------------- membership
@dataclass(frozen=True)
class Stand:
    """Whether members would stay and outsiders would join a proposal, each donor moving alone.

    Attributes
    ----------
    name : of the proposal, in words
    inside, outside : whether members would stay, whether outsiders would stay out
    members, outsiders : numbers of donors
    leaving, leaving_told : members better off outside, by the mean, and beyond chance
    joining, joining_told : outsiders better off inside
    """

    name: str
    inside: Verdict
    outside: Verdict
    members: int
    outsiders: int
    leaving: int
    leaving_told: int
    joining: int
    joining_told: int


def membership_title(stands: Sequence[Stand]) -> str:
    """Return the heading of the section of membership.

    Parameters
    ----------
    stands : a proposal each
    """
    asked = [one for one in stands if one.members]
    if not asked:
        return (
            f"{listed([one.name for one in stands])} {'has' if len(stands) == 1 else 'have'} no members who could leave"
        )
    unstable = [one for one in asked if one.inside == "unstable"]
    stable = [one.name for one in asked if one.inside == "stable"]
    if len(unstable) > NAMED:
        shares = sorted(unstable, key=lambda one: one.leaving_told / one.members)
        ends = [f"{one.leaving_told} of {one.members}" for one in (shares[0], shares[-1])]
        where = f"each of {len(stands)}" if len(unstable) == len(stands) else f"{len(unstable)} of {len(stands)}"
        span = ends[0] if ends[0] == ends[1] else f"from {ends[0]} to {ends[1]}"
        return f"{_AT_DEFAULT} some members would be better off outside {where} proposals: {span}"
    if unstable:
        first, *others = (f"{one.leaving_told} of {one.members}" for one in unstable)
        counts = [f"{first} {'member' if unstable[0].members == 1 else 'members'} of {unstable[0].name}"]
        counts += [f"{count} of {one.name}" for count, one in zip(others, unstable[1:], strict=True)]
        return f"{_AT_DEFAULT} {listed(counts)} would be better off outside"
    if len(stable) == len(stands) > 1:
        return f"{_AT_DEFAULT} members of all {len(stands)} proposals would stay"
    if stable:
        return f"{_AT_DEFAULT} members of {listed(stable)} would stay"
    whose = f" of {asked[0].name}" if len(asked) == 1 else ""
    return f"{_AT_DEFAULT} it is open whether members{whose} would stay"


def stands(one: Stand) -> str:
    """Return what is told of a proposal's members and of those outside."""
    if one.members == 0:
        return f"{one.name} has no members among those who may join."
    text = f"{one.name}: {_moves(one.leaving, one.leaving_told, one.members, 'member', 'outside')}"
    if one.outsiders:
        text += f"; {_moves(one.joining, one.joining_told, one.outsiders, 'outsider', 'inside')}"
    return f"{text}."


def _moves(by_mean: int, told: int, count: int, who: str, where: str) -> str:
    if told:
        more = f" ({by_mean} by the mean alone)" if by_mean > told else ""
        return f"{told} of {counted(count, who)} would be better off {where}, beyond chance{more}"
    if by_mean:
        return f"{by_mean} of {counted(count, who)} would be better off {where} by the mean, none of them beyond chance"
    return f"none of {counted(count, who)} would be better off {where} by the mean"


def left_out(total: int, asked: int, moneyless: Sequence[str]) -> str | None:
    """Return which donors are not counted; nothing where all are.

    Parameters
    ----------
    total, asked : donors of the scenario, and those that are counted
    moneyless : names of those that are not counted and have no money of their own
    """
    if asked >= total:
        return None
    others = total - asked - len(moneyless)
    parts = []
    if moneyless:
        parts.append(
            f"{listed(moneyless)} {'has no money of its own' if len(moneyless) == 1 else 'have no money of their own'}"
        )
    if others > 0:
        parts.append(f"{others}{' more' if moneyless else ''} {'is' if others == 1 else 'are'} not among the members")
    return f"Of {counted(total, 'donor')} {asked} {'is' if asked == 1 else 'are'} counted: {' and '.join(parts)}."


# ---------------------------------------------------------------------- ignorance
def told_of_most(low: float, high: float) -> Told:
    """Return whether a share is told to be more, or less, than half; a share without an interval is open."""
    return "more" if low > MOST else "less" if high < MOST else "open"


def ignorance_title(few: int, told: Told, report: str, saves: bool) -> str:
    """Return the heading of the section of ignorance.

    Parameters
    ----------
    few : donors whose reports are counted; 0 where no single donors stand apart
    told : whether they remove most of what all remove
    report : what is reported, e.g. ``plans``
    saves : whether less is paid twice if all report
    """
    if not saves:
        return f"{_AT_DEFAULT} reports of {report} would save nothing"
    if few == 0:
        return f"{_AT_DEFAULT}: what it costs that donors do not know of each other"
    who = "one donor" if few == 1 else f"{few} donors"
    if told == "more":
        return f"{_AT_DEFAULT} the {report} of {who} remove most of what is paid twice and need not be"
    if told == "less":
        return f"{_AT_DEFAULT} the {report} of {who} are not enough: they remove less than half of what could be saved"
    return f"{_AT_DEFAULT} it is open whether the {report} of {who} remove most of what could be saved"


def ignorance_costs(nobody: float, everybody: float, donors: int, report: str) -> str:
    """Return what is paid twice if nobody reports, and if all do.

    Parameters
    ----------
    nobody, everybody : EUR m a year
    donors : all of them
    report : what is reported
    """
    if not nobody > 0:
        return f"{DEFAULT_VALUES.capitalize()} nothing is paid twice even if nobody reports: there is nothing to save."
    return (
        f"{DEFAULT_VALUES.capitalize()} {amounts.euros(nobody, 'a year')} are paid twice if nobody reports, and "
        f"{amounts.euros(everybody, 'a year')} if all {donors} donors report their {report}."
    )


def few_remove(names: Sequence[str], removed: float, low: float, high: float, report: str) -> str | None:
    """Return what the first reporters remove of what all remove; nothing without any.

    Parameters
    ----------
    names : of them
    removed, low, high : share with its 95% interval of chance; NaN of one seed
    report : what is reported
    """
    if not names or math.isnan(removed):
        return None
    reach = "in one run" if math.isnan(low) else f"{100 * low:.0f}% to {100 * high:.0f}% by chance"
    return f"The {report} of {listed(names)} remove {100 * removed:.0f}% ({reach}) of what the reports of all remove."


def needed(donors: int, total: int, exact: bool) -> str | None:
    """Return how many donors it takes to remove more than half; nothing where it takes nobody or is not known.

    Parameters
    ----------
    donors : that report, in the order of what their reports are worth
    total : of all
    exact : whether the last of them stands for itself, not for a group
    """
    if donors <= 0:
        return None
    return f"In this order it takes {'' if exact else 'at most '}{donors} of {counted(total, 'donor')} to remove more than half."


# ---------------------------------------------------------------------- buys
def buys_title(first: str, second: str, one: str, other: str) -> str:
    """Return the heading of what two donors buy.

    Parameters
    ----------
    first, second : the donors
    one, other : of what each buys most, in words; empty if it buys nothing that is told from chance
    """
    if one and other and one != other:
        return f"For its money {first} gets {one}, {second} {other}"
    if one and one == other:
        return f"For their money both {first} and {second} get {one}"
    return f"What {first} and {second} buy for a euro"


def contest(first: str, second: str, what: str, more: int, neither: int, less: int) -> str:
    """Return in how many futures the same money of one buys more than that of the other.

    Parameters
    ----------
    first, second : the donors
    what : is bought, in words, e.g. ``tasks of law``
    more, neither, less : futures
    """
    futures = counted(more + neither + less, "future")
    return (
        f"In {more} of {futures} the same money of {first} buys more {what}, in {less} that of {second}, in {neither} about as "
        "much."
    )
