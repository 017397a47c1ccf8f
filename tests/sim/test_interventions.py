"""What can be made to happen in mid-run."""

import copy
import pickle

import numpy as np
import pytest

from donorlab.scenarios import load
from donorlab.sim import CoordinationModel, ScenarioError, adopt_architecture, cut_aid, donor_leaves, simulate
from donorlab.sim.state import DONOR, QUARTER


@pytest.fixture(scope="module")
def toy():
    return load("toy")


def contracts(result):
    ledger = result._model.state.ledger
    return ledger.whole[: ledger.size]


def test_after_a_cut_nobody_contracts_and_what_is_paid_goes_on(toy):
    plain, cut = simulate(toy, 2), simulate(toy, 2, interventions=[(6, cut_aid)])
    rows = contracts(cut)
    assert rows[:, QUARTER].max() < 6 <= contracts(plain)[:, QUARTER].max()
    np.testing.assert_array_equal(rows[:, :4], contracts(plain)[: len(rows), :4])
    assert cut.outcomes["appropriated_m"] == pytest.approx(plain.outcomes["appropriated_m"] * 5 / 12)
    assert (cut.projects.end > 6).any()
    state = cut._model.state
    total = cut.outcomes["contracted_m"] + state.cash.sum() + state.withdrawn.sum()
    assert total == pytest.approx(cut.outcomes["appropriated_m"], rel=1e-9)
    assert state.withdrawn.sum() > 0
    assert sum(cut.waterfall.shares.values()) == pytest.approx(1, abs=1e-9)


def test_a_donor_that_leaves_contracts_no_more_and_others_do(toy):
    rows = contracts(simulate(toy, 2, interventions=[(4, donor_leaves("NORDIA"))]))
    row = toy.donors.ids.index("NORDIA")
    assert rows[rows[:, DONOR] == row][:, QUARTER].max() < 4
    assert rows[rows[:, DONOR] != row][:, QUARTER].max() >= 4


def test_an_umbrella_that_starts_and_collapses(toy):
    plain = simulate(toy, 2)
    start = simulate(toy, 2, interventions=[(5, adopt_architecture("umbrella")), (9, adopt_architecture("fragmented"))])
    steps = start.steps.set_index("quarter")
    assert (steps.loc[1:4, "overhead_m"] == 0).all()
    assert (steps.loc[5:8, "overhead_m"] > 0).all()
    assert (steps.loc[9:, "overhead_m"] == 0).all()
    early = contracts(plain)[contracts(plain)[:, QUARTER] < 5]
    np.testing.assert_array_equal(contracts(start)[: len(early), :4], early[:, :4])
    same = simulate(toy, 2, interventions=[(5, adopt_architecture("fragmented"))])
    np.testing.assert_array_equal(contracts(same), contracts(plain))


def test_what_is_scheduled_survives_copies(toy):
    model = CoordinationModel(toy, rng=2)
    model.schedule(6, donor_leaves("FUND"))
    model.schedule(7, cut_aid)
    ends = [m.run().record.numbers for m in (copy.deepcopy(model), pickle.loads(pickle.dumps(model)), model)]
    np.testing.assert_array_equal(ends[0], ends[2])
    np.testing.assert_array_equal(ends[1], ends[2])


def test_mistakes_are_told_in_one_line(toy):
    model = CoordinationModel(toy, rng=1)
    model.step()
    with pytest.raises(ScenarioError, match="quarter 1 is over; the next one is 2"):
        model.schedule(1, cut_aid)
    with pytest.raises(ScenarioError, match="did you mean 'NORDIA'"):
        simulate(toy, 1, interventions=[(2, donor_leaves("NORDI"))])
    with pytest.raises(ScenarioError, match="needs other donors"):
        simulate(toy, 1, interventions=[(2, adopt_architecture("central"))])
