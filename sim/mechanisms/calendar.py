"""3. The planning calendar: who plans when, and who is blind to whom.

Each quarter has ``planning_slots`` slots; each donor gets one by a draw. The donors of one slot plan at the same
time: one slot is simultaneous planning, one donor a slot the serial limit. Source: simultaneous and sequential moves
in coordination under incomplete information (Halonen-Akatwijuka 2007); slots as weeks are an assumption.

Donors whose class overrides ``decide`` are asked in Python, all others are planned in one compiled call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from donorlab.sim import streams
from donorlab.sim.compiled import compiled
from donorlab.sim.mechanisms.answers import Contract, PlanningView, write_contracts
from donorlab.sim.mechanisms.motives import attraction
from donorlab.sim.mechanisms.offers import make_offers
from donorlab.sim.mechanisms.planning import (
    AFFORDABLE,
    cheapest_project,
    contract_slot,
    lower_cheapest,
    plan_donor,
)
from donorlab.sim.mechanisms.wants import (
    SCORE_UNIT,
    best_in_cells,
    largest_score,
    promise_of_states,
    public_promise,
)
from donorlab.sim.scenario import ScenarioError
from donorlab.sim.state import BENEFICIARY, FLAGS, JOINED, PILLAR, SIZE
from donorlab.sim.value import bit_counts

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel

NOT_ASKED = np.zeros(0, dtype=np.int32)  # in place of offers: a donor that is only asked what it would do offers nothing


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
    cheapest, order, whole, reals, seen, cash, first, member, weight, shun_until, credited, rule,
    standing, known, own_running, undelivered, room, attenuation, closed,
    itself, visibility, value, price, price_factor, mandate, attraction, crowd, state_weight, pillar_weight,
    promise_mandate, fresh, present, settled,
    best, best_pillar, best_tasks, tasks_added, projects_added, counts_added, promised, cells, offered,
):
    """Plan donors ``order[low:high]``; return the ledger row after their last proposal. No offers where ``offered`` is empty."""
    p = start
    for i in range(low, high):
        before = p
        p = plan_donor(
            order[i], p, quarter, size, fixed_costs, relation, joiner_share, monitoring, impatience, queue_limit, factor,
            cheapest, whole, reals, seen, cash, first, member, weight, shun_until, credited, rule,
            standing, known, own_running, undelivered, room, attenuation, closed,
            itself, visibility, value, price, price_factor, mandate, attraction, crowd, state_weight, pillar_weight,
            promise_mandate, fresh, present, settled,
            best, best_pillar, best_tasks, tasks_added, projects_added, counts_added, promised,
        )
        if p > before and offered.shape[0] > 0:
            make_offers(
                order[i], promised, size, fixed_costs, relation, factor, weight, credited, rule, standing, known, own_running,
                attenuation, visibility, value, price, price_factor, mandate, attraction, crowd, state_weight,
                pillar_weight, counts_added, cells, offered,
            )
    return p


@compiled
def plan_quarter(  # type: ignore[no-untyped-def]
    rows, lag, seed, report_rate, plans, conditional, q, by_task, fixed, least_fixed, serial, slot_of,
    words, visible, last, donor_keys, skill, context, instrument_of,
    quarter, size, fixed_costs, relation, joiner_share, monitoring, impatience, queue_limit, factor,
    order, whole, reals, seen, cash, first, member, weight, shun_until, credited, rule,
    standing, known, own_running, undelivered, room, attenuation, closed,
    itself, visibility, value, price, price_factor, mandate, attraction, crowd, state_weight, pillar_weight,
    promise_mandate, fresh, present, settled,
    best, best_pillar, best_tasks, tasks_added, projects_added, counts_added, promised, cells, offered,
):
    """Plan all donors, slot by slot; return the new number of rows in the ledger."""
    donors = order.shape[0]
    tasks = instrument_of.shape[1]
    cheapest = cheapest_project(size, least_fixed, standing, known, price, tasks)
    public_promise(size, fixed, relation, standing, value, price, fresh, present)
    low = 0
    while low < donors:
        slot = slot_of[order[low]]
        high = end_of_slot(low, order, slot_of)
        stop = plan_group(
            low, high, rows, quarter, size, fixed_costs, relation, joiner_share, monitoring, impatience, queue_limit,
            factor, cheapest, order, whole, reals, seen, cash, first, member, weight, shun_until, credited, rule,
            standing, known, own_running, undelivered, room, attenuation, closed,
            itself, visibility, value, price, price_factor, mandate, attraction, crowd, state_weight, pillar_weight,
            promise_mandate, fresh, present, settled,
            best, best_pillar, best_tasks, tasks_added, projects_added, counts_added, promised, cells, offered,
        )
        contract_slot(
            rows, stop, quarter, slot, lag, seed, report_rate, plans, member, conditional, q, by_task, impatience,
            queue_limit, serial, whole, words, reals, seen, standing, known, visible, first, last, own_running,
            undelivered, room, attenuation, closed, donor_keys, skill, context, instrument_of,
        )
        cheapest = lower_cheapest(rows, stop, cheapest, size, least_fixed, whole, standing, known, price, tasks)
        rows = stop
        low = high
    return rows


def score_factor(model: CoordinationModel) -> float:
    """Return what turns a score into the integer that is compared: 2^40 / largest score at the start (0: none)."""
    land, giving, state = model.land, model.giving, model.state
    largest = largest_score(
        model.project_size, model.fixed, model.relation, giving.itself, model.visible, state.standing, land.value,
        state.price, giving.price_factor, giving.mandate, attraction(model, model.need + model.credited),
    )  # fmt: skip
    return SCORE_UNIT / largest if largest > 0 else 0.0


def _reserve(model: CoordinationModel) -> None:
    """Make sure that the ledger can hold all projects that this quarter's cash could buy."""
    cash = float(model.state.cash.sum()) + AFFORDABLE * len(model.state.cash)
    cheapest = model.least_fixed + float(model.state.price.min())
    model.state.ledger.reserve(int(cash / cheapest) + 1)


