"""Accession to the Budapest Convention, read off a run, and how it compares with the real dates.

The rule, its one number and what is demanded of it stand in ``validation/accession.yaml``, frozen before the first run. Nothing
here enters a run: a `Watch` only looks.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.resources
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import yaml

from donorlab.scenarios.alignment import BEGIN, Law
from donorlab.sim.scenario import FloatArray
from donorlab.sim.value import bit_counts

if TYPE_CHECKING:
    from donorlab.sim import CoordinationModel
    from donorlab.sim.scenario import Scenario

BoolArray = npt.NDArray[np.bool_]
FIRST_JOINED: Final = 2004
"""The year in which the convention entered into force."""
HALF: Final = 0.5
FROZEN_END: Final = 2024
"""Last year of the run for which the demands were frozen; their words name it."""
_TIE: Final = 1e-9  # what is no difference but rounding


@dataclass(frozen=True)
class Frozen:
    """The frozen file.

    Attributes
    ----------
    law : kind of law that must be in line
    wait : quarters that a ready state takes on average; low, high : its range
    expectations : what is demanded, by id: words and number
    digest : SHA-256 of the file
    """

    law: str
    wait: float
    low: float
    high: float
    expectations: Mapping[str, tuple[str, float]]
    digest: str


@functools.cache
def frozen() -> Frozen:
    """Return what the file says."""
    raw = importlib.resources.files("donorlab.experiments.validation").joinpath("accession.yaml").read_bytes()
    data = yaml.safe_load(raw)
    wait = data["rule"]["wait"]
    return Frozen(
        law=data["rule"]["law"],
        wait=float(wait["default"]),
        low=float(wait["range"][0]),
        high=float(wait["range"][1]),
        expectations={row["id"]: (row["passes"], float(row["number"])) for row in data["expectations"]},
        digest=hashlib.sha256(raw).hexdigest(),
    )


@dataclass(eq=False)
class Watch:
    """Note at the start of each quarter which states are ready: an intervention that changes nothing.

    Attributes
    ----------
    known : law and votes of January 2013
    ready : a row a quarter seen so far, (J,) each
    """

    known: Law
    ready: list[BoolArray] = field(default_factory=list)

    def __call__(self, model: CoordinationModel) -> None:
        """Look at the model as it is now."""
        legal = model.inputs.pillars.index("legal")
        tasks = bit_counts(model.state.standing[:, legal])
        self.ready.append(ready(tasks, model.state.norm_position, self.known, model.original))


def ready(tasks: npt.NDArray[np.int64], position: FloatArray, known: Law, scenario: Scenario) -> BoolArray:
    """Return which states (J,) have law in line and vote no farther from the West than any party of January 2013.

    Parameters
    ----------
    tasks : (J,) legal tasks that stand
    position : (J,) norm positions
    known : thresholds and the farthest party
    scenario : its parameters say how many tasks a threshold is
    """
    enough = tasks >= known.tasks(frozen().law, scenario.parameters)
    return np.asarray(enough & (position >= known.farthest), dtype=np.bool_)


def probability(ready: npt.NDArray[np.bool_], wait: float) -> FloatArray:
    """Return the probability (Q, J) to have acceded by the end of each quarter: 1 - (1 - 1/wait)^(quarters ready so far)."""
    return np.asarray(1.0 - (1.0 - 1.0 / wait) ** np.cumsum(ready, axis=0), dtype=np.float64)


def candidates(known: Law, states: Sequence[str]) -> BoolArray:
    """Return which states (J,) were no parties in January 2013."""
    return ~(joined(known, states) < BEGIN)


def joined(known: Law, states: Sequence[str]) -> FloatArray:
    """Return the real year (J,) in which the convention entered into force for a state, NaN where it has not."""
    return np.asarray(known.joined[[known.ids.index(iso3) for iso3 in states]], dtype=np.float64)


def year_of_half(chance: FloatArray) -> FloatArray:
    """Return the year (J,) in which the probability reaches one half, NaN where it does not.

    Parameters
    ----------
    chance : (Q, J), rising, from the first quarter of 2013
    """
    reached = chance >= HALF
    year = BEGIN + reached.argmax(axis=0) // 4
    return np.where(reached.any(axis=0), year, np.nan)


# ---------------------------------------------------------------------- how well it fits
def area_under_curve(score: FloatArray, happened: BoolArray) -> float:
    """Return the chance that a state where it happened has the higher score than one where it did not; ties count half."""
    yes, no = score[happened], score[~happened]
    if not len(yes) or not len(no):
        return float("nan")
    return float(((yes[:, None] > no).mean() + (yes[:, None] >= no).mean()) / 2)


def brier(chance: npt.ArrayLike, happened: BoolArray) -> float:
    """Return the mean squared error of probabilities (Brier 1950): 0 is perfect, .25 a fair coin."""
    return float(((np.asarray(chance, dtype=np.float64) - happened) ** 2).mean())


def rank_correlation(one: FloatArray, other: FloatArray) -> float:
    """Return Spearman's rank correlation; NaN where one of them is constant."""
    if len(one) < 3 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(pd.Series(one).rank().corr(pd.Series(other).rank()))


