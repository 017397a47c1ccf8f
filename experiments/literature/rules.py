"""Rules that ``donorlab reproduce`` and the rows of the frozen file share: how an interval is told, judged, put in words.

A rule that decides stands here, or in the module of its published model, and nowhere else: both commands ask the same one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from donorlab.experiments.validation.frame import Finding, Line, Requirement
from donorlab.experiments.words import span

INFORMATION: Final = "no expectation: for information"
Interval = tuple[float, float, float]
"""Mean, lower and upper end."""


def seeds_of(need: Requirement, quick: bool) -> tuple[int, ...]:
    """Return the replications that a row of the frozen file asks for."""
    return tuple(range(1, need.size("seeds", quick) + 1))


def told(values: Interval, form: str = ".3f") -> str:
    """Return ``0.555 (0.540 to 0.570)``."""
    mean, low, high = (format(value, f"z{form}") for value in values)  # z: no -0.0
    return f"{mean} ({low} to {high})"


def above_zero(what: str, values: Interval, form: str = ".3f") -> Line:
    """Return the line that agrees if the whole 95% interval lies above 0."""
    return Line(what, "above 0 (95% interval)", told(values, form), bool(values[1] > 0))


def under(what: str, values: Interval, limit: float, form: str = ".3f") -> Line:
    """Return the line that agrees if the whole 95% interval lies below ``limit``."""
    return Line(what, f"under {limit:g} (95% interval)", told(values, form), bool(values[2] < limit))


def within(what: str, values: Interval, limit: float, form: str = ".1%") -> Line:
    """Return the line that agrees if the whole 95% interval lies between ``-limit`` and ``limit``."""
    agrees = bool(-limit < values[1] and values[2] < limit)
    return Line(what, f"under {limit:.0%} either way (95% interval)", told(values, form), agrees)


def removed(what: str, seen: Interval, blind: Interval, left: float) -> Line:
    """Return the line that agrees if less than the share ``left`` of the slope of those that see little is left.

    The frozen rows of P1 ask for an interval of the first slope only, so that two means are compared here.
    """
    limit = left * blind[0]
    expected = f"mean under {left:.0%} of that where least is seen: {limit:.4f}"
    return Line(what, expected, told(seen, ".4f"), bool(seen[0] < limit))


def nothing_twice(largest: float) -> str:
    """Return in words what P1 can say where all is seen in turn; ``largest`` is the most that was duplicated in a run."""
    if largest == 0:
        return "0 in every run, as it must be (T5): that half cannot fail"
    return f"up to {largest:.4f} in a run, where T5 lets expect 0"


def information(what: str, found: str, expected: str = INFORMATION) -> Line:
    """Return a line of which nothing is demanded."""
    return Line(what, expected, found, None)


def sense(values: Interval, above: str, below: str, neither: str) -> str:
    """Return which of three words the interval allows: above 0, below 0, or neither clearly."""
    return above if values[1] > 0 else below if values[2] < 0 else neither


def holds(lines: Iterable[Line]) -> bool:
    """Whether all lines that demand something agree."""
    return all(line.agrees is not False for line in lines)


def finding(
    lines: Sequence[Line],
    found: Interval,
    *,
    unit: str,
    sentence: str,
    seeds: Sequence[int],
    beside: Sequence[Line] = (),
) -> Finding:
    """Return what a row of the report says; ``lines`` decide (`holds`), those ``beside`` are told only."""
    mean, low, high = found
    return Finding(
        passed=holds(lines), found=mean, low=low, high=high, unit=unit, sentence=sentence, basis=span(seeds),
        lines=(*lines, *beside),
    )  # fmt: skip
