"""Rounds of a live model as games: the one about to be planned, and those that were played.

A round that is too large to enumerate still has its floor (``game.floor``): welfare W and credit u_i of the contracts
as they are, W* from above by the bound with the round's money (``optimum.solve_bound``), and each regret from above by
donor i's best reply to the others' actual contracts in the fractional relaxation: no fixed cost as such, any share of
a task, every state that is open to projects, the same lowest attainable prices as the bound (a greedy best reply could
miss the best, and the floor would then be higher than the theorem's). Why both may be widened together: the bound's
plan can be shared out to the donors by their money, so ``W* - W(a) <= sum_i M_i`` with M_i the most that i's money could
add to the others' contracts, and no best credit R_i computed here is below M_i or below any feasible reply's credit.
Widening W* alone (cheaper prices, other states than in the regrets) would claim more than the theorem.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from donorlab.sim.compiled import compiled
from donorlab.sim.credit import MARGINAL, SHARED, CreditRule
from donorlab.sim.game import Game, Setting, feasible_actions, floor, stacked
from donorlab.sim.optimum import solve_bound, task_prices
from donorlab.sim.scenario import BoolArray, FloatArray, IntArray, ScenarioError
from donorlab.sim.setup import WordArray
from donorlab.sim.state import BENEFICIARY, COST, DONOR, PILLAR, TASKS

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel


@compiled
def _best_steps(kind, share, gained, takers, own, open_tasks, best, steps):  # type: ignore[no-untyped-def]
    """Fill ``steps`` with the slopes of the concave hull of a donor's best credit in one cell, by number of tasks.

    ``gained`` (L + 1,) of the cell; ``takers`` (L,) of each task, ``own`` (L,) whether the donor is one of them;
    ``best`` (L + 1,) is scratch. Tasks that nobody else takes are new and pay ``share[1]``; of the others the least
    crowded pay most, since shares do not rise with the number of takers. Best split by trying all.
    """
    tasks = takers.shape[0]
    length = np.zeros(share.shape[0], dtype=np.int64)  # tasks by the number of other takers
    others = 0
    for task in range(tasks):
        rivals = takers[task] - own[task]
        if rivals > 0:
            length[rivals] += 1
            others += 1
    new = open_tasks - others
    best[:] = 0.0
    if kind == MARGINAL:
        for n in range(open_tasks + 1):
            best[n] = gained[others + min(n, new)] - gained[others]
    else:
        repeated, paid, rivals = 0, 0.0, 0
        while True:
            for e in range(new + 1):
                if others + e > 0:
                    credit = gained[others + e] / (others + e) * (share[1] * e + paid)
                    best[e + repeated] = max(best[e + repeated], credit)
            if repeated == others:
                break
            while length[rivals] == 0:
                rivals += 1
            length[rivals] -= 1
            repeated += 1
            paid += share[rivals + 1]
    # concave hull from 0 to open_tasks: pool neighbours whose slopes rise
    block = np.empty(open_tasks, dtype=np.int64)
    slope = np.empty(open_tasks)
    blocks = 0
    for n in range(open_tasks):
        slope[blocks], block[blocks] = best[n + 1] - best[n], 1
        blocks += 1
        while blocks > 1 and slope[blocks - 1] > slope[blocks - 2]:
            both = block[blocks - 1] + block[blocks - 2]
            slope[blocks - 2] = (slope[blocks - 1] * block[blocks - 1] + slope[blocks - 2] * block[blocks - 2]) / both
            block[blocks - 2] = both
            blocks -= 1
    n = 0
    steps[:] = 0.0
    for b in range(blocks):
        for _ in range(block[b]):
            steps[n] = slope[b]
            n += 1


@compiled
def _best_credits(kind, share, gained, touched, taken, open_tasks, cost, cash, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (D,) with the most credit that each donor's ``cash`` buys over all cells, best EUR first.

    ``taken`` (cells touched, D, L) for the cells ``touched``: what nobody takes is the same for all donors. Tasks can be
    bought in any share.
    """
    cells = gained.shape[0]
    donors, tasks = taken.shape[1], taken.shape[2]
    takers = np.zeros((touched.shape[0], tasks), dtype=np.int64)
    for i in range(touched.shape[0]):
        for d in range(donors):
            for task in range(tasks):
                takers[i, task] += taken[i, d, task]
    alone, steps = np.zeros((cells, tasks)), np.zeros((cells, tasks))
    best = np.empty(tasks + 1)
    nobody = np.zeros(tasks, dtype=np.int64)
    for c in range(cells):
        _best_steps(kind, share, gained[c], nobody, nobody, open_tasks[c], best, alone[c])
    own = np.zeros(tasks, dtype=np.int64)
    bought = np.zeros(cells, dtype=np.int64)
    for d in range(donors):
        steps[:] = alone
        for i in range(touched.shape[0]):
            c = touched[i]
            own[:] = taken[i, d]
            _best_steps(kind, share, gained[c], takers[i], own, open_tasks[c], best, steps[c])
        left, total = cash[d], 0.0
        bought[:] = 0
        while left > 0.0:
            chosen, ratio = -1, 0.0
            for c in range(cells):
                if bought[c] < open_tasks[c] and steps[c, bought[c]] / cost[c] > ratio:
                    chosen, ratio = c, steps[c, bought[c]] / cost[c]
            if chosen < 0:
                break
            paid = min(left, cost[chosen])
            total += ratio * paid
            left -= paid
            bought[chosen] += 1
        out[d] = total


