"""4.2 Task coverage: who knows what, which tasks are picked, which payments are duplicated.

Nobody assumes a rate of duplication: it emerges because donors pick tasks at random among those they believe
open, and do not see all that others have contracted. Source: incomplete information on others' plans
(Halonen-Akatwijuka 2007); duplication of objectives and of methods (Pawlak 2016); the accounting is ours.
"""

from __future__ import annotations

import numpy as np

from donorlab.sim import streams
from donorlab.sim.compiled import compiled
from donorlab.sim.state import (
    BENEFICIARY,
    COMPLETED,
    DONOR,
    DUPLICATED,
    NEXT,
    OTHERS,
    PILLAR,
    QUARTER,
    RACE,
    REMAINING,
    SERIAL,
    SIZE,
    SLOT,
    STATUS,
    TASKS,
)


@compiled
def pick_tasks(count, believed, tasks, skill, instrument, seed, quarter, donor_key, serial):  # type: ignore[no-untyped-def]
    """Return the word of ``count`` tasks picked among those not in ``believed``, weighted by skill."""
    one = np.uint64(1)
    picked = np.uint64(0)
    for draw in range(count):
        total = 0.0
        open_tasks = 0
        for task in range(tasks):
            if not ((believed | picked) >> np.uint64(task)) & one:
                total += skill[instrument[task]]
                open_tasks += 1
        if open_tasks == 0:
            break
        even = total <= 0.0
        if even:
            total = float(open_tasks)
        target = streams.uniform(streams.PICK, seed, quarter, donor_key, 0, draw, serial) * total
        running = 0.0
        chosen = -1
        for task in range(tasks):
            if not ((believed | picked) >> np.uint64(task)) & one:
                weight = 1.0 if even else skill[instrument[task]]
                if weight > 0.0:
                    running += weight
                    chosen = task
                    if running > target:
                        break
        picked |= one << np.uint64(chosen)
    return picked


@compiled
def observe_project(p, whole, words, seen, known, visible, q, by_task, seed, donor_keys):  # type: ignore[no-untyped-def]
    """Let each donor see project p or not: one draw per project and observer, for the whole run."""
    donor, j, k = whole[p, DONOR], whole[p, BENEFICIARY], whole[p, PILLAR]
    tasks = words[p, TASKS]
    donors = donor_keys.shape[0]
    known[donors, j, k] |= tasks
    known[donor, j, k] |= tasks
    for w in range(seen.shape[1]):
        seen[p, w] = np.uint64(0)
    seen[p, donor >> 6] |= np.uint64(1) << np.uint64(donor & 63)
    if by_task:
        for d in range(donors):
            if d != donor:
                known[d, j, k] |= tasks & visible[d, j, k]
        return
    if q <= 0.0:
        return
    for d in range(donors):
        if d != donor:
            u = streams.uniform(
                streams.OBSERVATION, seed, whole[p, QUARTER], donor_keys[donor], donor_keys[d], 0, whole[p, SERIAL]
            )
            if u < q:
                seen[p, d >> 6] |= np.uint64(1) << np.uint64(d & 63)
                known[d, j, k] |= tasks


@compiled
def show_project(p, whole, words, seen, known, member):  # type: ignore[no-untyped-def]
    """Let every member see project p: the register shows it."""
    j, k = whole[p, BENEFICIARY], whole[p, PILLAR]
    for d in range(member.shape[0]):
        if member[d]:
            seen[p, d >> 6] |= np.uint64(1) << np.uint64(d & 63)
            known[d, j, k] |= words[p, REMAINING]


