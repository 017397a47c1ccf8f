"""Which design is never far from best: regret, worst cases, domains of being best, stable order, and the Pareto front.

Pure functions on tables: a row a future, a column a design, more is better. A tie for being best is shared. No score is *the*
score: they answer to different attitudes to what is not known (Kwakkel, Eker and Pruyt 2016; McPhail et al. 2018).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats
from scipy.stats import qmc

BOOTSTRAPS: Final = 1000
SEED: Final = 20261130  # of bootstraps and weights
SHARE: Final = 0.95  # of futures in which a design must be near the best
WORST: Final = 0.05  # of futures that count as worst
OPTIMISM: Final = 0.5  # of Hurwicz' criterion; assumption (range 0-1): best and worst future count alike
CONFIDENCE: Final = 0.95
WEIGHTS: Final = 2**12  # points of the simplex
FUTURES_LEAST: Final = 50
"""Futures that the scores need. Assumption: so many that the 95% point of regret has some futures beyond it."""
_TIE: Final = 1e-12


def generator(purpose: int) -> np.random.Generator:
    """Return draws of their own for a purpose, the same each time."""
    return np.random.Generator(np.random.Philox(key=[SEED, purpose]))


def resamples(futures: int, count: int = BOOTSTRAPS) -> np.ndarray:
    """Return ``count`` rows of numbers of futures, drawn with replacement (Efron 1979)."""
    return generator(1).integers(0, futures, size=(count, futures))


# ---------------------------------------------------------------------- regret
def regret(values: pd.DataFrame) -> pd.DataFrame:
    """Return by how much each future's best design is above each design (Savage 1951)."""
    return values.rsub(values.max(axis=1), axis=0)


def first_shares(values: pd.DataFrame) -> pd.Series[float]:
    """Return the share of futures in which each design is best (Starr's domain criterion); ties are shared."""
    best = regret(values) <= _TIE
    return best.div(best.sum(axis=1), axis=0).mean()


def clear_shares(values: pd.DataFrame, smallest: float) -> pd.Series[float]:
    """Return the share of futures in which each design is above all others by at least ``smallest``."""
    ahead = {
        name: (values[name] - values.drop(columns=name).max(axis=1) >= smallest - _TIE).mean()
        for name in values.columns
    }
    return pd.Series(ahead)


def worst_mean(values: pd.DataFrame, share: float = WORST) -> pd.Series[float]:
    """Return the mean of each design's worst futures (conditional value at risk; Rockafellar and Uryasev 2000)."""
    count = max(1, math.ceil(share * len(values) - _TIE))
    return pd.Series({name: float(np.sort(values[name].to_numpy())[:count].mean()) for name in values.columns})


def scores(values: pd.DataFrame, good: pd.DataFrame, smallest: float, far: float) -> pd.DataFrame:
    """Return all scores, a row a design.

    Parameters
    ----------
    values : a row a future, a column a design
    good : where a design is good enough
    smallest, far : difference that matters; distance from the best that is far

    Returns
    -------
    DataFrame
        design, mean, deviation, minimum, worst_mean (of the worst 5% of futures), hurwicz, mean_less_deviation, regret_mean,
        regret_90, regret_95 with regret_95_low and _high (95%, bootstrap over futures), regret_maximum, regret_relative (mean
        regret over the mean of the best; empty where that is not positive), near_share (no further from the best than ``far``),
        best_share, clear_share, good_share, chance_best_mean and chance_nearest (share of bootstraps in which the design has
        the highest mean, the lowest 95% point of regret)
    """
    own, lost = values.to_numpy(dtype=np.float64), regret(values).to_numpy(dtype=np.float64)
    drawn = resamples(len(own))
    means = np.stack([own[:, d][drawn].mean(axis=1) for d in range(own.shape[1])], axis=1)
    tails = np.stack([np.quantile(lost[:, d][drawn], SHARE, axis=1) for d in range(own.shape[1])], axis=1)
    edge = (1 - CONFIDENCE) / 2
    low, high = np.quantile(tails, [edge, 1 - edge], axis=0)
    best = float(own.max(axis=1).mean())
    worst = worst_mean(values)
    return pd.DataFrame(
        {
            "design": list(values.columns),
            "mean": own.mean(axis=0),
            "deviation": own.std(axis=0, ddof=1),
            "minimum": own.min(axis=0),
            "worst_mean": worst.to_numpy(),
            "hurwicz": OPTIMISM * own.max(axis=0) + (1 - OPTIMISM) * own.min(axis=0),
            "mean_less_deviation": own.mean(axis=0) - own.std(axis=0, ddof=1),
            "regret_mean": lost.mean(axis=0),
            "regret_90": np.quantile(lost, 0.9, axis=0),
            "regret_95": np.quantile(lost, SHARE, axis=0),
            "regret_95_low": low,
            "regret_95_high": high,
            "regret_maximum": lost.max(axis=0),
            "regret_relative": lost.mean(axis=0) / best if best > 0 else math.nan,
            "near_share": (lost <= far + _TIE).mean(axis=0),
            "best_share": first_shares(values).to_numpy(),
            "clear_share": clear_shares(values, smallest).to_numpy(),
            "good_share": good.mean().to_numpy(),
            "chance_best_mean": _shares_of_first(means),
            "chance_nearest": _shares_of_first(-tails),
        }
    )


