"""Theorems T1 to T4 on planning rounds as games: what is found, as numbers; whoever calls decides what passes.

T1 every pure equilibrium under bounded credit has half of the optimum; T2 the regret form, for any profile; T3 and T4 the
exact floors of covering games (one-task cells); T8 stands in ``unbounded``. Sources: Vetta 2002; Roughgarden 2009;
Gairing 2009; Paccagnan and Marden. The games drawn here are assumptions: sizes are limited by what can be enumerated.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from donorlab.sim.credit import RULES, CreditRule
from donorlab.sim.game import (
    Game,
    Setting,
    covering_game,
    feasible_actions,
    floor,
    game_from_lists,
    stacked,
    tables,
)
from donorlab.sim.model import CoordinationModel
from donorlab.sim.rounds import Round, Watch
from donorlab.sim.scenario import FloatArray, Scenario

BOUNDED: Final = ("marginal", "equal", "by_eur", "gairing", "shapley")
ROUNDING: Final = 1e-9  # of the optimum: slack below it is rounding
# donors, and open tasks by cell, of the games that are drawn: at most 4096 profiles each
SHAPES: Final = (
    (2, (3, 3)), (2, (2, 2, 2)), (2, (6,)), (2, (4, 1)), (3, (2, 2)), (3, (3, 1)), (3, (1, 1, 1)), (4, (2, 1)),
    (4, (1, 1, 1)),
)  # fmt: skip
TIGHT_STEP: Final = 1e-6  # by which the small cells of a tight instance are worse, so that all stay on the big one


def _generator(name: str, seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, *name.encode()])


def random_game(rng: np.random.Generator, shape: tuple[int, tuple[int, ...]] | None = None) -> Game:
    """Draw a small game: whole tasks, fixed costs, budgets, closed cells, and sets of actions with holes.

    Half of the games gain in small whole numbers, so that ties occur; the others by f(c) = 1 - (1 - c)^gamma.
    """
    donors, lists = shape if shape is not None else SHAPES[int(rng.integers(len(SHAPES)))]
    longest = max(lists)
    gained = np.zeros((len(lists), longest + 1))
    whole = rng.random() < 0.5
    for c, tasks in enumerate(lists):
        if whole:
            steps = np.sort(rng.integers(0, 5, size=tasks))[::-1].astype(np.float64)
        else:
            gamma, start = rng.uniform(1.0, 4.0), rng.uniform(0.0, 0.5)
            left = (1.0 - start) * (1.0 - np.arange(tasks + 1) / tasks)
            steps = np.diff(rng.uniform(0.2, 3.0) * (1.0 - left**gamma))
        gained[c, 1 : tasks + 1] = np.cumsum(steps)
        gained[c, tasks + 1 :] = gained[c, tasks]
    words = np.array([(1 << tasks) - 1 for tasks in lists], dtype=np.uint64)
    fixed: FloatArray = rng.choice(np.array([0.0, 0.5, 1.0]), size=len(lists))
    holes = rng.random() < 0.5
    actions = []
    for _ in range(donors):
        allowed = np.where(rng.random(len(lists)) < 0.2, np.uint64(0), words)
        unit: FloatArray = rng.choice(np.array([1.0, 1.0, 1.5]), size=len(lists))
        sets, spent = feasible_actions(allowed, unit, fixed, float(rng.choice([1.0, 2.0, 3.0, 4.5])), (1, 2))
        kept = (rng.random(len(sets)) < (0.6 if holes else 1.0)) | (np.arange(len(sets)) == 0)
        actions.append((sets[kept], spent[kept]))
    return stacked(gained, actions, Setting())


# --- T1 and T2 on small games --------------------------------------------------------------------------------


@dataclass(frozen=True)
class EquilibriumFinding:
    """Pure equilibria of many games under one rule of credit.

    Attributes
    ----------
    rule : name; floor : share of W* that is claimed; games : number, without_equilibrium : of these without any
    equilibria : number; worst : lowest W / W* of any; violations : equilibria below the floor
    slack_marginal, slack_total : least slack of (ii) and (iii) over all profiles, in shares of W*
    """

    rule: str
    floor: float
    games: int
    without_equilibrium: int
    equilibria: int
    worst: float
    violations: int
    slack_marginal: float
    slack_total: float


def equilibria_of(games: Iterable[Game], rule: CreditRule, share: float) -> EquilibriumFinding:
    """Look at all pure equilibria of games under a rule, against a floor of ``share`` times W*."""
    count = without = found = violations = 0
    worst, second, third = 1.0, math.inf, math.inf
    for game in games:
        table = tables(game, rule)
        count += 1
        if table.optimum <= 0:
            continue
        ratios = table.welfare[table.equilibria()] / table.optimum
        without += not len(ratios)
        found += len(ratios)
        violations += int((ratios < share - ROUNDING).sum())
        worst = min(worst, float(ratios.min(initial=1.0)))
        slack = table.conditions()
        second, third = min(second, slack[0] / table.optimum), min(third, slack[1] / table.optimum)
    return EquilibriumFinding(rule.name, share, count, without, found, worst, violations, second, third)


def t1(games: int = 2000, seed: int = 1, rules: Sequence[str] = BOUNDED) -> list[EquilibriumFinding]:
    """Enumerate random small games: every pure equilibrium under bounded credit against W* / 2."""
    rng = _generator("t1", seed)
    drawn = [random_game(rng) for _ in range(games)]
    return [equilibria_of(drawn, RULES[name], RULES[name].floor(2)) for name in rules]


@dataclass(frozen=True)
class FloorFinding:
    """The regret form on many profiles or rounds under one rule of credit.

    Attributes
    ----------
    rule : name; profiles : number of profiles or rounds in which anything could be gained
    violations : of these with W below the floor; slack : least (W - floor) / W*
    positive : share of profiles with a floor above 0; mean_floor : mean of max(0, floor) / W*
    mean_welfare : mean of W / W*
    """

    rule: str
    profiles: int
    violations: int
    slack: float
    positive: float
    mean_floor: float
    mean_welfare: float


def _floor_finding(rule: str, welfare: FloatArray, floors: FloatArray) -> FloorFinding:
    """Sum up; ``welfare`` and ``floors`` in shares of W*."""
    if not len(welfare):
        return FloorFinding(rule, 0, 0, math.inf, math.nan, math.nan, math.nan)
    return FloorFinding(
        rule=rule,
        profiles=len(welfare),
        violations=int((welfare < floors - ROUNDING).sum()),
        slack=float((welfare - floors).min()),
        positive=float((floors > ROUNDING).mean()),
        mean_floor=float(np.maximum(0.0, floors).mean()),
        mean_welfare=float(welfare.mean()),
    )


def floors_of(games: Iterable[Game], rule: CreditRule) -> FloorFinding:
    """Look at the regret form in all profiles of games, regrets exact, whether or not the rule is bounded."""
    welfare, floors = [], []
    for game in games:
        table = tables(game, rule)
        if table.optimum > 0:
            welfare.append(table.welfare.ravel() / table.optimum)
            floors.append((1.0 - table.regrets().sum(axis=0).ravel() / table.optimum) / 2.0)
    return _floor_finding(rule.name, np.concatenate(welfare), np.concatenate(floors))


def t2_small(games: int = 1000, seed: int = 1, rules: Sequence[str] = BOUNDED) -> list[FloorFinding]:
    """Check the regret form in every profile of random small games, regrets exact."""
    rng = _generator("t2", seed)
    drawn = [random_game(rng) for _ in range(games)]
    return [floors_of(drawn, RULES[name]) for name in rules]


# --- T2 along runs -------------------------------------------------------------------------------------------


class WatchedModel(CoordinationModel):
    """The model, with a look at each planning round."""

    def plan(self) -> None:
        """Let donors plan and contract, and keep the round."""
        watch = Watch(self)
        super().plan()
        self.rounds = [*getattr(self, "rounds", []), watch.round()]


def rounds_of(scenario: Scenario, seed: int) -> list[Round]:
    """Run a scenario to its end and return the planning round of every quarter."""
    model = WatchedModel(scenario, rng=seed)
    model.run()
    return list(model.rounds)


def floors_of_rounds(
    played: Iterable[Round], rules: Sequence[str] = ("marginal", "equal"), money: str = "cash"
) -> list[FloorFinding]:
    """Check the regret form in rounds that were played, with W* and regrets from above.

    ``money`` of a donor is all its ``cash`` before the round (what it saves counts as regret), or only what it ``spent``.
    Rounds in which the money could gain nothing are left out.

    Raises
    ------
    BoundNotClaimed
        If the rounds' setting has no bound (conditional aid).
    """
    welfare: dict[str, list[float]] = {name: [] for name in rules}
    floors: dict[str, list[float]] = {name: [] for name in rules}
    for one in played:
        seen = one.of_money_spent() if money == "spent" else one
        optimum, gained = seen.optimum_above(), seen.welfare()
        if optimum <= ROUNDING * float(seen.weight.sum()):
            continue
        for name in rules:
            found = floor(optimum, seen.regrets_above(RULES[name]), RULES[name], seen.setting)
            welfare[name].append(gained / optimum)
            floors[name].append(found / optimum)
    return [_floor_finding(name, np.array(welfare[name]), np.array(floors[name])) for name in rules]


def t2_along_runs(
    scenario: Scenario, seeds: Iterable[int], rules: Sequence[str] = ("marginal", "equal"), money: str = "cash"
) -> list[FloorFinding]:
    """Check the regret form in every round of whole runs; see ``floors_of_rounds``."""
    return floors_of_rounds([played for seed in seeds for played in rounds_of(scenario, seed)], rules, money)


def per_cell_example() -> tuple[Game, tuple[int, ...]]:
    """Return a game and an equilibrium of it, under an equal split per cell, with less than half of the optimum.

    One cell of 22 tasks worth 1 each, one task elsewhere worth 7.4. Two small donors have one task each in the big
    cell; the large donor could do the other 20, but a third of 22 is less than 7.4 for a single task. W = 9.4, W* = 22.
    """
    gained = np.stack([np.arange(23.0), np.full(23, 7.4)])
    gained[1, 0] = 0.0
    large = [(0, 0), ((1 << 20) - 1, 0), (0, 1)]
    small = [[(0, 0), (1 << task, 0)] for task in (20, 21)]
    return game_from_lists(gained, [large, *small]), (2, 1, 1)


def relative_example() -> tuple[Game, tuple[int, ...]]:
    """Return a game and an equilibrium of it, under relative impact, with less than half of the optimum.

    A cell of two tasks is worth 1 as soon as one is done; the rival does one of them. The other donor does both, for
    3/4 - 1/4, rather than something new worth 1.49, for 1.49 - 1. W = 1, W* = 2.49.
    """
    gained = np.array([[0.0, 1.0, 1.0], [0.0, 1.49, 1.49]])
    return game_from_lists(gained, [[(0, 0), (3, 0), (0, 1)], [(0, 0), (1, 0)]]), (1, 1)


# --- T3 and T4: covering games -------------------------------------------------------------------------------


def equal_floor(donors: int) -> float:
    """Return n / (2n - 1), the exact worst equilibrium under equal credit of one-task cells."""
    return donors / (2.0 * donors - 1.0)


def gairing_floor(donors: int) -> float:
    """Return 1 - 1 / (1 / ((n-1) (n-1)!) + sum_{i=0}^{n-1} 1/i!): Gairing 2009; tends to 1 - 1/e from above."""
    if donors == 1:
        return 1.0
    last = 1.0 / ((donors - 1) * math.factorial(donors - 1))
    return 1.0 - 1.0 / (last + sum(1.0 / math.factorial(i) for i in range(donors)))


def random_covering_game(rng: np.random.Generator, donors: int) -> Game:
    """Draw a game of one-task cells: each donor chooses one of a few sets of cells; half of the worths are whole."""
    cells = int(rng.integers(2, 7))
    whole = rng.random() < 0.5
    values = rng.integers(1, 7, size=cells).astype(np.float64) if whole else rng.uniform(0.1, 1.0, size=cells)
    most = 1 if rng.random() < 0.3 else 3
    choices = []
    for _ in range(donors):
        sets = [rng.choice(cells, size=min(cells, int(rng.integers(1, most + 1))), replace=False) for _ in range(4)]
        choices.append([[], *[sorted(int(c) for c in chosen) for chosen in sets]])
    return covering_game(values.tolist(), choices)


def tight_covering_game(donors: int, shares: FloatArray, step: float = TIGHT_STEP) -> tuple[Game, tuple[int, ...]]:
    """Return the tight instance of shares f with ``(n-1) f(n) = chi``, and its worst equilibrium: all on the big cell.

    One cell worth 1, n-1 cells worth f(n) - step; each donor picks one cell. On the big one all get f(n): nobody leaves.
    ``W / W* = 1 / (1 + (n-1) (f(n) - step))``: equal shares n / (2n - 1), Gairing's weights their floor.
    """
    values = [1.0] + [float(shares[donors]) - step] * (donors - 1)
    return covering_game(values, [[[c] for c in range(donors)]] * donors), (0,) * donors


def tight_marginal_game() -> tuple[Game, tuple[int, ...]]:
    """Return the tight instance of marginal contribution: donor 1 in {A, B}, donor 2 in {A, C}, worth 1, 1, 0."""
    return covering_game([1.0, 1.0, 0.0], [[[0], [1]], [[0], [2]]]), (0, 1)


def many_task_example(tasks: int, step: float = 0.0) -> tuple[Game, tuple[int, ...]]:
    """Return a game of two donors whose equilibrium has 2L / (4L - 1) of the optimum under equal (and Gairing's) credit.

    One cell of L tasks is worth 1 as soon as one is done, so each is credited 1 / L; donor 2 does one of them, donor 1
    all, for 1 - 1 / (2L), which is what its alternative elsewhere is worth, less ``step``. L = 1 is n / (2n - 1); more
    tasks go to 1/2: the sharper floors of T3 and T4 hold for cells of one task only.
    """
    gained = np.ones((2, tasks + 1))
    gained[1] = 1.0 - 1.0 / (2.0 * tasks) - step
    gained[:, 0] = 0.0
    return game_from_lists(gained, [[(0, 0), ((1 << tasks) - 1, 0), (0, 1)], [(0, 0), (1, 0)]]), (1, 1)


@dataclass(frozen=True)
class CoveringFinding:
    """Random covering games and one tight instance under one rule, for n donors.

    Attributes
    ----------
    donors : n; floor : the closed form; formula : the general formula of covering games
    random : what all equilibria of random games show
    tight : W / W* of the stated equilibrium of the tight instance; stays : whether it is an equilibrium, and the worst
    """

    donors: int
    floor: float
    formula: float
    random: EquilibriumFinding
    tight: float
    stays: bool


def _covering(rule: CreditRule, share: float, donors: int, games: int, rng: np.random.Generator) -> CoveringFinding:
    drawn = (random_covering_game(rng, donors) for _ in range(games))
    shares = rule.one_task_shares(donors) if rule.one_task_shares is not None else rule.table(donors)
    game, profile = tight_marginal_game() if rule.name == "marginal" else tight_covering_game(donors, shares)
    table = tables(game, rule)
    reached = float(table.welfare[profile])
    stays = bool(table.equilibria()[profile]) and reached <= table.equilibrium_welfare()[0] + ROUNDING
    return CoveringFinding(
        donors=donors,
        floor=share,
        formula=rule.floor(donors, one_task_cells=True),
        random=equilibria_of(drawn, rule, share),
        tight=reached / table.optimum,
        stays=stays,
    )


def t3(games: int = 200, seed: int = 1, donors: Sequence[int] = (2, 3, 4, 5)) -> list[CoveringFinding]:
    """Equal credit of one-task cells: worst equilibria of ``games`` random games for each n, and the tight instance."""
    rng = _generator("t3", seed)
    return [_covering(RULES["equal"], equal_floor(n), n, games, rng) for n in donors]


def t4(games: int = 1000, seed: int = 1, donors: Sequence[int] = (2, 3, 4, 5)) -> dict[str, list[CoveringFinding]]:
    """Gairing's weights and marginal contribution in one-task cells, ``games`` random games over all n together."""
    rng = _generator("t4", seed)
    each = -(-games // len(donors))
    return {
        "gairing": [_covering(RULES["gairing"], gairing_floor(n), n, each, rng) for n in donors],
        "marginal": [_covering(RULES["marginal"], 0.5, n, each, rng) for n in donors],
    }
