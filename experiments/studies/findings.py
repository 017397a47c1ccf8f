"""What is asked of a pair of architectures, over futures that are searched and futures that are kept back, and what was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from donorlab.experiments.arguments import InputError, did_you_mean
from donorlab.experiments.studies import discovery, trees
from donorlab.experiments.studies.boxes import Counted
from donorlab.experiments.studies.study import Study

CASES: Final = ("loses", "wins", "not_better")
_SEED: Final = 20261202  # of the split of points that are read


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes
    ----------
    outcome : in which architectures differ; more of it counts as better
    case : one of `CASES`
    smallest : least difference that matters, in units of the outcome
    """

    outcome: str
    case: str
    smallest: float

    def cases(self, difference: np.ndarray) -> np.ndarray:
        """Return where differences (second less first) are cases of interest; a bool each."""
        if self.case == "loses":
            return difference <= -self.smallest
        if self.case == "wins":
            return difference >= self.smallest
        return difference < self.smallest


@dataclass(frozen=True)
class Finding:
    """What was found of one pair.

    Attributes
    ----------
    first, other : architectures or proposals; ``other`` is what loses or wins
    question : what was asked
    points, difference, cases : futures that were searched: values, outcome of ``other`` less that of ``first``, of interest
    fresh_points, fresh_cases : those that were kept back
    boxes, leaves : what was found
    undefined : futures without a difference, because the outcome is undefined there
    noise : variance of a difference between seeds of a future; NaN with one seed
    replications : seeds a future
    pure : density at which a box was pure enough
    why : why nothing was looked for, None if it was
    """

    first: str
    other: str
    question: Question
    points: pd.DataFrame
    difference: np.ndarray
    cases: np.ndarray
    fresh_points: pd.DataFrame
    fresh_cases: np.ndarray
    boxes: tuple[discovery.Box, ...]
    leaves: tuple[trees.Leaf, ...]
    undefined: int
    noise: float
    replications: int
    pure: float
    why: str | None = None

    @property
    def claim(self) -> str:
        """The case in words, without how often."""
        return said(self.question, self.first, self.other)

    @property
    def all(self) -> Counted:
        """All futures of the search."""
        return Counted(len(self.cases), int(self.cases.sum()), len(self.cases), int(self.cases.sum()))

    @property
    def all_fresh(self) -> Counted:
        """All futures that were kept back."""
        return Counted(
            len(self.fresh_cases), int(self.fresh_cases.sum()), len(self.fresh_cases), int(self.fresh_cases.sum())
        )

    @property
    def held(self) -> tuple[discovery.Box, ...]:
        """Boxes that are better than chance."""
        return tuple(box for box in self.boxes if box.beyond_chance)


def question(keys: dict[str, Any]) -> Question:
    """Return what the keys of the command ask, checked.

    Raises
    ------
    InputError
        If the case is unknown.
    """
    if keys["case"] not in CASES:
        raise InputError(
            f"case: '{keys['case']}' is not one of {', '.join(CASES)}{did_you_mean(str(keys['case']), CASES)}"
        )
    return Question(keys["outcome"], keys["case"], keys["smallest_difference"])


def searched(study: Study, futures: int | None) -> np.ndarray:
    """Return which points are searched; the others are kept back.

    Parameters
    ----------
    study : runs
    futures : the first so many points are searched; None for one half of them by lot
    """
    index = study.points.index.to_numpy()
    if futures is not None:
        return np.asarray(index <= futures)
    order = np.random.default_rng(_SEED).permutation(len(index))
    return np.asarray(order < (len(index) + 1) // 2)


def varied(study: Study) -> pd.DataFrame:
    """Return what is varied as numbers, a row a point; what is the same everywhere is left out.

    Raises
    ------
    InputError
        If words are varied, or nothing.
    """
    words = [name for name in study.points.columns if not pd.api.types.is_numeric_dtype(study.points[name])]
    if words:
        raise InputError(
            f"from: the sweep varies {', '.join(words)} by words, and a box has limits of numbers; sweep each word apart"
        )
    moved = [name for name in study.points.columns if study.points[name].min() < study.points[name].max()]
    if not moved:
        raise InputError("from: the sweep varies nothing, so that there are no conditions to find")
    return study.points[moved]


def found(
    study: Study,
    other: str,
    asked: Question,
    keys: dict[str, Any],
    most: int,
    futures: int | None,
    advance: Callable[[], None] = lambda: None,
) -> Finding:
    """Return what is found of one pair.

    Parameters
    ----------
    study : runs; its first label is what ``other`` is held against
    other : architecture or proposal
    asked : the question
    keys : of the command: density, boxes, permutations
    most : number of futures that can be drawn
    futures, advance : as of `searched`; called after each search
    """
    first = study.labels[0]
    difference = study.difference(asked.outcome, other, first).reindex(study.points.index).to_numpy(dtype=np.float64)
    defined = ~np.isnan(difference)
    points, mine = varied(study), searched(study, futures)
    look, check = defined & mine, defined & ~mine
    cases = asked.cases(difference)
    values = points[look].reset_index(drop=True), cases[look]
    fresh = points[check].reset_index(drop=True), cases[check]
    why = discovery.enough_cases(int(values[1].sum()), len(values[1]), said(asked, first, other), most)
    boxes: Sequence[discovery.Box] = ()
    leaves: tuple[trees.Leaf, ...] = ()
    if why is None:
        boxes = discovery.discover(*values, *fresh, keys["density"], keys["boxes"], keys["permutations"], advance)
        leaves = trees.grown(*values, *fresh)
    return Finding(
        first=first,
        other=other,
        question=asked,
        points=values[0],
        difference=difference[look],
        cases=values[1],
        fresh_points=fresh[0],
        fresh_cases=fresh[1],
        boxes=tuple(boxes),
        leaves=leaves,
        undefined=int((~defined).sum()),
        noise=study.noise(asked.outcome, other, first),
        replications=study.replications,
        pure=keys["density"],
        why=why,
    )


def said(asked: Question, first: str, other: str) -> str:
    """Return the case in words, without how often: ``umbrella loses to fragmented by 2 points of efficiency``."""
    from donorlab.experiments.words import label

    return f"{label(other)} {verb(asked)} {label(first)} by {amount(asked)}"


BETTER: Final = (
    "efficiency",
    "efficiency_at_horizon",
    "path_efficiency",
    "relative_to_central",
    "welfare",
    "gain_per_user",
)
"""Outcomes of which more is better without a doubt: only in these is who has less said to lose."""


def verb(asked: Question) -> str:
    """Return what the case is called in words: of an outcome of which more may be worse, whether it is below or above."""
    if asked.outcome not in BETTER:
        return {"loses": "is below", "wins": "is above", "not_better": "is not above"}[asked.case]
    return {"loses": "loses to", "wins": "wins over", "not_better": "is not better than"}[asked.case]


def short(asked: Question) -> str:
    """Return the case in words without the other architecture, for example ``loses``."""
    return verb(asked).removesuffix(" to").removesuffix(" over").removesuffix(" than")


def amount(asked: Question) -> str:
    """Return the least that matters in words: points of a share, or the number itself."""
    from donorlab.experiments.words import label
    from donorlab.sim.outcomes.catalogue import CATALOGUE

    unit = CATALOGUE.get(asked.outcome, ("-", ""))[0]
    name = label(asked.outcome)
    if unit == "share":
        points = 100 * asked.smallest
        return f"{points:g} {'point' if points == 1 else 'points'} of {name} or more"
    return f"{asked.smallest:g}{'' if unit in ('-', 'number', 'index') else ' ' + unit} of {name} or more"
