"""What is printed of rival submodels: a table of futures by form, and which conclusions survive; all from tested rules."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final

from donorlab.experiments import tables
from donorlab.experiments.disagreements import ALL, Variant
from donorlab.experiments.outcomes import written_difference
from donorlab.experiments.rivals import AS_SET, RULE, Conclusion, Contest, Standing, conclusions, inert, joined, merged
from donorlab.experiments.words import counted, in_lines, label

if TYPE_CHECKING:
    from rich.table import Table

_ABREAST: Final = 4  # architectures beside each other
MARKS: Final = {"opposite": "!", "open": "?", "none": "="}


def title(contest: Contest) -> str:
    """Return the heading."""
    one = sum(1 for variant in contest.variants if variant.name != ALL)
    return (
        f"Rival submodels: {counted(one, 'rival form')} one at a time, the first {counted(len(contest.draws), 'future')} "
        "again, all else equal"
    )


def shown(found: Sequence[Standing]) -> list[Table]:
    """Return a row a set of forms, a column an architecture: futures better/same/worse, and the median difference.

    Forms that act on no pair have no row: they are named in words. Forms that are the same run everywhere have one.
    """
    rows = {AS_SET: "forms as set"} | {form: _under(forms) for form, forms in merged(found).items()}
    names = list(dict.fromkeys(one.architecture for one in found))
    cells = {(one.form, one.architecture): one for one in found}
    size = math.ceil(len(names) / math.ceil(len(names) / _ABREAST))
    made = []
    for at in range(0, len(names), size):
        block = tables.table()
        block.add_column("form", no_wrap=True)
        for name in names[at : at + size]:
            block.add_column(in_lines(name), justify="right", no_wrap=True, vertical="bottom")
        for form, head in rows.items():
            row = [_cell(cells[form, name], cells[AS_SET, name]) for name in names[at : at + size]]
            room = "\n" * head.count("\n")  # numbers beside the first of several names
            block.add_row(head, *(f"{cell}{room}" for cell in row), style="bold" if form == AS_SET else "")
        made.append(block)
    return made


def _under(forms: Sequence[str]) -> str:
    """Return forms that are the same run, one under the other."""
    return joined(forms).replace(" = ", "\n= ")


def caption(first: str, smallest: float) -> str:
    """Return how to read the table, and the rule."""
    points = f"{100 * smallest:g} points"
    return (
        f"Futures better/same/worse than {label(first)} by {points}, and the median difference in points. "
        f"{MARKS['opposite']}: says the opposite of the forms as set. {MARKS['open']}: leaves open what they say, or says what "
        f"they leave open. {MARKS['none']}: changes nothing here, to the last bit. {RULE.format(points=points)}"
    )


def mark(one: Standing, own: Standing) -> str:
    """Return how a cell is marked beside the forms as set; empty where it says the same."""
    if one.form == AS_SET:
        return ""
    if not one.acts:
        return MARKS["none"]
    if one.verdict == own.verdict:
        return ""
    return MARKS["open"] if "open" in (one.verdict, own.verdict) else MARKS["opposite"]


def _cell(one: Standing, own: Standing) -> str:
    count = one.futures
    return f"{count.better}/{count.same}/{count.worse} {written_difference(one.median, 'share'):>5} {mark(one, own):1}"


def sentences(contest: Contest, found: Sequence[Standing], first: str) -> list[str]:
    """Return in words which conclusions survive, which turn, and which forms say nothing here."""
    told = [_fate(one, label(first)) for one in conclusions(found)]
    still = inert(found)
    if still:
        verb = "changes" if len(still) == 1 else "change"
        told.append(
            f"Inert here, so that nothing survives or turns by it: {', '.join(still)} ({verb} no outcome by a bit)."
        )
        told += _how_to_test(contest, still, {first, *(one.architecture for one in found)})
    told += [
        f"The same run here, to the last bit, and counted once: {joined(forms)}."
        for forms in merged(found).values()
        if len(forms) > 1
    ]
    told += [f"Not possible here: {one.name} ({one.refused})." for one in contest.variants if one.refused]
    acting = [one for one in contest.variants if one.name not in still and not one.refused]
    if acting:
        told.append(f"What the forms say: {'; '.join(map(_said, acting))}.")
    return told


def _how_to_test(contest: Contest, still: Sequence[str], architectures: Collection[str]) -> list[str]:
    """Return what would let a disagreement speak of which all forms are inert and the architecture that asks is not run."""
    asked = {one.name: one.forms[0].disagreement for one in contest.variants if one.name != ALL}
    awake = {question.name for name, question in asked.items() if name not in still}
    by_whom = {question.name: question.asked_by for question in asked.values() if question.name not in awake}
    return [
        f"To test {name}, add {who} to architectures."
        for name, who in by_whom.items()
        if who and who not in architectures
    ]


def _fate(one: Conclusion, first: str) -> str:
    """Return the sentence about one architecture."""
    who = f"{label(one.architecture)} against {first}"
    is_so = f"{label(one.architecture)} is {one.verdict} than {first}"
    if one.fate == "not tested":
        return f"Not tested: {is_so}, and no rival form acts on it."
    if one.fate == "no conclusion":
        text = f"No conclusion to survive: {who} is open with the forms as set"
        return (
            f"{text}; not so under {_listed(one.opposite)}."
            if one.opposite
            else f"{text}, and under every form that acts."
        )
    if one.fate == "survives":
        return f"Survives: {is_so} under {_all_of(one.same)}."
    parts = []
    if one.opposite:
        parts.append(f"the opposite under {_listed(one.opposite)}")
    if one.opened:
        parts.append(f"open under {_listed(one.opened)}")
    if one.same:
        parts.append(f"the same under {_listed(one.same)}")
    return f"{'Turns' if one.fate == 'turns' else 'Left open'}: {is_so} with the forms as set; {', '.join(parts)}."


def _all_of(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"the only one that acts ({names[0]})"
    return f"{'both' if len(names) == 2 else f'all {len(names)}'} that act ({_listed(names)})"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _said(one: Variant) -> str:
    if one.name == ALL:
        return f"{ALL}: {', '.join(form.label for form in one.forms)} together"
    (form,) = one.forms
    return f"{one.name}: {form.disagreement.question}, {form.words}"


def claim(found: Sequence[Standing], first: str) -> str:
    """Return what the figure shows, in one sentence."""
    told = conclusions(found)
    if not any(one.acts for one in found):
        return "No rival submodel changes anything here: no conclusion is tested"
    parts = []
    for fate, one, several in (
        ("survives", "survives every rival form", "survive every rival form"),
        ("turns", "turns under some", "turn under some"),
        ("left open", "is left open by some", "are left open by some"),
        ("no conclusion", "is open from the start", "are open from the start"),
        ("not tested", "is not tested", "are not tested"),
    ):
        who = [
            label(item.architecture) if item.verdict == "open" else f"'{label(item.architecture)} {item.verdict}'"
            for item in told
            if item.fate == fate
        ]
        if who:
            parts.append(f"{_listed(who)} {one if len(who) == 1 else several}")
    return f"Against {label(first)}: {'; '.join(parts)}"
