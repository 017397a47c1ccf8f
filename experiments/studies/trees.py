"""A small tree (CART, Breiman and others 1984) beside the boxes: leaves that together hold every future."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from donorlab.experiments.studies.boxes import Counted, Limits, count
from donorlab.experiments.studies.discovery import CHANCE, INSIDE, MASS, workbench

LEAVES: Final = 4  # assumption: what can be read at a glance
DEPTH: Final = 3
_SEED: Final = 1  # only breaks ties between splits


@dataclass(frozen=True)
class Leaf:
    """One end of the tree: limits, and what it holds of the futures that grew it and of fresh ones."""

    limits: Limits
    found: Counted
    fresh: Counted


def grown(
    points: pd.DataFrame, cases: np.ndarray, fresh_points: pd.DataFrame, fresh_cases: np.ndarray
) -> tuple[Leaf, ...]:
    """Return the leaves of a tree, the most dense one first; a single one without limits if nothing splits.

    Parameters
    ----------
    points, cases : that grow it: a row a future; a bool a row
    fresh_points, fresh_cases : futures that it has not seen

    Notes
    -----
    Cases and others weigh the same in total, since a rare case would be out-voted in every leaf otherwise. The workbench's
    own tree knows no limit to the number of leaves and breaks ties by a global random state; its leaves are read by its code.
    """
    workbench()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ema_workbench.analysis.cart import CART
        from sklearn.tree import DecisionTreeClassifier

        x = points.astype(np.float64).reset_index(drop=True)
        cart = CART(x, cases.astype(np.int64), mass_min=max(MASS, INSIDE / len(x)))
        cart.clf = DecisionTreeClassifier(
            max_leaf_nodes=LEAVES,
            max_depth=DEPTH,
            min_samples_leaf=math.ceil(cart.mass_min * len(x)),
            class_weight="balanced",
            random_state=_SEED,
        )
        cart.clf.fit(x.to_numpy(), cases.astype(np.int64))
        frames = cart.boxes if cart.clf.tree_.node_count > 1 else []
    leaves = []
    for frame in frames:
        limits = {}
        for name in x.columns:
            low, high = float(frame[name].iloc[0]), float(frame[name].iloc[1])
            low = low if low > float(x[name].min()) else -math.inf
            high = high if high < float(x[name].max()) else math.inf
            if math.isfinite(low) or math.isfinite(high):
                limits[str(name)] = (low, high)
        leaves.append(Leaf(limits, count(limits, x, cases), count(limits, fresh_points, fresh_cases)))
    if not leaves:
        leaves = [Leaf({}, count({}, x, cases), count({}, fresh_points, fresh_cases))]
    return tuple(sorted(leaves, key=lambda leaf: (-leaf.found.density, -leaf.found.inside)))


def by_chance(leaves: tuple[Leaf, ...]) -> float:
    """Return how likely it is that leaves differ so much in fresh futures if they differ in nothing (chi-squared); 1 if untold."""
    table = np.array([[leaf.fresh.hits, leaf.fresh.inside - leaf.fresh.hits] for leaf in leaves])
    table = table[table.sum(axis=1) > 0]
    if len(table) < 2 or not table.sum(axis=0).all():
        return 1.0
    return float(stats.chi2_contingency(table).pvalue)


def tells(leaves: tuple[Leaf, ...]) -> bool:
    """Return whether the leaves differ in fresh futures by more than chance would make them."""
    return by_chance(leaves) <= CHANCE
