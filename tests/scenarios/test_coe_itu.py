"""The scenario of the two organisations: its money, its states, and that it can be kept from knowing what came later."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from donorlab.scenarios import coe_itu, load
from donorlab.scenarios.coe_itu import MONEY, YEARS, affinity, budgets, projects, themes, yearly
from donorlab.sim.scenario import ScenarioError
from donorlab.sim.setup import yearly_budgets

NAME = "coe-itu"


def row(**changes: object) -> dict[str, object]:
    return {
        "id": "x", "organisation": "COE", "beneficiaries_iso3": "KEN;GHA", "begin_year": 2014.0, "end_year": 2016.0, "part_of": "",
        "counted": True, "eur_m_low": 1.0, "eur_m": 2.0, "eur_m_high": 4.0, "eur_m_basis": "found", **changes,
    }  # fmt: skip


def made(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame([row(**one) for one in rows])


def test_money_is_shared_over_the_length_of_a_project() -> None:
    table = made(
        {},
        {"organisation": "ITU", "begin_year": 2012.0, "end_year": 2013.5},  # two thirds before the window
        {"begin_year": 2000.0, "end_year": 2001.0},  # all of it before
        {"counted": False},
    )
    long = yearly(table, ("GHA", "KEN"))
    found = long.set_index(["organisation", "year"])["eur_m"]
    assert found.to_dict() == pytest.approx({("COE", 2014): 1.0, ("COE", 2015): 1.0, ("ITU", 2013): 2 / 3})
    np.testing.assert_allclose(
        budgets(table, ("GHA", "KEN")), np.array([[1, 2, 4], [1 / 3, 2 / 3, 4 / 3]]) / len(YEARS)
    )


def test_money_for_states_that_are_not_simulated_is_left_out() -> None:
    table = made({"beneficiaries_iso3": "KEN;GHA;TUR;XKX"}, {"beneficiaries_iso3": "", "organisation": "ITU"})
    money = budgets(table, ("GHA", "KEN"))
    np.testing.assert_allclose(money[:, 1] * len(YEARS), [1.0, 2.0])  # half of one; all of a worldwide one


def test_affinity_knows_what_began_before() -> None:
    table = made(
        {"beneficiaries_iso3": "KEN"},
        {"beneficiaries_iso3": "GHA", "begin_year": 2012.9},
        {"beneficiaries_iso3": "FJI", "begin_year": float("nan"), "organisation": "ITU"},
    )
    states = ("FJI", "GHA", "KEN")
    np.testing.assert_array_equal(affinity(table, states, 2013), [[0.1, 1.0, 0.1], [0.1, 0.1, 0.1]])
    np.testing.assert_array_equal(affinity(table, states, 2025), [[0.1, 1.0, 1.0], [1.0, 0.1, 0.1]])


def test_mandates_are_of_rows_that_are_nested_in_no_other() -> None:
    table = made({}, {"part_of": "x"}, {}, {"organisation": "ITU"})
    table["pillar_a"], table["pillar_b"] = [0.2, 0.9, 0.6, 0.0], [0.8, 0.1, 0.4, 1.0]
    np.testing.assert_allclose(themes(table, "pillar", ("a", "b")), [[0.4, 0.6], [0.0, 1.0]])


def test_the_scenario_has_the_money_of_the_table() -> None:
    scenario = load(NAME)
    assert scenario.donors.ids == ("COE", "ITU")
    assert scenario.donors.conditional.tolist() == [True, False]
    assert scenario.architecture == "conditional"
    money = budgets(projects(), scenario.beneficiaries.ids)
    assert scenario.parameters.money == pytest.approx(money[:, 1].sum(), abs=0.005)  # as its file says
    np.testing.assert_allclose(yearly_budgets(scenario), money[:, 1], rtol=1e-3)
    np.testing.assert_allclose(money, [[4.0, 4.75, 6.95], [0.15, 1.57, 3.94]], atol=0.01)  # as the documents say
    mandate = dict(zip(scenario.pillars, scenario.donors.mandate.T, strict=True))
    assert mandate["legal"][0] > 0.5 > mandate["legal"][1]
    assert mandate["technical"][1] > mandate["technical"][0]
    assert (scenario.donors.affinity == 1).sum(axis=1).tolist() == [32, 73]


def test_what_is_found_of_the_money() -> None:
    long = yearly(projects(), load(NAME).beneficiaries.ids)
    by = long.groupby(["organisation", "basis"])["eur_m"].sum()
    share = {
        name: float(by[name].reindex(["found", "parts", "band"]).sum() / by[name].sum()) for name in ("COE", "ITU")
    }
    assert share["COE"] == pytest.approx(0.61, abs=0.01)
    assert share["ITU"] == pytest.approx(0.04, abs=0.01)
    assert set(long["year"]) == set(YEARS)


def test_states_and_their_start_are_those_of_2013() -> None:
    scenario, other = load(NAME), load("legal-alignment")
    assert scenario.beneficiaries.ids == other.beneficiaries.ids
    np.testing.assert_array_equal(scenario.beneficiaries.initial_score, other.beneficiaries.initial_score)
    assert load(NAME, ["beneficiaries=[KEN,UKR]"]).donors.affinity.shape == (2, 2)


def test_it_can_be_kept_from_knowing_later_projects(monkeypatch: pytest.MonkeyPatch) -> None:
    before, early, full = load(NAME, ["coe_itu.known_until=2013"]), projects(), load(NAME)
    assert (before.donors.affinity == 1).sum(axis=1).tolist() == [11, 63]
    assert (full.donors.affinity >= before.donors.affinity).all()
    late = early["begin_year"] >= 2013
    hidden = early.assign(beneficiaries_iso3=early["beneficiaries_iso3"].where(~late, "KEN"))
    monkeypatch.setattr(coe_itu, "projects", lambda: hidden)
    np.testing.assert_array_equal(load(NAME, ["coe_itu.known_until=2013"]).donors.affinity, before.donors.affinity)
    assert not np.array_equal(load(NAME).donors.affinity, full.donors.affinity)


def test_the_others_may_be_there() -> None:
    alone, among = load(NAME), load(NAME, ["coe_itu.background=true"])
    rows = [among.donors.ids.index(name) for name in alone.donors.ids]
    np.testing.assert_allclose(yearly_budgets(among)[rows], yearly_budgets(alone), rtol=1e-3)
    assert among.donors.count == 48
    assert among.parameters.money == pytest.approx(yearly_budgets(among).sum())
    world = load("world")
    for name in ("USA", "CHN"):
        low = world.donors.budget_low[world.donors.ids.index(name)]
        assert yearly_budgets(among)[among.donors.ids.index(name)] == pytest.approx(low)
    np.testing.assert_array_equal(among.donors.mandate[rows], alone.donors.mandate)


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("coe_itu.background=often", "coe_itu.background: 'often' is not true or false"),
        ("coe_itu.known_until=1999", "coe_itu.known_until: '1999' is no year"),
        ("coe_itu.known_until=soon", "coe_itu.known_until: 'soon' is no year"),
        ("coe_itu.known=2013", "did you mean 'coe_itu.known_until'"),
    ],
)
def test_mistakes(word: str, told: str) -> None:
    with pytest.raises(ScenarioError, match=told):
        load(NAME, [word])


def test_others_have_no_such_keys() -> None:
    with pytest.raises(ScenarioError, match="belongs to scenarios of builder coe_itu"):
        load("world", ["coe_itu.background=true"])
    with pytest.raises(ScenarioError, match="money: follows from"):
        load(NAME, ["coe_itu.background=true", "money=5"])


def test_columns_of_money_are_those_of_the_table() -> None:
    assert set(MONEY) <= set(projects().columns)
