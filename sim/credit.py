"""4.3b Credit: how the value that donors gain together in one cell is credited to each of them.

A cell is one pillar of one beneficiary. Of its open tasks, donor d takes those with ``taken[d, l]``; u tasks are
covered by at least one donor and the cell gains ``V = gained[u]``, with ``gained[0] = 0`` and ``gained`` non-decreasing
and concave (``value.py``). Credit adds over cells; W is the sum of V over cells.

Two conditions make a credit rule *bounded* (Vetta 2002): for every donor and every choice of all,

- (ii) ``u_d >= V - V without d``: a donor is credited at least what it adds as the last one;
- (iii) ``sum of u_d <= V``: no more is credited than was gained.

Then every Nash equilibrium reaches half of the optimum, and any choice at least half of the optimum less the sum of
regrets (see ``game.py``). With s_d the tasks that only d takes, concavity and ``gained[0] = 0`` give
``gained[u - s] >= gained[u] * (u - s) / u``, that is ``V - V without d <= s_d * V / u``: **every rule that pays V / u for
a task that only one donor takes, and at most V / u together for any task, is bounded**, also in cells of many tasks.
Equal, by-EUR and Gairing's shares are such rules. Each proof of (ii) and (iii) below is one line on top of this.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from donorlab.sim.compiled import compiled
from donorlab.sim.scenario import BoolArray, FloatArray, ScenarioError, suggest

SHAPLEY_MAXIMUM: Final = 20  # donors in one cell: the value is summed over all coalitions
MARGINAL, SHARED, BY_EUR, SHAPLEY, PER_CELL, RELATIVE = range(6)

ShareTable = Callable[[int], FloatArray]


class BoundNotClaimed(ScenarioError):  # noqa: N818 - says what is the case, not that something broke
    """A bound was asked for where none is claimed."""


# --- shares of one task --------------------------------------------------------------------------------------


def equal_shares(donors: int) -> FloatArray:
    """Return f(j) = 1 / j, the share of each of j takers of a task, j = 0 .. donors (f(0) = 0)."""
    return np.array([0.0] + [1.0 / j for j in range(1, donors + 1)])


def only_the_sole_taker(donors: int) -> FloatArray:
    """Return f = (1, 0, 0, ...): in a cell of one task, the marginal contribution."""
    shares = np.zeros(donors + 1)
    shares[1:2] = 1.0
    return shares


def gairing_shares(donors: int) -> FloatArray:
    """Return Gairing's weights f(j) for j = 0 .. n takers of a task, f(0) = 0, f(1) = 1.

    ``f(j) = (j-1)! [c + sum_{i=j}^{n-1} 1/i!] / Z``, ``c = 1 / ((n-1) (n-1)!)``, ``Z = c + sum_{i=1}^{n-1} 1/i!``.
    Source: Gairing 2009. They satisfy ``j f(j) - f(j+1) = 1/Z`` for j < n and ``(n-1) f(n) = 1/Z``. By induction from
    n down, f does not rise; hence ``j f(j) = 1/Z + f(j+1) <= 1/Z + f(2) = f(1) = 1``: a task pays at most its worth.
    """
    if donors == 1:
        return np.array([0.0, 1.0])
    last = 1.0 / ((donors - 1) * math.factorial(donors - 1))
    tail = [last + sum(1.0 / math.factorial(i) for i in range(j, donors)) for j in range(donors + 1)]
    return np.array([0.0] + [math.factorial(j - 1) * tail[j] / tail[1] for j in range(1, donors + 1)])


def covering_floor(shares: FloatArray) -> float:
    """Return the least share of the optimum in any equilibrium of a game of one-task cells with these shares.

    ``1 / (1 + chi)``, ``chi = max over 1 <= j < n of {(j+1) f(j+1) - 1, j f(j) - f(j+1), j f(j+1)}``, n players.
    Source: Paccagnan and Marden, covering games (formula from memory, checked against the closed forms of Gairing 2009).
    """
    chi = 0.0
    for j in range(1, len(shares) - 1):
        here, further = float(shares[j]), float(shares[j + 1])
        chi = max(chi, (j + 1) * further - 1.0, j * here - further, j * further)
    return 1.0 / (1.0 + chi)


# --- the rules, on one cell ----------------------------------------------------------------------------------


@compiled
def worth_of_a_task(value, base, covered):  # type: ignore[no-untyped-def]
    """Return V / u: what each of ``covered`` tasks of a cell is worth where ``base`` stood before them."""
    return (value[base + covered] - value[base]) / covered


@compiled
def _marginal(taken, takers, covered, gained, out):  # type: ignore[no-untyped-def]
    for d in range(taken.shape[0]):
        sole = 0
        for task in range(taken.shape[1]):
            if taken[d, task] and takers[task] == 1:
                sole += 1
        out[d] = gained[covered] - gained[covered - sole]


@compiled
def _shared(taken, takers, worth, share, out):  # type: ignore[no-untyped-def]
    for d in range(taken.shape[0]):
        for task in range(taken.shape[1]):
            if taken[d, task]:
                out[d] += worth * share[takers[task]]


@compiled
def _by_eur(taken, takers, worth, spent, out):  # type: ignore[no-untyped-def]
    donors, tasks = taken.shape
    paid = np.zeros(donors)  # EUR m a task
    for d in range(donors):
        count = 0
        for task in range(tasks):
            count += taken[d, task]
        paid[d] = spent[d] / count if count > 0 else 0.0
    for task in range(tasks):
        total = 0.0
        for d in range(donors):
            if taken[d, task]:
                total += paid[d]
        for d in range(donors):
            if taken[d, task]:
                out[d] += worth * (paid[d] / total if total > 0.0 else 1.0 / takers[task])


@compiled
def _shapley(taken, gained, out):  # type: ignore[no-untyped-def]
    donors, tasks = taken.shape
    who = np.empty(donors, dtype=np.int64)
    size = 0
    for d in range(donors):
        if taken[d].any():
            who[size] = d
            size += 1
    coalitions = 1 << size
    union = np.zeros((coalitions, tasks), dtype=np.bool_)
    value = np.zeros(coalitions)
    members = np.zeros(coalitions, dtype=np.int64)
    for s in range(1, coalitions):
        lowest = 0
        while not (s >> lowest) & 1:
            lowest += 1
        without = s & (s - 1)
        members[s] = members[without] + 1
        covered = 0
        for task in range(tasks):
            union[s, task] = union[without, task] or taken[who[lowest], task]
            covered += union[s, task]
        value[s] = gained[covered]
    weight = np.empty(max(1, size))  # of a coalition of so many others: s! (size - 1 - s)! / size!
    for others in range(size):
        choose = 1.0
        for i in range(others):
            choose *= (size - 1 - i) / (i + 1)
        weight[others] = 1.0 / (size * choose)
    for i in range(size):
        total = 0.0
        for s in range(coalitions):
            if not (s >> i) & 1:
                total += weight[members[s]] * (value[s | (1 << i)] - value[s])
        out[who[i]] = total


@compiled
def credit_cell(kind, taken, spent, gained, share, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (D,) with the credit of each donor in one cell and return V.

    ``kind`` is one of the kinds above; ``taken`` (D, L) bool, ``spent`` (D,) EUR m in the cell, ``gained`` (L + 1,) value
    gained by the number of tasks covered, ``share`` (at least D + 1,) of a task by its takers (kind SHARED only).
    """
    donors, tasks = taken.shape
    takers = np.zeros(tasks, dtype=np.int64)
    covered = 0
    for task in range(tasks):
        for d in range(donors):
            takers[task] += taken[d, task]
        covered += takers[task] > 0
    out[:] = 0.0
    if covered == 0:
        return 0.0
    worth = worth_of_a_task(gained, 0, covered)
    if kind == MARGINAL:
        _marginal(taken, takers, covered, gained, out)
    elif kind == SHARED:
        _shared(taken, takers, worth, share, out)
    elif kind == BY_EUR:
        _by_eur(taken, takers, worth, spent, out)
    elif kind == SHAPLEY:
        _shapley(taken, gained, out)
    elif kind == PER_CELL:
        active = 0
        for d in range(donors):
            active += taken[d].any()
        for d in range(donors):
            if taken[d].any():
                out[d] = gained[covered] / active
    elif kind == RELATIVE:
        for task in range(tasks):
            for d in range(donors):
                if taken[d, task]:
                    out[d] += worth / takers[task]
        total = out.sum()
        for d in range(donors):
            out[d] -= total - out[d]
    return gained[covered]


