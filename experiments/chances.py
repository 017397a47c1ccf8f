"""Who gains and who loses, where many are asked at once: rules, fixed before any of these runs was looked at.

At default values the paired change of one who is asked *matters* if its mean over the seeds is at least the smallest difference,
and is *told from chance* if it is among the discoveries of Benjamini and Hochberg (1995) over all who are asked, at a false
discovery rate of 5%, by paired two-sided t-tests: of those told from 0 one in twenty is expected to be luck. Then one

- *gains* (*loses*) if the mean matters and is told from chance,
- *may gain* (*may lose*) if it matters and is not told,
- is about the *same* otherwise.

What chance alone makes is asked of the same seeds: each one's changes less their mean (times the root of n / (n - 1), since that
mean was estimated), with the sign of each seed turned at random, the same for all so that what they share stays shared (a sign-flip
test, Fisher 1935; on residuals, Wu 1986). How many would matter, and be told, then?

Over the futures one gains (loses) if futures in which it does so by the smallest difference outnumber the reverse by more than
`tables.SURE` standard errors of a fair coin, and the median has the same sign; else it is open. A future is one seed, so that most
of what divides it into gain and loss for a single state is luck.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from donorlab.experiments.tables import SURE, sure
from donorlab.sim.scenario import BoolArray, FloatArray

FALSE_DISCOVERIES: Final = 0.05
CONFIDENCE: Final = 0.95  # of intervals, each by itself
FLIPS: Final = 2_000  # turned signs that are tried where there are more
FLIPS_SEED: Final = 20261130
_TINY: Final = 1e-12  # a change of all seeds alike by less is rounding

Verdict = Literal["gains", "may gain", "same", "may lose", "loses"]
Over = Literal["gains", "loses", "open"]
VERDICTS: Final[tuple[Verdict, ...]] = ("gains", "may gain", "same", "may lose", "loses")


@dataclass(frozen=True)
class Changes:
    """Paired changes of N who are asked, over n seeds.

    Attributes
    ----------
    mean : (N,); low, high : its 95% interval (Student's t; NaN for one seed), chance only
    p : (N,) of the paired t-test, two-sided; NaN for one seed
    told : (N,) discoveries at `FALSE_DISCOVERIES`
    """

    mean: FloatArray
    low: FloatArray
    high: FloatArray
    p: FloatArray
    told: BoolArray

    def verdicts(self, smallest: float) -> list[Verdict]:
        """Return what each is, by the rule above; NaN (nothing to compare) is the same."""
        found: list[Verdict] = []
        for mean, told in zip(self.mean, self.told, strict=True):
            if mean >= smallest:
                found.append("gains" if told else "may gain")
            elif mean <= -smallest:
                found.append("loses" if told else "may lose")
            else:
                found.append("same")
        return found


def changes(differences: npt.ArrayLike) -> Changes:
    """Return what paired differences say, one who is asked a column.

    Parameters
    ----------
    differences : (n, N); a column of 0 is no change, told from nothing; one with a NaN says nothing
    """
    values = np.asarray(differences, dtype=np.float64)
    mean, error = _mean_and_error(values)
    reach = sure(len(values)) * error if len(values) > 1 else np.full_like(mean, math.nan)
    p = _p_values(mean, error, len(values))
    return Changes(mean, mean - reach, mean + reach, p, discoveries(p))


def _mean_and_error(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return means and their standard errors, over the first axis; a column whose values are all the same has error 0."""
    mean = values.mean(axis=0)
    if len(values) < 2:
        return mean, np.full_like(mean, math.nan)
    return mean, np.asarray(values.std(axis=0, ddof=1) / math.sqrt(len(values)))


def _p_values(mean: FloatArray, error: FloatArray, count: int) -> FloatArray:
    if count < 2:
        return np.full_like(mean, math.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(np.abs(mean) > _TINY, np.abs(mean) / error, 0.0)
    t = np.where(np.isnan(mean), np.nan, t)
    return np.asarray(2.0 * stats.t.sf(t, count - 1), dtype=np.float64)


def discoveries(p: npt.ArrayLike, rate: float = FALSE_DISCOVERIES) -> BoolArray:
    """Return which of many tests are told from chance with at most ``rate`` of them expected to be luck.

    Parameters
    ----------
    p : (..., N) of the tests; NaN is no test

    Notes
    -----
    The k smallest, where k is the largest with ``p_(k) <= rate * k / N``. Source: Benjamini and Hochberg 1995; valid also where
    tests depend on each other positively (Benjamini and Yekutieli 2001).
    """
    values = np.asarray(p, dtype=np.float64)
    asked = np.isfinite(values).sum(axis=-1, keepdims=True)
    ordered = np.sort(values, axis=-1)  # NaN last
    rank = np.arange(1, values.shape[-1] + 1)
    passes = ordered <= rate * rank / np.maximum(asked, 1)
    limit = np.where(passes, ordered, -1.0).max(axis=-1, keepdims=True, initial=-1.0)
    return np.asarray(values <= limit)


@dataclass(frozen=True)
class Chance:
    """How many of those asked chance alone would call, if nobody's mean had changed.

    Attributes
    ----------
    matter : mean number whose mean would reach the smallest difference; matter_high : exceeded in 5% of the turned signs
    called : mean number that would be called to gain or lose all the same (matter, and told)
    scatter : share of the variance of the means between those asked that is more than chance (0 to 1)
    """

    matter: float
    matter_high: float
    called: float
    scatter: float


def chance(differences: npt.ArrayLike, smallest: float) -> Chance:
    """Return what chance alone would do, from the scatter of the seeds; NaN for fewer than three.

    Parameters
    ----------
    differences : (n, N), paired; columns with a NaN are left out
    smallest : the least change that matters
    """
    values = np.asarray(differences, dtype=np.float64)
    values = values[:, np.isfinite(values).all(axis=0)]
    count = len(values)
    if count < 3 or values.shape[1] < 2:
        return Chance(math.nan, math.nan, math.nan, math.nan)
    mean, error = _mean_and_error(values)
    residuals = (values - mean) * math.sqrt(count / (count - 1))
    squares = (residuals**2).sum(axis=0)
    turned = signs(count) @ residuals / count
    left = np.maximum(squares / count - turned**2, 0.0) * count / (count - 1)  # variance of the turned values
    p = _p_values(turned, np.sqrt(left / count), count)
    matter = np.abs(turned) >= smallest
    spread = float(mean.var(ddof=1))
    return Chance(
        matter=float(matter.sum(axis=1).mean()),
        matter_high=float(np.quantile(matter.sum(axis=1), 0.95)),
        called=float((matter & discoveries(p)).sum(axis=1).mean()),
        scatter=max(0.0, 1.0 - float((error**2).mean()) / spread) if spread > 0 else math.nan,
    )


def signs(count: int) -> FloatArray:
    """Return signs of ``count`` seeds, (F, count): all patterns where there are at most `FLIPS`, else as many drawn."""
    if 2**count <= FLIPS:
        return np.array(list(itertools.product((1.0, -1.0), repeat=count)))
    return np.random.default_rng(FLIPS_SEED).choice((1.0, -1.0), size=(FLIPS, count))


def over_futures(differences: npt.ArrayLike, smallest: float) -> tuple[npt.NDArray[np.int64], list[Over]]:
    """Return (3, N) in how many futures each gains, is the same, loses, and what that amounts to by the rule above.

    Parameters
    ----------
    differences : (draws, N); NaN counts nowhere
    """
    values = np.asarray(differences, dtype=np.float64)
    gains, losses = (values >= smallest).sum(axis=0), (values <= -smallest).sum(axis=0)
    same = np.isfinite(values).sum(axis=0) - gains - losses
    beyond = SURE * np.sqrt(gains + losses)
    found: list[Over] = []
    for more, less, least, column in zip(gains, losses, beyond, values.T, strict=True):
        seen = column[np.isfinite(column)]
        middle = float(np.median(seen)) if len(seen) else 0.0
        if more - less > least and middle > 0:
            found.append("gains")
        elif less - more > least and middle < 0:
            found.append("loses")
        else:
            found.append("open")
    return np.array([gains, same, losses], dtype=np.int64), found


def fair_coin(counts: npt.NDArray[np.int64]) -> float:
    """Return how many of those asked a fair coin would put beyond the rule of the futures.

    Parameters
    ----------
    counts : (3, N) of `over_futures`
    """
    expected = 0.0
    for decided in (counts[0] + counts[2]).tolist():
        least = math.floor((decided + SURE * math.sqrt(decided)) / 2) + 1
        expected += 2.0 * float(stats.binom.sf(least - 1, decided, 0.5)) if decided else 0.0
    return expected
