"""Break-even points: where the difference in efficiency to the first architecture changes its sign, or is too small.

One parameter at a time over its declared range, everything else at default values, on the same seeds.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from donorlab import scenarios as catalogue
from donorlab.experiments import levers
from donorlab.experiments.runner import Job, Run
from donorlab.experiments.tables import sure
from donorlab.scenarios.parameters import Value
from donorlab.sim.scenario import Scenario

COORDINATION: Final = ("overhead", "decision_lag", "reporting_rate")
"""Levers of the architectures that use them; the first architecture stays as it is."""
EVERYWHERE: Final = ("observation_probability",)
"""What changes under every architecture."""
PARAMETERS: Final = (*COORDINATION, *EVERYWHERE)
POINTS: Final = 7
WHOLE_POINTS: Final = 9  # of a whole number: all of 0 to 8
SEEDS: Final = 8


@dataclass(frozen=True)
class Crossing:
    """Where a difference changes its sign.

    Attributes
    ----------
    at : the value, between two grid points by a straight line
    low, high : within them the mean difference is not told from 0 (`tables.sure`); infinite where that
        holds up to the end of the range, NaN with one seed
    rising : whether the difference is above 0 to the right
    """

    at: float
    low: float
    high: float
    rising: bool


def grid(name: str) -> list[Value]:
    """Return the values of a parameter that are tried, from end to end of its declared range."""
    row = next(row for row in catalogue.parameter_table() if row.name == name)
    assert row.range is not None
    low, high = float(row.range[0]), float(row.range[-1])
    if name in levers.WHOLE:
        return sorted({int(value) for value in np.rint(np.linspace(low, high, WHOLE_POINTS))})
    return [float(value) for value in np.linspace(low, high, POINTS)]


def jobs(scenarios: Mapping[str, Scenario], seeds: Sequence[int]) -> list[Job]:
    """Return the runs: per parameter, value and seed those architectures that change with it."""
    first, *others = scenarios
    found: list[Job] = []
    for name in PARAMETERS:
        points = grid(name)
        if name in EVERYWHERE:
            who = tuple(scenarios) if others else ()
        else:
            who = tuple(other for other in others if levers.uses(scenarios[other], name, points))
            if levers.uses(scenarios[first], name, points):
                who = tuple(scenarios) if others else ()
        if who:
            found += [
                Job(f"{name} {value:g}, replication {seed}", seed, who, {name: value})
                for value in points
                for seed in seeds[:SEEDS]
            ]
    return found


def curves(asked: Sequence[Job], runs: Sequence[Sequence[Run]], central: pd.DataFrame) -> pd.DataFrame:
    """Return paired differences in efficiency to the first architecture.

    Parameters
    ----------
    asked : the jobs; runs : of each
    central : replications at default values, for the first architecture where it does not change

    Returns
    -------
    DataFrame
        parameter, value, architecture, seed, difference
    """
    first = str(central["architecture"].iloc[0])
    alone = central[central["architecture"] == first].set_index("seed")["efficiency"].to_dict()
    rows: list[dict[str, Any]] = []
    for job, found in zip(asked, runs, strict=True):
        ((name, value),) = job.changes.items()
        here = {run.architecture: run.outcomes["efficiency"] for run in found}
        reference = here.pop(first, alone[job.seed])
        rows += [
            {"parameter": name, "value": value, "architecture": who, "seed": job.seed, "difference": mine - reference}
            for who, mine in here.items()
        ]
    return pd.DataFrame(rows, columns=["parameter", "value", "architecture", "seed", "difference"])


def crossings(values: Sequence[float], differences: np.ndarray) -> list[Crossing]:
    """Return where the mean of paired differences changes its sign.

    Parameters
    ----------
    values : (N,) rising
    differences : (N, S) a column a seed
    """
    x = np.asarray(values, dtype=np.float64)
    mean = differences.mean(axis=1)
    seeds = differences.shape[1]
    error = sure(seeds) * differences.std(axis=1, ddof=1) / math.sqrt(seeds) if seeds > 1 else math.inf
    places = _roots(x, mean)
    edges = sorted([*_roots(x, mean - error), *_roots(x, mean + error)])
    found = []
    for at in places:
        low = max((edge for edge in edges if edge <= at), default=-math.inf)
        high = min((edge for edge in edges if edge >= at), default=math.inf)
        after = mean[x > at]
        rising = bool(after[np.flatnonzero(after)[0]] > 0)
        found.append(Crossing(at, low, high, rising))
    return found


def _roots(x: np.ndarray, y: np.ndarray) -> list[float]:
    """Return where the line through the points passes from one side of 0 to the other."""
    used = np.flatnonzero(np.isfinite(y) & (y != 0))
    found = []
    for a, b in itertools.pairwise(used):
        if (y[a] > 0) != (y[b] > 0):
            if b > a + 1:  # exactly 0 in between
                found.append(float(x[a + 1 : b].mean()))
            else:
                found.append(float(x[a] + (x[b] - x[a]) * y[a] / (y[a] - y[b])))
    return found


def lines(curve: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each architecture and parameter.

    Returns
    -------
    DataFrame
        parameter, architecture, low, high (ends of the range), at_low, at_high, least, most (mean difference),
        values and means (of the curve), unclear (values where it is not told from 0, all with one seed) and
        crossings, a list of `Crossing` (none unless the difference is clearly above 0 somewhere and clearly below 0
        somewhere else)
    """
    rows: list[dict[str, Any]] = []
    for (name, who), part in curve.groupby(["parameter", "architecture"], sort=False):
        wide = part.pivot_table(index="value", columns="seed", values="difference", dropna=False).astype("float64")
        mean = wide.mean(axis=1, skipna=False)
        seeds = wide.shape[1]
        error = sure(seeds) * wide.std(axis=1, ddof=1, skipna=False) / math.sqrt(seeds)
        if seeds == 1:
            error[:] = math.inf
        both = bool((mean > error).any() and (mean < -error).any())
        undefined = bool(wide.isna().any(axis=None))
        rows.append(
            {
                "parameter": name, "architecture": who, "low": float(wide.index[0]), "high": float(wide.index[-1]),
                "at_low": float(mean.iloc[0]), "at_high": float(mean.iloc[-1]),
                "least": float(mean.min()), "most": float(mean.max()), "seeds": seeds,
                "values": [float(x) for x in wide.index], "means": mean.to_list(),
                "unclear": [float(x) for x, unsure in zip(wide.index, mean.abs() < error, strict=True) if unsure],
                "crossings": [] if undefined or not both else crossings(wide.index.to_list(), wide.to_numpy()),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def small(line: Mapping[Any, Any], smallest: float) -> list[tuple[float, float]]:
    """Return the stretches of the range, from and to, where the mean difference is less than what matters.

    Parameters
    ----------
    line : of `lines`; between two of its values a straight line
    smallest : the least difference in efficiency that matters
    """
    x, y = np.asarray(line["values"], dtype=np.float64), np.asarray(line["means"], dtype=np.float64)
    edges = sorted({float(x[0]), *_roots(x, y - smallest), *_roots(x, y + smallest), float(x[-1])})
    found: list[tuple[float, float]] = []
    for a, b in itertools.pairwise(edges):
        if abs(float(np.interp((a + b) / 2, x, y))) >= smallest:
            continue
        if found and found[-1][1] == a:
            found[-1] = (found[-1][0], b)
        else:
            found.append((a, b))
    return found


def reading(line: Mapping[Any, Any], smallest: float) -> str:
    """Return what a line says in words; ``smallest`` is the least difference in efficiency that matters."""
    found, touched = clear(line["crossings"])
    least, most = float(line["least"]), float(line["most"])
    if math.isnan(least):
        return "efficiency is not defined"
    if least == most == 0:
        return "no difference at all"
    if len(line["unclear"]) == len(line["values"]):
        text = f"not told from 0 anywhere: {100 * least:+.1f} to {100 * most:+.1f} points"
    elif not found:
        text = _one_sided(line, touched, smallest)
    else:
        words = ("worse", "better") if found[0].rising else ("better", "worse")
        parts = [f"{words[0]} below {_place(found[0], line)}"]
        parts += [f"{words[i % 2]} from there to {_place(place, line)}" for i, place in enumerate(found[1:], 1)]
        text = ", ".join([*parts, f"{words[len(found) % 2]} above"])
    return "; ".join([text, *_too_small(line, smallest)])


def _one_sided(line: Mapping[Any, Any], touched: Sequence[Crossing], smallest: float) -> str:
    """Return the words of a line without a clear change of sign."""
    least, most = float(line["least"]), float(line["most"])
    word = "better" if most + least > 0 else "worse"
    low, high = sorted((abs(least), abs(most)))
    if least < 0 < most:
        text = f"no clear change of sign: {word} where told from 0, {100 * least:+.1f} to {100 * most:+.1f} points"
    else:
        always = "always " if not line["unclear"] and low >= smallest else ""
        text = f"{always}{word}, by {100 * low:.1f} to {100 * high:.1f} points"
    if line["unclear"]:
        text += f"; not told from 0 at {_listed(line['unclear'])}"
    elif touched:
        text += f"; not told from 0 near {touched[0].at:.2g}"
    return text


def _too_small(line: Mapping[Any, Any], smallest: float) -> list[str]:
    """Return where the difference is less than what matters, in words; nothing where it never is."""
    points = f"{100 * smallest:g} points"
    start, end = float(line["low"]), float(line["high"])
    places = []
    for low, high in small(line, smallest):
        if (low, high) == (start, end):
            return [f"never by {points}"]
        if low == start:
            places.append(f"below {high:.2g}")
        elif high == end:
            places.append(f"above {low:.2g}")
        else:
            places.append(f"from {low:.2g} to {high:.2g}")
    return [f"less than {points} {' and '.join(places)}"] if places else []


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.2g}" for value in values)


def clear(found: Sequence[Crossing]) -> tuple[list[Crossing], list[Crossing]]:
    """Return the changes of sign that noise does not undo, and those that the next one takes back within it."""
    clear: list[Crossing] = []
    touched: list[Crossing] = []
    for place in found:
        if clear and clear[-1].high >= place.at:
            touched.append(clear.pop())
        else:
            clear.append(place)
    return clear, touched


def _place(place: Crossing, line: Mapping[Any, Any]) -> str:
    low, high = max(place.low, float(line["low"])), min(place.high, float(line["high"]))
    return f"{place.at:.2g} ({low:.2g} to {high:.2g})"
