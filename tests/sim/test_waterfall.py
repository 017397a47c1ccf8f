"""T9: the bars sum to the appropriations exactly; one friction alone makes one bar alone."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from oracle.worlds import architectures
from possible import possible

from donorlab.experiments.validation.frictions import ALONE, one_cell
from donorlab.scenarios.byhand import plain_parameters, scenario
from donorlab.sim import cut_aid, simulate
from donorlab.sim.outcomes.waterfall import BARS

LOSSES = [name for name, _ in BARS if name != "effective"]


def test_there_is_a_scenario_for_every_loss():
    assert set(ALONE) == set(LOSSES)


@pytest.mark.parametrize("bar", LOSSES)
def test_one_friction_alone_makes_one_bar_alone(bar):
    shares = simulate(ALONE[bar](), seed=3).waterfall.shares
    assert sum(shares.values()) == pytest.approx(1.0, abs=1e-9)
    assert shares[bar] > 1e-3
    others = {name: share for name, share in shares.items() if name not in (bar, "effective")}
    assert others == pytest.approx(dict.fromkeys(others, 0.0), abs=1e-9)


def test_without_frictions_all_money_is_effective():
    shares = simulate(one_cell(), seed=3).waterfall.shares
    assert shares["effective"] == pytest.approx(1.0, abs=1e-9)


def test_full_information_and_serial_planning_waste_nothing_between_cells():
    """T5, its clause on the waterfall: misallocation and duplication are 0 to 1e-9 of the budget."""
    rng = np.random.default_rng(4)
    world = scenario(
        score=rng.random((4, 3)).tolist(), mandate=[[1 / 3] * 3] * 3, skill=[[1.0]] * 3, mix=[[1.0]] * 3,
        budget=[8.0, 16.0, 4.0], donor_ids=["A", "B", "C"], state_ids=["S", "T", "U", "V"],
        parameters=plain_parameters(
            money=28.0, tasks_per_pillar=30, horizon=4, wind_down=20, planning_slots=0, administration_intercept=1e3,
            initial_noise=0.2,
        ),
    )  # fmt: skip
    shares = simulate(world, seed=1).waterfall.shares
    for name in ("misallocation_pillars", "misallocation_states", "duplication_ignorance", "duplication_race"):
        assert shares[name] == pytest.approx(0.0, abs=1e-9)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(world=architectures(), seed=st.integers(0, 1000), cut=st.sampled_from((None, 1, 3)))
def test_bars_sum_exactly_and_are_never_negative(world, seed, cut):
    assume(possible(world) and world.parameters.money > 0)
    done = simulate(world, seed, interventions=[(cut, cut_aid)] if cut else [])
    if done.outcomes["appropriated_m"] <= 0:
        return
    fall = done.waterfall
    for shares in (fall.shares, fall.reverse):
        assert sum(shares.values()) == pytest.approx(1.0, abs=1e-9)
        assert min(shares.values()) >= -1e-9, shares
    assert fall.harm >= 0
    same = ("overhead", "transaction", "mismatch", "idle", "lapse", "effective", "displaced_own_effort")
    assert [fall.shares[name] for name in same] == pytest.approx([fall.reverse[name] for name in same], abs=1e-9)
