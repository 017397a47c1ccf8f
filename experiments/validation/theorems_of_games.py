"""What must hold exactly of one planning round as a game: T1 to T4 and T8 as rows of the report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from donorlab import scenarios as catalogue
from donorlab.experiments.validation import games, unbounded
from donorlab.experiments.validation.frame import Finding, Line, Requirement
from donorlab.experiments.words import label
from donorlab.sim.credit import RULES
from donorlab.sim.game import Game, tables

_UNCONDITIONAL: Final = ("fragmented", "central", "umbrella", "pledge", "credit")
_QUICK_ON_WORLD: Final = ("fragmented", "central")
_RULES: Final = ("marginal", "equal", "gairing")  # whose best reply in a round of many tasks is known
_MANY_TASKS: Final = 20


def _tight(name: str, example: tuple[Game, tuple[int, ...]], rule: str, expected: float, rounding: float) -> Line:
    """Return the worst equilibrium of a stated game, which comes near the floor."""
    game, profile = example
    table = tables(game, RULES[rule])
    ratio = float(table.welfare[profile]) / table.optimum
    stays = bool(table.equilibria()[profile])
    agrees = stays and abs(ratio - expected) <= rounding and ratio >= 0.5 - rounding
    return Line(f"credit {label(rule)}: {name}", f"{expected:.4f}, an equilibrium", f"{ratio:.4f}", agrees)


def t1(need: Requirement, quick: bool) -> Finding:
    """Enumerate small games: pure equilibria against half of the optimum."""
    count, floor, rounding = need.size("games", quick), float(need.numbers["floor"]), float(need.numbers["rounding"])
    found = games.t1(count)
    lines = [
        Line(
            f"credit {label(one.rule)}: worst of {one.equilibria:,} equilibria",
            f"at least {floor:.3f}",
            f"{one.worst:.3f}",
            one.worst >= floor - rounding and min(one.slack_marginal, one.slack_total) >= -rounding,
        )
        for one in found
    ]
    lines.append(_tight("stated game of two donors", games.tight_marginal_game(), "marginal", 0.5, rounding))
    expected = 2 * _MANY_TASKS / (4 * _MANY_TASKS - 1)
    for rule in ("equal", "gairing"):
        example = games.many_task_example(_MANY_TASKS)
        lines.append(_tight(f"stated game with a cell of {_MANY_TASKS} tasks", example, rule, expected, rounding))
    below = sum(one.worst < floor - rounding for one in found)
    worst = min(one.worst for one in found)
    return Finding(
        passed=all(line.agrees for line in lines),
        found=worst,
        unit="worst drawn equilibrium / optimum",
        sentence=f"under {below} of {len(found)} rules of credit an equilibrium lies below {floor:g} of the optimum, of "
        f"{sum(one.equilibria for one in found):,} equilibria; stated games reach {0.5:g} and {expected:.3f}, so that the "
        "floor cannot be raised",
        basis=f"{count:,} drawn games a rule",
        lines=tuple(lines),
    )


def _floors(found: Sequence[games.FloorFinding], where: str, what: str, rounding: float) -> list[Line]:
    return [
        Line(
            f"{where}, credit {label(one.rule)}: {one.profiles:,} {what}",
            "none below its floor",
            f"least slack {round(one.slack, 3) + 0.0:.3f}; floor above 0 in {one.positive:.0%} (mean {one.mean_floor:.2f}), "
            f"welfare {one.mean_welfare:.2f} of the optimum",
            one.slack >= -rounding and one.profiles > 0,
        )
        for one in found
    ]


def t2(need: Requirement, quick: bool) -> Finding:
    """Check the regret form on every profile of small games and on every round of whole runs; show where it fails."""
    count, rounding = need.size("games", quick), float(need.numbers["rounding"])
    seeds = range(1, need.size("seeds", quick) + 1)
    small = games.t2_small(count)
    lines = _floors(small, "small games", "profiles", rounding)
    along: list[games.FloorFinding] = []
    for name in ("toy", "world"):
        for architecture in _QUICK_ON_WORLD if quick and name == "world" else _UNCONDITIONAL:
            scenario = catalogue.load(name, [f"architecture={architecture}"])
            played = [one for seed in seeds for one in games.rounds_of(scenario, seed)]
            for money in ("cash", "spent"):
                found = games.floors_of_rounds(played, _RULES, money)
                where = f"{name}, {label(architecture)}, money {'held' if money == 'cash' else 'spent'}"
                lines += _floors(found, where, "rounds", rounding)
                along += found
    below = unbounded.cases()["equal split per cell"]
    ratio = below.welfare / below.optimum
    agrees = below.welfare < below.false_floor
    lines.append(
        Line("stated game, equal split per cell", "an equilibrium below half", f"{ratio:.3f} of the optimum", agrees)
    )
    slack = min(one.slack for one in [*small, *along])
    positive = [one.positive for one in along]
    return Finding(
        passed=all(line.agrees for line in lines) and math.isfinite(slack),
        found=slack,
        unit="least (W - floor) / optimum",
        sentence=f"{sum(one.violations for one in [*small, *along])} of {sum(one.profiles for one in [*small, *along]):,} "
        f"profiles and rounds lie below their floor; along runs the floor is above 0 in {min(positive):.0%} to "
        f"{max(positive):.0%} of the rounds (least in a fragmented world whose donors save); an equal split per cell has an "
        f"equilibrium at {ratio:.2f} of the optimum",
        basis=f"{count:,} drawn games a rule; seeds 1-{len(seeds)} of toy and world under every architecture without "
        f"conditions{' (on world: fragmented, central)' if quick else ''}",
        lines=tuple(lines),
    )


def _covering(found: Sequence[games.CoveringFinding], rule: str, tight: float, rounding: float) -> list[Line]:
    lines = []
    for place, one in enumerate(found):
        what, floor = f"credit {label(rule)}, {one.donors} donors", f"{one.floor:.4f}"
        near = abs(one.tight - one.floor) <= tight and one.stays
        holds = one.random.worst >= one.floor - rounding
        lines.append(Line(f"{what}: worst of drawn games", f"at least {floor}", f"{one.random.worst:.4f}", holds))
        if rule != "marginal" or place == 0:  # its tight instance has two donors, however many there are
            what = f"credit {label(rule)}, {2 if rule == 'marginal' else one.donors} donors"
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
    lines = _covering(found, "equal", float(need.numbers["tight"]), float(need.numbers["rounding"]))
    violations = sum(one.random.violations for one in found)
    sentence = (
        f"tight instances reach {', '.join(f'{one.tight:.3f}' for one in found)} for n = {', '.join(map(str, donors))}; "
        f"{violations} of {sum(one.random.equilibria for one in found):,} equilibria of drawn games lie below n/(2n-1)"
    )
    return _of_covering(lines, found, sentence, f"{count:,} drawn games for each n")


def t4(need: Requirement, quick: bool) -> Finding:
    """Gairing's weights and marginal contribution, one-task cells."""
    donors, count = [int(n) for n in need.numbers["donors"]], need.size("games", quick)
    both = games.t4(count, donors=donors)
    found = [*both["gairing"], *both["marginal"]]
    tight, rounding = float(need.numbers["tight"]), float(need.numbers["rounding"])
    lines = [line for rule, ones in both.items() for line in _covering(ones, rule, tight, rounding)]
    violations = sum(one.random.violations for one in found)
    sentence = (
        f"tight instances reach {', '.join(f'{one.tight:.3f}' for one in both['gairing'])} under Gairing's weights for n = "
        f"{', '.join(map(str, donors))}, and 1/2 under marginal contribution; {violations} of "
        f"{sum(one.random.equilibria for one in found):,} equilibria of drawn games lie below the floors"
    )
    return _of_covering(lines, found, sentence, f"{count:,} drawn games a rule, over all n")


def t8(need: Requirement, quick: bool) -> Finding:
    """Where no bound is proven: a case in which it would be false, and the answer to asking for it."""
    found = unbounded.cases()
    lines = tuple(
        Line(
            case,
            "floor above welfare, and refused",
            f"welfare {one.welfare:.2f}, would-be floor {one.false_floor:.2f}; {one.refusal or 'given!'}",
            one.agrees,
        )
        for case, one in found.items()
    )
    good = sum(one.agrees for one in found.values())
    return Finding(
        passed=good == len(found) == int(need.numbers["cases"]),
        found=good,
        unit="cases in which the bound would be false and is refused",
        sentence=f"in {good} of {len(found)} cases a stated profile lies below what the bound would claim, and asking for it "
        "is refused with the reason",
        basis=f"{len(found)} stated cases, a run with conditional aid among them",
        lines=lines,
    )
