"""4.3 What a donor wants: the best cell per EUR, slot by slot.

``omega = mandate_dk * K * (need_d * w_j * pillar_weight_k + political_d * affinity_dj + visibility_d / (1 + own))``,
``value = omega * (f(c + n) - f(c)) * exp(-impatience * wait_j)``, ``cost = fixed + relation + n * price``; the cell
and n with the highest value per EUR. Sources: motives of aid (Alesina and Dollar 2000 and successors); motives as
shares, visibility and impatience are assumptions. Scores are compared as integers so that ties are ties.

Exact shortcuts: a bound that needs no belief decides which states are worth a closer look; a state's best cell
is looked up again only when the donor has contracted there; a donor without cash for the cheapest project
anywhere plans nothing.
"""

from __future__ import annotations

import math

import numpy as np

from donorlab.sim.compiled import compiled
from donorlab.sim.mechanisms.coverage import enter_contract, observe_project, pick_tasks
from donorlab.sim.mechanisms.value import bit_count
from donorlab.sim.state import (
    BENEFICIARY,
    CONTRACTED,
    COST,
    DELIVERED_TASKS,
    DONOR,
    END,
    PILLAR,
    QUARTER,
    RELATION,
    SAVED,
    SERIAL,
    SIZE,
    SLOT,
    START,
    STATUS,
    STOP,
    TASKS,
    WORKED,
)

SCORE_UNIT = 2.0**40
AFFORDABLE = 1e-9  # EUR m: rounding of sums of money never forbids a project


@compiled
def best_in_state(  # type: ignore[no-untyped-def]
    d, j, relation_due, visible_pull, attenuation, counts_added, size, money, factor,
    standing, known, value, task_price, price_factor, mandate, need, political, state_weight, pillar_weight,
):
    """Return (integer score, pillar, tasks) of the best project of donor d in state j; score 0 if none.

    ``size`` is (fewest, most) tasks, ``money`` (fixed cost, relation cost).
    """
    tasks = value.shape[0] - 1
    fixed = money[0]
    if relation_due:
        fixed += money[1]
    best, best_pillar, best_tasks = np.int64(0), 0, 0
    for k in range(standing.shape[1]):
        count = bit_count(standing[j, k] | known[d, j, k]) + counts_added[j, k]
        free = tasks - count
        if free <= 0:
            continue
        omega = mandate[d, k] * (need[d] * state_weight[j] * pillar_weight[k] + political[d, j] + visible_pull)
        unit = task_price[j] * price_factor[d, k]
        for n in range(min(size[0], free), min(size[1], free) + 1):
            worth = omega * (value[count + n] - value[count]) * attenuation
            score = np.int64(math.floor(worth / (fixed + n * unit) * factor))
            if score > best:
                best, best_pillar, best_tasks = score, k, n
    return best, best_pillar, best_tasks


@compiled
def largest_score(  # type: ignore[no-untyped-def]
    size, money, itself, visibility, standing, known, value, task_price, price_factor, mandate, need, political,
    state_weight, pillar_weight,
):
    """Return the largest value per EUR at the start, over all donors, cells and sizes."""
    tasks = value.shape[0] - 1
    largest = 0.0
    for d in range(mandate.shape[0]):
        for j in range(standing.shape[0]):
            if itself[d] == j:
                continue
            for k in range(standing.shape[1]):
                count = bit_count(standing[j, k])
                free = tasks - count
                omega = mandate[d, k] * (
                    need[d] * state_weight[j] * pillar_weight[k] + political[d, j] + visibility[d]
                )
                unit = task_price[j] * price_factor[d, k]
                for n in range(min(size[0], free), min(size[1], free) + 1):
                    if n > 0:
                        worth = omega * (value[count + n] - value[count])
                        largest = max(largest, worth / (money[0] + money[1] + n * unit))
    return largest