def _shares_of_first(values: np.ndarray) -> np.ndarray:
    best = values >= values.max(axis=1, keepdims=True) - _TIE
    return np.asarray((best / best.sum(axis=1, keepdims=True)).mean(axis=0))


# ---------------------------------------------------------------------- order
@dataclass(frozen=True)
class Stability:
    """How firm an order of designs is.

    Attributes
    ----------
    order : designs by their mean, the best first
    concordance : Kendall's W over futures: 1 if the order is the same in all, 0 if futures have nothing in common
    tau : mean of Kendall's tau-b between the order in a future and that of the means
    same : share of bootstraps over futures whose means have the same order
    """

    order: tuple[str, ...]
    concordance: float
    tau: float
    same: float


def ranks(values: pd.DataFrame) -> pd.DataFrame:
    """Return the rank of each design in each future, 1 the best; ties have the mean of their ranks."""
    lost = regret(values)
    return lost.where(lost > _TIE, 0.0).rank(axis=1, method="average")


def concordance(ranked: pd.DataFrame) -> float:
    """Return Kendall's W, corrected for ties (Kendall and Babington Smith 1939)."""
    m, n = ranked.shape
    totals = ranked.sum(axis=0).to_numpy()
    ties = sum(
        float((counts**3 - counts).sum())
        for counts in (np.unique(row, return_counts=True)[1] for row in ranked.to_numpy())
    )
    spread = m * m * (n**3 - n) - m * ties
    return float(12 * ((totals - totals.mean()) ** 2).sum() / spread) if spread > 0 else math.nan


def stability(values: pd.DataFrame) -> Stability:
    """Return how firm the order of designs is."""
    own = values.to_numpy(dtype=np.float64)
    by_mean = np.argsort(-own.mean(axis=0), kind="stable")
    drawn = resamples(len(own))
    means = np.stack([own[:, d][drawn].mean(axis=1) for d in by_mean], axis=1)
    ranked = ranks(values)
    place = np.argsort(by_mean)
    taus = np.nan_to_num([stats.kendalltau(row, place).statistic for row in ranked.to_numpy()])
    return Stability(
        order=tuple(str(values.columns[d]) for d in by_mean),
        concordance=concordance(ranked),
        tau=float(taus.mean()),
        same=float((np.diff(means, axis=1) <= 0).all(axis=1).mean()),
    )