@dataclass(frozen=True)
class CreditRule:
    """A rule of credit: who gets how much of what the donors of one cell gained together.

    Attributes
    ----------
    name, summary, source : in plain words
    kind : what ``credit_cell`` does
    bounded : whether (ii) and (iii) hold, so that the floors of Vetta 2002 apply, in cells of any number of tasks
    shares : share of each taker of a task by the number of takers, for n donors (kind SHARED only)
    one_task_shares : what the rule is in cells of one task, if a function of the number of takers
    """

    name: str
    summary: str
    source: str
    kind: int
    bounded: bool
    shares: ShareTable | None = None
    one_task_shares: ShareTable | None = None

    def table(self, donors: int) -> FloatArray:
        """Return the share of each of 0 .. donors takers, shape (donors + 1,); zeros where the rule has none."""
        return self.shares(donors) if self.shares is not None else np.zeros(donors + 1)

    def floor(self, donors: int, one_task_cells: bool = False) -> float:
        """Return the share of the optimum that every pure equilibrium reaches.

        1/2 (Vetta 2002); sharper with one-task cells where credit depends on the number of takers (``covering_floor``).

        Raises
        ------
        BoundNotClaimed
            If the rule has no bound.
        """
        if not self.bounded:
            raise BoundNotClaimed(f"no bound is claimed for the credit rule '{self.name}': {self.summary}")
        if one_task_cells and self.one_task_shares is not None:
            return covering_floor(self.one_task_shares(donors))
        return 0.5

    def __call__(
        self, taken: BoolArray, spent: FloatArray, gained: FloatArray, donors: int | None = None
    ) -> FloatArray:
        """Return the credit of each donor in one cell, shape (D,), in the unit of ``gained``.

        Parameters
        ----------
        taken : (D, L) which donor takes which open task
        spent : (D,) EUR m in this cell (only by EUR uses it: spread evenly over a donor's own tasks)
        gained : (L + 1,) value gained by the number of tasks covered, 0 first
        donors : number of players of the game, where rows of ``taken`` are only those present in the cell

        Raises
        ------
        ScenarioError
            If more donors share a cell than Shapley values can be summed for.
        """
        if self.kind == SHAPLEY and int(np.count_nonzero(taken.any(axis=1))) > SHAPLEY_MAXIMUM:
            raise ScenarioError(f"shapley: more than {SHAPLEY_MAXIMUM} donors in one cell")
        if self.kind == RELATIVE and donors is not None and donors != len(taken):
            raise ScenarioError("relative_impact: needs a row for every donor of the game")
        out = np.zeros(len(taken))
        credit_cell(self.kind, taken, spent, gained, self.table(donors or len(taken)), out)
        return out


