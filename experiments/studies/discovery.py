"""Scenario discovery: boxes in which cases of interest are frequent, by PRIM, and whether they are better than chance.

The search is that of the EMA workbench (`ema_workbench.analysis.prim`): Friedman and Fisher (1999) for peeling and pasting,
Bryant and Lempert (2010) for coverage, density and quasi-p values. The rule by which one box of its trajectory is taken was
fixed before any result was seen (`chosen`), so that nobody's eye enters. Boxes fit the futures in which they were
found; therefore they are counted again in fresh ones, and held against what the same search finds in noise.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import stats

from donorlab.experiments.arguments import InputError
from donorlab.experiments.studies import peeling
from donorlab.experiments.studies.boxes import HITS, Counted, Limits, count, ends, inside, pruned, quasi_p

ALPHA: Final = 0.05
"""Share of futures that a step peels or pastes (Friedman and Fisher 1999: patient, .05 to .1)."""
COARSER: Final = (0.05, 0.1, 0.2)
"""The same in searches among few dimensions (assumption: up to four times as much, where 5% are too few to tell)."""
MASS: Final = 0.02
"""Least share of the futures in a box (assumption; below the .05 to .1 of Friedman and Fisher, since some cases are rare)."""
INSIDE: Final = 20
"""Least futures in a box (assumption: a density of fewer has a standard error of a tenth or more)."""
CASES: Final = 30
"""Least cases with which a search begins (assumption)."""
HALF: Final = 0.5
"""Of the share of futures that are no cases, so much may be left in a box that is pure enough (assumption)."""
SCREENED: Final = 6
"""Dimensions among which a search is repeated, the first, the first two and so on (assumption)."""
HALVES: Final = 10
"""Random halves in which the search is repeated (Bryant and Lempert 2010 call it reproducibility)."""
CHANCE: Final = 0.05
"""Probability by chance from which on a box is no better than chance (convention)."""
SEED: Final = 20261201  # of what is dealt out by lot
MISSING: Final = (
    "discover: needs the EMA workbench; install donorlab[analysis], or ema-workbench and scikit-learn beside it"
)


@dataclass(frozen=True)
class Candidate:
    """A box of the trajectory after pruning.

    Attributes
    ----------
    limits : of the box
    counted : in the futures of the search
    search : number of the search it comes from
    """

    limits: Limits
    counted: Counted
    search: int


@dataclass(frozen=True)
class Search:
    """Searches among all dimensions and among few: their trajectories, and the boxes to choose from.

    Attributes
    ----------
    trajectories : a table for each, a row a step: coverage, density, mass, dimensions as peeled
    candidates : boxes, each once
    """

    trajectories: tuple[pd.DataFrame, ...]
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class Box:
    """A box that was chosen, and how far it can be trusted.

    Attributes
    ----------
    limits, found : what it is, and what it holds of the futures in which it was looked for
    fresh : what it holds of futures that the search never saw
    quasi : quasi-p value by name and end
    again : in how many of `HALVES` random halves the same limit was chosen, by name and end
    luck : score, density and coverage of the boxes that the same search chose where cases were dealt out by lot, a row each
    search : where it comes from; ``number``: of the trajectory
    """

    limits: Limits
    found: Counted
    fresh: Counted
    quasi: dict[tuple[str, int], float]
    again: dict[tuple[str, int], int]
    luck: np.ndarray
    search: Search
    number: int = 0

    @property
    def lot(self) -> float:
        """Share of searches in noise that did as well or better, this one counted among them."""
        return float((1 + (self.luck[:, 0] >= self.found.score).sum()) / (1 + len(self.luck)))

    @property
    def beyond_chance(self) -> bool:
        """Whether it is better than noise gives, and than chance gives in fresh futures."""
        return self.lot <= CHANCE and self.fresh.by_chance <= CHANCE


def workbench() -> Any:
    """Return the module of PRIM.

    Raises
    ------
    InputError
        If the EMA workbench is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from ema_workbench.analysis import prim
    except ImportError:
        raise InputError(MISSING) from None
    return prim


