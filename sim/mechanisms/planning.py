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

from donorlab.sim import streams
from donorlab.sim.compiled import compiled
from donorlab.sim.mechanisms.coverage import enter_contract, observe_project, pick_tasks, show_project
from donorlab.sim.state import (
    BENEFICIARY,
    BLOCKED,
    COMPLETED,
    CONDITIONAL,
    CONTRACTED,
    COST,
    DELIVERED_TASKS,
    DONOR,
    END,
    FIXED,
    FLAGS,
    JOINED,
    MONITORING,
    NEXT,
    PILLAR,
    QUARTER,
    RELATION,
    REPORTED,
    RETURNED,
    SERIAL,
    SIZE,
    SLOT,
    STALL,
    START,
    STATUS,
    STOP,
    TASKS,
    WORKED,
)
from donorlab.sim.value import bit_count

SCORE_UNIT = 2.0**40
AFFORDABLE = 1e-9  # EUR m: rounding of sums of money never forbids a project


@compiled
def project_value(n, count, base, omega, earned, value):  # type: ignore[no-untyped-def]
    """Return what n tasks are worth to a donor in a cell of which ``count`` are believed taken, without the wait.

    ``earned`` is paid by equal credit: the average gain in f since the ``base`` tasks that stand (0: no such credit).
    """
    worth = omega * (value[count + n] - value[count])
    if earned > 0.0:
        worth += earned * n * (value[count + n] - value[base]) / (count + n - base)
    return worth


@compiled
def project_score(worth, discount, cost, factor):  # type: ignore[no-untyped-def]
    """Return value per EUR as the integer that is compared."""
    return np.int64(math.floor(worth * discount / cost * factor))


@compiled
def best_in_cell(  # type: ignore[no-untyped-def]
    d, j, k, count, visible_pull, discount, size, fixed, unit, credited, standing, value, mandate, need, political,
    state_weight, pillar_weight,
):
    """Return the highest value per EUR m of a project of donor d in one cell, as a real number."""
    free = value.shape[0] - 1 - count
    best = 0.0
    omega = mandate[d, k] * (need[d] * state_weight[j] * pillar_weight[k] + political[d, j] + visible_pull)
    earned = mandate[d, k] * credited[d] * state_weight[j] * pillar_weight[k]
    base = bit_count(standing[j, k])
    for n in range(min(size[0], free), min(size[1], free) + 1):
        if n > 0:
            worth = project_value(n, count, base, omega, earned, value)
            best = max(best, worth * discount / (fixed + n * unit))
    return best


@compiled
def best_in_state(  # type: ignore[no-untyped-def]
    d, j, relation_due, visible_pull, attenuation, counts_added, size, fixed_costs, relation, factor, weight, credited,
    standing, known, value, task_price, price_factor, mandate, need, political, state_weight, pillar_weight,
):
    """Return (integer score, pillar, tasks) of the best project of donor d in state j; score 0 if none.

    ``size`` is (fewest, most) tasks, ``fixed_costs`` (D,) and ``relation`` EUR m a project; ``weight`` is empty where
    nobody leads or pledges; ``credited`` (D,) is what equal credit pays in place of visibility.
    """
    tasks = value.shape[0] - 1
    fixed = fixed_costs[d]
    if relation_due:
        fixed += relation
    best, best_pillar, best_tasks = np.int64(0), 0, 0
    for k in range(standing.shape[1]):
        count = bit_count(standing[j, k] | known[d, j, k]) + counts_added[j, k]
        free = tasks - count
        if free <= 0:
            continue
        omega = mandate[d, k] * (need[d] * state_weight[j] * pillar_weight[k] + political[d, j] + visible_pull)
        unit = task_price[j] * price_factor[d, k]
        lead = weight[d, j, k] if weight.shape[0] > 0 else 1.0
        earned = mandate[d, k] * credited[d] * state_weight[j] * pillar_weight[k]
        base = bit_count(standing[j, k])
        for n in range(min(size[0], free), min(size[1], free) + 1):
            worth = project_value(n, count, base, omega, earned, value)
            score = project_score(worth, attenuation * lead, fixed + n * unit, factor)
            if score > best:
                best, best_pillar, best_tasks = score, k, n
    return best, best_pillar, best_tasks


