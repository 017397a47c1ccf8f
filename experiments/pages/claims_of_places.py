"""What the maps say in words: numbers in, a sentence or nothing out.

Maps show default values, where chance is all that differs between runs; so a state counts as changed only if its change is told
from chance among all states (`chances`), and every sentence says what it rests on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from donorlab.experiments.pages.chart import listed
from donorlab.experiments.words import DEFAULT_VALUES, counted

MOST: Final = 0.5
AT: Final = DEFAULT_VALUES.capitalize()


@dataclass(frozen=True)
class Changed:
    """For how many states a value changes, told from chance and by as much as matters.

    Attributes
    ----------
    better, worse : numbers of states
    states : all of them
    """

    better: int
    worse: int
    states: int


def title(name: str, capacity: Changed, seeds: int) -> str:
    """Return the heading of the maps: what happens to capacity under the best candidate, at default values.

    Parameters
    ----------
    name : of the candidate, in words
    capacity : of it
    seeds : paired replications; one tells nothing
    """
    if seeds < 2 or capacity.better + capacity.worse == 0:
        return f"Where capacity would change under {name} is not told from chance"
    if capacity.worse == 0:
        much = (
            "in most states"
            if capacity.better > MOST * capacity.states
            else f"in {capacity.better} of {capacity.states} states"
        )
        return f"{AT} capacity would rise {much} under {name} and fall clearly in none"
    if capacity.better == 0:
        return f"{AT} capacity would fall in {capacity.worse} of {capacity.states} states under {name} and rise clearly in none"
    return f"{AT} capacity would rise in {capacity.better} of {capacity.states} states under {name} and fall in {capacity.worse}"


def moved(what: str, name: str, found: Changed, least: str, words: tuple[str, str]) -> str:
    """Return for how many states a value changes under a candidate.

    Parameters
    ----------
    what : the value, e.g. ``capacity at the end``
    name : of the candidate, in words
    found : counts
    least : the least change that matters, in words
    words : of better and worse, e.g. ``higher``, ``lower``
    """
    open_ = found.states - found.better - found.worse
    if open_ == found.states:
        return f"Under {name} no state's {what} is told from chance to change by {least} or more."
    return (
        f"Under {name} {what} is {words[0]} by {least} or more in {counted(found.better, 'state')}, {words[1]} in "
        f"{found.worse}; in the other {open_} it changes by less or is not told from chance."
    )


def shown(names: Sequence[str], others: int) -> str:
    """Return which designs are drawn, and that the rest is in the tables.

    Parameters
    ----------
    names : drawn, the reference first, in words
    others : designs that are not drawn
    """
    if not others:
        return f"Drawn {'is' if len(names) == 1 else 'are'} {listed(names)}."
    return (
        f"Drawn are {listed(names)}: the reference and those that are better in the most futures. The tables under the pictures "
        f"have {'one more' if others == 1 else f'the other {others} as well'}, by region and income group."
    )


def rests_on(seeds: int) -> str:
    """Return what a map can and cannot tell."""
    if seeds < 2:
        return f"Maps are of one run {DEFAULT_VALUES}: nothing on them is told from chance, and no map of differences is drawn."
    return (
        f"Maps are means of {seeds} paired runs {DEFAULT_VALUES}, not of the futures. A single state is noisy: a difference is "
        "drawn only where it is told from chance, so that about one in twenty of the states drawn as changed is luck; all "
        "others are drawn as about the same. The mean above a panel counts each state once, however large it is."
    )


def served(orphans: int, before: int, states: int, name: str, reference: str, least: float) -> str:
    """Return how many states get under a share of what their need would give them, under a candidate and the reference.

    Parameters
    ----------
    orphans, before : states under a candidate, under the reference, by the mean of the runs
    states : all of them
    name, reference : in words
    least : ratio below which one counts
    """
    part = f"under {least:.0%} of what their share of all need would give them"
    if orphans == before:
        return f"{orphans} of {counted(states, 'state')} get {part}, under {name} as with {reference}."
    return f"{orphans} of {counted(states, 'state')} get {part} under {name}, {before} with {reference}."