_RULES: Final = (
    CreditRule(
        name="marginal",
        summary="each donor gets what the cell would lose without it",
        # (ii) with equality. (iii): order the donors; each adds at least as much in its turn as it does last, by
        # submodularity, and the turns add up to V. With equality in (ii), W is a potential: equilibria exist.
        source="Vetta 2002; wonderful-life utility, Wolpert and Tumer 1999",
        kind=MARGINAL,
        bounded=True,
        one_task_shares=only_the_sole_taker,
    ),
    CreditRule(
        name="equal",
        summary="each covered task is worth V / u, split equally among those who took it",
        # (ii): the sole tasks alone pay s_d V / u. (iii) with equality: u tasks pay V / u each.
        #
        # The engine's planner (`wants.project_value`) pays a project of n tasks
        # `earned * n * (f(c + n) - f(base)) / (c + n - base)`: this rule, times `earned`, for a donor that believes
        # that c - base further tasks are taken since `base` stood, that its n tasks are none of them, and that nobody
        # else takes them. What the new tasks do to the credit of its own earlier ones is left out there.
        source="Gairing 2009, Marden and Wierman 2013 (equal shares); here of V / u a task",
        kind=SHARED,
        bounded=True,
        shares=equal_shares,
        one_task_shares=equal_shares,
    ),
    CreditRule(
        name="by_eur",
        summary="each covered task is worth V / u, split by what each taker paid for it",
        # (ii) and (iii) as for equal: shares are positive, sum to 1, and a sole taker has all. A donor's EUR in the cell
        # are spread evenly over its tasks; takers who paid nothing at all split equally.
        source="assumption: credit in proportion to money; shares of effort, Annen and Moers 2012",
        kind=BY_EUR,
        bounded=True,
    ),
    CreditRule(
        name="gairing",
        summary="each covered task is worth V / u, of which each of j takers gets Gairing's weight f(j)",
        # (ii): f(1) = 1 and f >= 0. (iii): j f(j) <= 1, proved at `gairing_shares`; part of the credit is nobody's.
        # The floor of 1 - 1/e and more is proved for one-task cells only: in others 1/2 is claimed.
        source="Gairing 2009",
        kind=SHARED,
        bounded=True,
        shares=gairing_shares,
        one_task_shares=gairing_shares,
    ),
    CreditRule(
        name="shapley",
        summary="each donor gets what it adds on average over all orders of arrival in the cell",
        # (ii): it adds least when it comes last, by submodularity. (iii) with equality: efficiency of the value.
        source="Shapley 1953; Marden and Wierman 2013",
        kind=SHAPLEY,
        bounded=True,
        one_task_shares=equal_shares,
    ),
    CreditRule(
        name="equal_per_cell",
        summary="a cell's gain is split equally among all donors present in it",
        # (ii) fails: a donor that alone covers almost all of a cell gets 1/m of it. (iii) holds.
        source="counting projects by recipient and theme; no theorem",
        kind=PER_CELL,
        bounded=False,
    ),
    CreditRule(
        name="relative_impact",
        summary="own credit (equal, per task) minus that of all rivals together",
        # (ii) holds not: what a rival gains is taken off. (iii) holds (n donors get (2 - n) V in sum), which is no help.
        # The engine's planner (`wants.credited_gain`) is paid by this rule too, after less before.
        source="Annen and Moers 2012 (own minus the rival's, two donors); that more rivals are summed is an assumption",
        kind=RELATIVE,
        bounded=False,
    ),
)
RULES: Final[dict[str, CreditRule]] = {rule.name: rule for rule in _RULES}


def credit_rule(name: str) -> CreditRule:
    """Return the rule of that name.

    Raises
    ------
    ScenarioError
        If there is none.
    """
    if name not in RULES:
        raise ScenarioError(f"credit: unknown rule '{name}'{suggest(name, RULES)}; known: {', '.join(sorted(RULES))}")
    return RULES[name]
