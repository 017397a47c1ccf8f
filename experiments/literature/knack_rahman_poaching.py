"""Knack and Rahman 2007: poaching of administrators is linear in altruism + (1 - altruism) * concentration.

Declared before it was run (with the numbers in the scenario's file): the same twelve projects are held by donors as in HOLDINGS.
*Poaching* is the administration lost in a quarter (`steps.poached`). *Concentration* (HHI) of a quarter is counted from the table
of projects, not taken from the engine: the sum over donors of the squared share of the projects that had started and had not
ended before it; what failed at its start, before any work, took part in nothing. Quarters in which no project runs are left out.
The slope of a seed is that of the least-squares line of poaching on HHI over all holdings and quarters together.
It agrees if in every seed the slope lies within the share `within` of -(1 - a) c, and, where that is 0 (a = 1), within that
share of c; linear means that no quarter lies further than that share of c from the line. The law is written into the engine
(4.4), so that what can fail here is the engine's accounting of who holds what while projects start, fail and end.
Told beside it, without any demand: the same slope on the HHI of what was contracted, which donors know beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from donorlab.experiments.literature import (
    Advance,
    Line,
    Reproduction,
    Watch,
    idle,
    interval,
    scenario,
    section,
    silent,
)
from donorlab.experiments.literature.rules import information, seeds_of, told
from donorlab.experiments.validation.frame import Requirement, requirement
from donorlab.sim import simulate
from donorlab.sim.result import Result
from donorlab.sim.scenario import FloatArray, Scenario

NAME: Final = "knack-rahman-poaching"
HOLDINGS: Final = ((12,), (11, 1), (9, 3), (6, 6), (8, 2, 2), (4, 4, 4), (3,) * 4, (2,) * 6, (1,) * 12)
SIZE: Final = 8  # tasks a project, EUR m each


@dataclass(frozen=True)
class Fit:
    """Poaching over all holdings in one replication.

    Attributes
    ----------
    slope : task-quarters of poaching per unit of HHI; off : largest distance from the line, task-quarters
    contracted : the slope on the HHI of what was contracted
    ends : poaching a quarter with one donor, and with twelve, over the quarters in which something runs
    """

    slope: float
    off: float
    contracted: float
    ends: tuple[float, float]


def held(base: Mapping[str, Any], holding: Sequence[int]) -> dict[str, Any]:
    """Return donors with money for so many projects each in the only quarter with income."""
    amounts = [4.0 * SIZE * projects for projects in holding]
    return {
        f"DONOR{d:02d}": {**base, "budget": dict.fromkeys(("low", "central", "high"), amount)}
        for d, amount in enumerate(amounts)
    }


def concentration(found: Result) -> FloatArray:
    """Return the HHI of the projects that run in each quarter, from the table of projects; NaN where none does."""
    rows = found.projects
    last = found.scenario.parameters.quarters
    took_part = ~((rows.status == "failed") & (rows.delivered == 0)) & (rows.start > 0)
    result = np.full(last, np.nan)
    for at in range(1, last + 1):
        live = rows[took_part & (rows.start <= at) & ((rows.end == 0) | (rows.end >= at))]
        shares = live.donor.value_counts(normalize=True).to_numpy()
        result[at - 1] = float((shares**2).sum()) if len(shares) else np.nan
    return result


def line_of(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Return slope of the least-squares line and the largest distance from it."""
    slope, level = np.polyfit(x, y, 1)
    return float(slope), float(np.abs(y - slope * x - level).max())


def worlds(altruism: float) -> list[Scenario]:
    """Return one scenario a holding."""
    donor = next(iter(section(NAME, "donors").values()))
    words = [f"poaching_altruism={altruism}"]
    return [scenario(NAME, {"donors": held(donor, holding)}, words) for holding in HOLDINGS]


