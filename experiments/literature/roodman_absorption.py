"""Roodman 2006 (working paper 75): the marginal effect of aid kinks, and larger projects push the kink out.

Declared before it was run (with the numbers in the scenario's file): welfare is taken after the wind-down for each MONEY;
the *first* slope is the least-squares slope over the first THREE points, the *later* one over the last three; a local slope
is that between neighbouring points; the *kink* is the upper end of the first interval whose local slope is under half of the first
slope, and one step beyond the last point where there is none. *Larger* projects have twice as many tasks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from donorlab.experiments.literature import Line, Reproduction, interval, scenario, seeds
from donorlab.sim import simulate
from donorlab.sim.scenario import FloatArray

NAME: Final = "roodman-absorption"
MONEY: Final = tuple(range(8, 97, 8))  # EUR m a year
SIZES: Final = (2, 4)  # tasks a project: as in the file, and larger
EDGE: Final = 3  # points of the first and of the later slope
HALF: Final = 0.5


@dataclass(frozen=True)
class Curve:
    """The effect of aid in one replication.

    Attributes
    ----------
    welfare : (M,) at each MONEY; first, later : slopes, welfare per EUR m a year; kink : EUR m a year
    """

    welfare: FloatArray
    first: float
    later: float
    kink: float


def curve(welfare: Sequence[float], half: float = HALF) -> Curve:
    """Return the slopes and the kink of welfare at each MONEY, by the rules above."""
    money, values = np.array(MONEY, dtype=float), np.asarray(welfare, dtype=float)
    first = float(np.polyfit(money[:EDGE], values[:EDGE], 1)[0])
    later = float(np.polyfit(money[-EDGE:], values[-EDGE:], 1)[0])
    low = np.flatnonzero(np.diff(values) / np.diff(money) < half * first)
    kink = float(money[low[0] + 1]) if len(low) else float(2 * money[-1] - money[-2])
    return Curve(values, first, later, kink)


def curves(size: int, replications: Sequence[int], half: float = HALF, refuse: bool = False) -> list[Curve]:
    """Return one curve a seed, for projects of ``size`` tasks.

    ``refuse`` lets the recipient take no new project while its queue is longer than a quarter.
    """
    words = [f"project_tasks_minimum={size}", f"project_tasks_maximum={size}"]
    if refuse:
        words.append("queue_limit=1")
    base = scenario(NAME, overrides=words)
    runs = [base.replace(money=float(money)) for money in MONEY]
    return [curve([simulate(one, seed).outcomes["welfare"] for one in runs], half) for seed in replications]


def later_share(found: Sequence[Curve]) -> tuple[float, float, float]:
    """Return mean and 95% interval of the later slope over the first, a seed a value."""
    return interval([one.later / one.first for one in found])


def kink_moved(small: Sequence[Curve], large: Sequence[Curve]) -> tuple[float, float, float]:
    """Return mean and 95% interval of the kink with larger projects less that with smaller ones, EUR m a year."""
    return interval([b.kink - a.kink for a, b in zip(small, large, strict=True)])


def reproduce(quick: bool = False) -> Reproduction:
    """Run the sweep of money with both sizes of project."""
    chosen = seeds(6 if quick else 20)
    small, large = (curves(size, chosen) for size in SIZES)
    refusing = curves(SIZES[0], chosen, refuse=True)
    share, moved = later_share(small), kink_moved(small, large)
    least, fall = (interval([float(np.diff(one.welfare).min()) for one in found]) for found in (small, refusing))
    kinks = [interval([one.kink for one in found])[0] for found in (small, large, refusing)]
    withdrawn = later_share(refusing)
    lines = (
        Line(
            "later slope over the first slope of welfare on money",
            "under .5 (95% interval)",
            f"{share[0]:.2f} ({share[1]:.2f} to {share[2]:.2f})",
            share[2] < HALF,
        ),
        Line(
            f"kink with projects of {SIZES[1]} tasks less that with {SIZES[0]}",
            "above 0 (95% interval), EUR m a year",
            f"{moved[0]:.1f} ({moved[1]:.1f} to {moved[2]:.1f})",
            moved[1] > 0,
        ),
        Line(
            "the largest fall of welfare from one point to the next",
            "below 0: more aid can reduce development",
            f"{least[0]:.2f} ({least[1]:.2f} to {least[2]:.2f})",
            least[2] < 0,
        ),
        Line(
            f"kink, EUR m a year, projects of {SIZES[0]} and {SIZES[1]} tasks",
            "room is full at 40 and 53",
            f"{kinks[0]:.1f} and {kinks[1]:.1f}",
            None,
        ),
        Line(
            f"welfare at EUR {MONEY[-1]}m a year over the highest of the curve",
            "told",
            f"{interval([one.welfare[-1] / one.welfare.max() for one in small])[0]:.2f}",
            None,
        ),
        Line(
            "the largest fall where the recipient refuses what it cannot absorb, and the later over the first slope",
            "the drop comes from not withdrawing",
            f"{fall[0]:.2f} ({fall[1]:.2f} to {fall[2]:.2f}); {withdrawn[0]:.2f}, kink {kinks[2]:.1f}",
            None,
        ),
    )
    return Reproduction(
        name=NAME,
        title="Aid beyond what a recipient can absorb",
        source="D. Roodman 2006, Center for Global Development, working paper 75 (abstract)",
        lines=lines,
        not_reproduced=(
            (
                "beyond the threshold aid brings less, and in some circumstances harm",
                "in the engine it always ends in gridlock: projects that cannot finish keep taking oversight until no room "
                "is left, so that nearly all of the effect is lost, and refusing new projects no longer helps",
            ),
            ("throughput as a motive of the recipient", "the recipient does not optimise: it refuses nothing, or all"),
            (
                "Cobb-Douglas production of projects",
                "a project's tasks take room one for one; the form is the engine's",
            ),
            ("simulated aid increases on the real distribution of projects", "that distribution is not among the data"),
        ),
        seeds=chosen,
    )
