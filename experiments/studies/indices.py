"""Variance-based sensitivity: which share of a result's variance each assumption makes, alone and with the others.

The first-order index of a factor is the share of the variance that would go, in the mean, if it were known; its total index the
share that would stay if all others were known (Sobol' 2001; estimators of Saltelli et al. 2010, Computer Physics Communications
181: 259-270, by SALib). The luck of the seed is a factor: its total index is the share that no knowledge of the assumptions would
take away (replicate noise). Factors that are not looked at one by one vary together as one group with indices of its own, so that
nothing is fixed and what they leave out is measured (groups: Saltelli et al. 2008, *Global Sensitivity Analysis. The Primer*).

All rows of one base point share a seed where the seed is not what changes. A factor that only reshuffles what happens at random
therefore has a first-order index of 0 and a total index of up to that of the luck; it is *told from luck* only if its first-order
index is above 0, or its total index above that of the luck, each beyond its interval.

Convergence after Sarrazin, Pianosi and Wagener 2016 (Environmental Modelling & Software 79: 135-152), by bootstrap over base
points: indices have **settled** if the widest 95% interval of a total index is below 0.05 and the ranking is stable (below 1: 95%
of pairs of resamples differ by less than one rank, weighted by squared indices); **roughly**, if the widest is below 0.1 (an
assumption) and the ranking is stable. All rules were fixed before any result of `world` was looked at.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import stats

from donorlab.experiments.arguments import InputError
from donorlab.experiments.chances import CONFIDENCE
from donorlab.experiments.store import digest_of
from donorlab.experiments.studies.factors import NOISE
from donorlab.sim.scenario import FloatArray

REST: Final = "all others together"
RESAMPLES: Final = 500
SETTLED: Final = 0.05  # widest interval of a total index; Sarrazin et al. 2016
ROUGHLY: Final = 0.1  # an assumption: twice as wide
RANKED: Final = 1.0  # ranks, weighted; Sarrazin et al. 2016
LEAST: Final = 64  # base points; an assumption: with fewer intervals are wider than most indices
MOST: Final = 2**16
SHOWN: Final = (4, 2, 1)  # convergence at the first N/4, N/2 and N base points
_PAIRS: Final = 2_000  # of resamples, for the ranking


def grouped(problem: dict[str, Any], kept: Sequence[str]) -> dict[str, Any]:
    """Return SALib's problem in which all factors vary, those that are not kept, and not luck, as one group."""
    return {**problem, "groups": [name if name in (*kept, NOISE) else REST for name in problem["names"]]}


def columns(problem: dict[str, Any]) -> tuple[str, ...]:
    """Return the names that indices are given for: groups, or factors where there are none."""
    return tuple(dict.fromkeys(problem.get("groups") or problem["names"]))


def checked_base(base: int) -> int:
    """Return the number of base points.

    Raises
    ------
    InputError
        If it is too small or too large, or no power of two, for which Sobol's sequence is even.
    """
    if base < LEAST:
        raise InputError(f"base_points: {base} are too few for Sobol indices; they need {LEAST}: base_points={LEAST}")
    if base > MOST:
        raise InputError(f"base_points: {base} is out of range; at most {MOST}")
    if base & (base - 1):
        raise InputError(
            f"base_points: {base} is no power of two, for which a Sobol sequence is even; write {1 << base.bit_length()}"
        )
    return base


def design(problem: dict[str, Any], base: int) -> FloatArray:
    """Return Saltelli's points for first and total indices; more base points begin with the same ones.

    Parameters
    ----------
    problem : as SALib has it, with groups or without; they decide the scrambling, so that another choice is another sequence
    base : base points

    Returns
    -------
    array (base * (columns + 2), factors)
        A block a base point: A, A with one column of B after the other, B.
    """
    from SALib.sample import sobol

    seed = int(digest_of([problem["names"], problem.get("groups")])[:8], 16)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(
            sobol.sample(problem, base, calc_second_order=False, scramble=True, seed=seed), dtype=np.float64
        )


