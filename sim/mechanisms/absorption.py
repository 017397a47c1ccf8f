"""4.4 Absorption: projects share what is left of a state's administration.

``oversight = o1 * n^(1 - economies)`` a project plus a constant per donor present; ``room = max(floor, admin - sum)``;
each project progresses by min(pace, work left, its share of room). Too many small projects slow everything. Donors'
hiring takes ``poaching * (1 - phi)`` of admin, phi = altruism + (1 - altruism) * (sum of squared shares of projects).
Sources: hiring that falls with a donor's share of projects and its altruism (Knack and Rahman 2007); oversight that eats
the recipient's scarce resource, with economies of scale (Roodman 2006, CGD WP 89 and 75); the numbers are assumptions. A
project fails by a draw that depends on government and ownership (Dollar and Svensson 2000: domestic traits predict
failure, donors' efforts do not).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from donorlab.sim import streams
from donorlab.sim.compiled import compiled
from donorlab.sim.mechanisms.coverage import first_to_finish, mend_beliefs, next_in_line, pass_on
from donorlab.sim.mechanisms.methods import takes, witness
from donorlab.sim.mechanisms.ownership import lifetime
from donorlab.sim.mechanisms.planning import update_wait
from donorlab.sim.state import (
    BENEFICIARY,
    BLOCKED,
    COMPLETED,
    CONTRACTED,
    CREDIT,
    DELIVERED,
    DELIVERED_TASKS,
    DONOR,
    DUPLICATED,
    END,
    FAILED,
    FLAGS,
    IMPOSED,
    JOINED,
    NEXT,
    PILLAR,
    POACHED,
    PROGRESS,
    QUARTER,
    QUEUED,
    REMAINING,
    RUNNING,
    SERIAL,
    SIZE,
    SPOILED,
    SPOILED_TASKS,
    STALL,
    STALLED,
    START,
    STATUS,
    STOP,
    WORKED,
)
from donorlab.sim.value import bit_count

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel

NOBODY = np.zeros(0)
ROUNDING = 1e-9  # tasks: a sum of shares that misses a whole task by rounding counts as the task


@compiled
def oversight_of(size, per_project, economies):  # type: ignore[no-untyped-def]
    """Return the administration that one project of ``size`` tasks takes, task-quarters a quarter."""
    return per_project * float(size) ** (1.0 - economies)


@compiled
def workable(p, whole, words):  # type: ignore[no-untyped-def]
    """Return how many tasks project p can deliver: until it fails, and without those that the state does not want."""
    return min(np.int64(whole[p, STOP]), whole[p, SIZE] - bit_count(words[p, BLOCKED]))


@compiled
def presence_added(p, whole, present, mark):  # type: ignore[no-untyped-def]
    """Return what project p adds to the number of donors present: 1 a donor, half if it has only joined so far.

    ``present`` (D,) holds 2 * mark for a donor seen as a joiner only, 2 * mark + 1 for one seen in full.
    """
    donor = whole[p, DONOR]
    joined = (whole[p, FLAGS] & JOINED) != 0
    if present[donor] < 2 * mark:
        present[donor] = 2 * mark + (0 if joined else 1)
        return 0.5 if joined else 1.0
    if present[donor] == 2 * mark and not joined:
        present[donor] = 2 * mark + 1
        return 0.5
    return 0.0


@compiled
def chance_of_failure(failure, rank, ownership):  # type: ignore[no-untyped-def]
    """Return the probability that a project fails that starts now in a state of this rank of government and ownership."""
    return min(0.95, failure * 2.0 * (1.0 - (rank + ownership) / 2.0))


@compiled
def start_projects(j, quarter, failure, rank, ownership, seed, donor_keys, first, whole):  # type: ignore[no-untyped-def]
    """Start the projects of state j whose time has come and draw whether they will fail, and after how much."""
    chance = chance_of_failure(failure, rank, ownership)
    p = first[j]
    while p >= 0:
        if whole[p, STATUS] == CONTRACTED and whole[p, START] <= quarter:
            whole[p, STATUS] = RUNNING
            whole[p, START] = quarter
            if failure > 0.0:
                key, when, serial = donor_keys[whole[p, DONOR]], whole[p, QUARTER], whole[p, SERIAL]
                if streams.uniform(streams.FAILURE, seed, when, key, 0, 0, serial) < chance:
                    share = streams.second_uniform(streams.FAILURE, seed, when, key, 0, 0, serial)
                    whole[p, STOP] = math.floor(share * whole[p, SIZE])
        p = whole[p, NEXT]


@compiled
def end_project(p, status, quarter, first, whole, words, own_running, undelivered):  # type: ignore[no-untyped-def]
    """Close project p; what it leaves undone reopens and its useful payments pass to others."""
    j = whole[p, BENEFICIARY]
    whole[p, STATUS] = status
    whole[p, END] = quarter
    own_running[whole[p, DONOR], j] -= 1
    undelivered[j] -= whole[p, SIZE] - whole[p, DELIVERED_TASKS]
    if status != COMPLETED:
        next_in_line(p, first, whole, words)


@compiled
def unlink_ended(j, first, last, whole):  # type: ignore[no-untyped-def]
    """Take ended projects out of the list of state j."""
    p = first[j]
    before = -1
    while p >= 0:
        after = whole[p, NEXT]
        if whole[p, STATUS] >= COMPLETED:
            if before < 0:
                first[j] = after
            else:
                whole[before, NEXT] = after
        else:
            before = p
        p = after
    last[j] = before


@compiled
def administration_left(j, poaching, altruism, first, whole, administration, hired):  # type: ignore[no-untyped-def]
    """Return the administration of state j that the hiring of donors with started live projects leaves, task-quarters.

    ``hired`` (D,) is scratch, 0 before and after.
    """
    if poaching <= 0.0:
        return administration[j]
    projects = 0
    squares = 0
    p = first[j]
    while p >= 0:
        if whole[p, STATUS] == RUNNING:
            projects += 1
            squares += 2 * hired[whole[p, DONOR]] + 1
            hired[whole[p, DONOR]] += 1
        p = whole[p, NEXT]
    p = first[j]
    while p >= 0:
        hired[whole[p, DONOR]] = 0
        p = whole[p, NEXT]
    if projects == 0:
        return administration[j]
    counted = altruism + (1.0 - altruism) * (squares / (projects * projects))
    return administration[j] * (1.0 - poaching * (1.0 - counted))


@compiled
def share_room(room, limits, parts, grants, count):  # type: ignore[no-untyped-def]
    """Share room among ``count`` projects in proportion to ``parts``; what one cannot use (its limit) is shared again.

    A project whose part is 0 gets nothing: all that it could do is done, up to rounding.
    """
    total = 0.0
    for i in range(count):
        grants[i] = -1.0
        total += parts[i]
    waiting = count
    left = room
    while waiting > 0:
        rate = left / total if total > 0.0 else 0.0
        served = 0
        given = 0.0
        taken = 0.0
        for i in range(count):
            if grants[i] < 0.0 and limits[i] <= parts[i] * rate:
                grants[i] = limits[i]
                given += limits[i]
                taken += parts[i]
                served += 1
        if served == 0:
            for i in range(count):
                if grants[i] < 0.0:
                    grants[i] = parts[i] * rate
            break
        left -= given
        total -= taken
        waiting -= served


@compiled
def deliver_quarter(  # type: ignore[no-untyped-def]
    quarter, per_task, poaching, altruism, spoils, per_project, economies, presence, floor, pace, failure,
    patience, lapse_on, seed, by_task, impatience, queue_limit,
    whole, words, reals, seen, standing, funded, owner, deadline, next_deadline, hazard, known, visible,
    first, last, own_running, undelivered, room, attenuation, closed, oversight, progressed, flow,
    donor_keys, administration, staff, ownership, rank, account, promise, value, delivered_by, delivered, reform_words,
    imposed_lapse, shape, context, instrument_of, method_success, trials, successes, member, limits, parts, grants, present,
    hired,
):
    """Let all projects of all states work for one quarter.

    ``account`` (D,) sums what donors can account for, ``promise`` (D, J, K) times the gain in f; both are empty where no
    budget responds; ``delivered_by`` (D, J) counts tasks by donor, empty where nothing reads it, ``delivered`` (J, K + 1) by
    pillar, and reform tasks of imposed projects. ``staff`` (J,) becomes what poaching leaves of ``administration``.
    ``per_task`` : room is shared by the tasks that projects can still deliver.
    ``member``, ``limits``, ``parts``, ``grants`` (P,) and ``present``, ``hired`` (D,) are scratch.
    """
    one = np.uint64(1)
    mark = 0
    delivered_by[:] = 0
    for d in range(present.shape[0]):
        present[d] = 0
    for j in range(first.shape[0]):
        oversight[j] = 0.0
        progressed[j] = 0.0
        staff[j] = administration[j]
        if first[j] < 0:
            continue
        start_projects(j, quarter, failure, rank[j], ownership[j], seed, donor_keys, first, whole)
        mark += 2  # one mark for now, one for what is left at the end of the quarter
        count = 0
        burden = 0.0
        donors = 0.0
        reopened = False
        p = first[j]
        while p >= 0:
            if whole[p, STATUS] == RUNNING:
                if whole[p, STOP] == 0:
                    end_project(p, FAILED, quarter, first, whole, words, own_running, undelivered)
                    reopened = True
                else:
                    member[count] = p
                    limits[count] = min(pace, workable(p, whole, words) - reals[p, WORKED])
                    parts[count] = workable(p, whole, words) - whole[p, DELIVERED_TASKS] if per_task else 1.0
                    count += 1
                    burden += oversight_of(whole[p, SIZE], per_project, economies)
                    donors += presence_added(p, whole, present, mark)
            p = whole[p, NEXT]
        oversight[j] = burden + presence * donors
        staff[j] = administration_left(j, poaching, altruism, first, whole, administration, hired)
        flow[POACHED] += administration[j] - staff[j]
        space = max(floor, staff[j] - oversight[j])
        share_room(space, limits, parts, grants, count)
        for i in range(count):
            p = member[i]
            if grants[i] < limits[i] and parts[i] > 0.0:
                flow[QUEUED] += 1
            reals[p, WORKED] += grants[i]
            progressed[j] += grants[i]
            k = whole[p, PILLAR]
            due = min(workable(p, whole, words), np.int64(math.floor(reals[p, WORKED] + ROUNDING)))
            able = words[p, REMAINING] & ~words[p, BLOCKED]
            task = 0
            while whole[p, DELIVERED_TASKS] < due:
                while not (able >> np.uint64(task)) & one:
                    task += 1
                able &= ~(one << np.uint64(task))
                bit = one << np.uint64(task)
                took = True
                if spoils:
                    c, m, key = context[j], instrument_of[k, task], donor_keys[whole[p, DONOR]]
                    took = takes(method_success[c, m], seed, whole[p, QUARTER], key, task, whole[p, SERIAL])
                    witness(p, c, m, took, seen, trials, successes)
                if took:
                    first_to_finish(p, task, first, whole, words)
                words[p, REMAINING] &= ~bit
                whole[p, DELIVERED_TASKS] += 1
                if delivered_by.shape[0] > 0:
                    delivered_by[whole[p, DONOR], j] += 1
                undelivered[j] -= 1
                imposed = (whole[p, FLAGS] & IMPOSED) != 0 and (reform_words[k] & bit) != 0
                delivered[j, k] += 1
                delivered[j, delivered.shape[1] - 1] += imposed
                if not took:
                    words[p, SPOILED] |= bit
                    flow[SPOILED_TASKS] += 1
                    pass_on(p, bit & ~words[p, DUPLICATED], first, whole, words)
                    reopened = True
                elif not standing[j, k] & bit:
                    if account.shape[0] > 0:
                        before = bit_count(standing[j, k])
                        gain = value[before + 1] - value[before]
                        account[whole[p, DONOR]] += promise[whole[p, DONOR], j, k] * gain
                        reals[p, CREDIT] += promise[whole[p, DONOR], j, k] * gain
                    standing[j, k] |= bit
                    funded[j, k] |= bit
                    owner[j, k, task] = p
                    flow[DELIVERED] += 1
                    if lapse_on:
                        key = donor_keys[whole[p, DONOR]]
                        u = streams.uniform(streams.LAPSE, seed, whole[p, QUARTER], key, 0, task, whole[p, SERIAL])
                        clock = whole[p, DONOR] if hazard.shape[0] > 1 else 0
                        life = lifetime(u, shape, imposed_lapse if imposed else 1.0)
                        deadline[j, k, task] = hazard[clock, j] + life
                        next_deadline[j, k] = min(next_deadline[j, k], deadline[j, k, task])
            if whole[p, DELIVERED_TASKS] == whole[p, SIZE]:
                end_project(p, COMPLETED, quarter, first, whole, words, own_running, undelivered)
            elif whole[p, DELIVERED_TASKS] == whole[p, STOP]:
                end_project(p, FAILED, quarter, first, whole, words, own_running, undelivered)
                reopened = True
            elif whole[p, DELIVERED_TASKS] == workable(p, whole, words):
                if whole[p, STALL] == 0:
                    whole[p, STALL] = quarter
                if quarter >= whole[p, STALL] + patience:
                    end_project(p, STALLED, quarter, first, whole, words, own_running, undelivered)
                    reopened = True
        flow[PROGRESS] += progressed[j]
        unlink_ended(j, first, last, whole)
        if reopened:
            for k in range(standing.shape[1]):
                mend_beliefs(j, k, first, whole, words, seen, known, visible, by_task)
        room[j] = room_of_started(
            j, first, whole, poaching, altruism, per_project, economies, presence, floor, administration, present, hired,
            mark + 1,
        )
        update_wait(j, impatience, queue_limit, undelivered, room, attenuation, closed)


@compiled
def room_of_started(  # type: ignore[no-untyped-def]
    j, first, whole, poaching, altruism, per_project, economies, presence, floor, administration, present, hired, mark
):
    """Return the room of state j with the projects that are started and live, tasks a quarter."""
    burden = 0.0
    donors = 0.0
    p = first[j]
    while p >= 0:
        if whole[p, STATUS] == RUNNING:
            burden += oversight_of(whole[p, SIZE], per_project, economies)
            donors += presence_added(p, whole, present, mark)
        p = whole[p, NEXT]
    left = administration_left(j, poaching, altruism, first, whole, administration, hired)
    return max(floor, left - (burden + presence * donors))


def deliver(model: CoordinationModel, quarter: int) -> None:
    """Every project gets the same share of a state's room. The phase ``absorption = equal_shares``.

    Source: room shared by project makes projects small (Roodman 2006, CGD WP 89); equal shares are an assumption.
    """
    _deliver(model, quarter, False)


def deliver_per_task(model: CoordinationModel, quarter: int) -> None:
    """A project gets room in proportion to the tasks that it can still deliver. The phase ``absorption = per_task``.

    Source: assumption, the rule that does not make projects small (the other one in Roodman 2006, CGD WP 89).
    """
    _deliver(model, quarter, True)


def _deliver(model: CoordinationModel, quarter: int, per_task: bool) -> None:
    state, land, p = model.state, model.land, model.parameters
    ledger, scratch = state.ledger, model.scratch
    deliver_quarter(
        quarter, per_task, p.poaching, p.poaching_altruism, p.method_failure > 0,
        p.oversight_per_project, p.oversight_economies, p.presence_oversight,
        p.room_floor, p.pace, p.failure, p.reform_patience, p.lapse > 0, model.seed, p.ignorance == "task", p.impatience,
        p.queue_limit, ledger.whole, ledger.words, ledger.reals, ledger.seen, state.standing, state.funded, state.owner,
        state.deadline, state.next_deadline, state.hazard, state.known, state.visible,
        state.first, state.last, state.own_running, state.undelivered, state.room, state.attenuation, state.closed,
        state.oversight, state.progressed, state.flow,
        model.giving.keys, land.administration, state.administration, state.ownership, land.government_rank,
        state.account if model.accounting else NOBODY, model.promise, land.value, state.delivered_by,
        state.delivered[quarter % 4], land.reform_words, p.imposed_lapse, model.lapse_form.shape,
        land.context, land.instrument_of, land.method_success, state.trials, state.successes,
        *scratch.delivery(ledger.capacity),
    )  # fmt: skip
