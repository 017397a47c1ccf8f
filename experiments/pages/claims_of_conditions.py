"""What discovery and rival submodels say, in sentences: under which conditions an answer turns, and what survives other forms."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from donorlab.experiments.conditions_in_words import conditions, probability
from donorlab.experiments.disagreements import ALL, DISAGREEMENTS
from donorlab.experiments.ensemble import Futures
from donorlab.experiments.outcomes import percent
from donorlab.experiments.pages.chart import label, listed
from donorlab.experiments.pages.claims_of_studies import Called, be, started
from donorlab.experiments.rivals import AS_SET, Conclusion, Standing
from donorlab.experiments.studies.boxes import Counted
from donorlab.experiments.studies.findings import BETTER, Question, amount
from donorlab.experiments.studies.trees import Leaf, by_chance, tells
from donorlab.experiments.words import counted

_COUNTED: Final = ("futures", "cases", "inside", "hits")


# ---------------------------------------------------------------------- discovery
@dataclass(frozen=True)
class Held:
    """A box that is better than chance.

    Attributes
    ----------
    place : its number
    limits : by parameter, infinite where there is none
    found, fresh : what it holds of the futures that were searched, and of those that were kept back
    """

    place: int
    limits: Mapping[str, tuple[float, float]]
    found: Counted
    fresh: Counted


@dataclass(frozen=True)
class Searched:
    """What was found of a pair.

    Attributes
    ----------
    first, other : architectures in words; ``other`` is what loses or wins
    question : what was asked
    own, fresh : all futures that were searched, and all that were kept back, None where a table does not say it
    held : boxes beyond chance
    leaves : of the tree, with conditions in words
    """

    first: str
    other: str
    question: Question
    own: Counted
    fresh: Counted | None
    held: tuple[Held, ...]
    leaves: tuple[tuple[str, Leaf], ...]

    @property
    def happens(self) -> str:
        """What is looked for, e.g. ``loses``."""
        many = be(self.other) == "are"
        if self.question.outcome not in BETTER:
            word = {"loses": "below", "wins": "above", "not_better": "not above"}[self.question.case]
            return f"{be(self.other)} {word}"
        return {
            "loses": "lose" if many else "loses", "wins": "win" if many else "wins", "not_better": f"{be(self.other)} not better",
        }[self.question.case]  # fmt: skip

    @property
    def claim(self) -> str:
        """The same with the other architecture and the amount, e.g. ``umbrella loses to x by 2 points of efficiency or more``."""
        link = {"loses": " to ", "wins": " over ", "not_better": " than "}[self.question.case]
        if self.question.outcome not in BETTER:
            link = " "
        return f"{self.other} {self.happens}{link}{self.first} by {amount(self.question)}"

    @property
    def tells(self) -> bool:
        """Whether the tree tells more than chance."""
        return len(self.leaves) > 1 and tells(tuple(leaf for _, leaf in self.leaves))


def counts_of(row: Mapping[Any, Any], prefix: str = "") -> Counted:
    """Return what a row of a table counts."""
    return Counted(*(int(row[f"{prefix}{name}"]) for name in _COUNTED))


def held_boxes(boxes: pd.DataFrame, other: str) -> tuple[Held, ...]:
    """Return the boxes of one architecture that are better than chance; no others are shown as found.

    Parameters
    ----------
    boxes : ``boxes.csv``, a row a limit
    other : the architecture
    """
    own = boxes[(boxes["architecture"] == other) & boxes["beyond_chance"].astype(bool)]
    found = []
    for place, part in own.groupby("box", sort=True):
        limits: dict[str, tuple[float, float]] = {}
        for row in part.to_dict("records"):
            low, high = limits.get(str(row["name"]), (-math.inf, math.inf))
            limit = float(row["limit"])
            limits[str(row["name"])] = (limit, high) if row["end"] == "low" else (low, limit)
        row = part.iloc[0].to_dict()
        found.append(Held(int(str(place)), limits, counts_of(row), counts_of(row, "fresh_")))
    return tuple(found)


def leaves_of(tree: pd.DataFrame, other: str) -> tuple[tuple[str, Leaf], ...]:
    """Return the leaves of one architecture, with their conditions in words, the most dense first."""
    return tuple(
        (str(row["conditions"]), Leaf({}, counts_of(row), counts_of(row, "fresh_")))
        for row in tree[tree["architecture"] == other].to_dict("records")
    )


def discovery_title(one: Searched) -> str:
    """Return under which conditions it happens, as a heading."""
    if one.held:
        names = listed([label(name) for name in one.held[0].limits])
        return f"{started(one.other)} {one.happens} more often at certain values of {names}"
    if one.tells:
        return f"Where {one.other} {one.happens} more often is told, if loosely"
    return f"Under which conditions {one.other} {one.happens} is not found"


def how_often(one: Searched) -> str:
    """Return how often it happens, in futures that were searched and in fresh ones."""
    own, fresh = one.own, one.fresh
    text = f"{started(one.claim)} in {own.cases:,} of {own.futures:,} futures considered ({percent(own.rate)})"
    if fresh is not None and fresh.futures:
        text += f", and in {fresh.cases:,} of {fresh.futures:,} fresh ones, kept back from the search ({percent(fresh.rate)})"
    return f"{text}."


def where(one: Searched) -> list[str]:
    """Return where it happens: a sentence a box beyond chance; else what the tree tells; else that it is not found."""
    if one.held:
        return [_of_box(one, box) for box in one.held]
    if one.tells:
        order = sorted(
            (found for found in one.leaves if found[1].fresh.inside),
            key=lambda found: found[1].fresh.density,
            reverse=True,
        )
        most, least = order[0], order[-1]
        chance = probability(by_chance(tuple(leaf for _, leaf in one.leaves)))
        return [
            "No single set of conditions is better than chance, but parts of the futures differ in fresh ones "
            f"({chance} by chance): it {one.happens} most often where {most[0]} ({_of(most[1].fresh)}) and least where "
            f"{least[0]} ({_of(least[1].fresh)})."
        ]
    if one.own.cases == 0:
        return []
    return [
        f"Under which conditions cannot be said from {counted(one.own.futures, 'future')}: no set of conditions that was "
        "found is better than chance."
    ]


def _of_box(one: Searched, box: Held) -> str:
    here = f"where {conditions(box.limits)}, it {one.happens} in {_of(box.fresh)}"
    if box.place > 1:  # counted among what the boxes before leave
        rest = (
            f", against {percent(box.fresh.rate)} of all futures that the conditions before leave"
            if box.fresh.futures
            else ""
        )
        return f"Elsewhere, {here}{rest}."
    text = started(here)
    if box.fresh.futures:
        text += f", against {percent(box.fresh.rate)} of all"
    if box.fresh.cases:
        text += f"; {percent(box.fresh.coverage)} of the fresh futures in which it {one.happens} lie there"
    return f"{text}."


def _of(found: Counted) -> str:
    share = f" ({percent(found.density)})" if found.inside else ""
    return f"{found.hits:,} of {found.inside:,} fresh futures{share}"


def searched_title(found: Sequence[Searched]) -> str:
    """Return the heading of the section: of the first pair with a box, else with a tree that tells, else of the first."""
    best = [one for one in found if one.held] or [one for one in found if one.tells] or list(found)
    if len(found) > 1 and best[0] is found[0] and not best[0].held and not best[0].tells:
        return "Under which conditions the answer turns is not found"
    return discovery_title(best[0])


# ---------------------------------------------------------------------- rivals
def standings_of(table: pd.DataFrame) -> list[Standing]:
    """Return what each set of forms says, as ``rivals.csv`` has it."""
    return [
        Standing(
            form=str(row["form"]),
            architecture=str(row["architecture"]),
            futures=Futures(*(int(row[name]) for name in ("better", "same", "worse", "undefined"))),
            median=float(row["median_difference"]),
            verdict=row["verdict"],
            same_as=str(row["form"]) if pd.isna(row["same_as"]) or row["same_as"] == "" else str(row["same_as"]),
        )
        for row in table.to_dict("records")
    ]


def form_in_words(name: str) -> str:
    """Return a rival form in plain words, e.g. ``what may go unseen: each task of a project is seen or not``."""
    if name == ALL:
        return "all second forms together"
    if name == AS_SET:
        return "forms as set"
    first, *others = name.split(" = ")
    key, _, value = first.partition("=")
    found = next((one for one in DISAGREEMENTS if one.name == key), None)
    if found is None:
        return label(name)
    own, *same = [found.forms.get(one, label(one)) for one in (value, *others)]
    return f"{found.question}: {own}" + (f" (and, the same here, {listed(same)})" if same else "")


def rivals_title(found: Sequence[Conclusion]) -> str:
    """Return what becomes of the conclusions, as a heading."""
    told = [one for one in found if one.fate in ("survives", "turns", "left open")]
    if not told:
        open_ = any(one.fate == "no conclusion" for one in found)
        return "Rival submodels test no conclusion here" + (": with the forms as set all is open" if open_ else "")
    turned, kept = (sum(one.fate == fate for one in told) for fate in ("turns", "survives"))
    of = counted(len(told), "conclusion")
    if turned:
        return f"{turned} of {of} {'turns' if turned == 1 else 'turn'} under a rival submodel"
    if kept == len(told):
        return f"{'The conclusion that is drawn survives' if kept == 1 else f'All {of} survive'} every rival submodel"
    return f"{kept} of {of} {'survives' if kept == 1 else 'survive'} every rival submodel; none turns"


def fate(one: Conclusion, first: str, called: Called) -> str:
    """Return what becomes of one conclusion, in a sentence.

    Parameters
    ----------
    one : by the rule of `rivals`
    first : the reference in words
    called : names an architecture
    """
    who = called(one.architecture)
    is_so = f"{who} {be(who)} {one.verdict} than {first}"
    acting = len(one.same) + len(one.opposite) + len(one.opened)
    if one.fate == "not tested":
        return f"That {is_so} is not tested: no rival form changes a run of the two."
    if one.fate == "no conclusion":
        text = f"Whether {who} {be(who)} better or worse than {first} is open in these futures"
        return f"{text}; not so with {_forms(one.opposite)}." if one.opposite else f"{text}, with every form that acts."
    if one.fate == "survives":
        which = "the one rival form that acts" if acting == 1 else f"all {acting} rival forms that act"
        return f"That {is_so} survives {which}."
    parts = []
    if one.opposite:
        parts.append(f"the opposite holds with {_forms(one.opposite)}")
    if one.opened:
        parts.append(f"it is open with {_forms(one.opened)}")
    if one.same:
        parts.append(
            "it holds with the other one that acts"
            if len(one.same) == 1
            else f"it holds with the other {len(one.same)} that act"
        )
    return f"That {is_so} {'turns' if one.fate == 'turns' else 'is left open'}: {'; '.join(parts)}."


def _forms(names: Sequence[str]) -> str:
    return listed(
        [f"\N{LEFT DOUBLE QUOTATION MARK}{form_in_words(name)}\N{RIGHT DOUBLE QUOTATION MARK}" for name in names]
    )


def idle(forms: Sequence[str]) -> str:
    """Return which rival forms change nothing here; nothing where all act."""
    if not forms:
        return ""
    keys = list(dict.fromkeys(name.partition("=")[0] for name in forms))
    what = [next((one.question for one in DISAGREEMENTS if one.name == key), label(key)) for key in keys]
    change = "changes" if len(forms) == 1 else "change"
    by = "it" if len(forms) == 1 else "them"
    return f"{counted(len(forms), 'rival form')} {change} nothing here (about {listed(what)}): nothing survives or turns by {by}."
