"""One planning round as a normal-form game: what theorems say about donors that plan at the same time.

Players are donors. An action of donor i is a finite set of tasks, so many words (one bit a task) as there are cells;
fixed costs, whole tasks and budgets only restrict the set of its actions. Welfare is what the union of all sets gains
over the state before the round, ``W(a) = sum over cells of gained[tasks covered]``, ``gained[u] = w_j *
pillar_weight_k * (f((s + u) / L) - f(s / L))``: monotone and submodular, 0 for nothing. Payoffs are credit
(``credit.py``), whatever donors themselves want.

Regret form of Vetta's theorem, for any profile a of a bounded rule, with ``r_i = max_b u_i(b, a_-i) - u_i(a)``:
``W(a*) - W(a) <= W(a u a*) - W(a) <= sum_i [W(a_-i u a*_i) - W(a_-i)] <= sum_i u_i(a*_i, a_-i) <= sum_i (u_i(a) + r_i)
<= W(a) + sum_i r_i``, that is ``W(a) >= (W(a*) - sum_i r_i) / 2``. Source: Vetta 2002; smoothness, Roughgarden 2009.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from donorlab.sim.compiled import compiled
from donorlab.sim.credit import SHAPLEY, SHAPLEY_MAXIMUM, BoundNotClaimed, CreditRule, credit_cell
from donorlab.sim.scenario import BoolArray, FloatArray, IntArray, ScenarioError
from donorlab.sim.setup import WordArray

__all__ = [
    "BoundNotClaimed",
    "Game",
    "Setting",
    "Tables",
    "covering_game",
    "equilibrium_floor",
    "feasible_actions",
    "floor",
    "game_from_lists",
    "stacked",
    "tables",
]

PROFILES_MAXIMUM: Final = 5_000_000
OPEN_TASKS_MAXIMUM: Final = 18  # of one donor: all their sets are listed
NEAR: Final = 1e-12  # regret below this share of the optimum is rounding


@dataclass(frozen=True)
class Setting:
    """What a round is about, as far as it decides whether a bound may be claimed.

    Attributes
    ----------
    welfare : ``sum`` over cells, or ``weakest_link`` (safe havens: the worst cell counts)
    observation : probability with which the payoffs count another donor's contract (1: payoffs are true). It is about
        the payoffs, not about what donors see: the regret form holds for any choice, also a badly informed one, as long
        as regret is measured against what is true
    recipient_costs : whether W counts what presence and oversight cost the recipient
    conditional : whether contracts can be withheld, so that a contracted task may gain nothing
    """

    welfare: str = "sum"
    observation: float = 1.0
    recipient_costs: bool = False
    conditional: bool = False

    def check(self) -> None:
        """Raise if no bound is claimed in this setting.

        Raises
        ------
        BoundNotClaimed
            With the reason.
        """
        reason = ""
        if self.welfare != "sum":
            reason = f"welfare '{self.welfare}' (safe havens): the worst cell's value is not submodular"
        elif self.observation < 1.0:
            reason = f"wrong beliefs: payoffs count only {self.observation:g} of others' contracts"
        elif self.recipient_costs:
            reason = "recipient-borne costs (presence, oversight) inside welfare: it is not monotone"
        elif self.conditional:
            reason = "conditionality: what is withheld is contracted and gains nothing"
        if reason:
            raise BoundNotClaimed(f"no bound is claimed with {reason}")


def floor(optimum: float, regrets: FloatArray, rule: CreditRule, setting: Setting = Setting()) -> float:
    """Return the floor of W in any profile, ``(W* - sum r_i) / 2``, from the regrets (D,) under a bounded rule.

    ``optimum`` may be an upper bound of W* only if each donor's regret is bounded over the same widened sets of actions.

    Raises
    ------
    BoundNotClaimed
        If the rule or the setting has no bound.
    """
    setting.check()
    rule.floor(len(regrets))
    return (optimum - float(np.sum(regrets))) / 2.0


def equilibrium_floor(
    optimum: float, donors: int, rule: CreditRule, setting: Setting = Setting(), one_task_cells: bool = False
) -> float:  # fmt: skip
    """Return the floor of W in any pure Nash equilibrium: ``CreditRule.floor`` times W*.

    Raises
    ------
    BoundNotClaimed
        If the rule or the setting has no bound.
    """
    setting.check()
    return rule.floor(donors, one_task_cells) * optimum


@dataclass(frozen=True, eq=False)
class Game:
    """A round in normal form: D donors, C cells, A actions of all donors, one donor's after the other's.

    Attributes
    ----------
    gained : (C, L + 1) value gained by the number of tasks covered
    words : (A, C) tasks of each action, one bit each
    spent : (A, C) EUR m of each action by cell
    first : (D + 1,) row of each donor's first action; the last entry is A
    setting : what decides whether bounds are claimed

    Raises
    ------
    ScenarioError
        If a gain is not 0 for nothing, falls or rises ever faster (thresholds), or a donor has no action.
    """

    gained: FloatArray
    words: WordArray
    spent: FloatArray
    first: IntArray
    setting: Setting = field(default_factory=Setting)

    def __post_init__(self) -> None:
        steps = np.diff(self.gained, axis=1)
        scale = 1e-9 * max(1e-300, float(np.abs(self.gained).max(initial=0.0)))
        if (self.gained[:, 0] != 0).any() or (steps < -scale).any() or (np.diff(steps, axis=1) > scale).any():
            raise ScenarioError("game: the gain of a cell must be 0 for no task, and rise by less and less")
        if (np.diff(self.first) < 1).any():
            raise ScenarioError("game: each donor needs at least one action (to do nothing is one)")

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of actions of each donor."""
        return tuple(int(n) for n in np.diff(self.first))

    @property
    def tasks(self) -> int:
        """Length of the longest task list of a cell."""
        return int(self.gained.shape[1]) - 1

    def index_of(self, words: WordArray) -> tuple[int, ...]:
        """Return the profile in which donors take exactly the tasks ``words`` (D, C).

        Raises
        ------
        ScenarioError
            If it is not one of the listed actions.
        """
        profile = []
        for d, word in enumerate(words):
            own = self.words[self.first[d] : self.first[d + 1]]
            rows = np.flatnonzero((own == word).all(axis=1))
            if not len(rows):
                raise ScenarioError(f"game: donor {d} has no action with these tasks")
            profile.append(int(rows[0]))
        return tuple(profile)


