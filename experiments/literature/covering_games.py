"""Covering games (Gairing 2009; Vetta 2002): what the worst equilibrium reaches, by the engine's own efficiency.

The tight instances are those of ``donorlab.experiments.validation.games``; here the same model that simulates the world
plays them: donors revise by best reply, contract, deliver, and efficiency is measured against the bound. Random games
restrict the cells of each donor by its mandate, so that the optimum is an assignment of donors to cells and is solved
as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from scipy.optimize import linear_sum_assignment

from donorlab.experiments.literature import (
    Advance,
    Line,
    Reproduction,
    Theorem,
    Watch,
    each,
    scenario,
    section,
    seeds,
    silent,
)
from donorlab.experiments.validation.games import TIGHT_STEP, equal_floor, gairing_floor
from donorlab.sim import simulate
from donorlab.sim.credit import credit_rule
from donorlab.sim.scenario import Scenario

NAME: Final = "covering-games"
DONORS: Final = (2, 3, 4, 5)
TIGHT: Final = 1e-4  # the small cells of a tight instance are a hair worse than the limit
ROUNDING: Final = 1e-9
# values and choices: donor 1 between A and B, donor 2 between A and C, worth 1, 1 and nothing
TIGHT_MARGINAL: Final = ((1.0, 1.0, 0.0), ((0, 1), (0, 2)))
PRICE: Final = 4.0  # EUR m a year for one task a quarter
ORDERS: Final = range(1, 9)  # seeds: the order of announcing is drawn
STARTS: Final = ("most_valuable", "least_valuable")  # from where donors revise: two equilibria a game, not all of them
CREDIT: Final = {"equal": "equal credit", "gairing": "Gairing's credit", "marginal": "credit for what is added"}


def instance(values: Sequence[float], choices: Sequence[Sequence[int]], *overrides: str) -> Scenario:
    """Return the scenario with cells worth ``values``, and one donor for each list of cells that it may choose among."""
    cells = [f"cell_{c:02d}" for c in range(len(values))]
    state, donor = (next(iter(section(NAME, what).values())) for what in ("beneficiaries", "donors"))
    budget = dict.fromkeys(("low", "central", "high"), PRICE)
    changes: dict[str, Any] = {
        "pillar_weights": dict(zip(cells, map(float, values), strict=True)),
        "instrument_mix": {cell: {"training": 1} for cell in cells},
        "beneficiaries": {"STATE": {**state, "initial_score": dict.fromkeys(cells, 0)}},
        "donors": {
            f"DONOR{d:02d}": {
                **donor,
                "budget": budget,
                "mandate": {cell: (1 / len(own) if c in own else 0.0) for c, cell in enumerate(cells)},
            }
            for d, own in enumerate(choices)
        },
    }
    return scenario(NAME, changes, [f"money={PRICE * len(choices)}", *overrides])


def optimum(values: Sequence[float], choices: Sequence[Sequence[int]]) -> float:
    """Return the most that all donors together can gain, one cell each: an assignment (Kuhn 1955)."""
    worth = np.array([[values[c] if c in own else 0.0 for c in range(len(values))] for own in choices])
    rows, columns = linear_sum_assignment(worth, maximize=True)
    return float(worth[rows, columns].sum())


def reached(values: Sequence[float], choices: Sequence[Sequence[int]], *overrides: str, seed: int = 1) -> float:
    """Return what the model gains over the optimum of the choices (efficiency, where nothing is restricted)."""
    found = simulate(instance(values, choices, *overrides), seed).outcomes
    gain = (found["welfare"] - found["welfare_no_aid"]) * float(
        np.mean(values)
    )  # pillar weights have mean 1 in the model
    return gain / optimum(values, choices)


def tight(rule: str, donors: int) -> float:
    """Return the engine's efficiency on the tight instance of a rule of shares, from everybody on the big cell."""
    shares = credit_rule(rule).one_task_shares
    assert shares is not None
    values = [1.0] + [float(shares(donors)[donors]) - TIGHT_STEP] * (donors - 1)
    everywhere = [list(range(donors))] * donors
    return simulate(instance(values, everywhere, f"mechanism.planning.rule={rule}")).outcomes["efficiency"]


