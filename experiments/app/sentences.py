"""Plain sentences of an answer: what holds now, and what changed since the last setting. Each follows from numbers by a rule.

Claims rest on futures where there are any; before that a sentence says on how many draws it rests, and that chance alone may do
as much. What was measured by another yardstick (another world, another value judgement) is not compared.
"""

from __future__ import annotations

import math
from typing import Final

import pandas as pd

from donorlab.experiments import tables
from donorlab.experiments.app import settable
from donorlab.experiments.app.answers import SMALLEST, Answer
from donorlab.experiments.app.choices import Choice
from donorlab.experiments.app.levers_shown import WORDS
from donorlab.experiments.outcomes import percent
from donorlab.experiments.pages import claims
from donorlab.experiments.pages.chart import listed
from donorlab.experiments.parameters import written
from donorlab.experiments.words import called, counted
from donorlab.scenarios.parameters import Value

POINTS: Final = f"{100 * SMALLEST:g} points"
_YARDSTICK: Final = "value_concavity"
_SHARES: Final = ("share", "probability")


def now(answer: Answer) -> list[str]:
    """Return what holds at this choice: over the futures where there are any, else over the draws so far."""
    if answer.counts:
        found = [
            claims.answer(answer.counts, {name: called(name) for name in answer.others}, called(answer.first), POINTS)
        ]
        total = max(count.count for count in answer.counts.values())
        return [
            *found,
            f"These are the first {total} of the futures that `donorlab compare` draws; more of them tell more.",
            *_idle(answer),
        ]
    return [*leads(answer.efficiency, answer.first, answer.stage.seeds), *_idle(answer)]


def leads(efficiency: pd.DataFrame, first: str, seeds: int) -> list[str]:
    """Return a sentence a design: how far it is ahead at the values set, and whether chance alone could do that.

    Parameters
    ----------
    efficiency : design, difference (share), told; see `Answer.efficiency`
    first : the reference
    seeds : number of paired draws
    """
    found = []
    for row in efficiency.to_dict("records"):
        gap, name = float(row["difference"]), called(str(row["design"]))
        if math.isnan(gap):
            found.append(
                f"Efficiency is not defined here: the money could buy no gain at all, under {name} or otherwise."
            )
            continue
        way = "more" if gap > 0 else "less"
        text = f"{_capital(name)}: {abs(100 * gap):.1f} points {way} than {called(first)} over {counted(seeds, 'draw')}"
        if gap == 0:
            text = f"{_capital(name)}: exactly the same as {called(first)} over {counted(seeds, 'draw')}"
        elif not row["told"]:
            text += ", which chance alone may do"
        elif abs(gap) < SMALLEST:
            text += f", told from chance but less than {POINTS}"
        else:
            text += ", told from chance"
        found.append(text + "; at the values set, over no other futures yet.")
    return found


def _idle(answer: Answer) -> list[str]:
    return [f"{_name(name)} is set and does nothing here." for name in answer.idle]


# ---------------------------------------------------------------------- what changed
def changed(before: Answer, after: Answer) -> list[str]:
    """Return what was set otherwise, and what that did: the same draws, before and after.

    Nothing where nothing was set otherwise.
    """
    said = set_otherwise(before.choice, after.choice)
    if not said:
        return []
    if why := _not_compared(before.choice, after.choice):
        return [*said, why]
    return [*said, *moved(before, after), *futures_moved(before, after)]


