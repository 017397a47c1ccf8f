"""Value of information: which single assumption, if it were known, would change the choice of a design, and by how much.

Who knows nothing but the ranges takes the design that is best on average. Who knew one number would take the design that is best
given it. The gain is the expected value of partial perfect information, E_x[max_d E[U_d | x]] - max_d E[U_d] (Raiffa and Schlaifer
1961; Howard 1966). E[U_d | x] is a regression on x over the futures, which needs no further runs (Strong, Oakley and Brennan 2014).
Noise alone makes it positive, so that it is held against futures in which the number was shuffled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from donorlab.experiments.studies.robustness import CONFIDENCE, generator
from donorlab.experiments.studies.study import POINT

FUTURES_LEAST: Final = 100
"""Futures that the regressions need. Assumption: twenty for each of the five numbers that a curve has."""
KNOTS: Final = (0.05, 0.275, 0.5, 0.725, 0.95)
"""Of a natural cubic spline, in quantiles (Harrell 2001): a curve with one number a knot."""
FEW: Final = 6
"""A parameter with so few values or fewer has a mean for each in place of a curve. Assumption."""
SHUFFLES: Final = 500
BOOTSTRAPS: Final = 500


@dataclass(frozen=True)
class Information:
    """What knowing would be worth.

    Attributes
    ----------
    chosen : the design with the highest mean, taken by who knows nothing more
    table : a row an assumption, the most valuable first; see `value_of_information`
    everything : of knowing all of the future, the luck of the seed included: what no knowledge exceeds
    assumptions : of knowing all assumptions and no luck, at least; NaN with one seed a future
    """

    chosen: str
    table: pd.DataFrame
    everything: float
    assumptions: float


def basis(values: np.ndarray) -> np.ndarray:
    """Return the regressors of one assumption, an orthonormal basis of a curve over its ranks.

    Parameters
    ----------
    values : (F,)

    Returns
    -------
    array
        (F, up to the number of knots); the constant is among them
    """
    levels, where = np.unique(values, return_inverse=True)
    if len(levels) <= FEW:
        columns = np.eye(len(levels))[where]
    else:
        x = (stats.rankdata(values) - 0.5) / len(values)
        columns = np.column_stack([np.ones_like(x), x, *_natural(x)])
    q, r = np.linalg.qr(columns)
    return np.asarray(q[:, np.abs(np.diag(r)) > 1e-10])


def _natural(x: np.ndarray) -> list[np.ndarray]:
    """Return the curved regressors of a natural cubic spline: straight beyond the outer knots (Hastie et al. 2009, 5.2.1)."""
    last, before = KNOTS[-1], KNOTS[-2]

    def bend(knot: float) -> np.ndarray:
        return np.asarray((np.clip(x - knot, 0, None) ** 3 - np.clip(x - last, 0, None) ** 3) / (last - knot))

    return [bend(knot) - bend(before) for knot in KNOTS[:-2]]


def partial(curve: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """Return the raw value of knowing an assumption, and in which share of futures one would choose otherwise.

    Parameters
    ----------
    curve : (F, B) of `basis`
    values : (F, D) of the designs; more is better
    """
    fitted = curve @ (curve.T @ values)
    chosen = int(values.mean(axis=0).argmax())
    gain = fitted.max(axis=1) - fitted[:, chosen]
    return float(gain.mean()), float((gain > 1e-12).mean())


def value_of_information(points: pd.DataFrame, values: pd.DataFrame, each: pd.DataFrame | None = None) -> Information:
    """Return what knowing each assumption would be worth.

    Parameters
    ----------
    points : a row a future, a column an assumption
    values : a row a future, a column a design; more is better
    each : the same with a row a future and seed, index (point, seed), where a future has several

    Returns
    -------
    Information
        Its table has assumption, value (the raw one less what noise makes of it, not under 0), low and high (95%, bootstrap
        over futures), raw, noise (its mean over shuffles), chance (share of shuffles in which *some* assumption reaches as much:
        a p-value for all together, Westfall and Young 1993), told (chance under 5%), changes (share of futures with another
        choice), when_changed (gain there), to (what would most often be chosen instead).

    Notes
    -----
    An assumption that is told from noise is corrected by what its own residuals, shuffled, add to it; one that is not, by what
    shuffled futures show, which is about all of it.
    """
    own = values.to_numpy(dtype=np.float64)
    futures, designs = own.shape
    chosen = int(own.mean(axis=0).argmax())
    gaps = own - own[:, [chosen]]  # what all futures share falls out, and its noise with it
    curves = {str(name): basis(points[name].to_numpy()) for name in points.columns}
    random = generator(2)
    orders = np.argsort(random.random((SHUFFLES, futures)), axis=1)
    null = np.array([_shuffled(curve, gaps, gaps.mean(axis=0), orders, chosen) for curve in curves.values()])
    most = null.max(axis=0)
    drawn = generator(3).integers(0, futures, size=(BOOTSTRAPS, futures))
    rows = []
    for (name, curve), shuffled in zip(curves.items(), null, strict=True):
        raw, changes = partial(curve, gaps)
        chance = float((1 + (most >= raw).sum()) / (1 + SHUFFLES))
        told = chance < 1 - CONFIDENCE
        fitted = curve @ (curve.T @ gaps)
        noise = float(shuffled.mean())
        if told:
            again = _shuffled(curve, gaps - fitted, fitted, orders[:100], chosen)
            noise = float(np.clip(again.mean() - raw, 0, None))
        boots = _resampled(curve, gaps, drawn)
        bounds = np.quantile(boots, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]) - (boots.mean() - raw)
        low, high = np.clip(bounds - noise, 0, None)
        elsewhere = np.delete(np.arange(designs), chosen)
        to = elsewhere[
            np.bincount(fitted[:, elsewhere].argmax(axis=1)[fitted.max(axis=1) > 1e-12], minlength=1).argmax()
        ]
        value = max(0.0, raw - noise)
        rows.append(
            {
                "assumption": name,
                "value": value,
                "low": min(low, value),
                "high": max(high, value),
                "raw": raw,
                "noise": noise,
                "chance": chance,
                "told": told,
                "changes": changes,
                "when_changed": value / changes if changes else 0.0,
                "to": str(values.columns[to]) if changes else "",
            }
        )
    table = (
        pd.DataFrame(rows).sort_values(["told", "value", "raw"], ascending=False, kind="stable").reset_index(drop=True)
    )
    everything = of_everything(values if each is None else each)
    return Information(str(values.columns[chosen]), table, everything, of_all_assumptions(each))


def of_everything(each: pd.DataFrame) -> float:
    """Return the value of knowing all of the future, the luck of its seed included; each future counts alike.

    Parameters
    ----------
    each : index point, or (point, seed): a choice for each seed gains more than one for the mean of several; a column a design
    """
    best = each.max(axis=1).groupby(level=0).mean().mean()
    return float(best - each.groupby(level=0).mean().mean().max())


def _shuffled(curve: np.ndarray, noise: np.ndarray, level: np.ndarray, orders: np.ndarray, chosen: int) -> np.ndarray:
    """Return the raw value where ``noise`` stands in other futures and ``level`` stays."""
    found = np.empty(len(orders))
    centred = noise - noise.mean(axis=0)
    for i, order in enumerate(orders):
        fitted = level + curve @ (curve.T @ centred[order])
        found[i] = (fitted.max(axis=1) - fitted[:, chosen]).mean()
    return found


def _resampled(curve: np.ndarray, gaps: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Return the raw value in each bootstrap of futures; what is best without knowing is chosen anew."""
    x, y = curve[drawn], gaps[drawn]  # (bootstraps, F, ...)
    square, side = np.einsum("sfa,sfb->sab", x, x), np.einsum("sfa,sfd->sad", x, y)
    fitted = x @ (np.linalg.pinv(square, hermitian=True) @ side)
    return np.asarray(fitted.max(axis=2).mean(axis=1) - fitted.mean(axis=1).max(axis=1))


def of_all_assumptions(each: pd.DataFrame | None) -> float:
    """Return the value of knowing all assumptions and no luck, at least: chosen by some seeds of a future, judged by another.

    Parameters
    ----------
    each : index (point, seed), a column a design; None or one seed a future gives NaN
    """
    if each is None or each.groupby(level=POINT).size().min() < 2:
        return float("nan")
    own = each.to_numpy(dtype=np.float64)
    points = each.index.get_level_values(POINT).to_numpy()
    sums = each.groupby(level=POINT).transform("sum").to_numpy()
    counts = each.groupby(level=POINT).transform("size").to_numpy()[:, None]
    others = (sums - own) / (counts - 1)
    chosen = own[:, int(each.groupby(level=POINT).mean().mean().to_numpy().argmax())]
    gain = own[np.arange(len(own)), others.argmax(axis=1)] - chosen
    return float(pd.Series(gain).groupby(points).mean().mean())
