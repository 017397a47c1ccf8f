"""3. The planning calendar: who plans when, and who is blind to whom.

Each quarter has ``planning_slots`` slots; each donor gets one by a draw. The donors of one slot plan at the same
time: one slot is simultaneous planning, one donor a slot the serial limit. Source: simultaneous and sequential moves
in coordination under incomplete information (Halonen-Akatwijuka 2007); slots as weeks are an assumption.

Donors whose class overrides ``decide`` are asked in Python, all others are planned in one compiled call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from donorlab.sim import streams
from donorlab.sim.compiled import compiled
from donorlab.sim.mechanisms.planning import (
    AFFORDABLE,
    can_join,
    cheapest_project,
    contract_slot,
    lower_cheapest,
    plan_donor,
)
from donorlab.sim.mechanisms.wants import (
    SCORE_UNIT,
    best_in_cell,
    costs_once,
    largest_score,
    project_cost,
    public_promise,
)
from donorlab.sim.scenario import FloatArray, ScenarioError, suggest
from donorlab.sim.state import BENEFICIARY, COST, DONOR, FIXED, FLAGS, JOINED, MONITORING, PILLAR, RELATION, SIZE
from donorlab.sim.value import bit_counts

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


@compiled
def draw_calendar(seed, quarter, slots, donor_keys, draw, slot_of, order):  # type: ignore[no-untyped-def]
    """Give each donor its planning slot; ``order`` is donors by slot, then index. 0 slots: one donor a slot."""
    donors = donor_keys.shape[0]
    for d in range(donors):
        draw[d] = streams.uniform(streams.CALENDAR, seed, quarter, donor_keys[d], 0, 0, 0)
        slot_of[d] = min(slots - 1, np.int64(draw[d] * slots))
        if slots == 0:
            slot_of[d] = 0
    for d in range(donors):  # insertion sort: stable, so ties stay in index order
        i = d
        while i > 0:
            other = order[i - 1]
            later = draw[other] > draw[d] if slots == 0 else slot_of[other] > slot_of[d]
            if not later:
                break
            order[i] = other
            i -= 1
        order[i] = d
    if slots == 0:
        for i in range(donors):
            slot_of[order[i]] = i


@compiled
def end_of_slot(low, order, slot_of):  # type: ignore[no-untyped-def]
    """Return the place after the last donor of the slot that begins at place ``low`` of the order."""
    high = low
    while high < order.shape[0] and slot_of[order[high]] == slot_of[order[low]]:
        high += 1
    return high


@compiled
def plan_group(  # type: ignore[no-untyped-def]
    low, high, start, quarter, size, fixed_costs, relation, joiner_share, monitoring, impatience, queue_limit, factor,
    cheapest, order, whole, reals, seen, cash, first, member, weight, shun_until, credited,
    standing, known, own_running, undelivered, room, attenuation, closed,
    itself, visibility, value, task_price, price_factor, mandate, need, political, state_weight, pillar_weight,
    promise_mandate, fresh, present, settled,
    best, best_pillar, best_tasks, tasks_added, projects_added, counts_added,
):
    """Plan donors ``order[low:high]``; return the ledger row after their last proposal."""
    p = start
    for i in range(low, high):
        p = plan_donor(
            order[i], p, quarter, size, fixed_costs, relation, joiner_share, monitoring, impatience, queue_limit, factor,
            cheapest, whole, reals, seen, cash, first, member, weight, shun_until, credited,
            standing, known, own_running, undelivered, room, attenuation, closed,
            itself, visibility, value, task_price, price_factor, mandate, need, political, state_weight, pillar_weight,
            promise_mandate, fresh, present, settled,
            best, best_pillar, best_tasks, tasks_added, projects_added, counts_added,
        )
    return p


@compiled
def plan_quarter(  # type: ignore[no-untyped-def]
    rows, lag, seed, report_rate, plans, conditional, q, by_task, fixed, least_fixed, serial, slot_of,
    words, visible, last, donor_keys, skill, instrument_of,
    quarter, size, fixed_costs, relation, joiner_share, monitoring, impatience, queue_limit, factor,
    order, whole, reals, seen, cash, first, member, weight, shun_until, credited,
    standing, known, own_running, undelivered, room, attenuation, closed,
    itself, visibility, value, task_price, price_factor, mandate, need, political, state_weight, pillar_weight,
    promise_mandate, fresh, present, settled,
    best, best_pillar, best_tasks, tasks_added, projects_added, counts_added,
):
    """Plan all donors, slot by slot; return the new number of rows in the ledger."""
    donors = order.shape[0]
    tasks = instrument_of.shape[1]
    cheapest = cheapest_project(size, least_fixed, standing, known, task_price, tasks)
    public_promise(size, fixed, relation, standing, value, task_price, fresh, present)
    low = 0
    while low < donors:
        slot = slot_of[order[low]]
        high = end_of_slot(low, order, slot_of)
        stop = plan_group(
            low, high, rows, quarter, size, fixed_costs, relation, joiner_share, monitoring, impatience, queue_limit,
            factor, cheapest, order, whole, reals, seen, cash, first, member, weight, shun_until, credited,
            standing, known, own_running, undelivered, room, attenuation, closed,
            itself, visibility, value, task_price, price_factor, mandate, need, political, state_weight, pillar_weight,
            promise_mandate, fresh, present, settled,
            best, best_pillar, best_tasks, tasks_added, projects_added, counts_added,
        )
        contract_slot(
            rows, stop, quarter, slot, lag, seed, report_rate, plans, member, conditional, q, by_task, impatience,
            queue_limit, serial, whole, words, reals, seen, standing, known, visible, first, last, own_running,
            undelivered, room, attenuation, closed, donor_keys, skill, instrument_of,
        )
        cheapest = lower_cheapest(rows, stop, cheapest, size, least_fixed, whole, standing, known, task_price, tasks)
        rows = stop
        low = high
    return rows


def score_factor(model: CoordinationModel) -> float:
    """Return what turns a score into the integer that is compared: 2^40 / largest score at the start (0: none)."""
    land, giving, state = model.land, model.giving, model.state
    largest = largest_score(
        model.project_size, model.fixed, model.relation, giving.itself, model.visible, model.credited, state.standing,
        land.value, land.task_price, giving.price_factor, giving.mandate, model.need, giving.political,
        land.state_weight, land.pillar_weight,
    )  # fmt: skip
    return SCORE_UNIT / largest if largest > 0 else 0.0


def _reserve(model: CoordinationModel) -> None:
    """Make sure that the ledger can hold all projects that this quarter's cash could buy."""
    cash = float(model.state.cash.sum()) + AFFORDABLE * len(model.state.cash)
    cheapest = model.least_fixed + float(model.land.task_price.min())
    model.state.ledger.reserve(int(cash / cheapest) + 1)


