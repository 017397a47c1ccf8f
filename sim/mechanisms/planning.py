"""4.3 The planner: a donor's best cells per EUR, one after the other; contracts at the end of its slot.

Until cash is spent: ``cell, n = argmax value / cost``, whose value and cost stand in ``wants``. Source: greedy purchase by
value per EUR (Dantzig 1957); that donors plan so is an assumption.

Exact shortcuts: a bound that needs no belief decides which states are worth a closer look; a state's best cell
is looked up again only when the donor has contracted there; a donor without cash for the cheapest project
anywhere plans nothing.
"""

from __future__ import annotations

import math

import numpy as np

from donorlab.sim import streams
from donorlab.sim.compiled import compiled
from donorlab.sim.mechanisms.coverage import enter_contract, observe_project, pick_tasks, show_project
from donorlab.sim.mechanisms.wants import best_in_state, best_joint, costs_once, project_cost, promise_of_states
from donorlab.sim.state import (
    BENEFICIARY,
    BLOCKED,
    COMPLETED,
    CONDITIONAL,
    CONTRACTED,
    COST,
    CREDIT,
    DELIVERED_TASKS,
    DEMANDED,
    DONOR,
    END,
    FIXED,
    FLAGS,
    JOINED,
    MONITORING,
    NEXT,
    PILLAR,
    PRICE,
    QUARTER,
    RELATION,
    REPORTED,
    RETURNED,
    SERIAL,
    SIZE,
    SLOT,
    SPOILED,
    STALL,
    START,
    STATUS,
    STOP,
    TASKS,
    WORKED,
)
from donorlab.sim.value import bit_count

AFFORDABLE = 1e-9  # EUR m: rounding of sums of money never forbids a project


@compiled
def can_join(d, j, k, first, whole, seen, member):  # type: ignore[no-untyped-def]
    """Return whether donor d sees a reported live project of another member in the cell."""
    p = first[j]
    while p >= 0:
        other = whole[p, DONOR]
        reported = other != d and member[other] and (whole[p, FLAGS] & REPORTED) != 0
        visible = (seen[p, d >> 6] >> np.uint64(d & 63)) & np.uint64(1)
        if whole[p, PILLAR] == k and whole[p, STATUS] < COMPLETED and reported and visible:
            return True
        p = whole[p, NEXT]
    return False


@compiled
def plan_donor(  # type: ignore[no-untyped-def]
    d, start, quarter, size, fixed_costs, relation, joiner_share, monitoring, impatience, queue_limit, factor, cheapest,
    whole, reals, seen, cash, first, member, weight, shun_until, credited, rule,
    standing, known, own_running, undelivered, room, attenuation, closed,
    itself, visibility, value, price, price_factor, mandate, attraction, crowd, state_weight, pillar_weight,
    promise_mandate, fresh, present, settled,
    best, best_pillar, best_tasks, tasks_added, projects_added, counts_added, promised,
):
    """Write donor d's contracts of this slot to the ledger from row ``start`` on; return the row after the last.

    Only donor, cell, number of tasks and cost are set; nothing that others see changes. Cash falls. ``promised`` (J,) keeps what
    each state promised at first (for ``offers``; empty where nobody asks).
    """
    states = standing.shape[0]
    p = start
    if factor <= 0.0 or cash[d] + AFFORDABLE < cheapest:
        return p
    promise_of_states(
        d, quarter, promise_mandate, factor, closed, shun_until, weight, itself, own_running, attenuation, visibility,
        credited, rule, fresh, present, attraction, crowd, state_weight, pillar_weight, best,
    )
    for j in range(states):
        settled[j] = best[j] == 0
    for j in range(promised.shape[0]):
        promised[j] = best[j]
    while True:
        j = 0
        for i in range(1, states):
            if best[i] > best[j]:
                j = i
        if not settled[j]:  # look closer at the most promising state only
            own = own_running[d, j] + projects_added[j]
            best[j], best_pillar[j], best_tasks[j] = best_in_state(
                d, j, own == 0, visibility[d] / (1 + own), attenuation[j], counts_added, size, fixed_costs, relation,
                factor, weight, credited, rule,
                standing, known, value, price, price_factor, mandate, attraction, crowd, state_weight, pillar_weight,
            )
            settled[j] = True
            continue
        if best[j] <= 0:
            break
        k, n = best_pillar[j], best_tasks[j]
        unit = price[j, k] * price_factor[d, k]
        own = own_running[d, j] + projects_added[j]
        joined = False
        fixed, due = costs_once(d, joined, own, fixed_costs, monitoring, relation, joiner_share)
        if joiner_share >= 0.0 and member[d] and can_join(d, j, k, first, whole, seen, member):
            wait = (undelivered[j] + tasks_added[j]) / room[j]
            joint_fixed, _ = costs_once(d, True, own, fixed_costs, monitoring, relation, joiner_share)
            score, joint_tasks = best_joint(
                d, j, k, math.exp(-impatience * wait) * math.exp(-impatience), counts_added, size, joint_fixed,
                visibility[d] / (1 + own), factor, weight, credited, rule,
                standing, known, value, price, price_factor, mandate, attraction, crowd, state_weight, pillar_weight,
            )
            if score > best[j]:
                joined, n, fixed, due = True, joint_tasks, joint_fixed, 0.0
        cost = project_cost(n, unit, due, fixed)
        if cost > cash[d] + AFFORDABLE:
            free = value.shape[0] - 1 - bit_count(standing[j, k] | known[d, j, k]) - counts_added[j, k]
            fewest = min(size[0], free)
            while n >= fewest and cost > cash[d] + AFFORDABLE:
                n -= 1
                cost = project_cost(n, unit, due, fixed)
            if n < fewest:
                break
        whole[p, DONOR] = d
        whole[p, BENEFICIARY] = j
        whole[p, PILLAR] = k
        whole[p, SIZE] = n
        reals[p, COST] = cost
        reals[p, PRICE] = price[j, k]
        reals[p, RELATION] = due
        reals[p, MONITORING] = monitoring[d]
        reals[p, FIXED] = fixed - monitoring[d]
        whole[p, FLAGS] = JOINED if joined else 0
        cash[d] -= cost
        p += 1
        tasks_added[j] += n
        projects_added[j] += 1
        counts_added[j, k] += n
        wait = (undelivered[j] + tasks_added[j]) / room[j]
        best[j] = 0
        if wait <= queue_limit:
            own = own_running[d, j] + projects_added[j]
            best[j], best_pillar[j], best_tasks[j] = best_in_state(
                d, j, False, visibility[d] / (1 + own), math.exp(-impatience * wait), counts_added, size,
                fixed_costs, relation, factor, weight, credited, rule,
                standing, known, value, price, price_factor, mandate, attraction, crowd, state_weight, pillar_weight,
            )
    for r in range(start, p):
        tasks_added[whole[r, BENEFICIARY]] = 0
        projects_added[whole[r, BENEFICIARY]] = 0
        counts_added[whole[r, BENEFICIARY], whole[r, PILLAR]] = 0
    return p


