"""Boxes: limits on some of what is varied, what lies inside, and whether each limit is worth its place."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import stats

Limits = Mapping[str, tuple[float, float]]
"""Lowest and highest value by name; infinite where there is no limit; what is not restricted at all is left out."""

WORTH: Final = 0.05
"""Quasi-p value up to which a limit is kept (Bryant and Lempert 2010, who read them as a guide and use 5% to 10%)."""
DIMENSIONS: Final = 4
"""Most dimensions of a box (assumption: Bryant and Lempert 2010 call boxes of three or so interpretable)."""
HITS: Final = 5
"""Least cases in a box for each dimension that it restricts (assumption: below it an edge hangs on single futures)."""


@dataclass(frozen=True)
class Counted:
    """What a box holds.

    Attributes
    ----------
    futures, cases : all, and those of interest among them
    inside, hits : in the box, and those of interest among them
    """

    futures: int
    cases: int
    inside: int
    hits: int

    @property
    def coverage(self) -> float:
        """Share of the cases that lie in the box."""
        return self.hits / self.cases if self.cases else math.nan

    @property
    def density(self) -> float:
        """Share of cases among what lies in the box."""
        return self.hits / self.inside if self.inside else math.nan

    @property
    def mass(self) -> float:
        """Share of the futures that lie in the box: its size."""
        return self.inside / self.futures if self.futures else math.nan

    @property
    def rate(self) -> float:
        """Share of cases among all."""
        return self.cases / self.futures if self.futures else math.nan

    @property
    def score(self) -> float:
        """Correlation of being in the box and being a case (phi, Matthews 1975); 0 where one of them is all or nothing.

        It counts misses on both sides, whether cases are rare or frequent: of rare ones it is about the geometric mean of
        coverage and density, and a box of nearly everything has one of about 0.
        """
        both = self.hits * self.futures - self.inside * self.cases
        spread = self.inside * (self.futures - self.inside) * self.cases * (self.futures - self.cases)
        return both / math.sqrt(spread) if spread else 0.0

    @property
    def by_chance(self) -> float:
        """Probability of so many cases or more in a box of this size that has nothing to do with them (hypergeometric)."""
        return float(stats.hypergeom.sf(self.hits - 1, self.futures, self.cases, self.inside))

    def as_plain(self) -> dict[str, Any]:
        """Return it as columns of a table."""
        names = ("futures", "cases", "inside", "hits", "coverage", "density", "mass")
        return {name: getattr(self, name) for name in names}


def inside(limits: Limits, points: pd.DataFrame) -> np.ndarray:
    """Return which points lie in a box, its limits included; a bool a row."""
    found = np.ones(len(points), dtype=bool)
    for name, (low, high) in limits.items():
        values = points[name].to_numpy()
        found &= (values >= low) & (values <= high)
    return found


def count(limits: Limits, points: pd.DataFrame, cases: np.ndarray) -> Counted:
    """Return what a box holds of some points, of which ``cases`` (a bool a row) are of interest."""
    within = inside(limits, points)
    return Counted(len(points), int(cases.sum()), int(within.sum()), int(cases[within].sum()))


def without(limits: Limits, name: str, end: int) -> dict[str, tuple[float, float]]:
    """Return a box without one of its limits; ``end`` 0 for the lower one, 1 for the upper one."""
    low, high = limits[name]
    left = (-math.inf, high) if end == 0 else (low, math.inf)
    found = {other: pair for other, pair in limits.items() if other != name}
    return found | ({name: left} if any(map(math.isfinite, left)) else {})


def quasi_p(limits: Limits, points: pd.DataFrame, cases: np.ndarray) -> dict[tuple[str, int], float]:
    """Return for each limit how likely the box's cases were if the limit made no difference.

    Bryant and Lempert (2010): one-sided binomial probability of the box's cases or more, at the density of the box without
    that one limit. *Quasi*, because the limits were chosen by the same futures.
    """
    keys, beyond = _beyond(limits, points)
    return dict(zip(keys, _quasi_p(beyond, cases).tolist(), strict=True))


def _beyond(limits: Limits, points: pd.DataFrame) -> tuple[list[tuple[str, int]], np.ndarray]:
    """Return the limits as pairs of a name and an end, and which points lie beyond each; a row a point, a column a limit."""
    keys = [(name, end) for name, pair in limits.items() for end in (0, 1) if math.isfinite(pair[end])]
    beyond = np.empty((len(points), len(keys)), dtype=bool)
    for k, (name, end) in enumerate(keys):
        values = points[name].to_numpy()
        beyond[:, k] = values < limits[name][0] if end == 0 else values > limits[name][1]
    return keys, beyond


def _quasi_p(beyond: np.ndarray, cases: np.ndarray) -> np.ndarray:
    """Return the quasi-p values of limits, of which ``beyond`` has a column each."""
    broken = beyond.sum(axis=1)
    within, by_one = broken == 0, beyond & (broken == 1)[:, None]  # what one limit alone keeps out
    count, hits = int(within.sum()), int(cases[within].sum())
    wider, more = count + by_one.sum(axis=0), hits + by_one[cases].sum(axis=0)
    rate = np.divide(more, wider, out=np.ones(len(wider)), where=wider > 0)
    return np.asarray(stats.binom.sf(hits - 1, count, rate), dtype=np.float64)


def pruned(limits: Limits, points: pd.DataFrame, cases: np.ndarray) -> Limits:
    """Return a box without limits that are not worth their place, the least worth first, and with few dimensions."""
    keys, beyond = _beyond(limits, points)
    while keys:
        values = _quasi_p(beyond, cases)
        worst = int(np.argmax(values))
        if values[worst] <= WORTH and len({name for name, _ in keys}) <= DIMENSIONS:
            break
        limits = without(limits, *keys.pop(worst))
        beyond = np.delete(beyond, worst, axis=1)
    return limits


def ends(limits: Limits) -> set[tuple[str, int]]:
    """Return the limits as pairs of a name and an end."""
    return {(name, end) for name, pair in limits.items() for end in (0, 1) if math.isfinite(pair[end])}