def _promise(model: CoordinationModel) -> None:
    """Bring the bound that decides which states are worth a closer look up to date."""
    state, land, scratch = model.state, model.land, model.scratch
    public_promise(
        model.project_size, model.parameters.fixed_cost, model.relation, state.standing, land.value, state.price,
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
        model.design.member, state.weight, state.shun_until, model.credited, model.credit_kind,
        state.standing, state.known, state.own_running, state.undelivered, state.room, state.attenuation, state.closed,
        giving.itself, model.visible, land.value, state.price, giving.price_factor, giving.mandate, state.attraction,
        state.crowd, state.state_weight, land.pillar_weight,
        model.promise_mandate, scratch.fresh, scratch.present_gain, scratch.settled,
        scratch.best, scratch.best_pillar, scratch.best_tasks, scratch.tasks_added, scratch.projects_added,
        scratch.counts_added, scratch.promised, scratch.cells, state.offered,
    )  # fmt: skip


def plan(model: CoordinationModel, quarter: int) -> None:
    """Each donor buys its best cells per EUR, one after the other, in the slot that it drew. The phase ``planning = best_cell``."""
    state, giving, p, design = model.state, model.giving, model.parameters, model.design
    state.serial[:] = 0
    _reserve(model)
    draw_calendar(model.seed, quarter, p.planning_slots, giving.keys, model.scratch.draw, state.slot_of, state.order)
    if model.python_donors:
        _plan_with_python(model, quarter)
        return
    state.ledger.size = plan_quarter(
        state.ledger.size, model.lag, model.seed, model.reporting, design.register == "plans", design.conditional,
        p.observation_probability, p.ignorance == "task", p.fixed_cost, model.least_fixed, state.serial, state.slot_of,
        state.ledger.words, state.visible, state.last, giving.keys, state.skill, model.land.context, model.land.instrument_of,
        *_arguments(model, quarter),
    )  # fmt: skip


def _plan_compiled(
    model: CoordinationModel, low: int, high: int, start: int, quarter: int, offering: bool = True
) -> int:
    """Let the compiled planner write the proposals of donors ``order[low:high]``; return the row after the last."""
    arguments = _arguments(model, quarter)
    if not offering:
        arguments = (*arguments[:-1], NOT_ASKED)
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
    stop = _plan_compiled(model, low, low + 1, start, quarter, offering=False)
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
    price = state.price * giving.price_factor[donor][None, :]
    open_to = ~state.closed & (np.arange(len(own)) != giving.itself[donor])
    if len(state.shun_until):
        open_to &= state.shun_until[donor] < quarter
    weight = state.weight[donor] if len(state.weight) else np.ones_like(price)
    score = np.zeros_like(price)
    best_in_cells(
        donor, open_to, count, model.visible[donor], own, state.attenuation[:, None] * weight, model.project_size, fixed, price,
        model.credited, model.credit_kind, state.standing, land.value, giving.mandate, state.attraction, state.crowd,
        state.state_weight, land.pillar_weight, score,
    )  # fmt: skip
    view = PlanningView(
        quarter=quarter, slot=slot, cash=float(state.cash[donor]), believed_count=count,
        wait=state.undelivered / state.room, open_to_projects=open_to, price=price, fixed=fixed, score=score,
    )  # fmt: skip
    for array in (count, view.wait, open_to, price, fixed, score):
        array.setflags(write=False)
    return view