@compiled
def public_promise(size, money, standing, value, task_price, fresh, present):  # type: ignore[no-untyped-def]
    """Fill (J, K) with the highest gain in f per EUR that anybody can believe in, from the tasks that stand.

    ``fresh`` with the relation cost due, ``present`` without. What a donor believes taken is at least what stands and
    f is concave, so no belief gives more (also not for the smaller projects where few tasks are open).
    """
    tasks = value.shape[0] - 1
    for k in range(standing.shape[1]):
        for j in range(standing.shape[0]):
            count = bit_count(standing[j, k])
            free = tasks - count
            fresh[j, k] = 0.0
            present[j, k] = 0.0
            for n in range(min(size[0], free), min(size[1], free) + 1):
                if n > 0:
                    gain = value[count + n] - value[count]
                    cost = money[0] + n * task_price[j]
                    present[j, k] = max(present[j, k], gain / cost)
                    fresh[j, k] = max(fresh[j, k], gain / (cost + money[1]))


@compiled
def promise_of_states(  # type: ignore[no-untyped-def]
    d, promise_mandate, factor, closed, itself, own_running, attenuation, visibility, fresh, present,
    need, political, state_weight, pillar_weight, best,
):
    """Fill ``best`` (J,) with an integer that donor d's best score in each state cannot exceed.

    ``promise_mandate`` is the mandate over the least that mismatch raises the cost of a project.
    """
    states = best.shape[0]
    pulls = promise_mandate[d]
    seen, wish = visibility[d], need[d]
    for j in range(states):
        best[j] = 0
        if closed[j]:
            continue
        own = own_running[d, j]
        gains = fresh[j] if own == 0 else present[j]
        other = political[d, j] + seen / (1 + own)
        most = 0.0
        for k in range(pulls.shape[0]):
            most = max(most, pulls[k] * (wish * pillar_weight[k] * state_weight[j] + other) * gains[k])
        if most > 0.0:
            best[j] = np.int64(most * attenuation[j] * factor * (1.0 + 1e-9)) + 1
    if itself[d] >= 0:
        best[itself[d]] = 0


@compiled
def project_cost(tasks, price, relation, fixed):  # type: ignore[no-untyped-def]
    """Return EUR m for a project; ``price`` a task, ``relation`` the relation cost due (or 0)."""
    return fixed + relation + tasks * price


@compiled
def plan_donor(  # type: ignore[no-untyped-def]
    d, start, size, money, impatience, queue_limit, factor, cheapest,
    whole, reals, cash, flow,
    standing, known, own_running, undelivered, room, attenuation, closed,
    itself, visibility, value, task_price, price_factor, mandate, need, political, state_weight, pillar_weight,
    promise_mandate, fresh, present, settled,
    best, best_pillar, best_tasks, tasks_added, projects_added, counts_added,
):
    """Write donor d's contracts of this slot to the ledger from row ``start`` on; return the row after the last.

    Only donor, cell, number of tasks and cost are set; nothing that others see changes. Cash falls.
    """
    states = standing.shape[0]
    p = start
    if factor <= 0.0 or cash[d] + AFFORDABLE < cheapest:
        return p
    promise_of_states(
        d, promise_mandate, factor, closed, itself, own_running, attenuation, visibility, fresh, present,
        need, political, state_weight, pillar_weight, best,
    )
    for j in range(states):
        settled[j] = best[j] == 0
    while True:
        j = 0
        for i in range(1, states):
            if best[i] > best[j]:
                j = i
        if not settled[j]:  # look closer at the most promising state only
            own = own_running[d, j] + projects_added[j]
            best[j], best_pillar[j], best_tasks[j] = best_in_state(
                d, j, own == 0, visibility[d] / (1 + own), attenuation[j], counts_added, size, money, factor,
                standing, known, value, task_price, price_factor, mandate, need, political, state_weight, pillar_weight,
            )
            settled[j] = True
            continue
        if best[j] <= 0:
            break
        k, n = best_pillar[j], best_tasks[j]
        unit = task_price[j] * price_factor[d, k]
        relation = money[1] if own_running[d, j] + projects_added[j] == 0 else 0.0
        cost = project_cost(n, unit, relation, money[0])
        if cost > cash[d] + AFFORDABLE:
            free = value.shape[0] - 1 - bit_count(standing[j, k] | known[d, j, k]) - counts_added[j, k]
            fewest = min(size[0], free)
            while n >= fewest and cost > cash[d] + AFFORDABLE:
                n -= 1
                cost = project_cost(n, unit, relation, money[0])
            if n < fewest:
                flow[SAVED] += 1
                break
        whole[p, DONOR] = d
        whole[p, BENEFICIARY] = j
        whole[p, PILLAR] = k
        whole[p, SIZE] = n
        reals[p, COST] = cost
        reals[p, RELATION] = relation
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
                d, j, False, visibility[d] / (1 + own), math.exp(-impatience * wait), counts_added, size, money, factor,
                standing, known, value, task_price, price_factor, mandate, need, political, state_weight, pillar_weight,
            )
    for r in range(start, p):
        tasks_added[whole[r, BENEFICIARY]] = 0
        projects_added[whole[r, BENEFICIARY]] = 0
        counts_added[whole[r, BENEFICIARY], whole[r, PILLAR]] = 0
    return p


