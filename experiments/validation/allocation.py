"""Patterns of who gives where in the default world: do donors follow others, and does a voluntary pledge change anything.

Each check says in its docstring how it reads its row of ``tolerances.yaml``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from donorlab import scenarios
from donorlab.experiments.literature.rules import Interval, above_zero, finding, information, seeds_of, told
from donorlab.experiments.parts import joined
from donorlab.experiments.runner import Job, Run, run_jobs
from donorlab.experiments.validation.frame import Finding, Line, Requirement, interval
from donorlab.sim.scenario import FloatArray, Scenario

APART: Final = "fragmented"
PLEDGE: Final = "pledge"
STRONG: Final = 0.9  # strength of a pledge, told beside C5
NOTHING: Final = 1e-9  # EUR m: rounding of sums


def aid_by_year(projects: pd.DataFrame, scenario: Scenario) -> FloatArray:
    """Return EUR m contracted by donor, beneficiary and pillar in each year with income, shape (D, J, K, Y)."""
    p = scenario.parameters
    years = -(-p.horizon // 4)
    shape = (scenario.donors.count, scenario.beneficiaries.count, len(scenario.pillars), years)
    table = np.zeros(shape)
    kept = projects[projects["quarter"] <= p.horizon]
    place = tuple(
        pd.Index(names).get_indexer(pd.Index(kept[column]))
        for column, names in (
            ("donor", scenario.donors.ids),
            ("beneficiary", scenario.beneficiaries.ids),
            ("pillar", scenario.pillars),
        )
    )
    year = (kept["quarter"].to_numpy(dtype=np.int64) - 1) // 4
    np.add.at(table, (*place, year), kept["cost_m"].to_numpy(dtype=float))
    return table


# ---------------------------------------------------------------------- C2
def within(group: npt.NDArray[np.int64], columns: FloatArray) -> FloatArray:
    """Return ``columns`` (N, C) less the mean of each one's ``group`` (N,)."""
    number = np.bincount(group)
    means = np.stack([np.bincount(group, column) / np.maximum(1, number) for column in columns.T], axis=1)
    return np.asarray(columns - means[group])


def slope_with_effects(y: FloatArray, x: FloatArray, pair: npt.NDArray[np.int64], year: npt.NDArray[np.int64]) -> float:
    """Return the least-squares slope of ``y`` on ``x`` with an effect of each pair and of each year; all (N,).

    NaN where it is not identified: nothing is left of ``x`` once the effects are taken out. Source: within estimator, by
    Frisch and Waugh 1933.
    """
    if len(y) == 0:
        return math.nan
    dummies = (year[:, None] == np.unique(year)[None, 1:]).astype(float)
    table = within(pair, np.column_stack([y, x, dummies]))
    rest = table[:, :2] - table[:, 2:] @ np.linalg.lstsq(table[:, 2:], table[:, :2], rcond=None)[0]
    varied = float(rest[:, 1] @ rest[:, 1])
    return float(rest[:, 0] @ rest[:, 1]) / varied if varied > NOTHING else math.nan


def following(aid: FloatArray) -> tuple[float, float]:
    """Return how a donor's aid to a state follows what the others gave it the year before.

    Parameters
    ----------
    aid : (D, J, Y) EUR m

    Returns
    -------
    elasticity
        slope of ln(own aid of the year) on ln(others' aid of the year before), over donors, states and years in which
        both are above 0
    entry
        slope of whether there is any own aid (0 or 1) on the same, over all in which others' aid is above 0
    """
    own, others = aid[:, :, 1:], (aid.sum(axis=0) - aid)[:, :, :-1]
    donors, states, years = own.shape
    pair = np.broadcast_to(np.arange(donors * states).reshape(donors, states, 1), own.shape)
    year = np.broadcast_to(np.arange(years), own.shape)
    seen = others > NOTHING
    both = seen & (own > NOTHING)
    elasticity = slope_with_effects(np.log(own[both]), np.log(others[both]), pair[both], year[both])
    entry = slope_with_effects((own[seen] > NOTHING).astype(float), np.log(others[seen]), pair[seen], year[seen])
    return elasticity, entry