def screened(points: pd.DataFrame, cases: np.ndarray) -> list[str]:
    """Return the `SCREENED` dimensions in which cases and others differ most (Kolmogorov and Smirnov), the most first."""
    values = points.to_numpy(dtype=np.float64)
    apart = [float(stats.ks_2samp(column[cases], column[~cases], method="asymp").statistic) for column in values.T]
    return [str(points.columns[j]) for j in np.argsort([-one for one in apart], kind="stable")[:SCREENED]]


def subsets(points: pd.DataFrame, cases: np.ndarray) -> list[tuple[list[str], float]]:
    """Return dimensions and share of a peel of each search: all; then the first, the first two ... of those that are screened."""
    names = screened(points, cases)
    nested = [names[: k + 1] for k in range(len(names))]
    return [(list(map(str, points.columns)), ALPHA), *((one, alpha) for one in nested for alpha in COARSER)]


def search(points: pd.DataFrame, cases: np.ndarray) -> Search:
    """Search with the workbench, among all dimensions and among few.

    Parameters
    ----------
    points : a row a future, a column of numbers for each thing that is varied
    cases : a bool a row

    Notes
    -----
    Among sixty dimensions some peel of noise nearly always beats one of a real limit, so that real limits come late and are
    pruned with the others. Fewer dimensions, chosen before, help (Kwakkel 2019 goes through all subsets; here they are
    nested); among few, no peel of 5% may raise the density though a larger one would, and the search stops (`COARSER`).
    """
    x = points.astype(np.float64).reset_index(drop=True)  # whole numbers too: their edges then lie between them
    trajectories, steps = [], []
    for names, alpha in subsets(x, cases):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            engine = workbench().Prim(
                x[names], cases.astype(np.int64), peel_alpha=alpha, paste_alpha=alpha, mass_min=least_mass(len(x))
            )
            box = engine.find_box()
        trajectories.append(
            box.peeling_trajectory[["coverage", "density", "mass", "res_dim", "n", "k"]]
            .rename(columns={"res_dim": "dimensions", "n": "inside", "k": "hits"})
            .reset_index(drop=True)
        )
        steps.append((names, [tuple(frame[names].to_numpy(dtype=np.float64)) for frame in box.box_lims]))
    return Search(tuple(trajectories), candidates(steps, x, cases))


def least_mass(futures: int) -> float:
    """Return the least share of so many futures in a box."""
    return max(MASS, INSIDE / futures)


def candidates(
    searches: Sequence[tuple[Sequence[str], Sequence[tuple[np.ndarray, ...]]]], points: pd.DataFrame, cases: np.ndarray
) -> tuple[Candidate, ...]:
    """Return the boxes of trajectories after pruning, each once, those with few cases left out.

    Parameters
    ----------
    searches : of each, its dimensions, and the lower and upper limits of all of these step by step, the whole first
    points, cases : of the search
    """
    seen: dict[frozenset[Any], Candidate] = {}
    tried = set()
    for which, (names, steps) in enumerate(searches):
        for low, high in steps:
            limits = {
                names[j]: (
                    float(low[j]) if low[j] > steps[0][0][j] else -math.inf,
                    float(high[j]) if high[j] < steps[0][1][j] else math.inf,
                )
                for j in range(len(names))
                if low[j] > steps[0][0][j] or high[j] < steps[0][1][j]
            }
            if (before := frozenset(limits.items())) in tried:
                continue
            tried.add(before)
            kept = pruned(limits, points, cases)
            key = frozenset(kept.items())
            if kept and key not in seen:
                counted = count(kept, points, cases)
                if counted.hits >= HITS * len(kept) and counted.inside >= INSIDE:
                    seen[key] = Candidate(kept, counted, which)
    return tuple(seen.values())


def chosen(candidates: Sequence[Candidate], pure: float) -> Candidate | None:
    """Return the box that is taken, by a fixed rule; None if there is none.

    Of boxes with a density of ``pure`` or more, and with at most half as large a share of others as all futures have
    (assumption: `HALF`; where most are cases, nearly everything is pure), the one that covers most; where there is none, the
    one with the highest `Counted.score` (assumption); of equal ones the one with fewer dimensions.
    """
    if not candidates:
        return None
    enough = [
        one
        for one in candidates
        if one.counted.density >= pure and 1 - one.counted.density <= HALF * (1 - one.counted.rate)
    ]
    if enough:
        return max(enough, key=lambda one: (one.counted.coverage, one.counted.density, -len(one.limits)))
    return max(candidates, key=lambda one: (one.counted.score, -len(one.limits)))


