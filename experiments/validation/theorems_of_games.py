"""What must hold exactly of one planning round as a game: T1 to T4 and T8 as rows of the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from donorlab import scenarios as catalogue
from donorlab.experiments.validation import games
from donorlab.experiments.validation.frame import Finding, Line, Requirement

_RUNS: Final = ("toy", "world")  # scenarios whose every planning round is looked at
_GAMES_OF_A_RULE: Final = "drawn games a rule"


def t1(need: Requirement, quick: bool) -> Finding:
    """Enumerate small games: pure equilibria against half of the optimum."""
    count = need.size("games", quick)
    found = games.t1(count)
    lines = tuple(
        Line(
            f"credit {one.rule}: worst of {one.equilibria} equilibria",
            f"at least {one.floor:.3f}",
            f"{one.worst:.3f}",
            one.violations == 0 and min(one.slack_marginal, one.slack_total) >= -games.ROUNDING,
        )
        for one in found
    )
    violations, equilibria = sum(one.violations for one in found), sum(one.equilibria for one in found)
    worst = min(one.worst for one in found)
    return Finding(
        passed=all(line.agrees for line in lines),
        found=worst,
        unit="worst equilibrium / optimum",
        sentence=f"{violations} of {equilibria} equilibria under {len(found)} rules of credit lie below half of the "
        f"optimum; the worst reaches {worst:.3f}; both conditions hold in every profile",
        basis=f"{count} {_GAMES_OF_A_RULE}",
        lines=lines,
    )


def _floors(found: Sequence[games.FloorFinding], where: str) -> list[Line]:
    return [
        Line(
            f"{where}, credit {one.rule}: {one.profiles:,} profiles, floor above 0 in {one.positive:.0%}",
            "none below the floor",
            f"{one.violations} below; mean floor {one.mean_floor:.2f}, mean welfare {one.mean_welfare:.2f} of the optimum",
            one.violations == 0,
        )
        for one in found
    ]


def t2(need: Requirement, quick: bool) -> Finding:
    """Check the regret form on every profile of small games and on every round of whole runs; show where it fails."""
    count, seeds = need.size("games", quick), range(1, need.size("seeds", quick) + 1)
    lines = _floors(games.t2_small(count), "small games")
    positive = []
    for name in _RUNS:
        for money in ("cash", "spent"):
            found = games.t2_along_runs(catalogue.load(name), seeds, money=money)
            lines += _floors(found, f"rounds of {name}, counting money {'held' if money == 'cash' else 'spent'}")
            positive += [one.positive for one in found]
    below = games.below_half()
    for rule, (ratio, stays) in below.items():
        agrees = ratio < 0.5 and stays
        lines.append(
            Line(f"stated game, credit {rule}", "an equilibrium below half", f"{ratio:.3f} of the optimum", agrees)
        )
    broken = sum(line.agrees is False for line in lines)
    return Finding(
        passed=not broken,
        found=min(positive),
        unit="least share of rounds with a floor above 0",
        sentence=f"no profile or round lies below its floor; the floor is above 0 in {min(positive):.0%} to "
        f"{max(positive):.0%} of the rounds of whole runs; an equal split per cell has an equilibrium at "
        f"{below['equal_per_cell'][0]:.2f} of the optimum"
        if not broken
        else f"{broken} of {len(lines)} expectations do not hold",
        basis=f"{count} {_GAMES_OF_A_RULE}; seeds 1-{len(seeds)} of {' and '.join(_RUNS)}",
        lines=tuple(lines),
    )


def _covering(found: Sequence[games.CoveringFinding], rule: str, tight: float) -> list[Line]:
    lines = []
    for one in found:
        what, floor = f"credit {rule}, {one.donors} donors", f"{one.floor:.4f}"
        near = abs(one.tight - one.floor) <= tight and one.stays
        worst = one.random
        lines.append(
            Line(f"{what}: worst of drawn games", f"at least {floor}", f"{worst.worst:.4f}", not worst.violations)
        )
        lines.append(Line(f"{what}: tight instance", floor, f"{one.tight:.4f}", near))
    return lines


def _of_covering(lines: Sequence[Line], found: Sequence[games.CoveringFinding], sentence: str, basis: str) -> Finding:
    return Finding(
        passed=all(line.agrees for line in lines),
        found=max(abs(one.tight - one.floor) for one in found),
        unit="largest distance of a tight instance from its floor",
        sentence=sentence,
        basis=basis,
        lines=tuple(lines),
    )


def t3(need: Requirement, quick: bool) -> Finding:
    """Equal credit, one-task cells: n / (2n - 1)."""
    donors, count = [int(n) for n in need.numbers["donors"]], need.size("games", quick)
    found = games.t3(count, donors=donors)
    violations = sum(one.random.violations for one in found)
    sentence = (
        f"tight instances give {', '.join(f'{one.tight:.3f}' for one in found)} for n = {', '.join(map(str, donors))}; "
        f"{violations} of {sum(one.random.equilibria for one in found)} equilibria of drawn games lie below n/(2n-1)"
    )
    lines = _covering(found, "equal", float(need.numbers["tight"]))
    return _of_covering(lines, found, sentence, f"{count} drawn games for each n")


def t4(need: Requirement, quick: bool) -> Finding:
    """Gairing's weights and marginal contribution, one-task cells."""
    donors, count = [int(n) for n in need.numbers["donors"]], need.size("games", quick)
    both = games.t4(count, donors=donors)
    found = [*both["gairing"], *both["marginal"]]
    violations = sum(one.random.violations for one in found)
    sentence = (
        f"Gairing's weights guarantee {', '.join(f'{one.tight:.3f}' for one in both['gairing'])} for n = "
        f"{', '.join(map(str, donors))}, marginal contribution 1/2; {violations} of "
        f"{sum(one.random.equilibria for one in found)} equilibria of drawn games lie below"
    )
    lines = [line for rule, ones in both.items() for line in _covering(ones, rule, float(need.numbers["tight"]))]
    return _of_covering(lines, found, sentence, f"{count} drawn games a rule, over all n")


def t8(need: Requirement, quick: bool) -> Finding:
    """Ask for the bound in each case in which none is proven."""
    asked = games.t8()
    lines = tuple(Line(case, "refused", reason or "given!", bool(reason)) for case, reason in asked.items())
    refused = sum(bool(reason) for reason in asked.values())
    return Finding(
        passed=refused == len(asked) == int(need.numbers["cases"]),
        found=refused,
        unit="cases refused",
        sentence=f"the bound is refused with its reason in {refused} of {len(asked)} cases",
        basis=f"{len(asked)} cases",
        lines=lines,
    )
