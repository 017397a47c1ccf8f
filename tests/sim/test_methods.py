"""Methods: what takes, what is spoiled, who saw it, and what is learned from it."""

import numpy as np
import pytest
from test_peers import digest

from donorlab.scenarios import load
from donorlab.scenarios.byhand import plain_parameters, scenario
from donorlab.sim import CoordinationModel, simulate, streams
from donorlab.sim.events import bits
from donorlab.sim.state import DUPLICATED, REMAINING, SPOILED, TASKS

ON = {"method_failure": 0.4, "method_learning": 1.0}


def shop(donors=1, tasks=8, **changes):
    """One state, one pillar, two methods; each donor takes one task of a quarter's budget; pace is one quarter."""
    parameters = {
        "tasks_per_pillar": tasks, "money": 4.0 * donors, "horizon": 4, "wind_down": 2, "pace": 9.0,
        "administration_intercept": 100.0,
    }  # fmt: skip
    return scenario(
        score=[[0.0]], mandate=[[1.0]] * donors, skill=[[0.5, 0.5]] * donors, mix=[[0.5, 0.5]], budget=[4.0] * donors,
        donor_ids=[f"D{d}" for d in range(donors)], state_ids=["S"], rank=[0.5],
        parameters=plain_parameters(**parameters | changes),
    )  # fmt: skip


def test_chances_stand_at_their_address_and_have_the_mean_that_was_asked_for():
    land = CoordinationModel(shop(method_failure=0.3), rng=7).land
    for c in range(3):
        for m in range(2):
            u = streams.uniform(streams.METHOD, 7, 0, 0, 0, 64 * c + m, 0)
            assert land.method_success[c, m] == 1 - 2 * 0.3 * u
    seeds = [CoordinationModel(shop(method_failure=0.3), rng=s).land.method_success for s in range(200)]
    assert np.mean(seeds) == pytest.approx(0.7, abs=4 * 0.6 / 12**0.5 / 1200**0.5)


def test_contexts_are_thirds_of_government():
    world = load("world")
    context = CoordinationModel(world, rng=1).land.context
    rank = world.beneficiaries.government_rank
    assert [set(context[(rank >= low) & (rank < low + 1 / 3)]) for low in (0, 1 / 3, 2 / 3)] == [{0}, {1}, {2}]
    assert context[rank == 1].tolist() == [2] * int((rank == 1).sum())


def test_what_does_not_take_is_worked_paid_and_not_there():
    spoiled = 0
    for seed in range(20):
        result = simulate(shop(**ON), seed, trace=True)
        state, ledger = result.model.state, result.model.state.ledger
        words = ledger.words[: ledger.size]
        for p in range(ledger.size):
            task = bits(words[p, TASKS])[0]
            m = result.model.land.instrument_of[0, task]
            u = streams.uniform(
                streams.METHOD_OUTCOME, seed, int(ledger.whole[p, 3]), int(result.model.giving.keys[0]), 0, task, 0
            )
            took = u < result.model.land.method_success[1, m]
            assert bool(words[p, SPOILED]) == (not took)
            assert words[p, REMAINING] == 0
        stands = set(bits(state.standing[0, 0]))
        assert stands == {t for p in range(ledger.size) if not words[p, SPOILED] for t in bits(words[p, TASKS])}
        rows = result.projects
        assert (rows.status == "completed").all()
        assert rows.spoiled.sum() == result.steps.spoiled_tasks.sum() == (result.events.event == "spoiled").sum()
        assert result.outcomes["spoiled_share"] == rows.spoiled.sum() / rows.delivered.sum()
        shares = result.waterfall.shares
        assert shares["failure"] == pytest.approx(rows.spoiled.sum() / 4, abs=1e-12)
        assert sum(shares.values()) == pytest.approx(1, abs=1e-9)
        spoiled += rows.spoiled.sum()
    assert 10 < spoiled < 70


def test_after_a_spoiled_useful_payment_the_next_in_line_is_the_useful_one():
    """One task, two donors that race for it: whoever's takes is the useful one; what did not take is a failure."""
    seen = set()
    for seed in range(60):
        world = shop(donors=2, tasks=1, horizon=1, observation_probability=0.0, method_failure=0.5)
        result = simulate(world, seed)
        words = result.model.state.ledger.words[:2]
        assert [bits(w) for w in words[:, TASKS]] == [[0], [0]]
        spoiled = tuple(bool(w) for w in words[:, SPOILED])
        duplicated = tuple(bool(w) for w in words[:, DUPLICATED])
        shares = result.waterfall.shares
        expected = {
            (False, False): ((False, True), {"effective": 0.5, "duplication_race": 0.5}),
            (True, False): ((False, False), {"failure": 0.5, "effective": 0.5}),
            (False, True): ((False, True), {"effective": 0.5, "duplication_race": 0.5}),
            (True, True): ((False, False), {"failure": 1.0}),
        }[spoiled]
        assert duplicated == expected[0], spoiled
        assert {name: share for name, share in shares.items() if share > 1e-9} == pytest.approx(expected[1])
        charged = {"effective": 0.5, "failure": 0.5} if spoiled == (False, True) else expected[1]
        assert {n: s for n, s in result.waterfall.reverse.items() if s > 1e-9} == pytest.approx(charged)
        seen.add(spoiled)
    assert len(seen) == 4