@compiled
def mend_beliefs(j, k, first, whole, words, seen, known, visible, by_task):  # type: ignore[no-untyped-def]
    """Make anew what each donor knows of a cell after a task reopened (lapse or failure)."""
    donors = known.shape[0] - 1
    for d in range(donors + 1):
        known[d, j, k] = np.uint64(0)
    p = first[j]
    while p >= 0:
        if whole[p, PILLAR] == k:
            left = words[p, REMAINING]
            known[donors, j, k] |= left
            for d in range(donors):
                if (seen[p, d >> 6] >> np.uint64(d & 63)) & np.uint64(1):
                    known[d, j, k] |= left
                elif by_task:
                    known[d, j, k] |= left & visible[d, j, k]
        p = whole[p, NEXT]


@compiled
def enter_contract(p, whole, words, standing, first, last, own_running, undelivered):  # type: ignore[no-untyped-def]
    """Enter project p of the current slot: class its payments, note overlaps, link it to its beneficiary.

    A payment is duplicated by ignorance if the task stands or a project of an earlier slot still holds it,
    by race if only projects of the same slot hold it and one of them comes first in the ledger.
    """
    donor, j, k = whole[p, DONOR], whole[p, BENEFICIARY], whole[p, PILLAR]
    tasks = words[p, TASKS]
    taken = standing[j, k]
    ahead = np.uint64(0)
    others = np.uint64(0)
    q = first[j]
    while q >= 0:
        if whole[q, PILLAR] == k:
            if whole[q, DONOR] != donor:
                others |= words[q, TASKS]
            if whole[q, SLOT] == whole[p, SLOT] and whole[q, QUARTER] == whole[p, QUARTER]:
                ahead |= words[q, TASKS]
                if whole[q, DONOR] != donor:
                    words[q, OTHERS] |= tasks
            else:
                taken |= words[q, REMAINING]
        q = whole[q, NEXT]
    words[p, REMAINING] = tasks
    words[p, RACE] = tasks & ahead & ~taken
    words[p, DUPLICATED] = (tasks & taken) | words[p, RACE]
    words[p, OTHERS] = others
    whole[p, NEXT] = -1
    if last[j] >= 0:
        whole[last[j], NEXT] = p
    else:
        first[j] = p
    last[j] = p
    own_running[donor, j] += 1
    undelivered[j] += whole[p, SIZE]


@compiled
def first_to_finish(p, task, first, whole, words):  # type: ignore[no-untyped-def]
    """Project p finishes a task: in a race it becomes the useful one, if the useful one has not finished it."""
    bit = np.uint64(1) << np.uint64(task)
    if not words[p, RACE] & bit:
        return
    q = first[whole[p, BENEFICIARY]]
    while q >= 0:
        same = (
            whole[q, PILLAR] == whole[p, PILLAR]
            and whole[q, QUARTER] == whole[p, QUARTER]
            and whole[q, SLOT] == whole[p, SLOT]
        )
        alive = whole[q, STATUS] < COMPLETED
        if q != p and same and alive and (words[q, REMAINING] & bit) and not words[q, DUPLICATED] & bit:
            words[q, DUPLICATED] |= bit
            words[q, RACE] |= bit
            words[p, DUPLICATED] &= ~bit
            words[p, RACE] &= ~bit
            return
        q = whole[q, NEXT]


@compiled
def next_in_line(p, first, whole, words):  # type: ignore[no-untyped-def]
    """Project p fails: for each useful payment that it leaves undone, the next live one becomes useful."""
    pass_on(p, words[p, REMAINING] & ~words[p, DUPLICATED], first, whole, words)


@compiled
def pass_on(p, orphaned, first, whole, words):  # type: ignore[no-untyped-def]
    """Let the next live payments in line become useful for the tasks ``orphaned``, a word, of project p."""
    q = first[whole[p, BENEFICIARY]]
    while q >= 0 and orphaned:
        if q != p and whole[q, PILLAR] == whole[p, PILLAR] and whole[q, STATUS] < COMPLETED:
            rescued = orphaned & words[q, REMAINING] & words[q, DUPLICATED]
            words[q, DUPLICATED] &= ~rescued
            words[q, RACE] &= ~rescued
            orphaned &= ~rescued
        q = whole[q, NEXT]