@compiled
def contract_slot(  # type: ignore[no-untyped-def]
    start, stop, quarter, slot, lag, seed, q, by_task, impatience, queue_limit, serial,
    whole, words, reals, seen, standing, known, visible, first, last, own_running, undelivered, room, attenuation,
    closed, donor_keys, skill, instrument_of,
):
    """Turn rows ``start`` to ``stop`` into contracts at the end of the slot: pick tasks, class, link, observe.

    Picks come first for all rows, since the donors of one slot are blind to each other.
    """
    tasks = instrument_of.shape[1]
    for p in range(start, stop):
        d, j, k = whole[p, DONOR], whole[p, BENEFICIARY], whole[p, PILLAR]
        words[p, TASKS] = pick_tasks(
            whole[p, SIZE], standing[j, k] | known[d, j, k], tasks, skill[d], instrument_of[k],
            seed, quarter, donor_keys[d], serial[d],
        )
        known[d, j, k] |= words[p, TASKS]  # a donor counts its own additions at once
        whole[p, QUARTER] = quarter
        whole[p, SLOT] = slot
        whole[p, SERIAL] = serial[d]
        whole[p, START] = quarter + lag  # the quarter it may start in, until it does
        whole[p, END] = 0
        whole[p, STATUS] = CONTRACTED
        whole[p, DELIVERED_TASKS] = 0
        whole[p, STOP] = whole[p, SIZE]
        reals[p, WORKED] = 0.0
        serial[d] += 1
    for p in range(start, stop):
        enter_contract(p, whole, words, standing, first, last, own_running, undelivered)
    for p in range(start, stop):
        observe_project(p, whole, words, seen, known, visible, q, by_task, seed, donor_keys)
        update_wait(whole[p, BENEFICIARY], impatience, queue_limit, undelivered, room, attenuation, closed)


@compiled
def update_wait(j, impatience, queue_limit, undelivered, room, attenuation, closed):  # type: ignore[no-untyped-def]
    """Bring a state's public wait up to date: tasks undelivered / room, quarters."""
    wait = undelivered[j] / room[j]
    attenuation[j] = math.exp(-impatience * wait)
    closed[j] = wait > queue_limit


@compiled
def cheapest_project(size, money, standing, known, task_price, tasks):  # type: ignore[no-untyped-def]
    """Return a lower bound of the cost of any project that any donor may contract now, EUR m.

    A project has at least the fewest tasks, unless fewer are believed open; nobody believes more taken than
    stands or is in a live project (the last row of ``known``).
    """
    cheapest = math.inf
    everyone = known.shape[0] - 1
    for j in range(standing.shape[0]):
        for k in range(standing.shape[1]):
            if bit_count(standing[j, k]) < tasks:
                free = tasks - bit_count(standing[j, k] | known[everyone, j, k])
                fewest = size[0] if free >= size[0] else max(1, free)
                cheapest = min(cheapest, money[0] + fewest * task_price[j])
    return cheapest


@compiled
def lower_cheapest(start, stop, cheapest, size, money, whole, standing, known, task_price, tasks):  # type: ignore[no-untyped-def]
    """Lower the bound of ``cheapest_project`` for the cells of new contracts."""
    everyone = known.shape[0] - 1
    for p in range(start, stop):
        j, k = whole[p, BENEFICIARY], whole[p, PILLAR]
        free = tasks - bit_count(standing[j, k] | known[everyone, j, k])
        fewest = size[0] if free >= size[0] else max(1, free)
        cheapest = min(cheapest, money[0] + fewest * task_price[j])
    return cheapest