def c2(need: Requirement, quick: bool, scenario: Scenario | None = None, workers: int | None = 1) -> Finding:
    """Check that donors follow others where incidents draw attention, and that some states are favourites and some orphans.

    How the row is read: aid is what a donor contracts with a state in a year with income, EUR m. *Elasticity*: `following`,
    one number a run, with salience as given and no herding, everything else at its default; its 95% interval over the seeds
    must lie above 0. Years without own aid have no logarithm and are left out; whether a donor gives at all is told beside
    it. *Darlings and orphans*: outcomes ``darlings`` and ``orphans`` of the same runs; the mean over the seeds of each must
    be at least ``tails``. The same with herding as given, and without attention to incidents, is told and nothing is
    demanded of it.
    """
    seeds = seeds_of(need, quick)
    world = scenario or scenarios.load("world")
    salience, herding = float(need.numbers["salience"]), float(need.numbers["herding"])
    settings: dict[str, dict[str, Any]] = {
        "asked": {"salience": salience, "herding": 0.0},
        "herding": {"salience": salience, "herding": herding},
        "calm": {"salience": 0.0, "herding": 0.0},
    }
    found: dict[str, list[tuple[float, float]]] = {}
    tails: dict[str, Interval] = {}
    for name, changes in settings.items():
        jobs = [Job(f"seed {seed}, {changes}", seed, (APART,), changes, tables=True) for seed in seeds]
        runs = [run for (run,) in run_jobs({APART: world.replace(architecture=APART)}, jobs, workers)]
        found[name] = [following(_aid(run, world).sum(axis=2)) for run in runs]
        if name == "asked":
            tails = {kind: interval([run.outcomes[kind] for run in runs]) for kind in ("darlings", "orphans")}
    slopes = {name: interval([elasticity for elasticity, _ in values]) for name, values in found.items()}
    entries = {name: interval([entry for _, entry in values]) for name, values in found.items()}
    least = float(need.numbers["tails"])
    follows = above_zero(f"elasticity, salience {salience:g}, no herding", slopes["asked"])
    lines = [follows]
    lines += [
        Line(kind, f"mean at least {least:g}", told(values, ".1f"), bool(values[0] >= least))
        for kind, values in tails.items()
    ]
    lines += [
        information(f"elasticity, salience {salience:g}, herding {herding:g}", told(slopes["herding"])),
        information("elasticity, neither", told(slopes["calm"])),
        information(f"whether a donor gives at all, salience {salience:g}, no herding", told(entries["asked"], ".4f")),
        information(f"the same, herding {herding:g}", told(entries["herding"], ".4f")),
        information("the same, neither", told(entries["calm"], ".4f")),
    ]
    mean, _, high = slopes["asked"]
    verb = "follows" if follows.agrees else "does not clearly follow" if high >= 0 else "moves against"
    return finding(
        lines,
        slopes["asked"],
        unit="elasticity",
        sentence=f"a donor's aid {verb} the others' of the year before ({mean:.2f}; {slopes['herding'][0]:.2f} with herding); "
        f"{tails['darlings'][0]:.0f} darlings and {tails['orphans'][0]:.0f} orphans",
        seeds=seeds,
    )


# ---------------------------------------------------------------------- C5
def specialisation(aid: FloatArray) -> FloatArray:
    """Return Theil's index of each donor over states, shape (D,), 0 (even) to ln J; NaN where a donor gives nothing.

    ``sum_j share_j * ln(J * share_j)`` of ``aid`` (D, J), states that get nothing counted in J. Source: specialisation of
    donors by Theil's index (Acharya et al. 2006; Nunnenkamp et al. 2013).
    """
    given = aid.sum(axis=1, keepdims=True)
    share = np.divide(aid, given, out=np.zeros_like(aid), where=given > NOTHING)
    logs = np.log(share * aid.shape[1], out=np.zeros_like(share), where=share > 0)
    return np.where(given[:, 0] > NOTHING, (share * logs).sum(axis=1), math.nan)


def overlap(aid: FloatArray) -> FloatArray:
    """Return each donor's overlap with all others taken together, shape (D,), 0 to 1; NaN where either gives nothing.

    ``1 - sum_c |share_c - others' share_c| / 2`` of ``aid`` (D, C) over cells. Source: index of Krugman's type (Aldasoro
    et al. 2010). It is not duplication: donors that all follow need overlap wholly.
    """
    others = aid.sum(axis=0) - aid
    own_sum, others_sum = aid.sum(axis=1, keepdims=True), others.sum(axis=1, keepdims=True)
    both = (own_sum > NOTHING) & (others_sum > NOTHING)
    share = np.divide(aid, own_sum, out=np.zeros_like(aid), where=both)
    theirs = np.divide(others, others_sum, out=np.zeros_like(aid), where=both)
    return np.where(both[:, 0], 1.0 - np.abs(share - theirs).sum(axis=1) / 2.0, math.nan)


def changes_by_pledge(before: FloatArray, after: FloatArray, who: npt.NDArray[np.bool_]) -> FloatArray:
    """Return specialisation and overlap before and after, means over donors: ((T, T), (O, O)), shape (2, 2).

    Parameters
    ----------
    before, after : (D, J, K) EUR m; who : (D,) donors that count, of these those that give in both
    """
    found = np.array(
        [
            [index(aid) for aid in pair]
            for index, pair in (
                (specialisation, (before.sum(axis=2), after.sum(axis=2))),
                (overlap, (before.reshape(len(before), -1), after.reshape(len(after), -1))),
            )
        ]
    )
    kept = who & np.isfinite(found).all(axis=(0, 1))
    return np.asarray(found[:, :, kept].mean(axis=2)) if kept.any() else np.full((2, 2), math.nan)