@compiled
def contract_slot(  # type: ignore[no-untyped-def]
    start, stop, quarter, slot, lag, seed, reporting, plans, member, conditional, q, by_task, impatience, queue_limit, serial,
    whole, words, reals, seen, standing, known, visible, first, last, own_running, undelivered, room, attenuation,
    closed, donor_keys, skill, context, instrument_of,
):
    """Turn rows ``start`` to ``stop`` into contracts at the end of the slot: pick tasks, class, link, observe.

    Picks come first for all rows, since the donors of one slot are blind to each other.
    """
    tasks = instrument_of.shape[1]
    for p in range(start, stop):
        d, j, k = whole[p, DONOR], whole[p, BENEFICIARY], whole[p, PILLAR]
        words[p, TASKS] = pick_tasks(
            whole[p, SIZE], standing[j, k] | known[d, j, k], tasks, skill[d, context[j]], instrument_of[k],
            seed, quarter, donor_keys[d], serial[d],
        )
        known[d, j, k] |= words[p, TASKS]  # a donor counts its own additions at once
        whole[p, QUARTER] = quarter
        whole[p, SLOT] = slot
        whole[p, SERIAL] = serial[d]
        whole[p, START] = quarter + lag[d]  # the quarter it may start in, until it does
        if whole[p, FLAGS] & JOINED:
            whole[p, START] += 1
        if member[d] and streams.uniform(streams.REPORT, seed, quarter, donor_keys[d], 0, 0, serial[d]) < reporting[d]:
            whole[p, FLAGS] |= REPORTED
        if conditional[d]:
            whole[p, FLAGS] |= CONDITIONAL
        whole[p, STALL] = 0
        whole[p, DEMANDED] = -1
        words[p, BLOCKED] = np.uint64(0)
        words[p, SPOILED] = np.uint64(0)
        reals[p, RETURNED] = 0.0
        whole[p, END] = 0
        whole[p, STATUS] = CONTRACTED
        whole[p, DELIVERED_TASKS] = 0
        whole[p, STOP] = whole[p, SIZE]
        reals[p, WORKED] = 0.0
        reals[p, CREDIT] = 0.0
        serial[d] += 1
    for p in range(start, stop):
        enter_contract(p, whole, words, standing, first, last, own_running, undelivered)
    for p in range(start, stop):
        observe_project(p, whole, words, seen, known, visible, q, by_task, seed, donor_keys)
        if plans and whole[p, FLAGS] & REPORTED:
            show_project(p, whole, words, seen, known, member)
        update_wait(whole[p, BENEFICIARY], impatience, queue_limit, undelivered, room, attenuation, closed)


@compiled
def update_wait(j, impatience, queue_limit, undelivered, room, attenuation, closed):  # type: ignore[no-untyped-def]
    """Bring a state's public wait up to date: tasks undelivered / room, quarters."""
    wait = undelivered[j] / room[j]
    attenuation[j] = math.exp(-impatience * wait)
    closed[j] = wait > queue_limit


@compiled
def cheapest_project(size, fixed, standing, known, price, tasks):  # type: ignore[no-untyped-def]
    """Return a lower bound of the cost of any project that any donor may contract now, EUR m.

    ``fixed`` is the lowest fixed cost of anybody. A project has at least the fewest tasks, unless fewer are believed
    open; nobody believes more taken than
    stands or is in a live project (the last row of ``known``).
    """
    cheapest = math.inf
    everyone = known.shape[0] - 1
    for j in range(standing.shape[0]):
        for k in range(standing.shape[1]):
            if bit_count(standing[j, k]) < tasks:
                free = tasks - bit_count(standing[j, k] | known[everyone, j, k])
                fewest = size[0] if free >= size[0] else max(1, free)
                cheapest = min(cheapest, fixed + fewest * price[j, k])
    return cheapest


@compiled
def lower_cheapest(start, stop, cheapest, size, fixed, whole, standing, known, price, tasks):  # type: ignore[no-untyped-def]
    """Lower the bound of ``cheapest_project`` for the cells of new contracts."""
    everyone = known.shape[0] - 1
    for p in range(start, stop):
        j, k = whole[p, BENEFICIARY], whole[p, PILLAR]
        free = tasks - bit_count(standing[j, k] | known[everyone, j, k])
        fewest = size[0] if free >= size[0] else max(1, free)
        cheapest = min(cheapest, fixed + fewest * price[j, k])
    return cheapest