def rate_before(known: Law) -> float:
    """Return the share of states that joined in a year from `FIRST_JOINED` to 2012, of those that had not yet."""
    years = np.arange(FIRST_JOINED, BEGIN)
    early = known.joined < BEGIN
    at_risk = sum(int((~(known.joined < year)).sum()) for year in years)
    return float(early.sum() / at_risk)


@dataclass(frozen=True, eq=False)
class Facts:
    """What the forecast is held against, of the candidates (C,) alone.

    Attributes
    ----------
    ids : ISO3 codes
    year : real year, NaN where it had not acceded by the end
    law, votes : legal score and position of January 2013
    hazard : rate a year of 2004-2012
    years : length of the window
    """

    ids: tuple[str, ...]
    year: FloatArray
    law: FloatArray
    votes: FloatArray
    hazard: float
    years: int

    @property
    def last(self) -> int:
        """Last year of the window."""
        return BEGIN + self.years - 1

    @property
    def happened(self) -> BoolArray:
        """(C,) whether it acceded in the window."""
        return np.asarray(np.isfinite(self.year), dtype=np.bool_)


def facts(known: Law, states: Sequence[str], quarters: int) -> Facts:
    """Return the facts on the candidates among ``states`` in the first ``quarters`` quarters from January 2013."""
    years = quarters // 4
    inside = candidates(known, states)
    chosen = [iso3 for iso3, one in zip(states, inside, strict=True) if one]
    rows = [known.ids.index(iso3) for iso3 in chosen]
    year = known.joined[rows]
    return Facts(
        ids=tuple(chosen),
        year=np.where(year < BEGIN + years, year, np.nan),
        law=known.legal(BEGIN)[rows],
        votes=known.norm_position[rows],
        hazard=rate_before(known),
        years=years,
    )


def nulls(known: Facts) -> dict[str, float]:
    """Return the Brier scores of four forecasts that need no model."""
    happened = known.happened
    return {
        "nobody accedes": brier(np.zeros(len(happened)), happened),
        "the real share, the same for all (hindsight)": brier(np.full(len(happened), happened.mean()), happened),
        "the rate of 2004-2012, the same for all": brier(
            np.full(len(happened), 1 - (1 - known.hazard) ** known.years), happened
        ),
        "as many as really did, those with most law at the start": brier(_top(known.law, happened), happened),
    }


def added_up(known: Facts) -> float:
    """Return the area of legal score and votes of January 2013, each in standard deviations, added: told, nothing is demanded."""

    def standard(values: FloatArray) -> FloatArray:
        spread = float(values.std())
        return (values - values.mean()) / spread if spread > 0 else np.zeros(len(values))

    return area_under_curve(standard(known.law) + standard(known.votes), known.happened)