def _promise(model: CoordinationModel) -> None:
    """Bring the bound that decides which states are worth a closer look up to date."""
    state, land, scratch = model.state, model.land, model.scratch
    public_promise(
        model.project_size, model.parameters.fixed_cost, model.relation, state.standing, land.value, land.task_price,
        scratch.fresh, scratch.present_gain,
    )  # fmt: skip


def _arguments(model: CoordinationModel, quarter: int) -> tuple[Any, ...]:
    """Return what the compiled planner reads and writes, in its order (after ``cheapest``: see ``plan_group``)."""
    state, land, giving, p = model.state, model.land, model.giving, model.parameters
    ledger, scratch = state.ledger, model.scratch
    return (
        quarter, model.project_size, model.fixed, model.relation, model.joiner_share, model.monitoring, p.impatience,
        p.queue_limit, model.factor,
        state.order, ledger.whole, ledger.reals, ledger.seen, state.cash, state.first,
        model.design.member, state.weight, state.shun_until, model.credited,
        state.standing, state.known, state.own_running, state.undelivered, state.room, state.attenuation, state.closed,
        giving.itself, model.visible, land.value, land.task_price, giving.price_factor, giving.mandate, model.need,
        giving.political, land.state_weight, land.pillar_weight,
        model.promise_mandate, scratch.fresh, scratch.present_gain, scratch.settled,
        scratch.best, scratch.best_pillar, scratch.best_tasks, scratch.tasks_added, scratch.projects_added,
        scratch.counts_added,
    )  # fmt: skip


def plan(model: CoordinationModel, quarter: int) -> None:
    """Plan and contract: the phase ``planning = best_cell``."""
    state, giving, p, design = model.state, model.giving, model.parameters, model.design
    state.serial[:] = 0
    _reserve(model)
    draw_calendar(model.seed, quarter, p.planning_slots, giving.keys, model.scratch.draw, state.slot_of, state.order)
    if model.python_donors:
        _plan_with_python(model, quarter)
        return
    state.ledger.size = plan_quarter(
        state.ledger.size, model.lag, model.seed, design.reporting_rate, design.register == "plans", design.conditional,
        p.observation_probability, p.ignorance == "task", p.fixed_cost, model.least_fixed, state.serial, state.slot_of,
        state.ledger.words, state.visible, state.last, giving.keys, giving.skill, model.land.instrument_of,
        *_arguments(model, quarter),
    )  # fmt: skip


def _plan_compiled(model: CoordinationModel, low: int, high: int, start: int, quarter: int) -> int:
    """Let the compiled planner write the proposals of donors ``order[low:high]``; return the row after the last."""
    arguments = _arguments(model, quarter)
    stop: int = plan_group(low, high, start, *arguments[:9], 0.0, *arguments[9:])
    return stop


