"""What must hold exactly of runs: T5 (no friction, no loss), T6 (the bound), T7 (coverage), T9 (the waterfall)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from donorlab import scenarios as catalogue
from donorlab import sim
from donorlab.experiments.validation import coverage_curve
from donorlab.experiments.validation.frame import Finding, Line, Requirement
from donorlab.experiments.validation.frictions import ALONE, one_cell
from donorlab.experiments.words import label
from donorlab.scenarios.byhand import plain_parameters, scenario
from donorlab.sim.architectures import architecture_names
from donorlab.sim.optimum import purchase
from donorlab.sim.outcomes.waterfall import BARS
from donorlab.sim.scenario import Scenario
from donorlab.sim.value import bit_counts

_RUNS_A_WORLD: Final = 10  # cells of one world that are independent lists
_HARMFUL: Final = {
    "own_effort": 0.8,
    "crowding_out": 0.5,
    "oversight_per_project": 0.5,
    "presence_oversight": 1.0,
    "room_floor": 0.02,
    "lapse": 0.03,
}


# ---------------------------------------------------------------------- T5
def without_friction(number: int, one_price: bool) -> Scenario:
    """Return a drawn world whose donors follow need alone, see every plan, plan in turn and pay the task price only.

    Parameters
    ----------
    number : of the draw (PCG64)
    one_price : all tasks cost the same, budgets are whole multiples of it
    """
    rng = np.random.default_rng([number, one_price])
    donors, states, pillars = int(rng.integers(1, 6)), int(rng.integers(1, 6)), int(rng.integers(1, 4))
    price = float(rng.choice([1.0, 0.25, 0.3]))
    budget = 4 * price * rng.integers(0, 5, donors) if one_price else price * rng.uniform(0.1, 16, donors)
    return scenario(
        score=rng.choice([0.0, 0.25, 0.5, 1.0], (states, pillars)).tolist(),
        users=rng.uniform(0.05, 20, states).tolist(),
        mandate=[[1 / pillars] * pillars] * donors,
        skill=[[0.5, 0.5]] * donors,
        mix=[[0.5, 0.5]] * pillars,
        pillar_weights=[1.0, 1.37, 2.21][:pillars],
        budget=budget.tolist(),
        donor_ids=[f"D{d}" for d in range(donors)],
        state_ids=[f"S{j}" for j in range(states)],
        parameters=plain_parameters(
            money=float(budget.sum()),
            user_weight_exponent=0.5,
            value_concavity=float(rng.choice([1.5, 2.0, 3.0])),
            tasks_per_pillar=8,
            task_cost=price,
            task_cost_users_exponent=0.0 if one_price else float(rng.choice([0.15, 0.5, 1.0])),
            project_tasks_maximum=int(rng.choice([1, 3])),
            planning_slots=0,
            administration_intercept=1e6,
            pace=100.0,
            horizon=int(rng.integers(1, 7)),
        ),
    )


def t5(need: Requirement, quick: bool) -> Finding:
    """Compare what donors without motive or friction buy with what the optimum buys."""
    worlds, rounding = need.size("worlds", quick), float(need.numbers["rounding"])
    unequal, wasted = 0, []
    for number in range(worlds):
        world = without_friction(number, one_price=True)
        result = sim.simulate(world, number)
        land = result.baseline.land
        weight = np.outer(land.state_weight, land.pillar_weight)
        money = float(result.outcomes["appropriated_m"])
        standing = result.model.state.standing
        bought = bit_counts(standing.ravel()).reshape(standing.shape)
        best = purchase(land.initial_count, weight, land.value, land.task_price, money + rounding)
        unequal += not np.array_equal(bought, best)
        wasted.append(_wasted(result))
    losses = []
    for number in range(worlds):
        world = without_friction(number, one_price=False)
        result = sim.simulate(world, number)
        land = result.baseline.land
        gain = np.append(np.diff(land.value), 0.0)
        ratio = np.outer(land.state_weight, land.pillar_weight) * gain[land.initial_count] / land.task_price[:, None]
        spenders = int((result.model.giving.budget > 0).sum())
        loss = float(result.outcomes["welfare_bound"] - result.outcomes["welfare"])
        limit = spenders * float(land.task_price.max()) * float(ratio.max())
        if limit > 0:
            losses.append((loss - rounding * float(result.outcomes["welfare_bound"])) / limit)
        wasted.append(_wasted(result))
    worst, waste = _largest(losses), _largest(wasted)
    lines = (
        Line(
            f"one price, {worlds} worlds: task counts other than the optimum's", "0 worlds", f"{unequal}", unequal == 0
        ),
        Line(
            f"other prices, {len(losses)} worlds: largest loss",
            "at most a task a donor",
            f"{worst:.2f} of it",
            worst <= 1,
        ),
        Line(
            "misallocation and duplication", f"at most {rounding:.0e} of the budget", f"{waste:.0e}", waste <= rounding
        ),
    )
    return Finding(
        passed=all(line.agrees for line in lines),
        found=worst,
        unit="largest loss / allowed loss",
        sentence=f"task counts differ from the optimum's in {unequal} of {worlds} worlds of one price; otherwise the loss is at "
        f"most {worst:.2f} of what is allowed; misallocation and duplication are at most {waste:.0e} of the budget",
        basis=f"{2 * worlds} drawn worlds",
        lines=lines,
    )


def _wasted(result: sim.Result) -> float:
    """Return the largest of the bars that must be 0 without motive and friction; 0 where nothing was appropriated."""
    if result.outcomes["appropriated_m"] <= 0:
        return 0.0
    shares = result.waterfall.shares
    bars = ("misallocation_pillars", "misallocation_states", "duplication_ignorance", "duplication_race")
    return _largest([abs(shares[bar]) for bar in bars])


def _largest(values: Sequence[float]) -> float:
    """Return the largest value; NaN if any is NaN or there is none, which no comparison lets pass."""
    return float(np.max(values)) if len(values) else math.nan


# ---------------------------------------------------------------------- T6
def t6(need: Requirement, quick: bool) -> Finding:
    """Check the certificate of the bound in every quarter and efficiency under every architecture."""
    rounding, seeds = float(need.numbers["rounding"]), range(1, need.size("seeds", quick) + 1)
    gaps: list[float] = []
    lines: list[Line] = []
    best: list[float] = []
    for name in ("toy", "synthetic", "world"):
        for architecture in architecture_names():
            loaded = catalogue.load(name, [f"architecture={architecture}"])
            found = []
            for changes in ({}, {"failure": 0.35, "lapse": 0.03, "joint_programming": "on", "pooled_fund": "on"}):
                for seed in seeds:
                    base = sim.baseline(loaded.replace(**changes), seed)
                    gaps.append(_largest(np.abs(base.gap).tolist()))
                    outcomes = sim.simulate(loaded.replace(**changes), seed, baseline=base).outcomes
                    found += [float(outcomes["efficiency"]), float(outcomes["path_efficiency"])]
            top = _largest(found)
            lines.append(
                Line(
                    f"{name}, {label(architecture)}: highest efficiency", "at most 1", f"{top:.3f}", top <= 1 + rounding
                )
            )
            best += found
    frictionless = [sim.simulate(without_friction(number, one_price=True), number).outcomes for number in range(25)]
    reached = [
        float(outcomes["efficiency"])
        for outcomes in frictionless
        if outcomes["welfare_bound"] > outcomes["welfare_no_aid"]
    ]
    top = _largest(reached)
    reaches = abs(top - 1) <= rounding
    lines.append(
        Line(f"{len(reached)} worlds without friction: highest efficiency", "1, and no more", f"{top:.12f}", reaches)
    )
    toy = catalogue.load("toy").replace(**_HARMFUL)
    harm = [float(sim.simulate(toy, seed).outcomes["efficiency"]) for seed in seeds]
    lines.append(
        Line("toy with harmful aid: efficiency", "below 0", f"{min(harm):.2f} to {max(harm):.2f}", _largest(harm) < 0)
    )
    gap, most = _largest(gaps), _largest([*best, top])
    lines.append(
        Line("relative gap of primal and dual, every quarter", f"at most {rounding:.0e}", f"{gap:.0e}", gap <= rounding)
    )
    return Finding(
        passed=all(line.agrees for line in lines),
        found=most,
        unit="highest efficiency",
        sentence=f"relative gap of primal and dual at most {gap:.0e}; efficiency at most {_largest(best):.3f} in "
        f"{len(best) // 2} runs under every architecture, {top:.9f} without friction, {min(harm):.2f} to {max(harm):.2f} "
        "where aid does harm",
        basis=f"seeds 1-{len(seeds)} of toy, synthetic, world; {len(reached)} drawn worlds",
        lines=tuple(lines),
    )


# ---------------------------------------------------------------------- T7
def t7(need: Requirement, quick: bool) -> Finding:
    """Compare coverage with the curve, for all q, efforts and both kinds of ignorance."""
    lists = need.size("runs", quick)
    runs = lists // _RUNS_A_WORLD
    errors, bias = float(need.numbers["errors"]), float(need.numbers["bias"])
    lines: list[Line] = []
    used: list[float] = []
    other = 0  # points at which the curve of the other kind of ignorance would be refused
    curves = {"project": coverage_curve.by_equation, "task": coverage_curve.by_task}
    for ignorance, curve in curves.items():
        wrong = curves["task" if ignorance == "project" else "project"]
        for q in coverage_curve.SIGHT:
            found = coverage_curve.coverage(_RUNS_A_WORLD, 2 * coverage_curve.LENGTH, q, ignorance, runs)
            for s in coverage_curve.MOMENTS:
                f, lists_at = curve(q, s), found[int(s * coverage_curve.LENGTH)]
                error = float(lists_at.std(ddof=1)) / math.sqrt(len(lists_at))
                allowed = errors * error + bias / coverage_curve.LENGTH
                mean = float(lists_at.mean())
                used.append(abs(mean - f) / allowed)
                other += abs(mean - wrong(q, s)) > allowed
                what = f"covered, ignorance by {ignorance}, q = {q:g}, s = {s:g}"
                lines.append(Line(what, f"{f:.3f} ± {allowed:.3f}", f"{mean:.3f}", abs(mean - f) <= allowed))
    worst = _largest(used)
    differ = 2 * sum(0 < q < 1 for q in coverage_curve.SIGHT) * len(coverage_curve.MOMENTS)
    lines.append(
        Line(
            "points that refuse the curve of the other kind",
            "no expectation: for information",
            f"{other} of {differ}",
            None,
        )
    )
    agree = sum(line.agrees is True for line in lines)
    return Finding(
        passed=all(line.agrees is not False for line in lines),
        found=worst,
        unit="largest deviation / tolerance",
        sentence=f"{agree} of {len(used)} points lie within the tolerance; the farthest uses {100 * worst:.0f}% of it; {other} of "
        f"{differ} points would refuse the curve of the other kind of ignorance",
        basis=f"{lists} lists of {coverage_curve.LENGTH} tasks a point",
        lines=tuple(lines),
    )


# ---------------------------------------------------------------------- T9
def t9(need: Requirement, quick: bool) -> Finding:
    """Add up the bars of runs of every architecture; look at one friction at a time."""
    rounding, seeds = float(need.numbers["rounding"]), range(1, need.size("seeds", quick) + 1)
    off: list[float] = []
    for name in ("toy", "world"):
        for architecture in architecture_names():
            loaded = catalogue.load(name, [f"architecture={architecture}"])
            for seed in seeds:
                shares = [*sim.simulate(loaded, seed).waterfall.shares.values()]
                off.append(_largest([abs(float(np.sum(shares)) - 1), -float(np.min(shares))]))
    lines = []
    names = dict(BARS)
    for bar, world in ALONE.items():
        alone = sim.simulate(world(), 3).waterfall.shares
        others = _largest([abs(share) for name, share in alone.items() if name not in (bar, "effective")])
        agrees = alone[bar] > rounding and others <= rounding
        found = f"{alone[bar]:.3f}, all others {'0' if others == 0 else f'{others:.0e}'}"
        lines.append(Line(f"only friction: {names[bar]}", "that bar alone", found, agrees))
    perfect = sim.simulate(one_cell(), 3).waterfall.shares["effective"]
    lines.append(Line("no friction", "all effective", f"{perfect:.9f}", abs(perfect - 1) <= rounding))
    worst = _largest(off)
    return Finding(
        passed=worst <= rounding and all(line.agrees for line in lines),
        found=worst,
        unit="largest difference from 1, or below 0",
        sentence=f"bars sum to the appropriations within {worst:.0e} in {len(off)} runs under every architecture; in "
        f"{sum(bool(line.agrees) for line in lines)} of {len(lines)} worlds of one friction or none the bars are as stated",
        basis=f"seeds 1-{len(seeds)} of toy and world",
        lines=tuple(lines),
    )
