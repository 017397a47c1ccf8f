"""Poaching and room by tasks: closed forms, directions, and every bit as before where they are off."""

import dataclasses

import numpy as np
import pytest
from test_peers import digest

from donorlab.scenarios import load
from donorlab.scenarios.byhand import plain_parameters, scenario
from donorlab.sim import CoordinationModel, simulate
from donorlab.sim.mechanisms.absorption import share_room
from donorlab.sim.mechanisms.effort import own_draw


def one_state(budget, **changes):
    """One state, and donors that each take tasks of four for one quarter's budget; nothing is duplicated."""
    parameters = {
        "tasks_per_pillar": 64, "planning_slots": 0, "project_tasks_minimum": 4, "project_tasks_maximum": 4,
        "money": sum(budget), "horizon": 1, "wind_down": 8, "administration_intercept": 20.0, "pace": 1.0,
    }  # fmt: skip
    return scenario(
        score=[[0.0]], mandate=[[1.0]] * len(budget), skill=[[1.0]] * len(budget), mix=[[1.0]], budget=budget,
        donor_ids=[f"D{d}" for d in range(len(budget))], state_ids=["S"],
        parameters=plain_parameters(**parameters | changes),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("projects", "index"), [((4,), 1.0), ((2, 2), 0.5), ((3, 1), 10 / 16), ((1, 1, 1, 1), 0.25), ((2, 1, 1), 6 / 16)]
)
@pytest.mark.parametrize(("poaching", "altruism"), [(0.5, 0.0), (0.5, 0.3), (1.0, 0.6), (1.0, 1.0)])
def test_administration_lost_is_that_of_the_closed_form(projects, index, poaching, altruism):
    world = one_state([16.0 * n for n in projects], poaching=poaching, poaching_altruism=altruism)
    model = CoordinationModel(world, rng=1)
    model.step()
    lost = 20.0 * poaching * (1 - altruism) * (1 - index)
    assert model.state.administration[0] == pytest.approx(20.0 - lost, abs=1e-12)
    assert model.state.room[0] == pytest.approx(20.0 - lost, abs=1e-12)
    model.run()
    steps = simulate(world, 1).steps
    assert steps.poached[:4].tolist() == pytest.approx([lost] * 4)  # four tasks at a pace of one a quarter
    assert (steps.poached[4:] == 0).all()  # nothing runs: nothing is lost
    assert simulate(world, 1).outcomes["poached_share"] == pytest.approx(lost / 20)
    assert model.state.administration[0] == model.state.room[0] == 20.0


def test_what_failed_at_its_start_hires_nobody_and_the_public_room_counts_who_is_left():
    world = one_state([16.0, 16.0], poaching=1.0, failure=1.0, pace=4.0)
    for seed in range(12):
        model = CoordinationModel(world, rng=seed)
        model.step()
        rows = model.state.ledger.whole[:2]
        index = 0.5 if (simulate(world, seed).projects.delivered > 0).all() else 1.0
        assert model.state.administration[0] == pytest.approx(20.0 * index)
        assert model.state.room[0] == 20.0, "all have ended in the quarter"
        assert (rows[:, 8] == 1).all()


def test_own_effort_lives_of_what_is_left():
    world = one_state([16.0, 16.0], poaching=1.0, own_effort=0.4, ownership_intercept=0.5, ownership_noise=0.0)
    model = CoordinationModel(world, rng=4)
    model.step()
    land = model.land
    left = 10.0 - model.state.progressed[0]
    drawn = own_draw(4, 1, land.keys[0], 0, 0.4, left, land.ownership[0], land.priority[0, 0], 0.0)
    assert model.state.own_drawn[0, 0] == drawn
    assert drawn < own_draw(4, 1, land.keys[0], 0, 0.4, left + 10.0, land.ownership[0], land.priority[0, 0], 0.0)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_poaching_falls_where_donors_concentrate_and_with_altruism(seed):
    world = load("synthetic").replace(poaching=0.5, poaching_altruism=0.2)
    many = simulate(world, seed).outcomes["poached_share"]
    few = simulate(world.replace(relation_cost=1.0), seed).outcomes["poached_share"]
    one = simulate(world.replace(architecture="central"), seed).outcomes["poached_share"]
    kind = simulate(world.replace(poaching_altruism=0.6), seed).outcomes["poached_share"]
    assert many > few > one == 0
    assert many > kind > 0


@pytest.mark.parametrize("architecture", ["fragmented", "umbrella"])
def test_no_poaching_leaves_every_bit(architecture):
    world = load("synthetic", [f"architecture={architecture}"])
    found = {digest(CoordinationModel(world.replace(poaching_altruism=a), rng=1).run()) for a in (0.0, 0.3, 1.0)}
    assert len(found) == 1
    assert digest(CoordinationModel(world.replace(poaching=0.3), rng=1).run()) not in found
    kind = CoordinationModel(world.replace(poaching=0.3, poaching_altruism=1.0), rng=1).run()
    assert digest(kind) in found, "who counts all of the others' loss hires nobody"


# --- room ------------------------------------------------------------------------------------------------------
def shares(room, limits, parts):
    grants = np.zeros(len(limits))
    share_room(room, np.array(limits), np.array(parts), grants, len(limits))
    return grants.tolist()


@pytest.mark.parametrize(
    ("room", "limits", "parts", "expected"),
    [
        (6.0, [9.0, 9.0, 9.0], [1.0, 1.0, 1.0], [2.0, 2.0, 2.0]),
        (6.0, [9.0, 9.0, 9.0], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0]),
        (6.0, [0.5, 9.0, 9.0], [1.0, 2.0, 3.0], [0.5, 2.2, 3.3]),  # what one cannot use is shared again, by parts
        (6.0, [9.0, 1.0, 9.0], [1.0, 2.0, 3.0], [1.25, 1.0, 3.75]),
        (6.0, [1.0, 1.0, 1.0], [1.0, 2.0, 3.0], [1.0, 1.0, 1.0]),
        (6.0, [1e-12, 9.0], [0.0, 2.0], [0.0, 6.0]),  # nothing left to deliver but rounding
        (6.0, [0.0, 1e-12], [0.0, 0.0], [0.0, 0.0]),
    ],
)
def test_room_is_shared_by_parts(room, limits, parts, expected):
    assert shares(room, limits, parts) == pytest.approx(expected, abs=1e-13)


def test_by_tasks_large_projects_get_more_and_by_project_the_same():
    """Two donors, projects of 2 and of 6 tasks: 1 and 3 of a room of 4 by tasks, 2 each by project."""
    world = one_state([8.01, 24.01], pace=9.0, administration_intercept=4.0, project_tasks_minimum=2,
                      project_tasks_maximum=6, value_concavity=1.0, fixed_cost=1e-3)  # fmt: skip

    def progress(absorption):
        mechanisms = dataclasses.replace(world.mechanisms, absorption=absorption)
        model = CoordinationModel(world.replace(mechanisms=mechanisms), rng=1)
        model.step()
        ledger = model.state.ledger
        return {int(ledger.whole[p, 6]): float(ledger.reals[p, 2]) for p in range(ledger.size)}

    equal, by_task = progress("equal_shares"), progress("per_task")
    sizes = sorted(equal)
    assert len(sizes) == 2
    small, large = sizes
    assert equal[small] == pytest.approx(min(2.0, small))
    assert by_task[small] == pytest.approx(4.0 * small / (small + large))
    assert by_task[large] == pytest.approx(4.0 * large / (small + large))
