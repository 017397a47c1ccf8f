"""Screening by elementary effects: which of many uncertainties matter at all, and which can be left alone.

A trajectory starts at a point of a grid with 4 levels and moves one factor after the other by two thirds of its range; the change
of a result, divided by the step, is an *elementary effect* (Morris 1991, Technometrics 33: 161-174). Over trajectories its mean is
mu, the mean of its size mu* and its standard deviation sigma, which is large where a factor works unevenly or with others
(Campolongo, Cariboni and Saltelli 2007, Environmental Modelling & Software 22: 1509-1518).

Here the luck of the seed is a factor too: moving it means another seed, each trajectory having two of its own. All else is compared
*at the same seed*. Draws are addressed, so that a factor that does nothing has effects of exactly 0. But one that does next to
nothing may, by a decision that falls otherwise, reshuffle everything after it, and then |effect| is as large as that of another
seed: mu* alone cannot tell a factor that matters from one that shuffles. Let an effect be s + e, s what the factor does in the mean
over seeds, e reshuffled luck with mean 0 and no larger than the luck of two independent seeds. Then by the triangle inequality

    max(|mu|, mu* - mu*(luck))  <=  mean |s|  <=  mu*.

A factor **matters** if the left side exceeds the smallest difference, told from chance: the smaller p of two t-tests over
trajectories (|mu| against the smallest difference; |effect| - |effect of luck|, paired by trajectory, against it), doubled because
there are two, among the discoveries of Benjamini and Hochberg at 5% over all factors of a result. It is **small** if the upper end
of the interval of mu* is below the smallest difference, does **nothing** if all its effects are 0, and is **open** otherwise.
All rules were fixed before any result of `world` was looked at.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import stats

from donorlab.experiments.chances import CONFIDENCE, discoveries
from donorlab.experiments.studies.factors import NOISE, SEEDS
from donorlab.sim.scenario import FloatArray

LEVELS: Final = 4  # of the grid; Morris 1991 and Campolongo et al. 2007 take it
STEP: Final = LEVELS / (2.0 * (LEVELS - 1))  # two thirds of a range, as Morris 1991 says for an even number of levels
SEED: Final = 20261130  # of trajectories and of the bootstrap
RESAMPLES: Final = 1_000
LEAST: Final = 4  # trajectories: the fewest with which Morris 1991 worked
MOST: Final = 1_000
VERDICTS: Final = ("matters", "open", "small", "nothing", "luck")


def design(problem: dict[str, Any], trajectories: int) -> FloatArray:
    """Return the points of trajectories, on the unit cube; more of them begin with the same ones.

    Parameters
    ----------
    problem : as SALib has it
    trajectories : how many

    Returns
    -------
    array (trajectories * (factors + 1), factors)
    """
    from SALib.sample import morris

    return np.asarray(morris.sample(problem, trajectories, num_levels=LEVELS, seed=SEED), dtype=np.float64)


def with_own_seeds(unit: FloatArray, names: Sequence[str]) -> FloatArray:
    """Return the same points with two seeds of its own for each trajectory, instead of four for all of them.

    A seed has no order, so that levels mean nothing to it: a trajectory changes from its first seed to its second.
    """
    if NOISE not in names:
        return unit
    found, at, size = unit.copy(), list(names).index(NOISE), len(names) + 1
    trajectory = np.arange(len(unit)) // size
    second = unit[:, at] != unit[trajectory * size, at]
    found[:, at] = (2 * trajectory + second + 0.5) / SEEDS
    return found


def effects(unit: FloatArray, values: FloatArray) -> FloatArray:
    """Return elementary effects.

    Parameters
    ----------
    unit : (n * (k + 1), k) points of trajectories
    values : (n, k + 1) the result at each

    Returns
    -------
    array (n, k)
    """
    count, size = values.shape
    steps = np.diff(unit.reshape(count, size, size - 1), axis=1)
    moved = np.abs(steps).argmax(axis=2)
    change = np.diff(values, axis=1) / np.take_along_axis(steps, moved[:, :, None], axis=2)[:, :, 0]
    found = np.empty_like(change)
    np.put_along_axis(found, moved, change, axis=1)
    return found


def screened(unit: FloatArray, values: FloatArray, names: Sequence[str], smallest: float) -> pd.DataFrame:
    """Return what a screening says of each factor.

    Parameters
    ----------
    unit : points of whole trajectories, as `design` made them
    values : (n, k + 1) a result at them
    names : of the factors; `NOISE` among them, or not
    smallest : least effect over a range that matters, in the unit of the result

    Returns
    -------
    DataFrame
        factor; mu, mu_star with its 95% interval (bootstrap over trajectories), sigma, all of SALib; beyond_luck, the least mean
        size that the factor can have beyond reshuffled luck, with the lower end of its interval; p; verdict
    """
    from SALib.analyze import morris

    problem = {"num_vars": len(names), "names": list(names), "bounds": [[0.0, 1.0]] * len(names)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = morris.analyze(
            problem, unit, values.ravel(), num_resamples=RESAMPLES, conf_level=CONFIDENCE, num_levels=LEVELS, seed=SEED
        )
    mu, star, conf = (np.asarray(found[key], dtype=np.float64) for key in ("mu", "mu_star", "mu_star_conf"))
    each = effects(unit, values)
    lucky = list(names).index(NOISE) if NOISE in names else None
    luck = np.abs(each[:, [lucky]]) if lucky is not None else np.zeros((len(each), 1))
    excess = np.abs(each) - luck
    by_sign, by_size = _beyond(np.abs(mu), each, smallest), _beyond(excess.mean(axis=0), excess, smallest)
    p = np.minimum(1.0, 2.0 * np.minimum(2.0 * by_sign[1], by_size[1]))
    p[star == 0] = 1.0
    if lucky is not None:
        p[lucky] = math.nan
    told = discoveries(p)
    verdicts = [
        "luck" if index == lucky else "nothing" if star[index] == 0 else "matters" if told[index]
        else "small" if star[index] + conf[index] < smallest else "open"
        for index in range(len(names))
    ]  # fmt: skip
    return pd.DataFrame(
        {
            "factor": list(names),
            "mu": mu,
            "mu_star": star,
            "mu_star_low": np.maximum(0.0, star - conf),
            "mu_star_high": star + conf,
            "sigma": np.asarray(found["sigma"], dtype=np.float64),
            "beyond_luck": np.maximum(np.abs(mu), star - luck.mean()),
            "beyond_luck_low": np.maximum(0.0, np.maximum(by_sign[0], by_size[0])),
            "p": p,
            "verdict": verdicts,
            "trajectories": len(values),
        }
    )


def _beyond(mean: FloatArray, each: FloatArray, smallest: float) -> tuple[FloatArray, FloatArray]:
    """Return the lower end of the 95% interval of a mean, and the p of a one-sided t-test that it exceeds ``smallest``."""
    count = len(each)
    error = each.std(axis=0, ddof=1) / math.sqrt(count)
    low = mean - stats.t.ppf(0.5 + CONFIDENCE / 2, count - 1) * error
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(error > 0, (mean - smallest) / error, np.where(mean > smallest, np.inf, -np.inf))
    return low, np.asarray(stats.t.sf(t, count - 1), dtype=np.float64)


def ranked(tables: Sequence[pd.DataFrame]) -> pd.Series[float]:
    """Return the factors in the order in which further work should look at them, with a score of at most 1.

    Parameters
    ----------
    tables : of `screened`, one a result

    Returns
    -------
    Series
        The largest of mu* over the largest mu* of the same result (which Campolongo et al. 2007 rank by), over results;
        without the luck of the seed.
    """
    scores = []
    for one in tables:
        star = one.set_index("factor")["mu_star"].drop(NOISE, errors="ignore")
        scores.append(star / star.max() if star.max() > 0 else star)
    best: pd.Series[float] = pd.concat(scores, axis=1).max(axis=1)
    return best.sort_values(ascending=False, kind="stable")


def left_out(table: pd.DataFrame, kept: Sequence[str]) -> float:
    """Return the share of the sum of squared mu* that the assumptions which are not kept have; a rough share of variance."""
    squares = table.set_index("factor")["mu_star"].drop(NOISE, errors="ignore") ** 2
    return float(squares.drop(list(kept), errors="ignore").sum() / squares.sum()) if squares.sum() > 0 else 0.0
