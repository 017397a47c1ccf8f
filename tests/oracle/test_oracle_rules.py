"""Checks of the oracle alone: single rules worked by hand, each of which nothing but the engine would notice otherwise."""

import pytest

from donorlab.scenarios.byhand import plain_parameters, scenario
from donorlab.sim import streams
from oracle.model import run
from oracle.test_oracle import failure_draw, one_cell


def states(n, *, donor="D0", **changes):
    """A donor with 1 EUR m a quarter unless said otherwise, and n states with one pillar each."""
    of_scenario = {name: changes.pop(name) for name in ("affinity", "users") if name in changes}
    return scenario(
        score=[[0.0]] * n, mandate=[[1.0]], skill=[[1.0]], mix=[[1.0]], budget=[changes.get("money", 4.0)], donor_ids=[donor],
        state_ids=[f"S{j}" for j in range(n)],
        parameters=plain_parameters(**{"tasks_per_pillar": 8, "value_concavity": 1.0} | changes), **of_scenario,
    )  # fmt: skip


def test_nobody_gives_to_itself():
    assert [p.beneficiary for p in run(states(2, donor="S0", affinity=[[0.0, 1.0]]), 1).projects] == [1]
    assert [p.beneficiary for p in run(states(2, affinity=[[0.0, 1.0]]), 1).projects] == [0]


def test_ties_go_to_the_smallest_state_and_size():
    world = states(3, money=12.0, project_tasks_maximum=2, tasks_per_pillar=8)
    assert [(p.beneficiary, len(p.tasks)) for p in run(world, 1).projects] == [(0, 1), (0, 1), (0, 1)]


def test_what_differs_by_rounding_alone_is_a_tie():
    # The last state is worth more than the one before by the rounding of a sum, .1 + .2 > .3; the first one is full soon.
    world = states(
        3, money=8.0, tasks_per_pillar=1, motive_need=0.0, motive_political=1.0, affinity=[[1.0, 0.3, 0.1 + 0.2]]
    )
    assert [p.beneficiary for p in run(world, 1).projects] == [0, 1]


def test_the_wait_makes_the_next_best_better():
    world = states(2, money=8.0, users=[1.1, 1.0], user_weight_exponent=1.0, administration_intercept=1.0)
    assert [p.beneficiary for p in run(world, 1).projects] == [0, 0]
    assert [p.beneficiary for p in run(world.replace(impatience=0.5), 1).projects] == [0, 1]  # 1.1 * exp(-.5) < 1


def test_a_state_with_a_long_queue_takes_no_project():
    world = one_cell(3, planning_slots=0, tasks_per_pillar=3, administration_intercept=1.0, queue_limit=1.0)
    assert len(run(world, 1).projects) == 2  # waits of 0, 1 and 2 quarters
    assert len(run(world.replace(queue_limit=2.0), 1).projects) == 3


def test_what_is_outside_the_mandate_is_dearer():
    world = scenario(
        score=[[1.0, 0.0]], mandate=[[0.8, 0.2]], skill=[[1.0]], mix=[[1.0]] * 2, budget=[6.0], donor_ids=["D0"],
        state_ids=["S0"], parameters=plain_parameters(money=6.0, mismatch=0.4),
    )  # fmt: skip
    (project,) = run(world, 1).projects
    assert (project.pillar, project.base_cost, project.cost) == (1, 1.0, pytest.approx(1.3))


def test_room_has_a_floor():
    (project,) = run(one_cell(administration_intercept=0.0, room_floor=0.25, wind_down=4), 1).projects
    assert (project.status, project.end) == ("completed", 4)


def test_failure_is_rarer_where_government_is_strong():
    # .5 * 2 * (1 - (rank + .5) / 2): .75 at rank 0, .25 at rank 1
    seed = next(s for s in range(1000) if 0.25 < failure_draw(s, 0) < 0.75)
    weak, strong = (run(one_cell(failure=0.5, rank=rank), seed).projects[0] for rank in (0.0, 1.0))
    assert (weak.status, strong.status) == ("failed", "completed")


def test_own_effort_leaves_donors_their_tasks():
    two = {"tasks_per_pillar": 2, "project_tasks_minimum": 2, "project_tasks_maximum": 2}
    assert run(one_cell(budget=[8.0], pace=0.1, own_effort=1000.0, **two), 1).own_effort == [[[0]]]


def test_own_effort_is_crowded_out_by_the_share_of_open_tasks_in_projects():
    half = {"tasks_per_pillar": 20, "project_tasks_minimum": 10, "project_tasks_maximum": 10}
    world = one_cell(budget=[40.0], pace=1e-9, administration_intercept=8.0, own_effort=1.0, crowding_out=1.0, **half)
    key = streams.actor_key("S0")

    def own(seed, mean):
        return streams.poisson_quantile(streams.uniform(streams.EFFORT, seed, 1, key, 0, 0, 0), mean)

    seed = next(s for s in range(100) if own(s, 2.0) != own(s, 4.0))
    assert run(world, seed).own_effort == [[[own(seed, 2.0)]]]  # 8 * .5 * (1 - 10 / 20)
