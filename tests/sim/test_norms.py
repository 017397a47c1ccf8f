"""4.6 Norms: positions, influence, contest."""

import numpy as np
import pytest

from donorlab.scenarios import load
from donorlab.scenarios.byhand import plain_parameters, scenario
from donorlab.sim import CoordinationModel, simulate


def world(positions, pull, budget=(4.0, 4.0), state=0.0, **changes):
    """One state that each donor delivers to, a task a quarter each."""
    made = scenario(
        score=[[0.0]],
        mandate=[[1.0]] * len(budget),
        skill=[[1.0]] * len(budget),
        mix=[[1.0]],
        budget=list(budget),
        donor_ids=[f"D{i}" for i in range(len(budget))],
        state_ids=["X"],
        parameters=plain_parameters(
            money=float(sum(budget)), tasks_per_pillar=48, norm_pull=pull, horizon=8, observation_probability=1.0,
            planning_slots=0, administration_intercept=100.0, **changes,
        ),
    )  # fmt: skip
    for array, values in ((made.donors.norm_position, positions), (made.beneficiaries.norm_position, [state])):
        array.setflags(write=True)
        array[:] = values
        array.setflags(write=False)
    return made


def test_one_donor_closes_the_same_share_of_the_distance_each_quarter():
    model = CoordinationModel(world([1.0], 0.1, budget=(4.0,)), rng=1)
    for quarter in range(1, 9):
        model.step()
        assert model.state.delivered_by[0, 0] == 1
        assert model.state.norm_position[0] == pytest.approx(1.0 - 0.9**quarter, rel=1e-12)
    assert model.state.influence[0] == pytest.approx(1.0 - 0.9**8, rel=1e-12)


def test_opposed_camps_cancel():
    result = simulate(world([1.0, -1.0], 0.1), seed=1)
    assert result.beneficiaries["norm_position_final"].iloc[0] == pytest.approx(0.0, abs=1e-12)
    assert result.outcomes["norm_contest"] == pytest.approx(1.0)
    assert result.donors["influence"].tolist() == pytest.approx([0.4, 0.4])
    one_camp = simulate(world([1.0, 1.0], 0.1), seed=1)
    assert one_camp.outcomes["norm_contest"] == pytest.approx(0.0, abs=1e-12)
    assert one_camp.outcomes["norm_shift"] == pytest.approx(1.0 - 0.9**8, rel=1e-12)
    assert one_camp.outcomes["norm_alignment"] > simulate(world([1.0, 1.0], 0.0), seed=1).outcomes["norm_alignment"]


def test_who_delivers_more_draws_more():
    found = simulate(world([1.0, -1.0], 0.1, budget=(12.0, 4.0)), seed=1)
    assert found.outcomes["norm_shift"] > 0
    assert found.donors["influence"].iloc[0] > found.donors["influence"].iloc[1]


def test_positions_stay_between_the_outermost_and_nothing_else_moves():
    drawn = load("toy", ["norm_pull=0.02"])
    still = load("toy", ["norm_pull=0"])
    moved, fixed = simulate(drawn, seed=3), simulate(still, seed=3)
    everybody = np.concatenate([drawn.donors.norm_position, drawn.beneficiaries.norm_position])
    final = moved.model.state.norm_position
    assert (final >= everybody.min() - 1e-12).all()
    assert (final <= everybody.max() + 1e-12).all()
    assert (fixed.model.state.norm_position == drawn.beneficiaries.norm_position).all()
    assert fixed.model.state.delivered_by.size == 0
    for name in ("standing", "known", "cash", "owner"):
        assert (getattr(moved.model.state, name) == getattr(fixed.model.state, name)).all()
    same = {key for key in moved.outcomes if not key.startswith("norm_")}
    for key in same:
        np.testing.assert_equal(moved.outcomes[key], fixed.outcomes[key])