def _top(score: FloatArray, happened: BoolArray) -> FloatArray:
    """Return 1 for as many of the highest scores as it happened to, in hindsight; ties to the first."""
    chosen = np.zeros(len(score))
    chosen[np.argsort(-score, kind="stable")[: int(happened.sum())]] = 1.0
    return chosen


def checks(chance: FloatArray, half: FloatArray, known: Facts, rule: Frozen) -> pd.DataFrame:
    """Return the frozen lines with what was found.

    Parameters
    ----------
    chance : (C,) probability to have acceded by the end
    half : (C,) year in which it reaches one half, NaN where it does not
    known : facts; rule : the frozen file

    Returns
    -------
    pandas.DataFrame
        ``id``, ``demanded`` in words, with the year in which this window ends, ``found``, ``against`` (what it is compared with),
        ``holds``, ``limit`` (whether what was found is just what is demanded, so that the next seed may turn it).
    """
    happened = known.happened
    area = area_under_curve(chance, happened)
    score, null = brier(chance, happened), nulls(known)
    both = happened & np.isfinite(half)
    error = float(np.median(np.abs(half[both] - known.year[both]))) if both.any() else float("nan")
    order = rank_correlation(chance[happened], -known.year[happened])
    number = {name: value for name, (_, value) in rule.expectations.items()}
    law, votes = area_under_curve(known.law, happened), area_under_curve(known.votes, happened)
    base, constant = (null[name] for name in list(null)[1:3])
    count, real = float(chance.sum()), float(happened.sum())
    # found, against, by how much it is better than the limit, and whether the limit itself is enough
    found: dict[str, tuple[float, float, float, bool]] = {
        "ranks": (area, number["ranks"], area - number["ranks"], True),
        "beats law at the start": (area, law, area - law, False),
        "beats votes": (area, votes, area - votes, False),
        "how many": (count, real, number["how many"] - abs(count - real), True),
        "beats the base rate": (score, base, base - score, False),
        "beats a constant hazard": (score, constant, constant - score, False),
        "when": (error, number["when"], number["when"] - error, True),
        "order": (order, number["order"], order - number["order"], False),
    }
    rows: list[dict[str, Any]] = []
    for name, (words, _) in rule.expectations.items():
        value, against, better, enough = found[name]
        rows.append(
            {
                "id": name,
                "demanded": words.replace(str(FROZEN_END), str(known.last)),
                "found": value,
                "against": against,
                "holds": better >= 0 if enough else better > 0,
                "limit": abs(better) < _TIE,
            }
        )
    return pd.DataFrame(rows)


def table(
    chance: FloatArray, half: FloatArray, known: Facts, names: Mapping[str, str], treaty: pd.DataFrame
) -> pd.DataFrame:
    """Return a row a candidate: real year, forecast, and whether that is a hit or a miss.

    Parameters
    ----------
    chance, half, known : as of `checks`
    names : of states by ISO3 code
    treaty : ``budapest.csv``: ``iso3``, ``status`` (about January 2025) and ``evidence``
    """
    happened, expected = known.happened, chance >= HALF
    words = {
        (True, True): "hit",
        (False, False): "hit: stayed out",
        (True, False): "missed",
        (False, True): "false alarm",
    }
    found = treaty.set_index("iso3").reindex(list(known.ids))
    return pd.DataFrame(
        {
            "iso3": known.ids,
            "name": [names[iso3] for iso3 in known.ids],
            "real_year": known.year,
            "status_2025": found["status"].fillna("").to_numpy(),
            "evidence": np.where(happened, found["evidence"].fillna(""), ""),
            "probability": chance,
            "year_of_half": half,
            "years_off": half - known.year,
            "verdict": [words[bool(a), bool(b)] for a, b in zip(happened, expected, strict=True)],
            "law_2013": known.law,
            "votes": known.votes,
        }
    )
