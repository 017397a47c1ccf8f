"""4.3 What a donor wants: value, cost and score of a project, and the best one of a cell or state.

``omega = mandate_dk * K * (attraction_djk + visibility_d / (1 + own)) * crowd_dj`` (attraction: ``motives``),
``value = omega * (f(c + n) - f(c)) * exp(-impatience * wait_j)``, ``cost = fixed + relation + n * price``; the cell
and n with the highest value per EUR. Sources: motives of aid (Alesina and Dollar 2000 and successors); motives as
shares, visibility and impatience are assumptions. Scores are compared as integers so that ties are ties.

``promise_of_states`` is a bound that needs no belief: it decides which states are worth a closer look.
"""

from __future__ import annotations

import math

import numpy as np

from donorlab.sim.compiled import compiled
from donorlab.sim.credit import RELATIVE, SHAPLEY
from donorlab.sim.value import bit_count

SCORE_UNIT = 2.0**40


@compiled
def omega(d, j, k, visible_pull, mandate, attraction, crowd):  # type: ignore[no-untyped-def]
    """Return how much donor d cares about a cell; ``visible_pull`` is visibility / (1 + own), ``attraction`` the rest."""
    pull = mandate[d, k] * (attraction[d, j, k] + visible_pull)
    return pull * crowd[d, j] if crowd.shape[0] > 0 else pull


@compiled
def wishes(itself, visibility, mandate, attraction):  # type: ignore[no-untyped-def]
    """Return omega of each donor and cell with nothing running and no herding, (D, J, K); 0 for a donor itself."""
    donors, states, pillars = attraction.shape
    out = np.zeros((donors, states, pillars))
    for d in range(donors):
        for j in range(states):
            if itself[d] != j:
                for k in range(pillars):
                    out[d, j, k] = mandate[d, k] * (attraction[d, j, k] + visibility[d])
    return out


@compiled
def credit_weight(d, j, k, credited, mandate, crowd, state_weight, pillar_weight):  # type: ignore[no-untyped-def]
    """Return what a rule of credit pays donor d in a cell, per unit of gain credited, in place of visibility (5.2)."""
    pay = mandate[d, k] * credited[d] * state_weight[j] * pillar_weight[k]
    return pay * crowd[d, j] if crowd.shape[0] > 0 else pay


@compiled
def project_cost(tasks, price, relation, fixed):  # type: ignore[no-untyped-def]
    """Return EUR m for a project; ``price`` a task, ``relation`` the relation cost due (or 0)."""
    return fixed + relation + tasks * price


@compiled
def costs_once(d, joined, own, fixed_costs, monitoring, relation, joiner_share):  # type: ignore[no-untyped-def]
    """Return (fixed, relation) cost of donor d's next project in a state, EUR m; fixed holds monitoring.

    ``own`` are its live projects there. A joiner pays its share of the fixed cost, all monitoring, and no relation.
    """
    if joined:
        return joiner_share * (fixed_costs[d] - monitoring[d]) + monitoring[d], 0.0
    return fixed_costs[d], relation if own == 0 else 0.0


@compiled
def credited_gain(n, count, base, rule, value):  # type: ignore[no-untyped-def]
    """Return the gain in f that n tasks earn in credit where ``base`` stand and ``count`` are believed taken.

    A donor takes only tasks that it believes nobody else takes; then equal, by-EUR and Gairing's shares pay the same,
    the average gain since ``base`` (``credit.RULES``). All that is taken beyond ``base`` counts as others', task by task.
    """
    others = count - base
    together = value[count + n] - value[base]
    if rule == SHAPLEY:  # it arrives after none, one, ... or all of the others' tasks, equally likely
        gain = 0.0
        for i in range(others + 1):
            gain += value[base + i + n] - value[base + i]
        return gain / (others + 1)
    if rule == RELATIVE:  # own minus rivals' credit, after less before
        return together * (n - others) / (others + n) + (value[count] - value[base])
    return n * together / (count + n - base)


