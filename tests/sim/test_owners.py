"""Who owns the money: of no matter without motive and friction; with friction, more owners pay more."""

import numpy as np
import pytest
from metamorphic import reordered
from scipy import stats

from donorlab.scenarios.byhand import plain_parameters, scenario
from donorlab.sim import simulate
from donorlab.sim.value import bit_counts

NEAR = 1e-9


def open_world(budget, seed, **changes):
    """Donors that follow need alone, see all plans, plan one after the other and pay a price of 1 and nothing else."""
    chance = np.random.default_rng(seed)
    donors, states = len(budget), 4
    return scenario(
        score=chance.uniform(0.0, 0.6, (states, 2)).tolist(),
        users=chance.lognormal(0.0, 0.6, states).tolist(),
        mandate=[[0.5, 0.5]] * donors,
        skill=[[0.5, 0.5]] * donors,
        mix=[[0.5, 0.5]] * 2,
        pillar_weights=[1.0, 1.37],
        budget=budget,
        donor_ids=[f"D{d}" for d in range(donors)],
        state_ids=[f"S{j}" for j in range(states)],
        parameters=plain_parameters(
            **{"money": float(sum(budget)), "user_weight_exponent": 0.5, "tasks_per_pillar": 24, "planning_slots": 0,
               "administration_intercept": 1e6, "pace": 100.0, "horizon": 6, "initial_noise": 0.2} | changes
        ),
    )  # fmt: skip


def task_counts(result):
    standing = result._model.state.standing
    return bit_counts(standing.ravel()).reshape(standing.shape)


@pytest.mark.parametrize("seed", range(20))
def test_without_motive_and_friction_neither_names_nor_owners_matter(seed):
    """Ids (so the order of planning) changed, one donor split in two, all put in one: the same tasks, the same welfare."""
    world = open_world([8.0, 4.0, 16.0], seed)
    whole = simulate(world, seed)
    renamed, _ = reordered(world.donors, ["Z1", "A7", "M3"])
    for other in (
        world.replace(donors=renamed),
        open_world([4.0, 4.0, 4.0, 16.0], seed),  # the first one is two of 4
        open_world([8.0, 4.0, 4.0, 12.0], seed),
        open_world([28.0], seed),
        world.replace(architecture="central"),
    ):
        result = simulate(other, seed)
        np.testing.assert_array_equal(task_counts(result), task_counts(whole))
        assert result.outcomes["welfare"] == pytest.approx(whole.outcomes["welfare"], rel=1e-12)
        assert result.outcomes["contracted_m"] == pytest.approx(whole.outcomes["contracted_m"], rel=1e-12)


def test_splitting_a_donor_raises_transaction_costs():
    """With costs of projects and relations, two owners of one budget pay more: 99% interval of the mean over 30 worlds."""
    friction = {"fixed_cost": 0.1, "relation_cost": 0.4, "pace": 0.5, "planning_slots": 13, "presence_oversight": 0.1,
                "administration_intercept": 4.0, "observation_probability": 0.3}  # fmt: skip
    change = []
    for seed in range(30):
        one = simulate(open_world([12.0, 8.0, 8.0], seed, **friction), seed).outcomes
        two = simulate(open_world([6.0, 6.0, 8.0, 8.0], seed, **friction), seed).outcomes
        change.append(two["transaction_cost_share"] - one["transaction_cost_share"])
    assert stats.t.interval(0.99, len(change) - 1, np.mean(change), stats.sem(change))[0] > 0


@pytest.mark.parametrize("owners", [1, 2, 3])
@pytest.mark.parametrize("blind", [True, False])
def test_each_owner_pays_for_its_own_relations_and_projects(owners, blind):
    """In a quarter an owner can do all: 3 states, 2 projects of one task in each, 6 + 3 * .4 + 6 * .1 = 7.8 EUR m.

    Owners who plan at the same time all do; of those who plan in turn and see each other, the first does all.
    """
    quarter = 3 * 7.8
    world = scenario(
        score=[[0.0]] * 3, mandate=[[1.0]] * owners, skill=[[1.0]] * owners, mix=[[1.0]],
        budget=[4 * quarter / owners] * owners, donor_ids=[f"D{d}" for d in range(owners)],
        state_ids=["S0", "S1", "S2"],
        parameters=plain_parameters(
            money=4 * quarter, tasks_per_pillar=2, fixed_cost=0.1, relation_cost=0.4, horizon=1,
            planning_slots=1 if blind else 0, observation_probability=0.0 if blind else 1.0,
        ),
    )  # fmt: skip
    result = simulate(world, 1)
    payers = owners if blind else 1
    served = len(result.projects[["donor", "beneficiary"]].drop_duplicates())
    assert served == 3 * payers
    assert result.outcomes["projects"] == 6 * payers
    assert result.projects.transaction_cost_m.sum() == pytest.approx(0.4 * served + 0.1 * 6 * payers, rel=NEAR)
    share = (0.4 * 3 + 0.1 * 6) * payers / quarter
    assert result.outcomes["transaction_cost_share"] == pytest.approx(share, rel=NEAR)
