"""Roodman 2006 (working paper 75): the marginal effect of aid kinks, and larger projects push the kink out.

Declared before it was run (with the numbers in the scenario's file): welfare is taken after the wind-down for each MONEY;
the *first* slope is the least-squares slope over the first THREE points, the *later* one over the last three; a local slope
is that between neighbouring points; the *kink* is the upper end of the first interval whose local slope is under half of the first
slope, and one step beyond the last point where there is none. *Larger* projects have twice as many tasks.

Added after the first runs. What the frozen rule accepts as a kink is a collapse: the later slope is 0 because nothing is left.
`collapse` says so, and nothing is demanded of it. On the grid of EUR 8m the kink moves by whole steps; `FINE` looks closer
with the same rule and decides nothing either. `not_withdrawing` judges what the source gives as the reason of the fall: if
it were the reason, refusing what cannot be absorbed would leave less than half of the fall (the same half as elsewhere).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from donorlab.experiments.literature import Advance, Line, Reproduction, Watch, each, idle, interval, scenario, silent
from donorlab.experiments.literature.rules import Interval, above_zero, information, seeds_of, told, under
from donorlab.experiments.validation.frame import Requirement, requirement
from donorlab.sim import simulate
from donorlab.sim.scenario import FloatArray

NAME: Final = "roodman-absorption"
MONEY: Final = tuple(range(8, 97, 8))  # EUR m a year
FINE: Final = tuple(range(30, 67, 2))  # EUR m a year, around where the room is full
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

    @property
    def left(self) -> float:
        """Welfare at most money over the highest of the curve."""
        return float(self.welfare[-1] / self.welfare.max())

    @property
    def fall(self) -> float:
        """The largest fall of welfare from one point to the next, below 0."""
        return float(np.diff(self.welfare).min())


def kink_of(money: FloatArray, welfare: FloatArray, least: float) -> float:
    """Return the upper end of the first interval whose slope is under ``least``; one step beyond the last if there is none."""
    low = np.flatnonzero(np.diff(welfare) / np.diff(money) < least)
    return float(money[low[0] + 1]) if len(low) else float(2 * money[-1] - money[-2])


def curve(welfare: Sequence[float], half: float = HALF) -> Curve:
    """Return the slopes and the kink of welfare at each MONEY, by the rules above."""
    money, values = np.array(MONEY, dtype=float), np.asarray(welfare, dtype=float)
    first = float(np.polyfit(money[:EDGE], values[:EDGE], 1)[0])
    later = float(np.polyfit(money[-EDGE:], values[-EDGE:], 1)[0])
    return Curve(values, first, later, kink_of(money, values, half * first))


def sweep(
    money: Sequence[float], size: int, replications: Sequence[int], refuse: bool = False, advance: Advance = idle
) -> list[list[float]]:
    """Return welfare by seed and money, for projects of ``size`` tasks.

    ``refuse`` lets the recipient take no new project while its queue is longer than a quarter.
    """
    words = [f"project_tasks_minimum={size}", f"project_tasks_maximum={size}"]
    if refuse:
        words.append("queue_limit=1")
    base = scenario(NAME, overrides=words)
    runs = [base.replace(money=float(amount)) for amount in money]
    return [[simulate(one, seed).outcomes["welfare"] for one in runs] for seed in each(replications, advance)]


def curves(
    size: int, replications: Sequence[int], half: float = HALF, refuse: bool = False, advance: Advance = idle
) -> list[Curve]:
    """Return one curve a seed, for projects of ``size`` tasks; ``refuse`` as in `sweep`."""
    return [curve(one, half) for one in sweep(MONEY, size, replications, refuse, advance)]


def both_sizes(
    need: Requirement, replications: Sequence[int], advance: Advance = idle
) -> tuple[list[Curve], list[Curve]]:
    """Return the curves of smaller and of larger projects, by the frozen row's half."""
    small, large = (curves(size, replications, float(need.numbers["half"]), advance=advance) for size in SIZES)
    return small, large


def later_share(found: Sequence[Curve]) -> Interval:
    """Return mean and 95% interval of the later slope over the first, a seed a value."""
    return interval([one.later / one.first for one in found])


def kink_moved(small: Sequence[Curve], large: Sequence[Curve]) -> Interval:
    """Return mean and 95% interval of the kink with larger projects less that with smaller ones, EUR m a year."""
    return interval([b.kink - a.kink for a, b in zip(small, large, strict=True)])


def left(found: Sequence[Curve]) -> Interval:
    """Return mean and 95% interval of welfare at most money over the highest of the curve."""
    return interval([one.left for one in found])


def judge(need: Requirement, small: Sequence[Curve], large: Sequence[Curve]) -> tuple[Line, ...]:
    """Return what the frozen row demands, beside what was found."""
    return (
        under("later slope over the first slope of welfare on money", later_share(small), float(need.numbers["half"])),
        above_zero(
            f"kink with projects of {SIZES[1]} tasks less that with {SIZES[0]}, EUR m a year",
            kink_moved(small, large),
            ".1f",
        ),
    )