@compiled
def project_value(n, count, base, pull, earned, rule, value):  # type: ignore[no-untyped-def]
    """Return what n tasks are worth to a donor in a cell of which ``count`` are believed taken, without the wait.

    ``pull`` is omega; ``earned`` is paid by the rule of credit (0: no credit in place of visibility).
    """
    worth = pull * (value[count + n] - value[count])
    if earned > 0.0:
        worth += earned * credited_gain(n, count, base, rule, value)
    return worth


@compiled
def project_score(worth, discount, cost, factor):  # type: ignore[no-untyped-def]
    """Return value per EUR as the integer that is compared: to the nearest, for a floor would split ties at the highest."""
    return np.int64(math.floor(worth * discount / cost * factor + 0.5))


@compiled
def best_in_cell(  # type: ignore[no-untyped-def]
    d, j, k, count, visible_pull, discount, size, fixed, unit, credited, rule, standing, value, mandate, attraction, crowd,
    state_weight, pillar_weight,
):
    """Return the highest value per EUR m of a project of donor d in one cell, as a real number."""
    free = value.shape[0] - 1 - count
    best = 0.0
    pull = omega(d, j, k, visible_pull, mandate, attraction, crowd)
    earned = credit_weight(d, j, k, credited, mandate, crowd, state_weight, pillar_weight)
    base = bit_count(standing[j, k])
    for n in range(min(size[0], free), min(size[1], free) + 1):
        if n > 0:
            worth = project_value(n, count, base, pull, earned, rule, value)
            best = max(best, worth * discount / project_cost(n, unit, 0.0, fixed))
    return best


@compiled
def best_in_cells(  # type: ignore[no-untyped-def]
    d, open_to, count, visible, own, discount, size, fixed, price, credited, rule, standing, value, mandate, attraction, crowd,
    state_weight, pillar_weight, score,
):
    """Write `best_in_cell` of every cell of the states that are open to donor d into ``score`` (J, K).

    ``own`` (J,) are the donor's live projects, ``discount`` (J, K) of value, ``fixed`` (J,) and ``price`` (J, K) EUR m.
    """
    for j in range(score.shape[0]):
        if open_to[j]:
            for k in range(score.shape[1]):
                score[j, k] = best_in_cell(
                    d, j, k, count[j, k], visible / (1.0 + own[j]), discount[j, k], size, fixed[j], price[j, k], credited, rule,
                    standing, value, mandate, attraction, crowd, state_weight, pillar_weight,
                )  # fmt: skip


@compiled
def best_in_state(  # type: ignore[no-untyped-def]
    d, j, relation_due, visible_pull, attenuation, counts_added, size, fixed_costs, relation, factor, weight, credited, rule,
    standing, known, value, price, price_factor, mandate, attraction, crowd, state_weight, pillar_weight,
):
    """Return (integer score, pillar, tasks) of the best project of donor d in state j; score 0 if none.

    ``size`` is (fewest, most) tasks, ``fixed_costs`` (D,) and ``relation`` EUR m a project; ``weight`` is empty where
    nobody leads or pledges; ``credited`` (D,) is what the rule of credit pays in place of visibility.
    """
    tasks = value.shape[0] - 1
    due = relation if relation_due else 0.0
    best, best_pillar, best_tasks = np.int64(0), 0, 0
    for k in range(standing.shape[1]):
        count = bit_count(standing[j, k] | known[d, j, k]) + counts_added[j, k]
        free = tasks - count
        if free <= 0:
            continue
        pull = omega(d, j, k, visible_pull, mandate, attraction, crowd)
        unit = price[j, k] * price_factor[d, k]
        lead = weight[d, j, k] if weight.shape[0] > 0 else 1.0
        earned = credit_weight(d, j, k, credited, mandate, crowd, state_weight, pillar_weight)
        base = bit_count(standing[j, k])
        for n in range(min(size[0], free), min(size[1], free) + 1):
            worth = project_value(n, count, base, pull, earned, rule, value)
            score = project_score(worth, attenuation * lead, project_cost(n, unit, due, fixed_costs[d]), factor)
            if score > best:
                best, best_pillar, best_tasks = score, k, n
    return best, best_pillar, best_tasks


