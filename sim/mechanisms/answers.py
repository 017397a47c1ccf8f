"""3. Answers: what a donor that decides in Python is told, and what it may contract.

It is told what it believes, its prices and its best scores; each contract that it answers with is bound by the rules of the
compiled planner: money, size, open tasks, queue. Source: an interface; the rules are those of ``planning`` and ``wants``
(assumption: a donor may choose otherwise than by value per EUR, but not beyond these).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from donorlab.sim.mechanisms.planning import AFFORDABLE, can_join
from donorlab.sim.mechanisms.wants import costs_once, project_cost
from donorlab.sim.scenario import FloatArray, ScenarioError, suggest
from donorlab.sim.state import BENEFICIARY, COST, DONOR, FIXED, FLAGS, JOINED, MONITORING, PILLAR, PRICE, RELATION, SIZE

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel


@dataclass(frozen=True)
class Contract:
    """A donor's decision to pay for ``tasks`` tasks of one beneficiary and pillar.

    Attributes
    ----------
    beneficiary : row or id of the beneficiary
    pillar : row or name of the pillar
    tasks : number of tasks; which ones is drawn by the donor's skill among those it believes open
    joint : whether it joins another member's project in the cell (where joint programming is on)
    """

    beneficiary: int | str
    pillar: int | str
    tasks: int
    joint: bool = False


@dataclass(frozen=True)
class PlanningView:
    """What one donor knows when its slot begins; arrays are read-only.

    Attributes
    ----------
    quarter, slot : numbers
    cash : EUR m
    believed_count : (J, K) tasks believed taken
    wait : (J,) quarters of queue, as everybody sees it
    open_to_projects : (J,) whether the state takes new projects
    price : (J, K) EUR m a task for this donor
    fixed : (J,) EUR m to be paid once for the next project (fixed cost, and relation cost where due)
    score : (J, K) highest value per EUR over the sizes allowed, 0 where nothing can be done
    """

    quarter: int
    slot: int
    cash: float
    believed_count: npt.NDArray[np.int64]
    wait: FloatArray
    open_to_projects: npt.NDArray[np.bool_]
    price: FloatArray
    fixed: FloatArray
    score: FloatArray


def _whole(value: object, what: str, who: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise ScenarioError(f"donor {who}: contract names {what} '{value}'; it must be a whole number")
    return int(value)


def _row(value: int | str, names: tuple[str, ...], what: str, who: str) -> int:
    if isinstance(value, str):
        if value not in names:
            raise ScenarioError(f"donor {who}: contract names an unknown {what} '{value}'{suggest(value, names)}")
        return names.index(value)
    value = _whole(value, what, who)
    if not 0 <= int(value) < len(names):
        raise ScenarioError(f"donor {who}: contract names {what} {value}; rows go from 0 to {len(names) - 1}")
    return int(value)


def write_contracts(
    model: CoordinationModel, donor: int, view: PlanningView, answer: Iterable[Contract], start: int
) -> int:
    """Write contracts of one donor to the ledger from row ``start`` on; return the row after the last.

    Raises
    ------
    ScenarioError
        If a contract breaks a rule that binds every donor (money, size, open tasks, queue).
    """
    state, land, giving, p = model.state, model.land, model.giving, model.parameters
    ledger, who, quarter = state.ledger, model.inputs.donors.ids[donor], view.quarter
    counts = view.believed_count.copy()
    added = np.zeros(len(land.keys), dtype=np.int64)
    projects = state.own_running[donor].copy()
    row = start
    for contract in answer:
        if not isinstance(contract, Contract):
            raise ScenarioError(f"donor {who}: decide returned '{contract}' among its contracts; it must be a Contract")
        j = _row(contract.beneficiary, model.inputs.beneficiaries.ids, "beneficiary", who)
        k = _row(contract.pillar, model.inputs.pillars, "pillar", who)
        n, free = _whole(contract.tasks, "tasks", who), p.tasks_per_pillar - int(counts[j, k])
        where = f"donor {who}, quarter {quarter}: contract in {model.inputs.beneficiaries.ids[j]}"
        if not 1 <= n <= min(p.project_tasks_maximum, free):
            raise ScenarioError(
                f"{where} for {n} tasks; between 1 and {min(p.project_tasks_maximum, free)} are possible"
            )
        wait = (state.undelivered[j] + added[j]) / state.room[j]
        shunned = len(state.shun_until) and state.shun_until[donor, j] >= quarter
        if wait > p.queue_limit or giving.itself[donor] == j or shunned:
            raise ScenarioError(f"{where}: it takes no project from this donor now (see view.open_to_projects)")
        if contract.joint:
            able = model.joiner_share >= 0 and model.design.member[donor]
            if not able or not can_join(donor, j, k, state.first, ledger.whole, ledger.seen, model.design.member):
                raise ScenarioError(f"{where} as a joiner; there is no reported project of another member to join")
        fixed, relation = costs_once(
            donor, contract.joint, projects[j], model.fixed, model.monitoring, model.relation, model.joiner_share
        )
        monitoring = model.monitoring[donor]
        price = state.price[j, k] * giving.price_factor[donor, k]
        cost = project_cost(n, price, relation, fixed)
        if cost > state.cash[donor] + AFFORDABLE:
            raise ScenarioError(f"{where} costs EUR {cost:.3f}m but only {state.cash[donor]:.3f}m is in cash")
        ledger.whole[row, [DONOR, BENEFICIARY, PILLAR, SIZE, FLAGS]] = donor, j, k, n, JOINED if contract.joint else 0
        ledger.reals[row, [COST, RELATION, FIXED, MONITORING, PRICE]] = (
            cost, relation, fixed - monitoring, monitoring, state.price[j, k],
        )  # fmt: skip
        state.cash[donor] -= cost
        counts[j, k] += n
        added[j] += n
        projects[j] += 1
        row += 1
        model.next_row = row
    return row