@dataclass(frozen=True, eq=False)
class Tables:
    """All profiles of a game under one rule of credit.

    Attributes
    ----------
    rule, setting : as asked; welfare : (A_1, ..., A_D); payoff : (D, A_1, ..., A_D)
    """

    rule: CreditRule
    setting: Setting
    welfare: FloatArray
    payoff: FloatArray

    @property
    def donors(self) -> int:
        """Number of players."""
        return len(self.payoff)

    @property
    def optimum(self) -> float:
        """Highest welfare of all profiles, W*."""
        return float(self.welfare.max())

    def regrets(self) -> FloatArray:
        """Return what each donor would gain by its best reply in each profile, exact, shape (D, A_1, ..., A_D)."""
        return np.stack([u.max(axis=d, keepdims=True) - u for d, u in enumerate(self.payoff)])

    def best_replies(self, donor: int, profile: Sequence[int]) -> IntArray:
        """Return the actions of a donor that are best against what the others do in ``profile``."""
        where: list[int | slice] = list(profile)
        where[donor] = slice(None)
        own = self.payoff[donor][tuple(where)]
        return np.flatnonzero(own >= own.max() - NEAR * max(1e-300, self.optimum))

    def equilibria(self) -> BoolArray:
        """Return which profiles are pure Nash equilibria, shape (A_1, ..., A_D)."""
        result: BoolArray = (self.regrets() <= NEAR * max(1e-300, self.optimum)).all(axis=0)
        return result

    def equilibrium_welfare(self) -> tuple[float, float]:
        """Return the lowest and the highest welfare of a pure equilibrium; NaN if there is none."""
        found = self.welfare[self.equilibria()]
        return (float(found.min()), float(found.max())) if len(found) else (float("nan"), float("nan"))

    def price_of_anarchy(self) -> float:
        """Return the lowest welfare of a pure equilibrium over W* (1 if nothing can be gained; NaN without any)."""
        return self.equilibrium_welfare()[0] / self.optimum if self.optimum > 0 else 1.0

    def floors(self) -> FloatArray:
        """Return ``floor`` for every profile, shape (A_1, ..., A_D).

        Raises
        ------
        BoundNotClaimed
            If the rule or the setting has no bound.
        """
        floor(0.0, np.zeros(self.donors), self.rule, self.setting)
        return np.asarray((self.optimum - self.regrets().sum(axis=0)) / 2.0)

    def conditions(self) -> tuple[float, float]:
        """Return the least slack of (ii) and of (iii) over all profiles, below 0 where violated.

        Needs "nothing" as the first action of every donor, which gives W without it.
        """
        second = np.inf
        for d, u in enumerate(self.payoff):
            without = np.take(self.welfare, [0], axis=d)
            second = min(second, float((u - (self.welfare - without)).min()))
        return second, float((self.welfare - self.payoff.sum(axis=0)).min())


@compiled
def _fill(kind, share, gained, words, spent, first, welfare, payoff):  # type: ignore[no-untyped-def]
    donors, cells, tasks = first.shape[0] - 1, gained.shape[0], gained.shape[1] - 1
    action = first[:-1].copy()
    taken = np.zeros((donors, tasks), dtype=np.bool_)
    eur, credit = np.zeros(donors), np.zeros(donors)
    one = np.uint64(1)
    for profile in range(welfare.shape[0]):
        for c in range(cells):
            for d in range(donors):
                word = words[action[d], c]
                eur[d] = spent[action[d], c]
                for task in range(tasks):
                    taken[d, task] = (word >> np.uint64(task)) & one
            welfare[profile] += credit_cell(kind, taken, eur, gained[c], share, credit)
            for d in range(donors):
                payoff[d, profile] += credit[d]
        d = donors - 1
        while d >= 0:  # the last donor's action changes fastest, as in a numpy array
            action[d] += 1
            if action[d] < first[d + 1]:
                break
            action[d] = first[d]
            d -= 1