@compiled
def largest_score(  # type: ignore[no-untyped-def]
    size, fixed_costs, relation, itself, visibility, credited, standing, value, task_price, price_factor, mandate, need,
    political, state_weight, pillar_weight,
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
                wish = (need[d] + credited[d]) * state_weight[j] * pillar_weight[k]
                omega = mandate[d, k] * (wish + political[d, j] + visibility[d])
                unit = task_price[j] * price_factor[d, k]
                for n in range(min(size[0], free), min(size[1], free) + 1):
                    if n > 0:
                        worth = omega * (value[count + n] - value[count])
                        largest = max(largest, worth / (fixed_costs[d] + relation + n * unit))
    return largest


@compiled
def public_promise(size, fixed, relation, standing, value, task_price, fresh, present):  # type: ignore[no-untyped-def]
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
                    cost = fixed + n * task_price[j]
                    present[j, k] = max(present[j, k], gain / cost)
                    fresh[j, k] = max(fresh[j, k], gain / (cost + relation))


@compiled
def promise_of_states(  # type: ignore[no-untyped-def]
    d, quarter, promise_mandate, factor, closed, shun_until, weight, itself, own_running, attenuation, visibility,
    credited, fresh, present, need, political, state_weight, pillar_weight, best,
):
    """Fill ``best`` (J,) with an integer that donor d's best score in each state cannot exceed.

    ``promise_mandate`` is the mandate over the least that mismatch raises the cost of a project.
    """
    states = best.shape[0]
    pulls = promise_mandate[d]
    seen, wish = visibility[d], need[d] + credited[d]
    steered = weight.shape[0] > 0
    for j in range(states):
        best[j] = 0
        if closed[j] or (shun_until.shape[0] > 0 and shun_until[d, j] >= quarter):
            continue
        own = own_running[d, j]
        gains = fresh[j] if own == 0 else present[j]
        other = political[d, j] + seen / (1 + own)
        most = 0.0
        for k in range(pulls.shape[0]):
            pull = pulls[k] * (wish * pillar_weight[k] * state_weight[j] + other) * gains[k]
            if steered:
                pull *= weight[d, j, k]
            most = max(most, pull)
        if most > 0.0:
            best[j] = np.int64(most * attenuation[j] * factor * (1.0 + 1e-9)) + 1
    if itself[d] >= 0:
        best[itself[d]] = 0


@compiled
def project_cost(tasks, price, relation, fixed):  # type: ignore[no-untyped-def]
    """Return EUR m for a project; ``price`` a task, ``relation`` the relation cost due (or 0)."""
    return fixed + relation + tasks * price


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
def best_joint(  # type: ignore[no-untyped-def]
    d, j, k, attenuation, counts_added, size, fixed, visible_pull, factor, weight, credited,
    standing, known, value, task_price, price_factor, mandate, need, political, state_weight, pillar_weight,
):
    """Return (integer score, tasks) of the best way to join in one cell; ``fixed`` is the joiner's fixed cost."""
    tasks = value.shape[0] - 1
    count = bit_count(standing[j, k] | known[d, j, k]) + counts_added[j, k]
    free = tasks - count
    best, best_tasks = np.int64(0), 0
    omega = mandate[d, k] * (need[d] * state_weight[j] * pillar_weight[k] + political[d, j] + visible_pull)
    unit = task_price[j] * price_factor[d, k]
    lead = weight[d, j, k] if weight.shape[0] > 0 else 1.0
    earned = mandate[d, k] * credited[d] * state_weight[j] * pillar_weight[k]
    base = bit_count(standing[j, k])
    for n in range(min(size[0], free), min(size[1], free) + 1):
        worth = project_value(n, count, base, omega, earned, value)
        score = project_score(worth, attenuation * lead, fixed + n * unit, factor)
        if score > best:
            best, best_tasks = score, n
    return best, best_tasks


@compiled
def plan_donor(  # type: ignore[no-untyped-def]
    d, start, quarter, size, fixed_costs, relation, joiner_share, monitoring, impatience, queue_limit, factor, cheapest,
    whole, words, reals, seen, cash, first, member, weight, shun_until, credited,
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
        d, quarter, promise_mandate, factor, closed, shun_until, weight, itself, own_running, attenuation, visibility,
        credited, fresh, present, need, political, state_weight, pillar_weight, best,
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
                d, j, own == 0, visibility[d] / (1 + own), attenuation[j], counts_added, size, fixed_costs, relation,
                factor, weight, credited,
                standing, known, value, task_price, price_factor, mandate, need, political, state_weight, pillar_weight,
            )
            settled[j] = True
            continue
        if best[j] <= 0:
            break
        k, n = best_pillar[j], best_tasks[j]
        unit = task_price[j] * price_factor[d, k]
        due = relation if own_running[d, j] + projects_added[j] == 0 else 0.0
        fixed = fixed_costs[d]
        joined = False
        if joiner_share >= 0.0 and member[d] and can_join(d, j, k, first, whole, seen, member):
            wait = (undelivered[j] + tasks_added[j]) / room[j]
            joint_fixed = joiner_share * (fixed_costs[d] - monitoring[d]) + monitoring[d]
            score, joint_tasks = best_joint(
                d, j, k, math.exp(-impatience * wait) * math.exp(-impatience), counts_added, size, joint_fixed,
                visibility[d] / (1 + own_running[d, j] + projects_added[j]), factor, weight, credited,
                standing, known, value, task_price, price_factor, mandate, need, political, state_weight, pillar_weight,
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
                fixed_costs, relation, factor, weight, credited,
                standing, known, value, task_price, price_factor, mandate, need, political, state_weight, pillar_weight,
            )
    for r in range(start, p):
        tasks_added[whole[r, BENEFICIARY]] = 0
        projects_added[whole[r, BENEFICIARY]] = 0
        counts_added[whole[r, BENEFICIARY], whole[r, PILLAR]] = 0
    return p


@compiled
def contract_slot(  # type: ignore[no-untyped-def]
    start, stop, quarter, slot, lag, seed, report_rate, plans, member, conditional, q, by_task, impatience, queue_limit, serial,
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
        whole[p, START] = quarter + lag[d]  # the quarter it may start in, until it does
        if whole[p, FLAGS] & JOINED:
            whole[p, START] += 1
        if member[d] and streams.uniform(streams.REPORT, seed, quarter, donor_keys[d], 0, 0, serial[d]) < report_rate:
            whole[p, FLAGS] |= REPORTED
        if conditional[d]:
            whole[p, FLAGS] |= CONDITIONAL
        whole[p, STALL] = 0
        words[p, BLOCKED] = np.uint64(0)
        reals[p, RETURNED] = 0.0
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
def cheapest_project(size, fixed, standing, known, task_price, tasks):  # type: ignore[no-untyped-def]
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
                cheapest = min(cheapest, fixed + fewest * task_price[j])
    return cheapest


@compiled
def lower_cheapest(start, stop, cheapest, size, fixed, whole, standing, known, task_price, tasks):  # type: ignore[no-untyped-def]
    """Lower the bound of ``cheapest_project`` for the cells of new contracts."""
    everyone = known.shape[0] - 1
    for p in range(start, stop):
        j, k = whole[p, BENEFICIARY], whole[p, PILLAR]
        free = tasks - bit_count(standing[j, k] | known[everyone, j, k])
        fewest = size[0] if free >= size[0] else max(1, free)
        cheapest = min(cheapest, fixed + fewest * task_price[j])
    return cheapest