@dataclass(frozen=True)
class Indices:
    """Indices of a result.

    Attributes
    ----------
    table : factor; first, total with their 95% intervals; luck or not; told from luck; chance_first, the share of resamples in
        which its total index is the largest of all single assumptions
    widest : width of the widest interval of a total index
    ranking : by how many ranks, weighted, two resamples differ; 95% quantile
    alone : sum of the first-order indices with its interval, what single factors make without interplay
    base : base points; variance : of the result
    """

    table: pd.DataFrame
    widest: float
    ranking: float
    alone: tuple[float, float, float]
    base: int
    variance: float

    @property
    def state(self) -> str:
        """``settled``, ``roughly`` or ``no``."""
        if self.ranking >= RANKED or self.widest >= ROUGHLY:
            return "no"
        return "settled" if self.widest < SETTLED else "roughly"

    @property
    def enough(self) -> int:
        """Base points that would do, as intervals narrow with the root of their number; a power of two."""
        if self.state == "settled":
            return self.base
        wanted = max(2 * self.base, self.base * (self.widest / SETTLED) ** 2)
        return int(2 ** math.ceil(math.log2(wanted)))

    def row(self, factor: str) -> dict[Any, Any] | None:
        """Return the row of a factor; None if it has none."""
        found = self.table[self.table["factor"] == factor].to_dict("records")
        return found[0] if found else None


def indexed(values: FloatArray, names: Sequence[str]) -> Indices | None:
    """Return the indices of a result; None if it does not vary.

    Parameters
    ----------
    values : (base points, columns + 2), in the order of `design`
    names : of the columns
    """
    from SALib.analyze import sobol

    base = len(values)
    ends = values[:, [0, -1]]
    if np.ptp(values) <= 1e-12 or np.ptp(ends) <= 1e-12:
        return None
    problem = {"num_vars": len(names), "names": list(names), "bounds": [[0.0, 1.0]] * len(names)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = sobol.analyze(
            problem, values.ravel(), calc_second_order=False, num_resamples=RESAMPLES, conf_level=CONFIDENCE,
            keep_resamples=True, seed=base,
        )  # fmt: skip
    table = pd.DataFrame({"factor": list(names)})
    for key, short in (("first", "S1"), ("total", "ST")):
        value, conf = (np.asarray(found[name], dtype=np.float64) for name in (short, f"{short}_conf"))
        table[key], table[f"{key}_low"], table[f"{key}_high"] = value, value - conf, value + conf
    totals = np.asarray(found["ST_conf_all"], dtype=np.float64)
    table["chance_first"] = _chance_first(totals, names)
    luck = table.loc[table["factor"] == NOISE, "total_high"]
    above = table["total_low"] > (float(luck.iloc[0]) if len(luck) else 0.0)
    table["told"] = ((table["first_low"] > 0) | above) & (table["factor"] != NOISE)
    width = table["total_high"] - table["total_low"]
    sums = np.asarray(found["S1_conf_all"], dtype=np.float64).sum(axis=1)
    reach = float(stats.norm.ppf(0.5 + CONFIDENCE / 2) * sums.std(ddof=1))
    together = float(table["first"].sum())
    alone = (together, together - reach, together + reach)
    return Indices(table, float(width.max()), _ranking(totals), alone, base, float(ends.var()))


def _chance_first(totals: FloatArray, names: Sequence[str]) -> FloatArray:
    single = np.array([name not in (NOISE, REST) for name in names])
    if not single.any():
        return np.full(len(names), math.nan)
    largest = np.where(single, totals, -np.inf).argmax(axis=1)
    share = np.bincount(largest, minlength=len(names)) / len(totals)
    return np.where(single, share, math.nan)


def _ranking(totals: FloatArray) -> float:
    """Return the 95% quantile of weighted differences in rank between two resamples (Sarrazin et al. 2016)."""
    ranks = (-totals).argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    pairs = np.random.default_rng(len(totals)).integers(len(totals), size=(2, _PAIRS))
    one, other = pairs[:, pairs[0] != pairs[1]]
    weight = np.maximum(totals[one], totals[other]) ** 2
    apart = (np.abs(ranks[one] - ranks[other]) * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-300)
    return float(np.quantile(apart, 0.95))


def convergence(values: FloatArray, names: Sequence[str]) -> pd.DataFrame:
    """Return the indices at a quarter, half and all of the base points.

    Parameters
    ----------
    values, names : as for `indexed`

    Returns
    -------
    DataFrame
        base_points, widest, ranking, state, and the columns of `Indices.table`
    """
    frames = []
    for part in SHOWN:
        found = indexed(values[: len(values) // part], names)
        if found is not None:
            frames.append(
                found.table.assign(
                    base_points=found.base, widest=found.widest, ranking=found.ranking, state=found.state
                )
            )
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
