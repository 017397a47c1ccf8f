"""What must hold exactly of runs: T5 (no friction, no loss), T6 (the bound), T7 (coverage), T9 (the waterfall)."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from donorlab import scenarios as catalogue
from donorlab import sim
from donorlab.experiments.validation import coverage_curve
from donorlab.experiments.validation.frame import Finding, Line, Requirement
from donorlab.experiments.validation.frictions import ALONE, one_cell
from donorlab.scenarios.byhand import plain_parameters, scenario
from donorlab.sim.architectures import architecture_names
from donorlab.sim.optimum import purchase
from donorlab.sim.scenario import Scenario
from donorlab.sim.value import bit_counts

_ALONE_LEAST: Final = 1e-9
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
    unequal, wasted, losses = 0, 0.0, []
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
        if money > 0:
            shares = result.waterfall.shares
            bars = ("misallocation_pillars", "misallocation_states", "duplication_ignorance", "duplication_race")
            wasted = max(wasted, *(abs(shares[bar]) for bar in bars))
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
    worst = max(losses, default=0.0)
    return Finding(
        passed=unequal == 0 and wasted <= rounding and worst <= 1,
        found=worst,
        unit="largest loss / allowed loss",
        sentence=f"task counts differ from the optimum's in {unequal} of {worlds} worlds of one price; misallocation and "
        f"duplication are at most {wasted:.1e} of the budget; otherwise the loss is at most {worst:.2f} of what is allowed",
        basis=f"{2 * worlds} drawn worlds",
    )


# ---------------------------------------------------------------------- T6
def t6(need: Requirement, quick: bool) -> Finding:
    """Check the certificate of the bound in every quarter and efficiency under every architecture."""
    rounding, seeds = float(need.numbers["rounding"]), range(1, need.size("seeds", quick) + 1)
    gap, best, runs = 0.0, -math.inf, 0
    for name in ("toy", "synthetic", "world"):
        loaded = [catalogue.load(name, [f"architecture={architecture}"]) for architecture in architecture_names()]
        for changes in ({}, {"failure": 0.35, "lapse": 0.03, "joint_programming": "on", "pooled_fund": "on"}):
            for seed in seeds:
                base = sim.baseline(loaded[0].replace(**changes), seed)
                gap = max(gap, float(np.abs(base.gap).max()))
                for scenario_of in loaded:
                    result = sim.simulate(scenario_of.replace(**changes), seed, baseline=base)
                    best = max(best, float(result.outcomes["efficiency"]), float(result.outcomes["path_efficiency"]))
                    runs += 1
    toy = catalogue.load("toy").replace(**_HARMFUL)
    harm = [float(sim.simulate(toy, seed).outcomes["efficiency"]) for seed in seeds]
    return Finding(
        passed=gap <= rounding and best <= 1 + rounding and max(harm) < 0,
        found=best,
        unit="highest efficiency",
        sentence=f"relative gap of primal and dual at most {gap:.1e}; efficiency at most {best:.3f} in {runs} runs under "
        f"every architecture; {min(harm):.2f} to {max(harm):.2f} where aid does harm",
        basis=f"seeds 1-{len(seeds)} of toy, synthetic, world",
    )


# ---------------------------------------------------------------------- T7
def t7(need: Requirement, quick: bool) -> Finding:
    """Compare coverage with the curve, for all q, efforts and both kinds of ignorance."""
    lists = need.size("runs", quick)
    runs = lists // _RUNS_A_WORLD
    errors, bias = float(need.numbers["errors"]), float(need.numbers["bias"])
    lines, worst = [], 0.0
    for ignorance, curve in (("project", coverage_curve.by_equation), ("task", coverage_curve.by_task)):
        for q in coverage_curve.SIGHT:
            found = coverage_curve.coverage(_RUNS_A_WORLD, 2 * coverage_curve.LENGTH, q, ignorance, runs)
            for s in coverage_curve.MOMENTS:
                f = curve(q, s)
                allowed = coverage_curve.tolerance(f, lists, errors, bias)
                mean = float(found[int(s * coverage_curve.LENGTH)].mean())
                worst = max(worst, abs(mean - f) / allowed)
                what = f"covered, ignorance by {ignorance}, q = {q:g}, s = {s:g}"
                lines.append(Line(what, f"{f:.3f} ± {allowed:.3f}", f"{mean:.3f}", abs(mean - f) <= allowed))
    return Finding(
        passed=all(line.agrees for line in lines),
        found=worst,
        unit="largest deviation / tolerance",
        sentence=f"{sum(bool(line.agrees) for line in lines)} of {len(lines)} points lie within the tolerance; the farthest "
        f"uses {100 * worst:.0f}% of it",
        basis=f"{lists} lists of {coverage_curve.LENGTH} tasks a point",
        lines=tuple(lines),
    )


# ---------------------------------------------------------------------- T9
def t9(need: Requirement, quick: bool) -> Finding:
    """Add up the bars of runs of every architecture; look at one friction at a time."""
    rounding, seeds = float(need.numbers["rounding"]), range(1, need.size("seeds", quick) + 1)
    off, runs = 0.0, 0
    for name in ("toy", "world"):
        for architecture in architecture_names():
            for seed in seeds:
                shares = sim.simulate(catalogue.load(name, [f"architecture={architecture}"]), seed).waterfall.shares
                off = max(off, abs(sum(shares.values()) - 1), -min(shares.values()))
                runs += 1
    lines = []
    for bar, world in ALONE.items():
        shares = sim.simulate(world(), 3).waterfall.shares
        others = max(abs(share) for name, share in shares.items() if name not in (bar, "effective"))
        agrees = shares[bar] > _ALONE_LEAST and others <= rounding
        lines.append(Line(f"only friction: {bar}", "that bar alone", f"{shares[bar]:.3f}, others {others:.0e}", agrees))
    perfect = sim.simulate(one_cell(), 3).waterfall.shares["effective"]
    lines.append(Line("no friction", "all effective", f"{perfect:.9f}", abs(perfect - 1) <= rounding))
    return Finding(
        passed=off <= rounding and all(line.agrees for line in lines),
        found=off,
        unit="largest difference from 1",
        sentence=f"bars sum to the appropriations within {off:.0e} in {runs} runs under every architecture; in "
        f"{sum(bool(line.agrees) for line in lines)} of {len(lines)} worlds of one friction or none the bars are as stated",
        basis=f"seeds 1-{len(seeds)} of toy and world",
        lines=tuple(lines),
    )
