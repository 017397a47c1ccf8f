"""The scenario of technical cooperation: its donors, its money, and that it knows nothing of the years that are scored."""

import numpy as np
import pandas as pd
import pytest

from donorlab.scenarios import dyads, load, technical_cooperation
from donorlab.scenarios.technical_cooperation import AMOUNT, KNOWN_YEARS, known
from donorlab.scenarios.world import DATA
from donorlab.sim.scenario import ScenarioError
from donorlab.sim.setup import yearly_budgets

NAME = "technical-cooperation"


def test_donors_are_those_whose_affinity_was_measured_in_the_same_years():
    table = pd.read_csv(DATA / "affinity.csv", keep_default_na=False)
    span = f"{KNOWN_YEARS[0]}-{KNOWN_YEARS[-1]}"
    measured = table[table["basis"] == f"years with technical cooperation {span}"]
    scenario, world = load(NAME), load("world")
    assert scenario.donors.ids == tuple(sorted(set(measured["donor"])))
    assert set(world.beneficiaries.ids) - set(scenario.beneficiaries.ids) == {"FSM"}
    for row, donor in enumerate(scenario.donors.ids):
        there = world.donors.affinity[world.donors.ids.index(donor)]
        kept = [world.beneficiaries.ids.index(state) for state in scenario.beneficiaries.ids]
        np.testing.assert_array_equal(scenario.donors.affinity[row], there[kept])
        np.testing.assert_array_equal(scenario.donors.mandate[row], world.donors.mandate[world.donors.ids.index(donor)])


def test_affinity_is_the_share_of_the_known_years():
    scenario, table = load(NAME), known()
    years = table.groupby(["donor", "recipient"])["year"].nunique()
    for donor, state in (("EST", "UKR"), ("ARE", "AFG"), ("JPN", "KEN"), ("PRT", "TON")):
        found = scenario.donors.affinity[scenario.donors.ids.index(donor), scenario.beneficiaries.ids.index(state)]
        assert found == pytest.approx(years.get((donor, state), 0) / 3, abs=1e-6)


def test_the_money_is_in_proportion_to_what_was_paid_also_for_rivals():
    scenario = load(NAME)
    table = dyads()
    table = table[table["year"].between(2015, 2017)]
    paid = table.groupby("donor")[AMOUNT].sum()[list(scenario.donors.ids)].to_numpy()
    budget = yearly_budgets(scenario)
    np.testing.assert_allclose(budget, 250 * paid / paid.sum())
    assert {d for d, rival in zip(scenario.donors.ids, scenario.donors.rival, strict=True) if rival} == {"ARE", "TUR"}
    left_out = table[~table["donor"].isin(scenario.donors.ids)][AMOUNT].sum()
    assert 0.02 < left_out / table[AMOUNT].sum() < 0.025  # what the builder says
    np.testing.assert_allclose(yearly_budgets(load(NAME, ["money=500"])), 2 * budget)


def everything(scenario):
    donors = scenario.donors
    return [
        np.array([*donors.ids, *scenario.beneficiaries.ids]),
        yearly_budgets(scenario),
        donors.affinity,
        donors.mandate,
        donors.norm_position,
        scenario.beneficiaries.initial_score,
    ]


def test_nothing_is_known_of_the_years_that_are_scored(monkeypatch):
    real, before = dyads(), everything(load(NAME))
    late = real["year"] > KNOWN_YEARS[-1]
    for changed in (real[~late], real.assign(**{AMOUNT: real[AMOUNT].where(~late, 1e6)})):
        monkeypatch.setattr(technical_cooperation, "dyads", lambda changed=changed: changed)
        for one, other in zip(before, everything(load(NAME)), strict=True):
            np.testing.assert_array_equal(one, other)
    monkeypatch.setattr(technical_cooperation, "dyads", lambda: real.assign(**{AMOUNT: real[AMOUNT].where(late, 1.0)}))
    assert not np.allclose(before[1], yearly_budgets(load(NAME)))  # the years that it may know do count


def test_it_can_be_chosen_from():
    assert "FSM" not in load(NAME, ["beneficiaries=ldc-and-sids"]).beneficiaries.ids
    assert load(NAME, ["donors=[USA,GBR]", "beneficiaries=[KEN,UKR]"]).donors.ids == ("GBR", "USA")
    with pytest.raises(ScenarioError, match="rival_share: follows from"):
        load(NAME, ["rival_share=0.5"])
    with pytest.raises(ScenarioError, match="FSM"):
        load(NAME, ["beneficiaries=[FSM]"])
