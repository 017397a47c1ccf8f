"""What a check is asked and what it answers.

A *requirement* is a row of ``tolerances.yaml``. A check is a function of a requirement and of the effort that may be
spent; it returns a *finding*. Nothing here knows which checks there are (see ``checks``).
"""

from __future__ import annotations

import hashlib
import importlib.resources
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import yaml
from scipy import stats

LEVELS: Final = ("V", "C", "P")
_FILE: Final = "tolerances.yaml"


@dataclass(frozen=True)
class Requirement:
    """One row of ``tolerances.yaml``.

    Attributes
    ----------
    id : ``T1`` ... ``P9``; level : ``V``, ``C`` or ``P``; where : ``core``, ``literature`` or ``world``
    title, source, prediction, passes : words
    read : how the source is known: ``text``, ``abstract``, ``review`` or ``derived``
    numbers : tolerances and sizes; a size has a second one, ``NAME_quick``, where less will do
    waits_for : the mechanism that does not exist yet; empty if the row can be checked
    """

    id: str
    level: str
    where: str
    title: str
    source: str
    prediction: str
    passes: str
    read: str
    numbers: Mapping[str, Any] = field(default_factory=dict)
    waits_for: str = ""

    @property
    def key(self) -> str:
        """Name of the row: ``P1/world``."""
        return f"{self.id}/{self.where}"

    def size(self, name: str, quick: bool) -> int:
        """Return a size, the smaller one where ``quick``."""
        return int(self.numbers[f"{name}_quick" if quick and f"{name}_quick" in self.numbers else name])


@dataclass(frozen=True)
class Line:
    """One expectation beside what was found.

    Attributes
    ----------
    what : what is compared; expected, found : as printed
    agrees : None where nothing is demanded (told for information)
    """

    what: str
    expected: str
    found: str
    agrees: bool | None


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes
    ----------
    passed : whether the requirement holds
    found : the main number, NaN if there is none; low, high : its 95% interval, NaN if it has none
    unit : how ``found`` is to be read, for example ``share`` or ``worst ratio``
    sentence : what was found, in one sentence
    basis : seeds, games or worlds it rests on, for example ``seeds 1-20``
    lines : further expectations
    """

    passed: bool
    found: float
    unit: str
    sentence: str
    basis: str
    low: float = math.nan
    high: float = math.nan
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Tolerances:
    """The frozen file.

    Attributes
    ----------
    rows : in the order of the file; frozen : date; digest : SHA-256 of the file, hexadecimal
    """

    rows: tuple[Requirement, ...]
    frozen: str
    digest: str


@cache
def tolerances() -> Tolerances:
    """Return the frozen requirements."""
    file = importlib.resources.files("donorlab.experiments.validation").joinpath(_FILE)
    raw = file.read_bytes()
    data = yaml.safe_load(raw)
    rows = tuple(Requirement(**row) for row in data["rows"])
    return Tolerances(rows, str(data["frozen"]), hashlib.sha256(raw).hexdigest())


def requirement(row: str, where: str) -> Requirement:
    """Return one requirement, for example ``requirement("P1", "world")``."""
    return next(item for item in tolerances().rows if (item.id, item.where) == (row, where))


def interval(values: Sequence[float] | npt.NDArray[np.float64], level: float = 0.95) -> tuple[float, float, float]:
    """Return (mean, low, high): the t interval of a mean of independent values.

    Source: Student 1908. One value, or values without any spread, give an interval of no width.
    """
    array = np.asarray(values, dtype=float)
    mean = float(array.mean())
    if len(array) < 2:
        return mean, mean, mean
    error = float(array.std(ddof=1)) / math.sqrt(len(array))
    half = float(stats.t.ppf(0.5 + level / 2, len(array) - 1)) * error
    return mean, mean - half, mean + half
