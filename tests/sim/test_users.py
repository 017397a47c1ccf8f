"""4.7 Users: the table of users in closed form, and who reads which year of it."""

import dataclasses
import math

import numpy as np
import pytest
from ageing import users_after, weights_after
from hypothesis import given
from hypothesis import strategies as st

from donorlab.scenarios.byhand import plain_parameters, scenario
from donorlab.sim import CoordinationModel, baseline, certificate, simulate
from donorlab.sim.mechanisms.steering import wish
from donorlab.sim.setup import beneficiary_setup
from donorlab.sim.users import logistic_share, users_by_year, year_of
from donorlab.sim.value import bit_counts

SHARES, RATES = st.floats(0.001, 1.0), st.floats(0.0, 1.0)


@given(share=SHARES, rate=RATES, years=st.floats(0, 30))
def test_the_share_is_the_logistic_path(share, rate, years):
    found = logistic_share(share, rate, years)
    cap = max(0.95, share)
    assert share * (1 - 1e-12) <= found <= cap * (1 + 1e-12)
    if share >= 0.95:
        assert found == pytest.approx(share, rel=1e-12)
    elif found < cap * (1 - 1e-9):
        # the logit of share / cap rises by rate a year
        before, after = (math.log(value / (cap - value)) for value in (share, found))
        assert after - before == pytest.approx(rate * years, rel=1e-6, abs=1e-6)


def test_a_few_shares_by_hand():
    assert logistic_share(0.475, math.log(3), 1.0) == pytest.approx(0.95 * 3 / 4)  # odds of 1 become odds of 3
    assert logistic_share(0.2, 0.0, 10.0) == pytest.approx(0.2)
    assert logistic_share(0.98, 0.4, 10.0) == pytest.approx(0.98)
    assert logistic_share(0.1, 0.4, 1000.0) == pytest.approx(0.95)


@pytest.mark.parametrize("name", ["toy", "synthetic", "world"])
def test_the_table_of_users(name, request):
    world = request.getfixturevalue(name)
    land = beneficiary_setup(world, 1)
    years = world.parameters.quarters // 4
    assert land.users_by_year.shape == land.weights_by_year.shape == (years + 1, world.beneficiaries.count)
    np.testing.assert_array_equal(land.users_by_year[0], world.beneficiaries.users_m)
    np.testing.assert_array_equal(land.state_weight, land.weights_by_year[0])
    for year in range(years + 1):
        np.testing.assert_allclose(land.users_by_year[year], users_after(world, year), rtol=1e-9)
        np.testing.assert_allclose(land.weights_by_year[year], weights_after(world, year), rtol=1e-9)
    np.testing.assert_allclose(land.weights_by_year.mean(axis=1), 1.0, rtol=1e-12)
    rising = np.asarray(world.beneficiaries.population_growth) >= 0
    assert (np.diff(land.users_by_year[:, rising], axis=0) >= -1e-12).all()
    # never more than the share that is reachable of the people
    share = np.asarray(world.beneficiaries.internet_share)
    people = world.beneficiaries.users_m / share * (1 + np.asarray(world.beneficiaries.population_growth)) ** years
    assert (land.users_by_year[-1] <= people * np.maximum(0.95, share) * (1 + 1e-9)).all()


def test_the_speed_of_growth_is_that_of_time(world):
    twice, once = users_by_year(world.replace(user_growth=2.0)), users_by_year(world.replace(user_growth=1.0))
    np.testing.assert_allclose(twice[:8], once[::2], rtol=1e-12)
    assert (twice[1:].sum(axis=1) > once[1:].sum(axis=1)).all()


def test_by_income_group_weights_never_move(world):
    land = beneficiary_setup(world.replace(state_weighting="poorest"), 1)
    assert (land.weights_by_year == land.weights_by_year[0]).all()
    assert land.users_by_year[-1].sum() > 1.2 * land.users_by_year[0].sum()


@pytest.mark.parametrize(
    ("quarter", "years", "year"), [(1, 3, 0), (3, 3, 0), (4, 3, 1), (7, 3, 1), (8, 3, 2), (40, 3, 2)]
)
def test_years_turn_in_every_fourth_quarter(quarter, years, year):
    assert year_of(quarter, years) == year


@pytest.mark.parametrize("architecture", ["umbrella", "pledge"])
def test_without_growth_nothing_differs(synthetic, architecture):
    """With user_growth at 0, and with states that do not grow, a run is the same bit for bit."""
    states = synthetic.beneficiaries
    flat = dataclasses.replace(states, population_growth=None, internet_share=None, internet_share_rate=None)
    made = synthetic.replace(architecture=architecture)
    still = simulate(made.replace(user_growth=0.0), 1)
    none = simulate(made.replace(beneficiaries=flat), 1)
    moving = simulate(made, 1)
    np.testing.assert_array_equal(still.model.record.numbers, none.model.record.numbers)
    assert still.projects.equals(none.projects)
    np.testing.assert_array_equal(still.baseline.welfare_bound, none.baseline.welfare_bound)
    assert not np.array_equal(moving.model.record.numbers, none.model.record.numbers)