def _once(points: pd.DataFrame, cases: np.ndarray, pure: float) -> Candidate | None:
    """Search and choose, without the workbench."""
    y, least = cases.astype(np.float64), least_mass(len(points))
    steps = [
        (names, peeling.trajectory(points[names].to_numpy(dtype=np.float64), y, alpha, least))
        for names, alpha in subsets(points, cases)
    ]
    return chosen(candidates(steps, points, cases), pure)


def discover(
    points: pd.DataFrame,
    cases: np.ndarray,
    fresh_points: pd.DataFrame,
    fresh_cases: np.ndarray,
    pure: float = 0.8,
    boxes: int = 3,
    permutations: int = 19,
    advance: Callable[[], None] = lambda: None,
) -> list[Box]:
    """Return boxes, one after the other, each of what those before it leave.

    Parameters
    ----------
    points, cases : futures of the search: a row a future; a bool a row
    fresh_points, fresh_cases : futures that the search does not see
    pure : density at which a box is pure enough
    boxes : at most so many
    permutations : searches in noise for each
    advance : called after each search

    Returns
    -------
    list of Box
        The last one may be no better than chance (`Box.beyond_chance`): then the search ended with it. Empty if no box
        could be chosen.
    """
    found: list[Box] = []
    for turn in range(boxes):
        if cases.sum() < CASES or (~cases).sum() < CASES:
            break
        tried = search(points, cases)
        advance()
        best = chosen(tried.candidates, pure)
        if best is None:
            break
        draws = np.random.default_rng([SEED, turn])
        answers = []
        for _ in range(permutations):
            answers.append(_once(points, draws.permutation(cases), pure))
            advance()
        luck = [
            (0.0, math.nan, math.nan) if one is None else (one.counted.score, one.counted.density, one.counted.coverage)
            for one in answers
        ]
        halves = []
        for _ in range(HALVES):
            half = draws.permutation(len(points))[: len(points) // 2]
            one = _once(points.iloc[half].reset_index(drop=True), cases[half], pure)
            halves.append(ends(one.limits) if one is not None else set())
            advance()
        box = Box(
            limits=best.limits,
            found=best.counted,
            fresh=count(best.limits, fresh_points, fresh_cases),
            quasi=quasi_p(best.limits, points, cases),
            again={one: sum(one in half for half in halves) for one in sorted(ends(best.limits))},
            luck=np.array(luck, dtype=np.float64).reshape(-1, 3),
            search=tried,
            number=best.search,
        )
        found.append(box)
        if not box.beyond_chance:
            break
        left, left_fresh = ~inside(best.limits, points), ~inside(best.limits, fresh_points)
        points, cases = points[left], cases[left]
        fresh_points, fresh_cases = fresh_points[left_fresh], fresh_cases[left_fresh]
    return found


def enough_cases(cases: int, futures: int, what: str, most: int) -> str | None:
    """Return why a search cannot begin, with the number of futures that would do; None if it can.

    Parameters
    ----------
    cases, futures : of interest, and all
    what : who loses to whom, in words
    most : number of futures that can be drawn
    """
    often = f"{what} in {cases:,} of {futures:,} futures" if cases else f"{what} in none of {futures:,} futures"
    if cases >= CASES and futures - cases >= CASES:
        return None
    if cases < CASES:
        rate = cases / futures if cases else 3 / futures  # rule of three: the highest rate that chance would hide
        needed = 100 * math.ceil(CASES / rate / 100)
        about = f"about {needed:,}" if cases else f"at least {needed:,}"
        if needed > most:
            return f"{often}; conditions need {CASES} cases, at this rate {about} futures, more than the {most:,} that can be drawn"
        return f"{often}; conditions need {CASES} cases, at this rate {about} futures: futures={needed}"
    rest = futures - cases
    needed = 100 * math.ceil(CASES / (rest / futures if rest else 3 / futures) / 100)
    return (
        f"{often}; {rest} others are too few to set them apart from: there must be {CASES}, at this rate "
        f"{'about' if rest else 'at least'} {needed:,} futures"
    )