def _plan_with_python(model: CoordinationModel, quarter: int) -> None:
    """Plan slot by slot, asking overridden donors in Python and the compiled planner for all others."""
    state, ledger = model.state, model.state.ledger
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
                before = rows
                rows = _ask(model, d, quarter, slot, rows)
                if rows > before:
                    _offer(model, d, quarter)
            else:
                rows = _plan_compiled(model, place, place + 1, rows, quarter)
        _end_slot(model, quarter, slot, rows)
        low = high


def _ask(model: CoordinationModel, donor: int, quarter: int, slot: int, start: int) -> int:
    """Write the contracts that an overridden donor decides on; return the row after the last.

    Raises
    ------
    ScenarioError
        If a contract breaks a rule that binds every donor (money, size, open tasks, queue).
    """
    view = planning_view(model, donor, quarter, slot)
    answer = model.donor_agents[donor].decide(view)
    if answer is None:
        who = model.inputs.donors.ids[donor]
        raise ScenarioError(f"donor {who}: decide returned nothing; return a list of Contract, empty for none")
    return write_contracts(model, donor, view, answer, start)


def _offer(model: CoordinationModel, donor: int, quarter: int) -> None:
    """Enter the offers of a donor that was not planned by the compiled planner, and contracts something: by the same rule."""
    state, land, giving, scratch = model.state, model.land, model.giving, model.scratch
    if len(state.offered):
        promise_of_states(
            donor, quarter, model.promise_mandate, model.factor, state.closed, state.shun_until, state.weight, giving.itself,
            state.own_running, state.attenuation, model.visible, model.credited, model.credit_kind, scratch.fresh,
            scratch.present_gain, state.attraction, state.crowd, state.state_weight, land.pillar_weight, scratch.promised,
        )  # fmt: skip
        make_offers(
            donor, scratch.promised, model.project_size, model.fixed, model.relation, model.factor, state.weight,
            model.credited, model.credit_kind, state.standing, state.known, state.own_running, state.attenuation,
            model.visible, land.value, state.price, giving.price_factor, giving.mandate, state.attraction, state.crowd,
            state.state_weight,
            land.pillar_weight, scratch.counts_added, scratch.cells, state.offered,
        )  # fmt: skip


def _end_slot(model: CoordinationModel, quarter: int, slot: int, rows: int) -> None:
    """Turn the proposals up to row ``rows`` of the ledger into contracts, seen from now on."""
    state, giving, p, design = model.state, model.giving, model.parameters, model.design
    ledger = state.ledger
    contract_slot(
        ledger.size, rows, quarter, slot, model.lag, model.seed, model.reporting, design.register == "plans",
        design.member, design.conditional, p.observation_probability,
        p.ignorance == "task", p.impatience, p.queue_limit, state.serial,
        ledger.whole, ledger.words, ledger.reals, ledger.seen, state.standing, state.known, state.visible,
        state.first, state.last, state.own_running, state.undelivered, state.room, state.attenuation, state.closed,
        giving.keys, state.skill, model.land.context, model.land.instrument_of,
    )  # fmt: skip
    ledger.size = rows
    model.next_row = 0


def contract_together(model: CoordinationModel, quarter: int, contracts: Mapping[int, Sequence[Contract]]) -> None:
    """Enter what donors contract in one slot, the only one of the quarter: for planning phases of third parties.

    Parameters
    ----------
    contracts : row of a donor to its contracts; donors that are left out contract nothing

    What counts as the offers of those who contract is what the model's own planner would offer (see ``offers``).

    Raises
    ------
    ScenarioError
        If a contract breaks a rule that binds every donor (money, size, open tasks, queue).
    """
    model.state.serial[:] = 0
    _reserve(model)
    rows = model.state.ledger.size
    _promise(model)
    for donor in sorted(contracts):
        before = rows
        rows = write_contracts(model, donor, planning_view(model, donor, quarter, 0), contracts[donor], rows)
        if rows > before:
            _offer(model, donor, quarter)
    _end_slot(model, quarter, 0, rows)
