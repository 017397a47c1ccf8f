"""Checks of the oracle alone, section 4.4: poaching, room per task, and methods, worked by hand."""

import pytest

from donorlab.sim import streams
from oracle.delivery import shared_by_number
from oracle.methods import chance, context, preference
from oracle.model import first_state, run
from oracle.poaching import administration, concentration
from oracle.test_oracle import one_cell
from oracle.test_oracle_attention import project_of
from oracle.test_oracle_design import place
from oracle.test_oracle_moving import with_lapse
from oracle.worlds import Scenario

# --- poaching ---------------------------------------------------------------------------------------------


def test_poaching_by_concentration():
    world = first_state(one_cell(2, poaching=0.5, poaching_altruism=0.2), 1)
    one, two = project_of(0, 0), project_of(1, 0)
    assert concentration([one, one, two]) == pytest.approx(5 / 9)
    # phi = .2 + .8 * 5/9 = 29/45; 10 * (1 - .5 * 16/45)
    assert administration(world, 0, [one, one, two]) == pytest.approx(10 - 80 / 45)
    assert administration(world, 0, [one, one]) == administration(world, 0, []) == 10.0


def test_poached_administration_is_missed_by_projects_and_own_effort():
    # Two donors, half of the projects each: HHI 1/2, nothing counted for the others: half of 1.2 is lost, .3 each.
    world = one_cell(2, administration_intercept=1.2, poaching=1.0, wind_down=1, tasks_per_pillar=3)
    first, second = run(world, 1).projects
    assert (first.progress, second.progress) == (pytest.approx(0.6), pytest.approx(0.6))
    assert [p.progress for p in run(world.replace(poaching_altruism=1.0), 1).projects] == [1.0, 1.0]
    # Own effort of quarter 1: what is left of the half, 4 - .2, and not of the whole.
    busy = one_cell(
        2, administration_intercept=8.0, poaching=1.0, pace=0.1, own_effort=1.0, tasks_per_pillar=60, crowding_out=0.0
    )

    def drawn(seed, left):
        u = streams.uniform(streams.EFFORT, seed, 1, streams.actor_key("S0"), 0, 0, 0)
        return streams.poisson_quantile(u, left * 0.5)

    seed = next(s for s in range(100) if drawn(s, 3.8) != drawn(s, 7.8))
    assert run(busy, seed).own_effort == [[[drawn(seed, 3.8)]]]
    assert run(busy.replace(poaching=0.0), seed).own_effort == [[[drawn(seed, 7.8)]]]


def test_the_wait_counts_with_poached_administration():
    # Two slow projects of two donors: room 1 instead of 2, so the next task would wait 2 quarters and not 1.
    world = one_cell(
        2, administration_intercept=2.0, poaching=1.0, pace=0.01, tasks_per_pillar=4, queue_limit=1.5, horizon=2
    )
    assert len(run(world, 1).projects) == 2
    assert len(run(world.replace(poaching=0.0), 1).projects) == 4


# --- room per task ----------------------------------------------------------------------------------------


def per_task(world: Scenario) -> Scenario:
    return world.replace(mechanisms=type(world.mechanisms)(absorption="per_task"))


def test_shares_by_number_of_tasks():
    assert shared_by_number(1.0, [1.0, 1.0], [3, 1]) == [0.75, 0.25]
    assert shared_by_number(1.0, [0.5, 0.5], [3, 1]) == [0.5, 0.5]  # .75 and .25; the first needs .5, the rest is .5
    assert shared_by_number(1.0, [0.6, 0.6, 0.6], [4, 2, 2]) == [0.5, 0.25, 0.25]
    assert shared_by_number(1.0, [0.2, 0.6, 0.6], [4, 3, 1]) == pytest.approx([0.2, 0.6, 0.2])
    assert shared_by_number(1.0, [0.0, 0.6], [0, 1]) == [0.0, 0.6]
    assert shared_by_number(1.0, [1e-12], [0]) == [0.0]
    assert shared_by_number(1.0, [], []) == []


def test_larger_projects_get_more_room():
    # Room .8 for projects of 3 tasks and of 1.
    world = one_cell(
        2, budget=[12.0, 4.0], tasks_per_pillar=20, project_tasks_maximum=3, fixed_cost=1e-6, value_concavity=1.0,
        administration_intercept=0.8, money=16.1,
    )  # fmt: skip
    projects = run(per_task(world), 1).projects
    assert [len(p.tasks) for p in projects] == [3, 1]
    assert [p.progress for p in projects] == pytest.approx([0.6, 0.2])
    assert [p.progress for p in run(world, 1).projects] == pytest.approx([0.4, 0.4])


def test_what_cannot_be_delivered_does_not_count():
    # Tasks 0 and 2 are reforms that nobody wants: the first project can deliver task 1 alone, the second one its own.
    world = place(
        2, budget=[12.0, 4.0], money=16.1, tasks_per_pillar=3, project_tasks_maximum=3, fixed_cost=1e-6,
        value_concavity=1.0, administration_intercept=0.8, reform_cost=2.0, skill=[[0.5, 0.5], [0.0, 1.0]],
    )  # fmt: skip
    first, second = run(per_task(world), 1).projects
    assert (first.workable, second.workable) == ([1], [1])
    assert (first.progress, second.progress) == (pytest.approx(0.4), pytest.approx(0.4))


# --- methods ----------------------------------------------------------------------------------------------