def fits(altruism: float, replications: Sequence[int], advance: Advance = idle) -> list[Fit]:
    """Return what is found for one altruism, a seed a value."""
    found, runs = [], worlds(altruism)
    for seed in replications:
        x, y, contracted = [], [], []
        for one, holding in zip(runs, HOLDINGS, strict=True):
            run = simulate(one, seed)
            live = concentration(run)
            busy = np.isfinite(live)
            x.append(live[busy])
            y.append(run.steps.poached.to_numpy(dtype=float)[busy])
            contracted.append(np.full(int(busy.sum()), float((np.square(holding)).sum() / sum(holding) ** 2)))
        poached = np.concatenate(y)
        slope, off = line_of(np.concatenate(x), poached)
        planned, _ = line_of(np.concatenate(contracted), poached)
        found.append(Fit(slope, off, planned, (float(y[0].mean()), float(y[-1].mean()))))
        advance()
    return found


def cost() -> float:
    """Return c: administration lost to a donor that counts nobody's loss, task-quarters a quarter."""
    p = scenario(NAME).parameters
    return p.poaching * p.administration_intercept * p.administration_factor


def by_altruism(need: Requirement, replications: Sequence[int], advance: Advance = idle) -> dict[float, list[Fit]]:
    """Return the fits of each altruism that the frozen row names."""
    return {float(a): fits(float(a), replications, advance) for a in need.numbers["altruism"]}


def judge(need: Requirement, found: Mapping[float, Sequence[Fit]]) -> tuple[Line, ...]:
    """Return what the frozen row demands, beside what was found."""
    within, c = float(need.numbers["within"]), cost()
    lines = []
    for altruism, rows in found.items():
        expected = -(1.0 - altruism) * c
        limit = within * abs(expected) if expected else within * c
        slopes, off = np.array([one.slope for one in rows]), max(one.off for one in rows)
        lines.append(
            Line(
                f"slope of poaching on concentration at altruism {altruism:g}, task-quarters a quarter",
                f"{expected:z.1f}, within {limit:.2f} in every seed",
                f"{slopes.min():z.4f} to {slopes.max():z.4f}",
                bool((np.abs(slopes - expected) <= limit).all()),
            )
        )
        lines.append(
            Line(
                f"largest distance of a quarter from the line at altruism {altruism:g}, task-quarters",
                f"under {within * c:.2f} in every seed",
                f"{off:.4f}",
                bool(off <= within * c),
            )
        )
    return tuple(lines)


def beside(found: Mapping[float, Sequence[Fit]]) -> list[Line]:
    """Return what is told and not demanded."""
    lines = []
    for altruism, rows in found.items():
        planned = told(interval([one.contracted for one in rows]), ".2f")
        lines.append(
            information(f"slope on the concentration of what was contracted at altruism {altruism:g}", planned)
        )
    least = found[min(found)]
    one, many = (interval([row.ends[i] for row in least]) for i in (0, 1))
    what = f"poaching with one donor and with {len(HOLDINGS[-1])}, altruism {min(found):g}, task-quarters a quarter"
    return [*lines, information(what, f"{told(one, '.2f')} and {told(many, '.2f')}")]


def words(found: Mapping[float, Sequence[Fit]]) -> str:
    """Return what was found in one sentence."""
    slopes = {a: interval([one.slope for one in rows])[0] for a, rows in found.items()}
    told_slopes = ", ".join(f"{slope:z.2f} at {a:g}" for a, slope in slopes.items())
    return (
        f"poaching falls with concentration by {told_slopes} of altruism, in a straight line; the law is written into the engine, "
        "so that what is checked is who holds which project when"
    )


def reproduce(quick: bool = False, watch: Watch = silent) -> Reproduction:
    """Let donors hold the same projects in different shares."""
    need = requirement("P5", "literature")
    chosen = seeds_of(need, quick)
    with watch(NAME, len(chosen) * len(need.numbers["altruism"])) as advance:
        found = by_altruism(need, chosen, advance)
    return Reproduction(
        name=NAME,
        title="Donors that hire away the recipient's administrators",
        source="S. Knack and A. Rahman 2007 (abstract); the linear form is derived",
        lines=(*judge(need, found), *beside(found)),
        not_reproduced=(
            (
                "how many a donor hires",
                "donors do not hire by themselves: the engine has the sum of their first-order conditions",
            ),
            ("bureaucratic quality falls over the years", "what is poached is lost while projects run, and comes back"),
        ),
        seeds=chosen,
    )
