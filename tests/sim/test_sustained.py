"""4.5, 7: what outlives the money, and what is told of ownership at the start and the end."""

import numpy as np
import pytest

from donorlab.scenarios import load
from donorlab.sim import CoordinationModel, cut_aid, donor_leaves, simulate
from donorlab.sim.state import DOMESTIC


def sustained(model, quarters):
    """Share of tasks owned after so many quarters that the same project owns at the end."""
    while model.quarter < quarters:
        model.step()
    then = model.state.owner.copy()
    now = model.run().state.owner
    return float(((then != DOMESTIC) & (now == then)).sum() / (then != DOMESTIC).sum())


@pytest.mark.parametrize("architecture", ["fragmented", "umbrella", "conditional"])
def test_sustained_share_is_what_stands_of_what_stood(architecture):
    world = load("world", [f"architecture={architecture}", "horizon=12", "wind_down=12", "lapse=0.03"])
    plain = simulate(world, 1).outcomes["sustained_share"]
    assert plain == sustained(CoordinationModel(world, rng=1), 12)
    cut = simulate(world, 1, interventions=[(9, cut_aid)]).outcomes["sustained_share"]
    model = CoordinationModel(world, rng=1)
    model.schedule(9, cut_aid)
    assert cut == sustained(model, 8)
    assert 0 < cut < 1
    assert cut != plain
    late = simulate(world, 1, interventions=[(15, cut_aid)]).outcomes["sustained_share"]
    assert late == plain, "a cut after the horizon moves nothing"
    twice = simulate(world, 1, interventions=[(9, cut_aid), (10, cut_aid)]).outcomes["sustained_share"]
    assert twice == cut
    one_leaves = simulate(world, 1, interventions=[(9, donor_leaves("EU"))]).outcomes["sustained_share"]
    assert one_leaves == pytest.approx(plain, abs=0.1)


def test_ownership_at_start_and_end_are_told():
    result = simulate(load("toy", ["ownership_rate=0.1"]), 1)
    table = result.beneficiaries
    assert result.outcomes["ownership_start"] == pytest.approx(table["ownership_start"].mean())
    assert result.outcomes["ownership"] == pytest.approx(table["ownership"].mean())
    assert result.outcomes["ownership"] != result.outcomes["ownership_start"]
    np.testing.assert_array_equal(table["ownership_start"], result.baseline.land.ownership)
