"""What can be made to happen in mid-run."""

import copy
import pickle

import numpy as np
import pytest

from donorlab.scenarios import load
from donorlab.sim import CoordinationModel, ScenarioError, adopt_architecture, cut_aid, donor_leaves, simulate
from donorlab.sim.result import expected_accounts
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


def responding(*overrides):
    return load("toy", ["horizon=40", "budget_elasticity=1", *overrides])


def incomes(model):
    """Each donor's income a quarter, (quarters, D), of a model that is run to the end of its horizon."""
    rows = []
    while model.quarter < model.parameters.horizon:
        before = model.state.appropriated.copy()
        model.step()
        rows.append(model.state.appropriated - before)
    return np.array(rows)


def prepared(scenario, *changes):
    """A model of the scenario as ``simulate`` makes it, with changes scheduled."""
    expected = expected_accounts(scenario, 2, changing=True)
    model = CoordinationModel(scenario, rng=2, expected_accounts=expected)
    for quarter, change in changes:
        model.schedule(quarter, change)
    return model


def test_budgets_respond_to_an_umbrella_that_is_adopted_at_once_as_to_one_that_was_there():
    there = simulate(responding("architecture=umbrella"), 2)
    adopted = simulate(responding(), 2, interventions=[(1, adopt_architecture("umbrella"))])
    unmoved = simulate(load("toy", ["horizon=40", "architecture=umbrella"]), 2)
    assert adopted.outcomes["appropriated_m"] == there.outcomes["appropriated_m"] != unmoved.outcomes["appropriated_m"]
    np.testing.assert_array_equal(contracts(adopted), contracts(there))


def test_budgets_are_the_scenarios_again_when_the_umbrella_is_gone():
    scenario = responding("architecture=umbrella")
    got = incomes(prepared(scenario, (19, adopt_architecture("fragmented"))))
    plain = CoordinationModel(scenario, rng=2).giving.budget / 4
    assert (np.abs(got[16:18] / plain - 1) > 0.01).any(axis=1).all()
    np.testing.assert_allclose(got[18:], np.broadcast_to(plain, got[18:].shape), rtol=1e-9)


def test_an_umbrella_adopted_again_is_measured_by_the_year_before():
    scenario = responding()
    changes = [(5, "umbrella"), (13, "fragmented"), (25, "umbrella")]
    model = prepared(scenario, *((quarter, adopt_architecture(name)) for quarter, name in changes))
    got, expected = incomes(model), model.expected_accounts
    plain = model.giving.budget / 4
    assert len(expected) == len(model.accounts) + 1 == 10
    members = {*range(2, 4), *range(7, 11)}  # years, from 1, in whose first quarter the umbrella is in force
    rows = zip(model.accounts, expected[:-1], strict=True)
    for year, (own, before) in enumerate(rows, start=2):
        ratio = np.divide(own, before, out=np.ones_like(own), where=before > 0)
        factor = np.clip(ratio, 0.75, 1.25) if year in members else 1.0
        np.testing.assert_allclose(got[4 * year - 4], plain * factor, rtol=1e-9, err_msg=f"year {year}")
    assert (np.abs(got[28:] / plain - 1) > 0.01).any()


def test_leads_are_agreed_on_at_adoption_and_anew_each_year():
    model = CoordinationModel(load("toy"), rng=2)
    model.schedule(3, adopt_architecture("umbrella", division="cell", discipline=0.5))
    weights = []
    for _ in range(6):
        model.step()
        weights.append(model.state.weight.copy())
    assert weights[1].size == 0
    assert set(np.unique(weights[2])) == {0.5, 1.0}
    np.testing.assert_array_equal(weights[3], weights[2])
    assert (weights[4] != weights[3]).any()
    np.testing.assert_array_equal(weights[5], weights[4])


def test_an_architecture_is_adopted_with_parameters_of_its_own():
    world = load("world", ["beneficiaries=[KEN,TZA,UGA,GHA]", "horizon=8", "wind_down=2"])
    begun = simulate(world.replace(architecture="credit", credit="marginal"), 1)
    adopted = simulate(world, 1, interventions=[(1, adopt_architecture("credit", credit="marginal"))])
    np.testing.assert_array_equal(contracts(adopted)[:, :4], contracts(begun)[:, :4])
    with pytest.raises(ScenarioError, match=r'as in adopt_architecture\("credit", credit="marginal"\)'):
        simulate(world, 1, interventions=[(1, adopt_architecture("credit"))])
    with pytest.raises(ScenarioError, match="overhead: 2 is out of range"):
        simulate(world, 1, interventions=[(1, adopt_architecture("umbrella", overhead=2))])
    with pytest.raises(ScenarioError, match=r"'lapse' cannot change in mid-run; what can is register"):
        adopt_architecture("umbrella", lapse=0)
    with pytest.raises(ScenarioError, match=r"did you mean 'overhead'\?"):
        adopt_architecture("umbrella", overhed=0)


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
    for quarter in (2.5, 6.0, "6", True, None):
        with pytest.raises(
            ScenarioError, match=f"quarter {quarter!r} is not a whole number; the run has quarters 1 to 16"
        ):
            model.schedule(quarter, cut_aid)
    with pytest.raises(ScenarioError, match="quarter 17 is after the end of the run; its last quarter is 16"):
        model.schedule(17, cut_aid)
    with pytest.raises(ScenarioError, match="'cut_aid' is no change"):
        model.schedule(2, "cut_aid")
    model.schedule(np.int64(16), cut_aid)
    pooled = toy.replace(architecture="umbrella", pooled_fund="on", pool_share=0.5)
    with pytest.raises(ScenarioError, match="POOL is the members' common fund, not a donor"):
        simulate(pooled, 1, interventions=[(2, donor_leaves("POOL"))])
    with pytest.raises(ScenarioError, match="did you mean 'NORDIA'"):
        simulate(toy, 1, interventions=[(2, donor_leaves("NORDI"))])
    with pytest.raises(ScenarioError, match="needs other donors"):
        simulate(toy, 1, interventions=[(2, adopt_architecture("central"))])