@dataclass(frozen=True, eq=False)
class Round:
    """A round as it was played, D donors and C cells (states times pillars).

    Attributes
    ----------
    quarter : number
    start : (J, K) tasks that stood or were in live projects before the round
    weight : (J, K) state weight times pillar weight, 0 in states whose queue takes no project in this round
    value : (L + 1,) f(c / L)
    cost : (J,) lowest attainable price of a task, EUR m; cash : (D,) EUR m before the round
    taken : (D, J, K) words: tasks contracted in the round that were open; spent : (D, J, K) EUR m
    setting : what decides whether bounds are claimed
    """

    quarter: int
    start: IntArray
    weight: FloatArray
    value: FloatArray
    cost: FloatArray
    cash: FloatArray
    taken: WordArray
    spent: FloatArray
    setting: Setting = field(default_factory=Setting)

    @property
    def gained(self) -> FloatArray:
        """Value gained by the number of tasks covered, shape (C, L + 1)."""
        tasks = len(self.value) - 1
        reached = np.minimum(self.start.reshape(-1, 1) + np.arange(tasks + 1), tasks)
        rise = self.value[reached] - self.value[self.start.reshape(-1, 1)]
        return np.asarray(self.weight.reshape(-1, 1) * rise)

    def _touched(self) -> tuple[IntArray, BoolArray]:
        """Return the cells in which anything is taken, and who takes what there, shape (cells touched, D, L)."""
        words = self.taken.reshape(len(self.cash), -1)
        touched = np.flatnonzero(words.any(axis=0))
        shifts = np.arange(len(self.value) - 1, dtype=np.uint64)
        taken: BoolArray = ((words.T[touched][..., None] >> shifts) & np.uint64(1)).astype(np.bool_)
        return touched, taken

    def welfare(self) -> float:
        """Return W, gained by the union of all contracts over the state before the round."""
        touched, taken = self._touched()
        return float(self.gained[touched, taken.any(axis=1).sum(axis=1)].sum())

    def payoffs(self, rule: CreditRule) -> FloatArray:
        """Return the credit of each donor, shape (D,)."""
        touched, taken = self._touched()
        gained, spent = self.gained, self.spent.reshape(len(self.cash), -1)
        credit = np.zeros(len(self.cash))
        for c, who in zip(touched, taken, strict=True):
            credit += rule(who, np.ascontiguousarray(spent[:, c]), gained[c])
        return credit

    def optimum_above(self) -> float:
        """Return an upper bound of W*: what the round's money buys in the fractional relaxation."""
        before = float((self.weight * self.value[self.start]).sum())
        primal, dual, _ = solve_bound(self.start, self.weight, self.value, self.cost, float(self.cash.sum()), 0.0)
        return float(max(primal, dual)) - before

    def regrets_above(self, rule: CreditRule) -> FloatArray:
        """Return upper bounds of the regrets, shape (D,), for marginal contribution or shares of a task.

        Raises
        ------
        ScenarioError
            If the rule is of another kind, or its shares rise with the number of takers.
        """
        donors = len(self.cash)
        share = rule.table(donors)
        if rule.kind not in (MARGINAL, SHARED) or (np.diff(share[1:]) > 0).any():
            raise ScenarioError(f"regrets of a round: no best reply is known for the credit rule '{rule.name}'")
        open_tasks = (len(self.value) - 1 - self.start).ravel()
        cost = np.repeat(self.cost, self.start.shape[1])
        best = np.zeros(donors)
        _best_credits(rule.kind, share, self.gained, *self._touched(), open_tasks, cost, self.cash, best)
        return np.maximum(0.0, best - self.payoffs(rule))

    def of_money_spent(self) -> Round:
        """Return the same round with what each donor spent as all the money it had: a game with smaller sets."""
        return dataclasses.replace(self, cash=self.spent.sum(axis=(1, 2)))

    def floor(self, rule: CreditRule) -> float:
        """Return a lower bound of ``welfare()``: the regret form with W* and regrets from above.

        Raises
        ------
        BoundNotClaimed
            If the rule or the setting has no bound.
        """
        rule.floor(len(self.cash))
        return floor(self.optimum_above(), self.regrets_above(rule), rule, self.setting)