def c5(need: Requirement, quick: bool, scenario: Scenario | None = None, workers: int | None = 1) -> Finding:
    """Check that a voluntary pledge changes little.

    How the row is read: aid is what a donor contracts in the years with income, the same seeds under ``fragmented`` and
    ``pledge``, everything at its default. *Theil's index*: `specialisation` over states; *overlap*: `overlap` over states
    and pillars, with all other donors; each as the unweighted mean over the donors that pledge (all but rivals). A seed's
    change is the mean under ``pledge`` over that under ``fragmented``, less 1. The mean change of Theil's index over the
    seeds must lie within ``theil`` of 0, that of overlap at or above ``overlap``. Means decide, for the row asks for no
    interval; the 95% intervals are told.

    The row passes nearly by construction: a pledge asks a donor to stay with the half of the states that it ranks first
    already (`pledge_focus`), and takes ``pledge_strength`` = .1 off the value elsewhere, an assumption that rests on the same
    source. What the same is at a strength of `STRONG`, where hardly any value is left elsewhere, is told beside it. So the row
    says that a promise to do what one does anyway changes little, and not that promises are broken.
    """
    seeds = seeds_of(need, quick)
    world = scenario or scenarios.load("world")
    jobs = [Job(f"seed {seed}", seed, (APART, PLEDGE), tables=True) for seed in seeds]
    jobs += [Job(f"seed {seed}, strong", seed, (PLEDGE,), {"pledge_strength": STRONG}, tables=True) for seed in seeds]
    both = {name: world.replace(architecture=name) for name in (APART, PLEDGE)}
    aid = [[_aid(run, world).sum(axis=3) for run in runs] for runs in run_jobs(both, jobs, workers)]
    pairs, strong = aid[: len(seeds)], [after for (after,) in aid[len(seeds) :]]
    pledging = ~world.donors.rival
    found = np.array([changes_by_pledge(before, after, pledging) for before, after in pairs])  # (seeds, index, run)
    all_donors = np.array([changes_by_pledge(before, after, np.ones_like(pledging)) for before, after in pairs])
    firm = np.array(
        [changes_by_pledge(before, after, pledging) for (before, _), after in zip(pairs, strong, strict=True)]
    )
    theil, lap = (interval(_relative(found[:, i])) for i in range(2))
    firm_theil, firm_lap = (interval(_relative(firm[:, i])) for i in range(2))
    limit, least = float(need.numbers["theil"]), float(need.numbers["overlap"])
    flat, kept = bool(abs(theil[0]) < limit), bool(lap[0] >= least)
    lines = (
        Line("change of Theil's index", f"mean within {limit:.0%} of 0", told(theil, ".1%"), flat),
        Line("change of overlap", f"mean at least {least:.0%}", told(lap, ".1%"), kept),
        information("Theil's index apart", _level(found[:, 0, 0])),
        information("Theil's index with the pledge", _level(found[:, 0, 1])),
        information("overlap apart", _level(found[:, 1, 0])),
        information("overlap with the pledge", _level(found[:, 1, 1])),
        information("change of Theil's index, rivals included", told(interval(_relative(all_donors[:, 0])), ".1%")),
        information("change of overlap, rivals included", told(interval(_relative(all_donors[:, 1])), ".1%")),
        information(f"change of Theil's index, strength {STRONG:g}", told(firm_theil, ".1%")),
        information(f"change of overlap, strength {STRONG:g}", told(firm_lap, ".1%")),
    )
    return finding(
        lines,
        theil,
        unit="relative change of Theil's index",
        sentence=f"with the pledge specialisation changes by {theil[0]:+.1%}, overlap by {lap[0]:+.1%} "
        f"(strength {STRONG:g}: {firm_theil[0]:+.1%} and {firm_lap[0]:+.1%}); nearly by construction, since donors pledge to "
        "stay where they go anyway",
        seeds=seeds,
    )


def _relative(pairs: FloatArray) -> FloatArray:
    """Return (seeds,) relative changes of pairs (seeds, 2), NaN where there was nothing."""
    ratio = np.divide(pairs[:, 1], pairs[:, 0], out=np.full(len(pairs), math.nan), where=pairs[:, 0] != 0)
    return np.asarray(ratio - 1.0)


def _level(values: Sequence[float] | FloatArray) -> str:
    return told(interval(values))


def _aid(run: Run, scenario: Scenario) -> FloatArray:
    return aid_by_year(joined([run.tables["projects"]]).to_pandas(), scenario)