def set_otherwise(before: Choice, after: Choice) -> list[str]:
    """Return a sentence for all that was set otherwise; nothing where nothing was."""
    found = []
    if before.scenario != after.scenario:
        found.append(f"The world is another one: {settable.WORLDS[after.scenario].title.lower()}.")
    if before.judgement != after.judgement:
        found.append(
            f"States count otherwise: {after.judgement.replace('-', ' ')} in place of {before.judgement.replace('-', ' ')}."
        )
    new, gone = ([called(name) for name in one if name not in other] for one, other in (
        (after.designs, before.designs), (before.designs, after.designs)))  # fmt: skip
    if new:
        found.append(f"New: {listed(new)}.")
    if gone:
        found.append(f"No longer there: {listed(gone)}.")
    if before.designs[0] != after.designs[0]:
        found.append(f"All others are held against {called(after.designs[0])} now.")
    if before.seed != after.seed:
        found.append(f"The draws are others: they begin with seed {after.seed}.")
    old, values = before.settings, after.settings
    for name in sorted({*old, *values}):
        if name not in values:
            found.append(f"{_name(name)} is left to the scenario and the designs again.")
        elif name not in old:
            found.append(f"{_name(name)} is set to {_told(name, values[name])}.")
        elif old[name] != values[name]:
            found.append(f"{_name(name)} goes from {_told(name, old[name])} to {_told(name, values[name])}.")
    return found


def _not_compared(before: Choice, after: Choice) -> str:
    """Return why numbers before and after are not compared; empty where they are."""
    if before.scenario != after.scenario:
        return "Numbers of two worlds are not compared."
    if before.judgement != after.judgement or before.settings.get(_YARDSTICK) != after.settings.get(_YARDSTICK):
        return "What is worth how much was changed: numbers before and after are measured otherwise, and not compared."
    if before.seed != after.seed:
        return "Nothing but chance lies between numbers of other draws."
    return ""


def moved(before: Answer, after: Answer) -> list[str]:
    """Return a sentence a design that is in both: what happens to its efficiency on the same draws."""
    old, new = (tables.paired(one.comparison.runs, "efficiency") for one in (before, after))
    found, still = [], []
    for name in after.choice.designs:
        if name not in old:
            continue
        pairs = pd.DataFrame({"old": old[name], "new": new[name]}).dropna()
        if pairs.empty:
            continue
        text = _moved(pairs["old"], pairs["new"], called(name))
        if text:
            found.append(text)
        else:
            still.append(called(name))
    if still:
        found.append(f"Nothing moves under {listed(still)}.")
    return found


def _moved(old: pd.Series[float], new: pd.Series[float], name: str) -> str:
    """Return what happens to one design; nothing where no draw differs.

    Parameters
    ----------
    old, new : efficiency by seed, before and after, on the same seeds
    name : in words
    """
    difference = new - old
    if (difference == 0).all():
        return ""
    mean, error = float(difference.mean()), tables.standard_error(difference)
    told = len(difference) > 1 and abs(mean) > tables.sure(len(difference)) * error
    way = "more" if mean > 0 else "less"
    head = f"Under {name} donors now reach {percent(float(new.mean()))} of a proven bound, before {percent(float(old.mean()))}"
    draws = counted(len(difference), "draw")
    if not told:
        return f"{head}: over {draws} that is not told from chance."
    same_way = int((difference > 0).sum() if mean > 0 else (difference < 0).sum())
    return f"{head}: {abs(100 * mean):.1f} points {way}, in {same_way} of {draws}, told from chance."


def futures_moved(before: Answer, after: Answer) -> list[str]:
    """Return in how many futures each design is better now, and was before; nothing without as many futures on both sides."""
    if before.first != after.first:
        return []
    found = []
    for name in after.others:
        old, new = before.counts.get(name), after.counts.get(name)
        if old is None or new is None or old.count != new.count:
            continue
        head = f"{_capital(called(name))} is better than {called(after.first)} by at least {POINTS} in {new.better} of {new.count} "
        if (old.better, old.worse) == (new.better, new.worse):
            found.append(f"{head}futures considered and worse in {new.worse}, as before.")
        else:
            found.append(
                f"{head}futures considered (before: {old.better}) and worse in {new.worse} (before: {old.worse})."
            )
    return found


def _told(name: str, value: Value) -> str:
    """Return a value in words: shares in percent."""
    row = settable.rows()[name]
    if isinstance(value, str):
        return f"'{value.replace('_', ' ')}'"
    if row.unit in _SHARES:
        return f"{100 * value:.3g}%"
    unit = "" if row.unit == "-" else f" {row.unit}"
    return f"{written(value)}{unit}"


def _name(name: str) -> str:
    return f"“{WORDS[name][0]}”"


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