@compiled
def largest_score(  # type: ignore[no-untyped-def]
    size, fixed_costs, relation, itself, visibility, standing, value, price, price_factor, mandate, attraction,
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
                pull = mandate[d, k] * (attraction[d, j, k] + visibility[d])
                unit = price[j, k] * price_factor[d, k]
                for n in range(min(size[0], free), min(size[1], free) + 1):
                    if n > 0:
                        worth = pull * (value[count + n] - value[count])
                        largest = max(largest, worth / project_cost(n, unit, relation, fixed_costs[d]))
    return largest


@compiled
def public_promise(size, fixed, relation, standing, value, price, fresh, present):  # type: ignore[no-untyped-def]
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
                    present[j, k] = max(present[j, k], gain / project_cost(n, price[j, k], 0.0, fixed))
                    fresh[j, k] = max(fresh[j, k], gain / project_cost(n, price[j, k], relation, fixed))


@compiled
def promise_of_states(  # type: ignore[no-untyped-def]
    d, quarter, promise_mandate, factor, closed, shun_until, weight, itself, own_running, attenuation, visibility,
    credited, rule, fresh, present, attraction, crowd, state_weight, pillar_weight, best,
):
    """Fill ``best`` (J,) with an integer that donor d's best score in each state cannot exceed.

    ``promise_mandate`` is the mandate over the least that mismatch raises the cost of a project.
    """
    states = best.shape[0]
    steered = weight.shape[0] > 0
    for j in range(states):
        best[j] = 0
        if closed[j] or (shun_until.shape[0] > 0 and shun_until[d, j] >= quarter):
            continue
        own = own_running[d, j]
        gains = fresh[j] if own == 0 else present[j]
        seen = visibility[d] / (1 + own)
        most = 0.0
        for k in range(promise_mandate.shape[1]):
            # no rule credits more than the first gain, but relative impact, which credits less than twice as much
            earned = credited[d] * state_weight[j] * pillar_weight[k] * (2.0 if rule == RELATIVE else 1.0)
            pull = promise_mandate[d, k] * (attraction[d, j, k] + earned + seen) * gains[k]
            if crowd.shape[0] > 0:
                pull *= crowd[d, j]
            if steered:
                pull *= weight[d, j, k]
            most = max(most, pull)
        if most > 0.0:
            best[j] = np.int64(most * attenuation[j] * factor * (1.0 + 1e-9)) + 1
    if itself[d] >= 0:
        best[itself[d]] = 0


@compiled
def best_joint(  # type: ignore[no-untyped-def]
    d, j, k, attenuation, counts_added, size, fixed, visible_pull, factor, weight, credited, rule,
    standing, known, value, price, price_factor, mandate, attraction, crowd, state_weight, pillar_weight,
):
    """Return (integer score, tasks) of the best way to join in one cell; ``fixed`` is the joiner's fixed cost.

    Its loop stands in ``best_in_state`` as well: called from there once a pillar it made runs a fifth slower.
    """
    tasks = value.shape[0] - 1
    count = bit_count(standing[j, k] | known[d, j, k]) + counts_added[j, k]
    free = tasks - count
    best, best_tasks = np.int64(0), 0
    pull = omega(d, j, k, visible_pull, mandate, attraction, crowd)
    unit = price[j, k] * price_factor[d, k]
    lead = weight[d, j, k] if weight.shape[0] > 0 else 1.0
    earned = credit_weight(d, j, k, credited, mandate, crowd, state_weight, pillar_weight)
    base = bit_count(standing[j, k])
    for n in range(min(size[0], free), min(size[1], free) + 1):
        worth = project_value(n, count, base, pull, earned, rule, value)
        score = project_score(worth, attenuation * lead, project_cost(n, unit, 0.0, fixed), factor)
        if score > best:
            best, best_tasks = score, n
    return best, best_tasks