def test_a_spoiled_task_is_open_again_for_all_who_knew_of_it():
    world = shop(donors=2, tasks=1, horizon=3, planning_slots=0, method_failure=0.5)
    again = 0
    for seed in range(30):
        rows = simulate(world, seed).projects
        took = (rows.spoiled == 0).to_numpy()
        assert not took[:-1].any(), "what stands is not bought again where all is seen"
        again += len(rows) > 1
    assert again > 5


@pytest.mark.parametrize("ignorance", ["project", "task"])
def test_who_sees_a_delivery_learns_from_it_and_nobody_else(ignorance):
    for sight, others in ((1.0, ignorance == "project"), (0.0, False)):
        world = shop(donors=3, ignorance=ignorance, planning_slots=0, observation_probability=sight, **ON)
        model = CoordinationModel(world, rng=3).run()
        delivered = int(simulate(world, 3).projects.delivered.sum())
        own = simulate(world, 3).projects.groupby("donor").delivered.sum().tolist()
        trials = model.state.trials.sum(axis=(1, 2)).tolist()
        assert trials == ([delivered] * 3 if others else own)
        assert (model.state.successes <= model.state.trials).all()
        assert (model.state.trials[:, [0, 2]] == 0).all(), "the state is of the middle third"


def test_members_learn_from_the_register():
    world = load("synthetic", ["architecture=umbrella", "reporting_rate=1"])
    world = world.replace(observation_probability=0.0, **ON)
    trials = CoordinationModel(world, rng=1).run().state.trials.sum(axis=(1, 2))
    apart = CoordinationModel(world.replace(architecture="fragmented"), rng=1).run().state.trials.sum(axis=(1, 2))
    assert trials.sum() > 2 * apart.sum()


def test_weights_are_the_mean_of_a_uniform_prior_to_a_power():
    world = shop(donors=2, planning_slots=0, observation_probability=1.0, method_failure=0.4, method_learning=2.0)
    model = CoordinationModel(world, rng=1)
    for _ in range(4):
        trials, successes = model.state.trials.copy(), model.state.successes.copy()
        model.step()
        expected = model.giving.skill[:, None, :] * ((1 + successes) / (2 + trials)) ** 2.0
        np.testing.assert_allclose(model.state.skill, expected, rtol=1e-15)
    assert trials.any()


def spoiled_by_half(world, seeds):
    """Share of deliveries that are spoiled, first and second half of the years with income, all seeds together."""
    spoiled, delivered = np.zeros(2), np.zeros(2)
    for seed in seeds:
        rows = simulate(world, seed).projects
        late = (rows.quarter > world.parameters.horizon / 2).to_numpy()
        for half, part in enumerate((~late, late)):
            spoiled[half] += rows.spoiled[part].sum()
            delivered[half] += rows.delivered[part].sum()
    return spoiled / delivered


def test_learning_spoils_less_over_time():
    """Four donors and a list that never runs out of what works: the share falls over time, and only with learning."""
    world = shop(donors=4, tasks=64, horizon=8, planning_slots=0, observation_probability=1.0, method_failure=0.5)
    learned, plain = (spoiled_by_half(world.replace(method_learning=x), range(60)) for x in (3.0, 0.0))
    assert learned[1] < learned[0] - 0.05
    assert learned[1] < plain[1] - 0.1


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_learning_spoils_less_in_the_world(seed):
    """Paired: less is spoiled late than without learning. Over time the share may rise all the same: what works runs out."""
    world = load("world", ["reform_cost=0"]).replace(method_failure=0.3)
    learned, plain = (spoiled_by_half(world.replace(method_learning=x), [seed]) for x in (3.0, 0.0))
    assert learned[1] < plain[1]


@pytest.mark.parametrize("architecture", ["fragmented", "umbrella"])
def test_methods_that_always_take_leave_every_bit(architecture):
    world = load("synthetic", [f"architecture={architecture}"])
    found = {digest(CoordinationModel(world.replace(method_learning=x), rng=1).run()) for x in (0.0, 1.0, 3.0)}
    assert len(found) == 1
    assert digest(CoordinationModel(world.replace(method_failure=0.1), rng=1).run()) not in found
