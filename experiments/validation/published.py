"""Rows C3, P1 and P4 of the frozen file where they are about a published model: the frozen numbers, and what is found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from donorlab.experiments.literature import halonen_akatwijuka, kanbur_conditions, roodman_absorption
from donorlab.experiments.validation.frame import Finding, Line, Requirement, interval
from donorlab.experiments.words import span


def _seeds(need: Requirement, quick: bool) -> tuple[int, ...]:
    return tuple(range(1, need.size("seeds", quick) + 1))


def _text(values: tuple[float, float, float]) -> str:
    return f"{values[0]:.3f} ({values[1]:.3f} to {values[2]:.3f})"


def c3(need: Requirement, quick: bool) -> Finding:
    """C3: conditions without commitment are met by few, and nearly all money is released."""
    seeds = _seeds(need, quick)
    low, high = need.numbers["compliance"]
    least = float(need.numbers["release"])
    found = kanbur_conditions.at(0.0, seeds)
    compliance = interval([one.compliance for one in found])
    release = interval([one.release for one in found])
    inside, released = low <= compliance[0] <= high, release[0] >= least
    return Finding(
        passed=inside and released,
        found=compliance[0],
        low=compliance[1],
        high=compliance[2],
        unit="share of conditional projects",
        sentence=f"{compliance[0]:.0%} of conditional projects comply and {release[0]:.1%} are released, in scenario "
        "literature/kanbur-conditions at credibility 0.",
        basis=span(seeds),
        lines=(
            Line("compliance", f"{low:g} to {high:g}", _text(compliance), inside),
            Line("release", f"at least {least:g}", _text(release), released),
        ),
    )


def p1_literature(need: Requirement, quick: bool) -> Finding:
    """P1: duplication rises with similarity where little is seen, and not where all is seen."""
    seeds = _seeds(need, quick)
    similarity: Sequence[float] = need.numbers["similarity"]
    sight, left = need.numbers["sight"], float(need.numbers["left"])
    bases = halonen_akatwijuka.worlds(similarity)

    def slope(q: float) -> tuple[float, float, float]:
        return interval(halonen_akatwijuka.slopes(similarity, halonen_akatwijuka.duplication(bases, q, seeds)))

    blind = {q: slope(q) for q in sight}
    seen, most = slope(1.0), left * blind[min(sight)][0]
    lines = [Line(f"slope at q = {q:g}", "above 0 (95% interval)", _text(one), one[1] > 0) for q, one in blind.items()]
    lines.append(Line("slope at q = 1, serial planning", f"under {most:.4f}", _text(seen), seen[0] < most))
    first = blind[min(sight)]
    return Finding(
        passed=all(line.agrees is True for line in lines),
        found=first[0],
        low=first[1],
        high=first[2],
        unit="share duplicated, from no to full similarity",
        sentence=f"Duplication rises by {first[0]:.2f} from no to full similarity where nothing is seen, by "
        f"{blind[max(sight)][0]:.2f} at q = {max(sight):g}, and by {seen[0]:.2f} where all is seen in turn.",
        basis=span(seeds),
        lines=tuple(lines),
    )


def p4_literature(need: Requirement, quick: bool) -> Finding:
    """P4: the slope of welfare on money kinks, and larger projects move the kink out."""
    seeds = _seeds(need, quick)
    half = float(need.numbers["half"])
    small, large = (roodman_absorption.curves(size, seeds, half) for size in roodman_absorption.SIZES)
    share, moved = roodman_absorption.later_share(small), roodman_absorption.kink_moved(small, large)
    kinks = [float(np.mean([one.kink for one in curves])) for curves in (small, large)]
    bends, moves = share[2] < half, moved[1] > 0
    return Finding(
        passed=bends and moves,
        found=share[0],
        low=share[1],
        high=share[2],
        unit="later slope over first slope",
        sentence=f"The later slope is {share[0]:.2f} of the first; the kink lies at EUR {kinks[0]:.0f}m a year with projects of "
        f"{roodman_absorption.SIZES[0]} tasks and at {kinks[1]:.0f}m with {roodman_absorption.SIZES[1]}.",
        basis=span(seeds),
        lines=(
            Line("later slope over first slope", f"under {half:g} (95% interval)", _text(share), bends),
            Line("kink with larger projects less that with smaller", "above 0 (95% interval)", _text(moved), moves),
        ),
    )