def drawn(games: int, seed: int = 1) -> list[tuple[list[float], list[list[int]]]]:
    """Draw games: 2 to 5 donors, 2 to 6 cells, near ties in half of them; each donor may choose among 1 to all cells."""
    rng = np.random.default_rng([seed, *b"covering games"])
    result = []
    for _ in range(games):
        donors, cells = int(rng.integers(2, 6)), int(rng.integers(2, 7))
        worths = rng.integers(1, 7, size=cells) if rng.random() < 0.5 else rng.uniform(0.05, 1.0, size=cells)
        own = [
            sorted(rng.choice(cells, size=int(rng.integers(1, cells + 1)), replace=False).tolist())
            for _ in range(donors)
        ]
        result.append((worths.astype(float).tolist(), own))
    return result


def _tight_lines(rule: str, floor: Any, advance: Advance) -> list[Line]:
    lines: list[Line] = []
    for n in DONORS:
        found = tight(rule, n)
        expected = f"{floor(n):.4f}"
        what = f"efficiency on the tight instance, {CREDIT[rule]}, {n} donors"
        lines.append(Theorem(what, expected, f"{found:.4f}", abs(found - floor(n)) <= TIGHT))
        advance()
    return lines


def _floor_line(rule: str, games: Sequence[tuple[list[float], list[list[int]]]], advance: Advance) -> Line:
    """Return the least of what random games reach, less the floor for their number of donors."""
    slack, worst = np.inf, 1.0
    for values, choices in games:
        for start in STARTS:
            share = reached(values, choices, f"mechanism.planning.rule={rule}", f"mechanism.planning.start={start}")
            worst = min(worst, share)
            slack = min(slack, share - credit_rule(rule).floor(len(choices), one_task_cells=True))
        advance()
    return Theorem(
        f"{len(STARTS)} paths of best replies in each of {len(games)} drawn games, {CREDIT[rule]}",
        "never below the floor of its game (not all equilibria are looked at: the tight instances are the sharp test)",
        f"worst {worst:.4f}; all {slack:.4f} or more above the floor",
        slack >= -ROUNDING,
    )


def _serial_line(games: Sequence[tuple[list[float], list[list[int]]]], advance: Advance) -> Line:
    """Return what one round of announcing in turn reaches: the ordinary planning phase, q = 1, no plug-in."""
    worst = min([1.0, *(reached(*game, "mechanism.planning=best_cell") for game in each(games, advance))])
    what = f"{len(games)} drawn games, one round in turn, {CREDIT['marginal']} (no plug-in)"
    return Theorem(what, "at least .5", f"worst {worst:.4f}", worst >= 0.5 - ROUNDING)


def _lines(games: Sequence[tuple[list[float], list[list[int]]]], advance: Advance) -> list[Line]:
    lines = [*_tight_lines("equal", equal_floor, advance), *_tight_lines("gairing", gairing_floor, advance)]
    half = reached(*TIGHT_MARGINAL, "mechanism.planning.rule=marginal", "mechanism.planning.start=least_valuable")
    advance()
    what = f"share of the best on the tight instance, {CREDIT['marginal']}"
    lines.append(Theorem(what, "0.5000", f"{half:.4f}", abs(half - 0.5) <= TIGHT))
    lines += [_floor_line(rule, games, advance) for rule in CREDIT]
    lines.append(_serial_line(games, advance))
    turns = [reached(*TIGHT_MARGINAL, "mechanism.planning=best_cell", seed=seed) for seed in each(ORDERS, advance)]
    lines.append(
        Theorem(
            f"one round in turn on the tight instance of {CREDIT['marginal']}, {len(ORDERS)} orders",
            "at least .5, and .5 where the first donor takes what the second needs",
            f"{min(turns):.4f} to {max(turns):.4f}",
            abs(min(turns) - 0.5) <= TIGHT,
        )
    )
    return lines


def reproduce(quick: bool = False, watch: Watch = silent) -> Reproduction:
    """Play the tight instances and drawn games."""
    games = drawn(25 if quick else 150)
    with watch(NAME, 2 * len(DONORS) + (len(CREDIT) + 1) * len(games) + len(ORDERS) + 1) as advance:
        lines = _lines(games, advance)
    return Reproduction(
        name=NAME,
        title="Donors that want credit and crowd on one task",
        source="M. Gairing 2009 (abstract, slides of a talk); A. Vetta 2002 (review); numbers for n donors derived",
        lines=tuple(lines),
        not_reproduced=(
            (
                "all equilibria of the drawn games",
                "best replies from the best and from the worst cell reach two a game; all are enumerated in `donorlab "
                "validate`, T1 to T4",
            ),
            ("mixed, correlated and no-regret play", "donors of the model decide, they do not randomise or learn here"),
            (
                "the general covering problem (sets of several elements)",
                "one donor takes one task; sets: `donorlab validate`, T4",
            ),
        ),
        seeds=seeds(1),
    )
