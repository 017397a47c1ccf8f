"""4.3b What donors are credited with at the end, by the rule in force (equal shares where there is none)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from donorlab.sim.credit import RULES, SHAPLEY, SHAPLEY_MAXIMUM
from donorlab.sim.scenario import FloatArray
from donorlab.sim.state import BENEFICIARY, DONOR, PILLAR, REMAINING, SIZE, TASKS
from donorlab.sim.value import bit_counts

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel


def realised_credit(model: CoordinationModel, rule: str | None = None) -> FloatArray:
    """Return the welfare that each donor is credited with, shape (D,), from the tasks that stand at the end.

    Per cell: what all delivered together beyond the state's own tasks, at the weights of the last quarter, shared by the
    rule among those who delivered a task that stands and is owed to a project; NaN for everybody where Shapley values of
    a cell cannot be summed.

    Parameters
    ----------
    rule : name of a rule of credit (default: the design's, or ``equal`` where it has none)
    """
    state, land, ledger = model.state, model.land, model.state.ledger
    found = RULES[rule or (model.design.credit if model.design.credit in RULES else "equal")]
    whole, words = ledger.whole[: ledger.size], ledger.words[: ledger.size]
    donors, tasks = len(model.giving.keys), len(land.value) - 1
    cell = whole[:, BENEFICIARY].astype(np.int64) * state.standing.shape[1] + whole[:, PILLAR]
    lasting = words[:, TASKS] & ~words[:, REMAINING] & (state.standing & state.funded).ravel()[cell]
    spent = ledger.reals[: ledger.size, 0] / np.maximum(1, whole[:, SIZE])  # EUR m a task: COST over tasks
    base = bit_counts((state.standing & ~state.funded).ravel())
    bits = np.uint64(1) << np.arange(tasks, dtype=np.uint64)
    total = np.zeros(donors)
    order = np.argsort(cell, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(cell[order])) + 1):
        rows = rows[lasting[rows] != 0]
        if not len(rows):
            continue
        j, k = divmod(int(cell[rows[0]]), state.standing.shape[1])
        taken = np.zeros((donors, tasks), dtype=np.bool_)
        money = np.zeros(donors)
        for p in rows:
            mine = (lasting[p] & bits) != 0
            taken[whole[p, DONOR]] |= mine
            money[whole[p, DONOR]] += spent[p] * mine.sum()
        if found.kind == SHAPLEY and int(taken.any(axis=1).sum()) > SHAPLEY_MAXIMUM:
            return np.full(donors, np.nan)
        start = int(base[cell[rows[0]]])
        gained = land.value[start:] - land.value[start]
        gained = np.pad(gained, (0, tasks + 1 - len(gained)), mode="edge")
        total += state.state_weight[j] * land.pillar_weight[k] * found(taken, money, gained)
    return total