def tables(game: Game, rule: CreditRule) -> Tables:
    """Return welfare and payoffs of all profiles.

    Raises
    ------
    ScenarioError
        If there are too many profiles or donors to list, or welfare is not a sum over cells.
    """
    profiles = 1
    for size in game.sizes:
        profiles *= size
    if profiles > PROFILES_MAXIMUM:
        raise ScenarioError(f"game: {profiles} profiles; at most {PROFILES_MAXIMUM} can be listed")
    donors = len(game.sizes)
    if rule.kind == SHAPLEY and donors > SHAPLEY_MAXIMUM:
        raise ScenarioError(f"game: shapley values of more than {SHAPLEY_MAXIMUM} donors")
    if game.setting.welfare != "sum":
        raise ScenarioError(f"game: welfare '{game.setting.welfare}' is not a sum over cells")
    welfare, payoff = np.zeros(profiles), np.zeros((donors, profiles))
    _fill(rule.kind, rule.table(donors), game.gained, game.words, game.spent, game.first, welfare, payoff)
    return Tables(rule, game.setting, welfare.reshape(game.sizes), payoff.reshape(donors, *game.sizes))


# --- constructors --------------------------------------------------------------------------------------------


def stacked(gained: FloatArray, actions: Sequence[tuple[WordArray, FloatArray]], setting: Setting) -> Game:
    """Return the game of (words, spent) of each donor's actions, as ``feasible_actions`` makes them."""
    return Game(
        gained=gained,
        words=np.concatenate([words for words, _ in actions]),
        spent=np.concatenate([spent for _, spent in actions]),
        first=np.cumsum([0] + [len(words) for words, _ in actions]),
        setting=setting,
    )


def game_from_lists(
    gained: FloatArray, actions: Sequence[Sequence[Sequence[int]]], setting: Setting = Setting()
) -> Game:  # fmt: skip
    """Return the game of explicit lists: ``actions[d][a][c]`` is the word of donor d's action a in cell c."""
    made = []
    for own in actions:
        words = np.array(own, dtype=np.uint64).reshape(len(own), len(gained))
        made.append((words, np.zeros(words.shape)))
    return stacked(np.asarray(gained, dtype=np.float64), made, setting)


def covering_game(values: Sequence[float], choices: Sequence[Sequence[Iterable[int]]]) -> Game:
    """Return a covering game of one-task cells: cell c is worth ``values[c]`` once anybody takes it.

    ``choices[d]`` lists the sets of cells among which donor d chooses one. Source: Gairing 2009.
    """
    gained = np.stack([np.zeros(len(values)), np.asarray(values, dtype=np.float64)], axis=1)
    actions = [[[int(c in set(cells)) for c in range(len(values))] for cells in own] for own in choices]
    return game_from_lists(gained, actions)


def feasible_actions(
    open_words: WordArray,
    unit: FloatArray,
    fixed: FloatArray,
    cash: float,
    size: tuple[int, int] = (1, 64),
    group: IntArray | None = None,
    entry: FloatArray | None = None,
) -> tuple[WordArray, FloatArray]:
    """Return all sets of tasks that one donor can pay for, as words (A, C), and EUR m by cell (A, C); nothing first.

    Parameters
    ----------
    open_words : (C,) tasks that can be taken in each cell (0: closed to the donor)
    unit, fixed : (C,) EUR m a task and a project
    cash : EUR m
    size : fewest and most tasks of a project; a cell with fewer open tasks takes them all; more tasks, more projects
    group, entry : (C,) row of the group (state) of each cell, and (groups,) EUR m due once where anything is taken

    Raises
    ------
    ScenarioError
        If the open tasks are too many for all their sets to be listed.
    """
    bits = [(c, task) for c, word in enumerate(open_words) for task in range(64) if (int(word) >> task) & 1]
    if len(bits) > OPEN_TASKS_MAXIMUM:
        raise ScenarioError(f"game: {len(bits)} open tasks of one donor; all sets are listed of {OPEN_TASKS_MAXIMUM}")
    codes = np.arange(1 << len(bits), dtype=np.uint64)
    words = np.zeros((len(codes), len(open_words)), dtype=np.uint64)
    counts = np.zeros(words.shape, dtype=np.int64)
    for position, (c, task) in enumerate(bits):
        chosen = (codes >> np.uint64(position)) & np.uint64(1)
        words[:, c] |= chosen << np.uint64(task)
        counts[:, c] += chosen.astype(np.int64)
    free = counts[-1]
    possible = ((counts == 0) | (counts >= np.minimum(size[0], free))).all(axis=1)
    spent = counts * unit + -(-counts // size[1]) * fixed
    if group is not None and entry is not None:
        for g, due in enumerate(entry):
            cells = np.flatnonzero(group == g)
            begun = counts[:, cells] > 0
            first = cells[np.argmax(begun, axis=1)]
            rows = np.flatnonzero(begun.any(axis=1))
            spent[rows, first[rows]] += due
    possible &= spent.sum(axis=1) <= cash + 1e-9
    return words[possible], spent[possible]