def outcome(seed, donor=0, task=0, quarter=1):
    key = streams.actor_key(f"D{donor}")
    return streams.uniform(streams.METHOD_OUTCOME, seed, quarter, key, 0, task, 0)


def takes(seed, donor=0, task=0, quarter=1, context=0, method=0, failure=0.5):
    success = 1 - 2 * failure * streams.uniform(streams.METHOD, seed, 0, 0, 0, 64 * context + method, 0)
    return outcome(seed, donor, task, quarter) < success


def test_contexts_are_thirds_of_the_ranks():
    ranks = {0.0: 0, 0.3: 0, 0.4: 1, 0.6: 1, 0.7: 2, 1.0: 2}
    assert {rank: context(first_state(one_cell(rank=rank), 1), 0) for rank in ranks} == ranks


def test_a_task_that_does_not_take_is_open_again():
    world = one_cell(1, method_failure=0.5, horizon=2)
    seed = next(s for s in range(100) if not takes(s) and takes(s, quarter=2))
    result = run(world, seed)
    assert len(result.projects) == 2
    first, second = result.projects
    assert (first.status, first.delivered, first.spoiled, first.end) == ("completed", {0}, {0}, 1)
    assert (second.quarter, second.spoiled, second.duplicated) == (2, set(), set())
    assert [len(q[0][0]) for q in result.standing] == [0, 1]
    assert result.delivered == [0, 1]
    assert (result.trials, result.successes) == ([[[2, 0], [0, 0], [0, 0]]], [[[1, 0], [0, 0], [0, 0]]])
    off = run(world.replace(method_failure=0.0), seed)
    assert (off.delivered, off.trials) == ([1, 0], [[[0, 0]] * 3])
    world = first_state(world, seed)
    assert chance(world, 1, 2) == 1 - streams.uniform(streams.METHOD, seed, 0, 0, 0, 129, 0)


def test_the_next_payment_becomes_useful_when_a_task_does_not_take():
    world = one_cell(3, method_failure=0.5)
    seed = next(s for s in range(1000) if [takes(s, donor=d) for d in (0, 1, 2)] == [False, True, True])
    result = run(world, seed)
    assert [p.duplicated for p in result.projects] == [set(), set(), {0}]
    assert [p.spoiled for p in result.projects] == [{0}, set(), set()]
    # A duplicate that does not take changes nothing.
    seed = next(s for s in range(1000) if [takes(s, donor=d) for d in (0, 1, 2)] == [True, False, True])
    assert [p.duplicated for p in run(world, seed).projects] == [set(), {0}, {0}]
    # What did not take stands nowhere and cannot lapse; what took does.
    assert run(with_lapse(world.replace(lapse=5.0), "ageing"), seed).outcomes["ownership"] == 0.5


def test_a_duplicate_that_does_not_take_is_not_the_first_to_finish():
    # As in the race of tests/oracle/test_oracle.py: D1 finishes task 1 first, but it does not take there.
    world = one_cell(
        2, budget=[10.0, 6.0], skill=[[0.5, 0.5], [0.0, 1.0]], tasks_per_pillar=2, fixed_cost=0.5, value_concavity=1.0,
        project_tasks_maximum=2, wind_down=1, method_failure=0.5, method_learning=0.0,
    )  # fmt: skip
    seed = next(
        s for s in range(1000) if not takes(s, 1, 1, method=1) and takes(s, 0, 0, method=0) and takes(s, 0, 1, method=1)
    )
    first, second = run(world, seed).projects
    assert (first.tasks, second.tasks, second.end) == ((0, 1), (1,), 1)
    assert (first.duplicated, second.duplicated, second.spoiled) == (set(), {1}, {1})


def test_who_sees_learns():
    # Both donors do the same task in quarter 1; with ignorance by task nobody sees the other's project.
    world = one_cell(2, method_failure=0.5)
    assert [d[0][0] for d in run(world, 1).trials] == [2, 2]
    assert [d[0][0] for d in run(world.replace(observation_probability=0.0), 1).trials] == [1, 1]
    assert [d[0][0] for d in run(world.replace(ignorance="task"), 1).trials] == [1, 1]
    plans = world.replace(architecture="umbrella", register="plans", ignorance="task")
    assert [d[0][0] for d in run(plans, 1).trials] == [2, 2]


def test_methods_are_followed_by_the_success_seen():
    world = first_state(one_cell(1, skill=[[0.4, 0.6]], method_failure=0.5, method_learning=2.0, rank=0.5), 1)
    world.trials[0][1], world.successes[0][1] = [3, 0], [1, 0]
    assert preference(world, 0, 0, 0) == pytest.approx(0.4 * (2 / 5) ** 2)
    assert preference(world, 0, 0, 1) == pytest.approx(0.6 * (1 / 2) ** 2)
    world.trials[0][0] = [9, 9]  # another context
    assert preference(world, 0, 0, 0) == pytest.approx(0.4 * (2 / 5) ** 2)
    # A method that never took is not chosen any more: both methods are open, and the exponent is large.
    two = one_cell(1, budget=[4.0], tasks_per_pillar=40, method_failure=0.5, method_learning=20.0, horizon=12)
    seed = next(s for s in range(1000) if streams.uniform(streams.METHOD, s, 0, 0, 0, 0, 0) > 0.95)
    late = [p.tasks[0] % 2 for p in run(two, seed).projects if p.quarter > 6]
    early = [p.tasks[0] % 2 for p in run(two.replace(method_learning=0.0), seed).projects if p.quarter > 6]
    assert sum(late) > sum(early)
