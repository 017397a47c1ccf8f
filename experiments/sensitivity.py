"""``donorlab sensitivity``: which assumptions drive an answer, and how much of it is luck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from donorlab.experiments import figures_of_sensitivity, report_of_sensitivity, tables
from donorlab.experiments.arguments import InputError, did_you_mean
from donorlab.experiments.setting import within
from donorlab.experiments.studies import asking, indices, screening
from donorlab.experiments.studies.asking import FROM, Asked
from donorlab.experiments.studies.factors import SIZES, Factors, uncertainties
from donorlab.experiments.studies.indices import Indices
from donorlab.experiments.studies.measures import Measure, in_blocks, measures
from donorlab.experiments.studies.study import Study, made
from donorlab.experiments.sweeps.told import counted
from donorlab.sim.outcomes.catalogue import CATALOGUE
from donorlab.sim.scenario import FloatArray

METHODS: Final = ("both", "morris", "sobol")
RESTS: Final = ("together", "fixed")
ALL: Final = "all"
_KEEP_MOST: Final = 1_000


@dataclass(frozen=True)
class Screening:
    """What a screening found.

    Attributes
    ----------
    study : its runs
    tables : of `screening.screened`, by result
    score : of `screening.ranked`
    told : what must be said of runs that failed or that have no such result
    """

    study: Study
    tables: dict[Measure, pd.DataFrame]
    score: pd.Series[float]
    told: list[str]


@dataclass(frozen=True)
class Apportioned:
    """What indices say.

    Attributes
    ----------
    study : their runs
    found : indices by result; None where a result does not vary
    convergence : of `indices.convergence`, by result
    kept : assumptions with indices of their own; rest : how many others vary with them, or are fixed
    left : share of the squared mu* that those have, by result; empty without a screening, or where they vary
    told : as for `Screening`
    """

    study: Study
    found: dict[Measure, Indices | None]
    convergence: dict[Measure, pd.DataFrame]
    kept: tuple[str, ...]
    rest: int
    fixed: bool
    left: dict[Measure, float]
    told: list[str]


def run(words: Sequence[str]) -> None:
    """Carry out ``donorlab sensitivity WORDS``."""
    asked = _read(words)
    keys = asked.keys
    factors = uncertainties(asked.arguments, asked.loaded)
    _check_factors(asked, factors)
    looked = measures(keys["outcomes"], tuple(asked.loaded))
    found = _screening(asked, factors, looked) if keys["method"] != "sobol" else None
    shares = _indices(asked, factors, looked, found) if keys["method"] != "morris" else None
    studies = [one.study for one in (found, shares) if one is not None]
    more = {
        "factors": list(factors.names),
        "kept": list(shares.kept) if shares else [],
        "screening": {"levels": screening.LEVELS, "seed": screening.SEED},
    }
    with asked.results(studies, more) as (folder, stamp):
        if found is not None:
            folder.csv("screening", _long(found.tables))
            folder.csv("ranking", found.score.rename_axis("factor").rename("score").reset_index())
            for drawn in figures_of_sensitivity.of_screening(found.tables, keys["smallest_difference"], stamp):
                folder.figure(drawn.name, drawn.figure, drawn.data, drawn.stamp.metadata(drawn.title))
        if shares is not None:
            folder.csv("indices", _long({one: each.table for one, each in shares.found.items() if each}))
            folder.csv("convergence", _long(shares.convergence))
            for drawn in figures_of_sensitivity.of_indices(shares.found, shares.convergence, stamp):
                folder.figure(drawn.name, drawn.figure, drawn.data, drawn.stamp.metadata(drawn.title))
        folder.sentences(report_of_sensitivity.sentences(found, shares, keys["smallest_difference"]))
    screen = tables.console()
    report_of_sensitivity.show(screen, asked.arguments.overrides, found, shares, keys["smallest_difference"])
    screen.print(f"\nResults, figures and their data: {folder.path}", soft_wrap=True, highlight=False)


def _long(each: dict[Measure, pd.DataFrame]) -> pd.DataFrame:
    """Return tables of several results as one."""
    frames = [
        frame.assign(outcome=one.outcome, result=one.name)[["outcome", "result", *frame.columns]]
        for one, frame in each.items()
        if len(frame)
    ]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=["outcome", "result", "factor"])


# ---------------------------------------------------------------------- asked
def _read(words: Sequence[str]) -> Asked:
    needed()
    if any(word.startswith(f"{FROM}=") for word in words):
        raise InputError(
            "from: a screening and indices need points in an order of their own, which another sweep has not; leave it out: "
            "runs of earlier calls of this command are found by themselves"
        )
    asked = asking.read("sensitivity", words)
    keys, chosen = asked.keys, asked.arguments.chosen
    for key, known in (("method", METHODS), ("rest", RESTS)):
        if keys[key] not in known:
            raise InputError(f"{key}: '{keys[key]}' is not one of {', '.join(known)}{did_you_mean(keys[key], known)}")
    idle = {"morris": {"base_points", "keep", "factors", "rest"}, "sobol": {"trajectories", "keep"}, "both": set()}
    for key in sorted(idle[keys["method"]] & chosen):
        raise InputError(f"{key}: does nothing with method={keys['method']}; leave one of the two out")
    if keys["factors"] and "keep" in chosen:
        raise InputError("keep: does nothing with factors=, which names the assumptions; leave one of the two out")
    for name in keys["outcomes"]:
        if name not in CATALOGUE:
            raise InputError(
                f"outcomes: there is none called '{name}'{did_you_mean(name, CATALOGUE)}; "
                "`donorlab compare` writes all of them to summary.csv"
            )
        if keys["outcomes"].count(name) > 1:
            raise InputError(f"outcomes: '{name}' is given twice")
    within(keys, "trajectories", 1, screening.MOST)
    within(keys, "keep", 1, _KEEP_MOST)
    if keys["method"] != "sobol" and keys["trajectories"] < screening.LEAST:
        raise InputError(
            f"trajectories: {keys['trajectories']} are too few for a screening; it needs {screening.LEAST}: "
            f"trajectories={screening.LEAST}"
        )
    if keys["method"] != "morris":
        indices.checked_base(keys["base_points"])
    return asked


def needed() -> None:
    """Refuse to go on without SALib."""
    try:
        import SALib  # noqa: F401
    except ImportError:
        raise InputError(
            "sensitivity: SALib is not installed; install the extra (pip install 'donorlab[analysis]')"
        ) from None


def _check_factors(asked: Asked, factors: Factors) -> None:
    """Refuse names that are no uncertainty here, and a scenario in which nothing varies."""
    names = [row.name for row in factors.rows]
    if not names:
        raise InputError("sensitivity: no uncertainty is left to vary; set fewer parameters")
    named: list[str] = asked.keys["factors"]
    if asked.keys["method"] == "sobol" and not named:
        raise InputError(
            "factors: method=sobol has no screening to choose them; write factors=[NAME,NAME], factors=all or method=both"
        )
    if named == [ALL]:
        return
    for name in named:
        if name not in names:
            hint = did_you_mean(name, names) or "; `donorlab parameters` has the ranges"
            raise InputError(f"factors: '{name}' is no uncertainty that can act here and that you did not set{hint}")
        if named.count(name) > 1:
            raise InputError(f"factors: '{name}' is given twice")


# ---------------------------------------------------------------------- runs
def _points(asked: Asked, factors: Factors, unit: FloatArray) -> pd.DataFrame:
    """Return the table of points; with the smallest project always, so that a longer table has the same columns."""
    first = next(iter(asked.loaded.values()))
    points = factors.points(unit, first)
    if SIZES[0] in points and SIZES[1] not in points:
        at = list(points.columns).index(SIZES[0]) + 1
        points.insert(at, SIZES[1], np.int64(first.parameters.project_tasks_minimum))
    return points


def _screening(asked: Asked, factors: Factors, looked: Sequence[Measure]) -> Screening:
    unit = screening.design(factors.problem, asked.keys["trajectories"])
    points = _points(asked, factors, screening.with_own_seeds(unit, factors.names))
    study = made(asked.arguments, points, 1)
    size, found, told = len(factors.names) + 1, {}, _failures(study)
    for one in looked:
        study.check(one.outcome)
        values, whole = in_blocks(one.of(study, len(unit)), size)
        told += _dropped(one, int((~whole).sum()), len(whole), "trajectory", "trajectories")
        if len(values) < screening.LEAST:
            raise InputError(
                f"trajectories: {len(values)} of {len(whole)} are whole for {one.words}; a screening needs {screening.LEAST}"
                + ("; retry_failed=true runs failed runs again" if len(study.failed) else "; choose another outcome")
            )
        kept = unit.reshape(len(whole), size, -1)[whole].reshape(-1, unit.shape[1])
        smallest = one.smallest(asked.keys["smallest_difference"])
        found[one] = screening.screened(kept, values, factors.names, smallest)
    return Screening(study, found, screening.ranked(list(found.values())), told)


def _indices(asked: Asked, factors: Factors, looked: Sequence[Measure], screened: Screening | None) -> Apportioned:
    keys = asked.keys
    names = [row.name for row in factors.rows]
    if keys["factors"]:
        kept = tuple(names if keys["factors"] == [ALL] else keys["factors"])
    else:
        assert screened is not None
        kept = tuple(screened.score.index[: keys["keep"]])
    fixed = keys["rest"] == "fixed"
    rest = len(names) - len(kept)
    if fixed:
        factors = factors.only(kept)
    problem = factors.problem if fixed or not rest else indices.grouped(factors.problem, kept)
    unit, base = indices.design(problem, keys["base_points"]), keys["base_points"]
    study = made(asked.arguments, _points(asked, factors, unit), 1)
    columns = indices.columns(problem)
    found, shown, told = {}, {}, _failures(study)
    for one in looked:
        study.check(one.outcome)
        values, whole = in_blocks(one.of(study, len(unit)), len(columns) + 2)
        told += _dropped(one, int((~whole).sum()), base, "base point", "base points")
        if len(values) < indices.LEAST:
            raise InputError(
                f"base_points: {len(values)} of {base} are whole for {one.words}; indices need {indices.LEAST}"
                + ("; retry_failed=true runs failed runs again" if len(study.failed) else "; choose another outcome")
            )
        found[one] = indices.indexed(values, columns)
        shown[one] = indices.convergence(values, columns)
    left = (
        {one: screening.left_out(table, kept) for one, table in screened.tables.items()} if screened and fixed else {}
    )
    return Apportioned(study, found, shown, kept, rest, fixed, left, told)


def _failures(study: Study) -> list[str]:
    """Return what must be said of runs that failed: a design loses whole blocks with them, not points."""
    if study.failed.empty:
        return []
    first = study.failed.iloc[0]
    return [
        f"{counted(len(study.failed), 'run')} failed; the first: point {first['point']} under {first['architecture']}: "
        f"{first['error']}. retry_failed=true runs them again."
    ]


def _dropped(one: Measure, gone: int, count: int, single: str, several: str) -> list[str]:
    if not gone:
        return []
    return [
        f"{one.words}: {gone} of {count} {single if count == 1 else several} {'is' if gone == 1 else 'are'} left out in whole, "
        "because a run failed or has no such outcome; if that is no accident, what is left is a chosen part of the futures."
    ]