def propose(model: CoordinationModel, donor: int, quarter: int) -> list[Contract]:
    """Return what the compiled planner would contract for one donor now; nothing changes."""
    state = model.state
    ledger, cash = state.ledger, float(state.cash[donor])
    _reserve(model)
    _promise(model)
    start = max(model.next_row, ledger.size)  # behind what the donor has contracted in this answer already
    low = int(np.flatnonzero(state.order == donor)[0])
    stop = _plan_compiled(model, low, low + 1, start, quarter)
    state.cash[donor] = cash
    rows = ledger.whole[start:stop]
    return [
        Contract(int(row[BENEFICIARY]), int(row[PILLAR]), int(row[SIZE]), bool(row[FLAGS] & JOINED)) for row in rows
    ]


def planning_view(model: CoordinationModel, donor: int, quarter: int, slot: int) -> PlanningView:
    """Return what a donor knows at the start of its slot."""
    state, land, giving = model.state, model.land, model.giving
    words = state.standing | state.known[donor]
    count = bit_counts(words.ravel()).reshape(words.shape)
    own = state.own_running[donor]
    fixed = model.fixed[donor] + np.where(own == 0, model.relation, 0.0)
    price = land.task_price[:, None] * giving.price_factor[donor][None, :]
    open_to = ~state.closed & (np.arange(len(own)) != giving.itself[donor])
    if len(state.shun_until):
        open_to &= state.shun_until[donor] < quarter
    weight = state.weight[donor] if len(state.weight) else np.ones_like(price)
    score = np.zeros_like(price)
    for j in np.flatnonzero(open_to):
        for k in range(price.shape[1]):
            best = best_in_cell(
                donor, j, k, count[j, k], model.visible[donor] / (1.0 + own[j]), state.attenuation[j] * weight[j, k],
                model.project_size, fixed[j], price[j, k], model.credited, state.standing, land.value, giving.mandate,
                model.need, giving.political, land.state_weight, land.pillar_weight,
            )  # fmt: skip
            score[j, k] = best
    view = PlanningView(
        quarter=quarter, slot=slot, cash=float(state.cash[donor]), believed_count=count,
        wait=state.undelivered / state.room, open_to_projects=open_to, price=price, fixed=fixed, score=score,
    )  # fmt: skip
    for array in (count, view.wait, open_to, price, fixed, score):
        array.setflags(write=False)
    return view


def _plan_with_python(model: CoordinationModel, quarter: int) -> None:
    """Plan slot by slot, asking overridden donors in Python and the compiled planner for all others."""
    state, giving, p, design = model.state, model.giving, model.parameters, model.design
    ledger = state.ledger
    _promise(model)
    low, donors = 0, len(state.order)
    while low < donors:
        slot = int(state.slot_of[state.order[low]])
        high = int(end_of_slot(low, state.order, state.slot_of))
        rows = ledger.size
        for place in range(low, high):
            d = int(state.order[place])
            model.next_row = rows
            if d in model.python_donors:
                rows = _ask(model, d, quarter, slot, rows)
            else:
                rows = _plan_compiled(model, place, place + 1, rows, quarter)
        contract_slot(
            ledger.size, rows, quarter, slot, model.lag, model.seed, design.reporting_rate, design.register == "plans",
            design.member, design.conditional, p.observation_probability,
            p.ignorance == "task", p.impatience, p.queue_limit, state.serial,
            ledger.whole, ledger.words, ledger.reals, ledger.seen, state.standing, state.known, state.visible,
            state.first, state.last, state.own_running, state.undelivered, state.room, state.attenuation, state.closed,
            giving.keys, giving.skill, model.land.instrument_of,
        )  # fmt: skip
        ledger.size = rows
        model.next_row = 0
        low = high


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


def _ask(model: CoordinationModel, donor: int, quarter: int, slot: int, start: int) -> int:
    """Write the contracts that an overridden donor decides on; return the row after the last.

    Raises
    ------
    ScenarioError
        If a contract breaks a rule that binds every donor (money, size, open tasks, queue).
    """
    state, land, giving, p = model.state, model.land, model.giving, model.parameters
    ledger, who = state.ledger, model.inputs.donors.ids[donor]
    view = planning_view(model, donor, quarter, slot)
    counts = view.believed_count.copy()
    added = np.zeros(len(land.keys), dtype=np.int64)
    projects = state.own_running[donor].copy()
    row = start
    answer = model.donor_agents[donor].decide(view)
    if answer is None:
        raise ScenarioError(f"donor {who}: decide returned nothing; return a list of Contract, empty for none")
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
        price = land.task_price[j] * giving.price_factor[donor, k]
        cost = project_cost(n, price, relation, fixed)
        if cost > state.cash[donor] + AFFORDABLE:
            raise ScenarioError(f"{where} costs EUR {cost:.3f}m but only {state.cash[donor]:.3f}m is in cash")
        ledger.whole[row, [DONOR, BENEFICIARY, PILLAR, SIZE, FLAGS]] = donor, j, k, n, JOINED if contract.joint else 0
        ledger.reals[row, [COST, RELATION, FIXED, MONITORING]] = cost, relation, fixed - monitoring, monitoring
        state.cash[donor] -= cost
        counts[j, k] += n
        added[j] += n
        projects[j] += 1
        row += 1
        model.next_row = row
    return row