def collapse(small: Sequence[Curve]) -> Line:
    """Return the caveat: how much welfare is left at most money, which at a kink alone would be all or more."""
    flat = sum(one.later == 0 for one in small)
    return information(
        f"welfare at EUR {MONEY[-1]}m a year over the highest of the curve",
        f"{told(left(small), '.2f')}; the later slope is exactly 0 in {flat} of {len(small)} seeds",
        "not demanded; a kink would leave about 1: less is a fall",
    )


def words(small: Sequence[Curve], large: Sequence[Curve]) -> str:
    """Return what was found in one sentence."""
    share, rest, moved = later_share(small), left(small), kink_moved(small, large)
    kinks = [float(np.mean([one.kink for one in found])) for found in (small, large)]
    shape = "which is a collapse and not a kink" if rest[2] < HALF else "which is no collapse"
    return (
        f"the later slope is {share[0]:.2f} of the first, but at EUR {MONEY[-1]}m a year {rest[0]:.0%} of the highest welfare "
        f"is left, {shape}; it begins by EUR {kinks[0]:.0f}m a year with projects of {SIZES[0]} tasks and by {kinks[1]:.0f}m "
        f"with {SIZES[1]}, {moved[0]:.0f}m apart on a grid of {MONEY[1] - MONEY[0]}m"
    )


def closer(
    small: Sequence[Curve], large: Sequence[Curve], replications: Sequence[int], advance: Advance = idle
) -> list[Line]:
    """Return what the finer grid tells: the kink by the same rule, and where welfare is highest."""
    money = np.array(FINE, dtype=float)
    kinks, peaks = [], []
    for size, coarse in zip(SIZES, (small, large), strict=True):
        welfare = np.array(sweep(FINE, size, replications, advance=advance))
        kinks.append([kink_of(money, row, HALF * one.first) for row, one in zip(welfare, coarse, strict=True)])
        peaks.append(money[welfare.argmax(axis=1)])
    step = f"in steps of EUR {FINE[1] - FINE[0]}m from {FINE[0]}m to {FINE[-1]}m a year"
    lines = []
    for what, found in (("kink by the same rule", kinks), ("most welfare at", peaks)):
        first, second = np.asarray(found[0]), np.asarray(found[1])
        text = f"{first.mean():.1f} and {second.mean():.1f}; apart {told(interval(second - first), '.1f')}"
        expected = "not demanded; apart by more than 0: the room is full at 40 and 53"
        lines.append(information(f"{what}, {step}, projects of {SIZES[0]} and {SIZES[1]} tasks", text, expected))
    return lines


def not_withdrawing(small: Sequence[Curve], refusing: Sequence[Curve]) -> list[Line]:
    """Return whether the fall comes from not withdrawing: whether refusing new projects leaves less than half of it."""
    share = interval([b.fall / a.fall for a, b in zip(small, refusing, strict=True)])
    what = "share of the largest fall that is left where the recipient refuses what it cannot absorb"
    judged = under(what, share, HALF, ".2f")
    kink = interval([one.kink for one in refusing])[0]
    found = f"{told(interval([one.fall for one in refusing]), '.2f')}; kink {kink:.1f}, {left(refusing)[0]:.2f} left at the end"
    return [
        Line(judged.what, f"{judged.expected}: the fall comes from not withdrawing", judged.found, judged.agrees),
        information("the largest fall where the recipient refuses", found),
    ]


def reproduce(quick: bool = False, watch: Watch = silent) -> Reproduction:
    """Run the sweep of money with both sizes of project."""
    need = requirement("P4", "literature")
    chosen = seeds_of(need, quick)
    with watch(NAME, 5 * len(chosen)) as advance:
        small, large = both_sizes(need, chosen, advance)
        refusing = curves(SIZES[0], chosen, refuse=True, advance=advance)
        fine = closer(small, large, chosen, advance)
    least = interval([one.fall for one in small])
    kinks = [interval([one.kink for one in found])[0] for found in (small, large)]
    lines = (
        *judge(need, small, large),
        collapse(small),
        Line(
            "the largest fall of welfare from one point to the next",
            "below 0 (95% interval): more aid can reduce development",
            told(least, ".2f"),
            least[2] < 0,
        ),
        *not_withdrawing(small, refusing),
        information(
            f"kink, EUR m a year, projects of {SIZES[0]} and {SIZES[1]} tasks",
            f"{kinks[0]:.1f} and {kinks[1]:.1f}",
            "not demanded; the next points after 40 and 53, where the room is full: 48 and 56",
        ),
        *fine,
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
            (
                "the fall comes from a recipient that does not withdraw",
                "the data contradict it here: refusing new projects leaves nearly all of the fall",
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