@pytest.mark.parametrize("architecture", ["fragmented", "umbrella", "central"])
def test_welfare_and_both_bounds_read_the_weight_of_the_year(synthetic, architecture):
    made = synthetic.replace(architecture=architecture)
    base = baseline(made, 2)
    model = CoordinationModel(made, rng=2, baseline=base)
    land = model.land
    for quarter in range(1, model.parameters.quarters + 1):
        model.step()
        weight = weights_after(made, quarter // 4)
        np.testing.assert_allclose(model.state.state_weight, weight, rtol=1e-9)
        standing = bit_counts(model.state.standing.ravel()).reshape(model.state.standing.shape)
        for found, counts in (
            (model.record.numbers[quarter - 1, 0], standing),
            (base.welfare_none[quarter - 1], base.standing_none[quarter - 1]),
        ):
            assert found == pytest.approx(float((np.outer(weight, land.pillar_weight) * land.value[counts]).sum()))
        assert certificate(made, base, quarter).dual == pytest.approx(base.welfare_bound[quarter - 1], rel=1e-9)
    everything = float(np.outer(weight, land.pillar_weight).sum())
    assert base.welfare_bound[-1] <= everything * (1 + 1e-9)


def test_a_run_may_go_on_beyond_the_table(toy):
    grown = dataclasses.replace(toy.beneficiaries, population_growth=np.full(5, 0.02) * np.arange(5))
    model = CoordinationModel(toy.replace(beneficiaries=grown), rng=1).run()
    last = model.land.weights_by_year[-1]
    for _ in range(9):
        model.step()
    np.testing.assert_array_equal(model.state.state_weight, last)


def two_states(**changes):
    """A and B are alike, but people in B come online at once after the first year."""
    return scenario(
        score=[[0.0], [0.0]], mandate=[[1.0]], skill=[[1.0]], mix=[[1.0]], budget=[4.0], donor_ids=["D"],
        state_ids=["A", "B"], growth=[0.0, 0.0], share=[0.95, 0.095], share_rate=[0.0, 9.0],
        parameters=plain_parameters(
            money=4.0, tasks_per_pillar=24, horizon=16, user_weight_exponent=1.0, value_concavity=1.5
        ) | changes,
    )  # fmt: skip


def test_planners_follow_users_and_do_not_look_ahead():
    still, moving = simulate(two_states(), 1).projects, simulate(two_states(user_growth=1.0), 1).projects
    early = moving.quarter <= 4
    assert moving[early].equals(still[still.quarter <= 4])
    assert (still[still.quarter > 4].beneficiary == "A").sum() == (still[still.quarter > 4].beneficiary == "B").sum()
    later = moving[~early].beneficiary
    assert (later == "B").sum() > (later == "A").sum(), "B has ten times the users of A"
    assert (later[moving.quarter <= 6] == "B").all()


def test_the_wish_of_leads_and_pledges_is_that_of_the_year(synthetic):
    made_up = synthetic.replace(architecture="pledge", haven_threshold=0.0)  # users alone move what donors want
    model = CoordinationModel(made_up, rng=1)
    for quarter in range(1, 14):
        model.step()
        if quarter % 4 == 1:
            made = model.wish.copy()
            np.testing.assert_array_equal(made, wish(model))
        else:
            np.testing.assert_array_equal(model.wish, made)
    assert not np.array_equal(model.wish, CoordinationModel(made_up, rng=1).wish)


def test_outcomes_of_users(world):
    result = simulate(world, 1)
    found, steps, states = result.outcomes, result.steps, result.beneficiaries
    assert steps.users_m.iloc[0] == pytest.approx(world.beneficiaries.users_m.sum())
    assert steps.users_m.iloc[3] == pytest.approx(users_after(world, 1).sum())
    assert steps.users_m.iloc[-1] == pytest.approx(found["users_m"]) == pytest.approx(states.users_final_m.sum())
    assert found["aid_per_user"] == pytest.approx(world.parameters.money / users_after(world, 10).sum())
    none = result.baseline.standing_none[-1]
    capacity = states.filter(like="capacity_final_").to_numpy()
    length = world.parameters.tasks_per_pillar
    gain = ((1 - (1 - capacity) ** 2) - (1 - (1 - none / length) ** 2)).mean(axis=1)
    assert found["gain_per_user"] == pytest.approx((gain * states.users_final_m).sum() / found["users_m"])
    weight = weights_after(world, 14)
    assert found["weight_of_users"] == pytest.approx((weight * states.users_final_m).sum() / found["users_m"])