def _setting(model: CoordinationModel) -> Setting:
    """Return the setting of a model's rounds: contracts count as if delivered, payoffs are true."""
    return Setting(conditional=bool(model.design.conditional.any()))


class Watch:
    """Looks at the planning of one quarter: make it before ``model.plan()``, ask it for the round after."""

    def __init__(self, model: CoordinationModel) -> None:
        self.model = model
        self.before = model.state.standing | model.state.known[-1]
        self.cash = model.state.cash.copy()
        self.rows = model.state.ledger.size
        self.closed = model.state.closed.copy()  # a queue that is too long does not shorten while donors plan

    def round(self) -> Round:
        """Return the round that was played since."""
        model, land = self.model, self.model.land
        ledger = model.state.ledger
        taken = np.zeros((len(self.cash), *self.before.shape), dtype=np.uint64)
        spent = np.zeros(taken.shape)
        for row in range(self.rows, ledger.size):
            where = tuple(ledger.whole[row, [DONOR, BENEFICIARY, PILLAR]])
            taken[where] |= ledger.words[row, TASKS] & ~self.before[where[1:]]
            spent[where] += ledger.reals[row, COST]
        return Round(
            quarter=model.quarter,
            start=np.bitwise_count(self.before).astype(np.int64),
            weight=np.outer(np.where(self.closed, 0.0, model.state.state_weight), land.pillar_weight),
            value=land.value,
            cost=task_prices(model.inputs, land),
            cash=self.cash,
            taken=taken,
            spent=spent,
            setting=_setting(model),
        )


def game_of(model: CoordinationModel) -> Game:
    """Return the round that a live model is about to plan; to be called when its ``plan`` begins.

    A cell's open tasks neither stand nor are in a live project. A donor may take any set of them that its cash pays for at
    its own prices, with the fixed cost of every project (of at most the largest size) and the relation cost where it has
    nothing running; states closed to it are left out. Left out as well: taking what is taken already (it gains nothing),
    the growth of the queue within the round, and joining another's project.

    Raises
    ------
    ScenarioError
        If a donor has too many open tasks to list.
    """
    state, land, giving, p = model.state, model.land, model.giving, model.parameters
    before = state.standing | state.known[-1]
    everything = np.uint64((1 << p.tasks_per_pillar) - 1)
    opened = ~before & everything
    states, pillars = before.shape
    weight = np.outer(model.state.state_weight, land.pillar_weight).ravel()
    gained = np.zeros((states * pillars, p.tasks_per_pillar + 1))
    for c, word in enumerate(before.ravel()):
        start = int(word).bit_count()
        rise = weight[c] * (land.value[start:] - land.value[start])
        gained[c] = np.append(rise, np.full(start, rise[-1]))
    actions = []
    for d in range(len(giving.keys)):
        closed = state.closed | (np.arange(states) == giving.itself[d])
        if len(state.shun_until):
            closed = closed | (state.shun_until[d] >= model.quarter)
        actions.append(
            feasible_actions(
                np.where(closed[:, None], np.uint64(0), opened).ravel(),
                (model.state.price * giving.price_factor[d]).ravel(),
                np.full(states * pillars, model.fixed[d]),
                float(state.cash[d]),
                (p.project_tasks_minimum, p.project_tasks_maximum),
                np.repeat(np.arange(states), pillars),
                np.where(state.own_running[d] == 0, model.relation, 0.0),
            )
        )
    return stacked(gained, actions, _setting(model))