def rank_table(values: pd.DataFrame) -> pd.DataFrame:
    """Return how often each design has each rank, a row a design and rank.

    Returns
    -------
    DataFrame
        design, rank, share (of futures; a tie is shared), chance (share of bootstraps in which its mean has that rank)
    """
    own = values.to_numpy(dtype=np.float64)
    drawn = resamples(len(own))
    means = np.stack([own[:, d][drawn].mean(axis=1) for d in range(own.shape[1])], axis=1)
    of_means = stats.rankdata(-means, axis=1, method="ordinal")
    lost = regret(values)
    lost = lost.where(lost > _TIE, 0.0)
    lowest, highest = (lost.rank(axis=1, method=method).to_numpy() for method in ("min", "max"))
    rows = []
    for d, name in enumerate(values.columns):
        for rank in range(1, own.shape[1] + 1):
            inside = (lowest[:, d] <= rank) & (rank <= highest[:, d])
            share = float((inside / (highest[:, d] - lowest[:, d] + 1)).mean())
            rows.append(
                {"design": name, "rank": rank, "share": share, "chance": float((of_means[:, d] == rank).mean())}
            )
    return pd.DataFrame(rows)


# ---------------------------------------------------------------------- many objectives
def front(means: np.ndarray) -> np.ndarray:
    """Return which rows no other row dominates: as good in all columns and better in one; more is better.

    Parameters
    ----------
    means : (D, O)
    """
    better = (means[:, None, :] >= means[None, :, :]).all(axis=2) & (means[:, None, :] > means[None, :, :]).any(axis=2)
    return np.asarray(~better.any(axis=0))


def dominates(differences: np.ndarray) -> bool:
    """Return whether one design dominates another beyond noise.

    It does if in each objective it is better beyond noise or exactly the same in every future, and better in one: a
    difference that is not told from 0 might be the other's lead.

    Parameters
    ----------
    differences : (F, O) paired, of one design over the other; more is better
    """
    count = len(differences)
    mean = differences.mean(axis=0)
    error = differences.std(axis=0, ddof=1) / math.sqrt(count)
    same = (np.abs(differences) <= _TIE).all(axis=0)
    ahead = ~same & (mean > stats.t.ppf((1 + CONFIDENCE) / 2, count - 1) * error)
    return bool((same | ahead).all() and ahead.any())


def best_under_weights(means: np.ndarray, count: int = WEIGHTS) -> np.ndarray:
    """Return the share of all weights under which each design's weighted mean is highest.

    Weights are even over the simplex: the acceptability index of Lahdelma, Hokkanen and Salminen 1998.

    Parameters
    ----------
    means : (D, O); more is better
    """
    objectives = means.shape[1]
    if objectives == 1:
        return _shares_of_first(means.T)
    cube = qmc.Sobol(objectives - 1, scramble=True, rng=SEED).random(count)
    edges = np.concatenate([np.zeros((count, 1)), np.sort(cube, axis=1), np.ones((count, 1))], axis=1)
    return _shares_of_first(np.diff(edges, axis=1) @ means.T)


def pareto(values: Sequence[pd.DataFrame], names: Sequence[str]) -> pd.DataFrame:
    """Return a row a design: means of all objectives, and which other designs dominate it.

    Parameters
    ----------
    values : of each objective a row a future and a column a design; more is better
    names : of the objectives

    Returns
    -------
    DataFrame
        design, by objective NAME and NAME_error (standard error of the mean over futures; more is better here, so that cost has
        a minus), on_front (no other has better means), dominated_by (beyond noise), best_under_weights, and
        best_without_NAME of the last objective: the same, with no weight on it
    """
    designs = list(values[0].columns)
    cube = np.stack([frame.to_numpy(dtype=np.float64) for frame in values], axis=2)  # (F, D, O)
    means = cube.mean(axis=0)
    errors = cube.std(axis=0, ddof=1) / math.sqrt(len(cube))
    on_front, weights, fewer = front(means), best_under_weights(means), best_under_weights(means[:, :-1])
    rows = []
    for d, design in enumerate(designs):
        over = [other for e, other in enumerate(designs) if e != d and dominates(cube[:, e] - cube[:, d])]
        row: dict[str, object] = {"design": design}
        for o, name in enumerate(names):
            row |= {name: means[d, o], f"{name}_error": errors[d, o]}
        row |= {"on_front": bool(on_front[d]), "dominated_by": ", ".join(over), "best_under_weights": weights[d]}
        rows.append(row | {f"best_without_{names[-1]}": fewer[d]})
    return pd.DataFrame(rows)
