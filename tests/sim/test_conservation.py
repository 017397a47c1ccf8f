"""Nothing is lost and nothing appears: money, tasks, projects and shares, after every quarter of drawn worlds."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracle.worlds import numbered, worlds
from possible import possible, under

from donorlab.sim import CoordinationModel, simulate
from donorlab.sim.architectures import architecture_names
from donorlab.sim.outcomes.tables import payments
from donorlab.sim.state import (
    BENEFICIARY,
    COMPLETED,
    COST,
    DELIVERED,
    DELIVERED_TASKS,
    DOMESTIC,
    DONOR,
    DUPLICATED,
    END,
    FAILED,
    LAPSED,
    NEXT,
    OBSOLETE,
    OWN,
    PILLAR,
    PRICE,
    PROGRESS,
    QUARTER,
    RACE,
    REMAINING,
    RETURNED,
    RUNNING,
    SIZE,
    SLOT,
    SPOILED,
    SPOILED_TASKS,
    START,
    STATUS,
    STOP,
    TASKS,
    WITHHELD,
    WORKED,
)
from donorlab.sim.value import bit_counts

NEAR = 1e-9
SOCIETY = {
    "budget_elasticity": 0.0,  # incomes are the budgets
    "peer_discount": 0.3,
    "poaching": 0.6,
    "poaching_altruism": 0.2,
    "method_failure": 0.4,
    "method_learning": 1.5,
}


def count(words):
    return bit_counts(np.ascontiguousarray(words).ravel()).reshape(words.shape)


def check_money(model):
    state, ledger = model.state, model.state.ledger
    spent = np.bincount(
        ledger.whole[: ledger.size, DONOR], weights=ledger.reals[: ledger.size, COST], minlength=len(state.cash)
    )
    returned = np.bincount(
        ledger.whole[: ledger.size, DONOR], weights=ledger.reals[: ledger.size, RETURNED], minlength=len(state.cash)
    )
    pooled = state.pool_paid.copy()
    if model.design.pool >= 0:
        pooled[model.design.pool] -= pooled.sum()
    kept = spent - returned + state.cash + state.overhead_paid + pooled
    np.testing.assert_allclose(state.appropriated, kept, rtol=NEAR, atol=NEAR)
    quarters = min(model.quarter, model.parameters.horizon)
    np.testing.assert_allclose(state.appropriated, model.giving.budget / 4 * quarters, rtol=NEAR)
    assert state.appropriated.sum() == pytest.approx(model.giving.budget.sum() / 4 * quarters, rel=NEAR)
    assert (state.cash >= -NEAR).all()


def check_tasks(model):
    state, land, ledger = model.state, model.land, model.state.ledger
    beyond = np.uint64((~((1 << model.parameters.tasks_per_pillar) - 1)) & (2**64 - 1))
    assert not (state.standing & beyond).any()
    assert not (state.known & beyond).any()
    assert not (state.funded & ~state.standing).any()
    lasting = land.standing & ~state.outdated
    assert not (lasting & ~state.standing).any(), "domestic tasks do not lapse"
    assert not (lasting & state.funded).any()
    delivered = count(state.funded) + state.lapsed + state.obsolete_funded  # newly, by projects
    np.testing.assert_array_equal(
        count(state.standing), land.initial_count + state.own_tasks + delivered - state.lapsed - state.obsolete
    )
    assert (state.obsolete_funded <= state.obsolete).all()
    assert (state.own_tasks <= state.own_drawn).all()
    flow = model.record.flow[: model.quarter]
    assert flow[:, OWN].sum() == state.own_tasks.sum()
    assert flow[:, LAPSED].sum() == state.lapsed.sum()
    assert flow[:, OBSOLETE].sum() == state.obsolete.sum()
    assert flow[:, DELIVERED].sum() == delivered.sum()
    assert flow[:, PROGRESS].sum() == pytest.approx(ledger.reals[: ledger.size, WORKED].sum(), rel=NEAR, abs=NEAR)
    # the owner of a task is the project that delivered it, and no other
    for j, k, task in np.ndindex(state.owner.shape):
        p, bit = state.owner[j, k, task], np.uint64(1 << task)
        assert (p != DOMESTIC) == bool(state.funded[j, k] & bit)
        if p != DOMESTIC:
            assert (ledger.whole[p, BENEFICIARY], ledger.whole[p, PILLAR]) == (j, k)
            assert ledger.words[p, TASKS] & bit & ~ledger.words[p, REMAINING] & ~ledger.words[p, SPOILED]


def check_projects(model):
    state, ledger, p = model.state, model.state.ledger, model.parameters
    whole, words, reals = (array[: ledger.size] for array in (ledger.whole, ledger.words, ledger.reals))
    left = count(words[:, REMAINING])
    np.testing.assert_array_equal(count(words[:, TASKS]), whole[:, SIZE])
    np.testing.assert_array_equal(whole[:, DELIVERED_TASKS] + left, whole[:, SIZE])
    assert not (words[:, SPOILED] & words[:, REMAINING]).any()
    assert count(words[:, SPOILED]).sum() == model.record.flow[: model.quarter, SPOILED_TASKS].sum()
    for inner, outer in ((REMAINING, TASKS), (SPOILED, TASKS), (DUPLICATED, TASKS), (RACE, DUPLICATED)):
        assert not (words[:, inner] & ~words[:, outer]).any()
    assert (whole[:, SIZE] >= 1).all()
    assert (whole[:, SIZE] <= p.project_tasks_maximum).all()
    assert (model.giving.itself[whole[:, DONOR]] != whole[:, BENEFICIARY]).all()
    status, live = whole[:, STATUS], whole[:, STATUS] < COMPLETED
    assert (left[status == COMPLETED] == 0).all()
    assert (left[status != COMPLETED] > 0).all()
    assert (whole[status == FAILED, DELIVERED_TASKS] == whole[status == FAILED, STOP]).all()
    assert (whole[live, END] == 0).all()
    assert (whole[~live, END] >= whole[~live, START]).all()
    begun = (status >= RUNNING) & (status != WITHHELD)
    assert (whole[begun, START] >= whole[begun, QUARTER]).all()
    assert (whole[status == WITHHELD, START] == 0).all()
    assert (reals[:, WORKED] <= whole[:, STOP] + NEAR).all()
    assert (reals[:, WORKED] <= p.pace * np.maximum(0, model.quarter - whole[:, START] + 1) + NEAR).all()
    np.testing.assert_array_equal(
        whole[live, DELIVERED_TASKS], np.minimum(whole[live, STOP], np.floor(reals[live, WORKED] + NEAR))
    )
    assert (state.administration <= model.land.administration + NEAR).all()
    assert (state.administration >= (1 - p.poaching) * model.land.administration - NEAR).all()
    room = np.maximum(p.room_floor, state.administration - state.oversight)
    assert (state.progressed <= room + NEAR).all()
    # sums kept by state and donor are those of the live projects
    shape = state.own_running.shape
    running, undelivered = np.zeros(shape, dtype=int), np.zeros(shape[1], dtype=int)
    everyone = np.zeros_like(state.standing)
    for row in np.flatnonzero(live):
        d, j, k = whole[row, [DONOR, BENEFICIARY, PILLAR]]
        running[d, j] += 1
        undelivered[j] += left[row]
        everyone[j, k] |= words[row, REMAINING]
    np.testing.assert_array_equal(state.own_running, running)
    np.testing.assert_array_equal(state.undelivered, undelivered)
    np.testing.assert_array_equal(state.known[-1] & ~state.standing, everyone & ~state.standing)
    for j in range(shape[1]):
        listed, row = [], state.first[j]
        while row >= 0:
            listed.append(int(row))
            row = whole[row, NEXT]
        assert listed == np.flatnonzero(live & (whole[:, BENEFICIARY] == j)).tolist()


def check_queue(model, undelivered, room):
    """No contract of this quarter in a state whose queue was over the limit for the donor who made it."""
    ledger = model.state.ledger
    whole = ledger.whole[: ledger.size]
    new = whole[whole[:, QUARTER] == model.quarter]
    waiting = undelivered.astype(float)
    for slot in np.unique(new[:, SLOT]):
        rows = new[new[:, SLOT] == slot]
        own = {}
        for row in rows:
            who = (row[DONOR], row[BENEFICIARY])
            queue = (waiting[row[BENEFICIARY]] + own.get(who, 0)) / room[row[BENEFICIARY]]
            assert queue <= model.parameters.queue_limit
            own[who] = own.get(who, 0) + row[SIZE]
        np.add.at(waiting, rows[:, BENEFICIARY], rows[:, SIZE])


def check_shares(model):
    paid = payments(model)
    assert (paid.same_task <= paid.method).all()
    assert (paid.method <= paid.objective).all()
    assert (paid.objective <= paid.tasks).all()
    assert (paid.race <= paid.duplicated).all()
    assert (paid.duplicated <= paid.tasks).all()
    assert (paid.mismatch_cost >= -NEAR).all()
    np.testing.assert_allclose(
        paid.cost, paid.transaction_cost + paid.base_cost + paid.mismatch_cost, rtol=NEAR, atol=NEAR
    )
    price = model.state.ledger.reals[: model.state.ledger.size, PRICE]
    lowest = model.land.task_price[paid.beneficiary] * (1 - model.parameters.peer_discount)
    assert (price >= lowest - NEAR).all()
    assert (price <= model.land.task_price[paid.beneficiary] + NEAR).all()
    assert paid.duplicated_cost.sum() == pytest.approx((paid.duplicated * price).sum(), rel=NEAR, abs=NEAR)
    assert (paid.duplicated_cost <= paid.base_cost + NEAR).all()


SHARES = (
    "transaction_cost_share",
    "mismatch_cost_share",
    "idle_share",
    "absorption_use",
    "failure_share",
    "spoiled_share",
    "poached_share",
    "unfinished_share",
    "ownership",
    "duplication_share",
    "duplication_ignorance_share",
    "duplication_race_share",
    "objective_overlap",
    "method_overlap",
    "task_overlap",
    "fragmentation_hhi",
    "nonsignificant_relations_share",
    "coverage_gini",
    "attribution_share",
    "attribution_share_at_horizon",
)


def check_outcomes(result):
    found = result.outcomes
    for name in SHARES:
        assert math.isnan(found[name]) or -NEAR <= found[name] <= 1 + NEAR, f"{name} = {found[name]}"
    for name, value in found.items():
        assert not math.isinf(value), name
    if found["projects"]:
        assert found["task_overlap"] <= found["method_overlap"] + NEAR
        assert found["method_overlap"] <= found["objective_overlap"] + NEAR
        assert found["duplication_share"] == pytest.approx(
            found["duplication_ignorance_share"] + found["duplication_race_share"], rel=NEAR, abs=NEAR
        )
        assert 1 - NEAR <= found["effective_donors"] <= found["donors_per_recipient"] + NEAR
        assert 1 / found["effective_donors"] <= found["fragmentation_hhi"] + NEAR, "mean of inverses"
    states = result.scenario.beneficiaries.count
    for name in ("orphans", "darlings"):
        assert math.isnan(found[name]) or 0 <= found[name] <= states
    if found["appropriated_m"]:
        shares = ("transaction_cost_share", "mismatch_cost_share", "overhead_share", "idle_share")
        tasks = result.projects.base_cost_m.sum() / found["appropriated_m"]
        assert sum(found[name] for name in shares) + tasks == pytest.approx(1, rel=NEAR)
    steps, projects = result.steps, result.projects
    capacities = steps.filter(like="capacity")
    assert ((capacities >= 0) & (capacities <= 1 + NEAR)).all(axis=None)
    assert steps.appropriated_m.sum() == pytest.approx(found["appropriated_m"], rel=NEAR, abs=NEAR)
    assert steps.contracted_m.sum() == pytest.approx(projects.cost_m.sum(), rel=NEAR, abs=NEAR)
    assert steps.duplicated_cost_m.sum() == pytest.approx(projects.duplicated_cost_m.sum(), rel=NEAR, abs=NEAR)
    np.testing.assert_allclose(
        (steps.appropriated_m - steps.contracted_m - steps.overhead_m).cumsum(),
        steps.cash_m,
        rtol=NEAR,
        atol=100 * NEAR,
    )
    assert steps.contracted_projects.sum() == len(projects)
    by_donor, by_state = result.donors, result.beneficiaries
    for name, of_donor, of_state in (
        ("cost_m", "contracted_m", "aid_m"),
        ("base_cost_m", "base_cost_m", "base_cost_m"),
        ("duplicated_cost_m", "duplicated_cost_m", "duplicated_cost_m"),
    ):
        total = pytest.approx(projects[name].sum(), rel=NEAR, abs=NEAR)
        assert by_donor[of_donor].sum() == total
        assert by_state[of_state].sum() == total
    assert by_donor.projects.sum() == by_state.projects.sum() == len(projects)
    of_a_state = len(result.scenario.pillars) * result.scenario.parameters.tasks_per_pillar
    gained = (steps.delivered_tasks + steps.own_effort_tasks - steps.lapsed_tasks - steps.obsolete_tasks).sum()
    assert by_state.tasks_obsolete.sum() == steps.obsolete_tasks.sum()
    assert by_state.tasks_lapsed.sum() == steps.lapsed_tasks.sum()
    before = by_state.capacity_initial.mean()
    assert steps.capacity.iloc[-1] == pytest.approx(before + gained / of_a_state / len(by_state), rel=NEAR)


def check_run(scenario, seed, every=1):
    model = CoordinationModel(scenario, rng=seed)
    assert not (model.land.standing >> np.uint64(model.parameters.tasks_per_pillar - 1) >> np.uint64(1)).any()
    for _ in range(model.parameters.quarters):
        undelivered, room = model.state.undelivered.copy(), model.state.room.copy()
        model.step()
        check_queue(model, undelivered, room)
        if model.quarter % every == 0:
            check_money(model)
            check_tasks(model)
            check_projects(model)
            check_shares(model)
    check_outcomes(simulate(scenario, seed))


@settings(max_examples=100)
@given(world=worlds(), seed=st.integers(0, 2**32 - 1), architecture=st.sampled_from(architecture_names()))
def test_nothing_is_lost_on_drawn_worlds(world, seed, architecture):
    world = under(world, architecture).replace(turnover=0.05 * (seed % 2))
    assume(possible(world))
    check_run(world, seed)


@pytest.mark.parametrize("name", ["toy", "synthetic", "world"])
def test_nothing_is_lost(name, request):
    check_run(request.getfixturevalue(name).replace(failure=0.3, lapse=0.03, turnover=0.02), 1, every=14)


@pytest.mark.parametrize("absorption", ["equal_shares", "per_task"])
@pytest.mark.parametrize("number", range(0, 60, 5))
def test_nothing_is_lost_with_peers_poaching_and_methods(number, absorption):
    world = numbered(number)
    if not possible(world):
        pytest.skip("an impossible composition")
    mechanisms = dataclasses.replace(world.mechanisms, absorption=absorption)
    check_run(world.replace(mechanisms=mechanisms, **SOCIETY), number)


def test_fair_measures_do_not_depend_on_the_order_of_ids():
    """Ids are addresses, so other ids are other draws; what donors share out is symmetric all the same."""
    from oracle.worlds import plain_parameters, scenario

    world = scenario(
        score=[[0.0]], mandate=[[1.0]] * 3, skill=[[1.0]] * 3, mix=[[1.0]], budget=[4.0] * 3,
        donor_ids=["A", "B", "C"], state_ids=["S"], parameters=plain_parameters(money=12.0, tasks_per_pillar=1),
    )  # fmt: skip
    donors = simulate(world, 1).donors
    np.testing.assert_allclose(donors.duplicated_cost_m, [2 / 3] * 3, rtol=NEAR)
