"""Accession read off a run: the rule worked out by hand, measures of fit with known values, and that looking changes nothing."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.resources
import math

import numpy as np
import pandas as pd
import pytest

from donorlab.experiments import accession
from donorlab.experiments.accession import (
    Facts,
    Watch,
    area_under_curve,
    brier,
    candidates,
    checks,
    facts,
    frozen,
    joined,
    nulls,
    probability,
    rank_correlation,
    rate_before,
    ready,
    table,
    year_of_half,
)
from donorlab.scenarios import load
from donorlab.scenarios.alignment import BEGIN, Law, law
from donorlab.sim import simulate
from donorlab.sim.value import bit_counts

FROZEN = "3880a19f"  # of the rule and its demands: a change is an entry of CHANGELOG with its reason


@pytest.fixture(scope="module")
def known() -> Law:
    return law()


def made_up(joined_in: list[float]) -> Law:
    """Law of a few states that differ in when they joined."""
    n = len(joined_in)
    return Law(
        ids=tuple(f"S{i:02d}" for i in range(n)),
        member=np.ones(n, dtype=bool),
        beneficiary=np.ones(n, dtype=bool),
        norm_position=np.linspace(-1, 1, n),
        editions=np.array([2013.0, 2024.0]),
        scores=np.tile(np.linspace(0.1, 0.9, n), (2, 1)),
        joined=np.array(joined_in),
        farthest=0.0,
        thresholds={"substantive": 0.5, "procedural": 0.75},
    )


def test_the_rule_is_frozen() -> None:
    file = importlib.resources.files("donorlab.experiments.validation").joinpath("accession.yaml")
    assert frozen().digest == hashlib.sha256(file.read_bytes()).hexdigest()
    assert frozen().digest.startswith(FROZEN)
    rule = frozen()
    assert rule.low < rule.wait < rule.high
    assert len(rule.expectations) == 8


def test_a_state_is_ready_with_enough_law_and_votes_near_enough() -> None:
    scenario, here = load("toy"), made_up([math.nan] * 4)
    p = scenario.parameters
    least = math.floor(0.75 * p.headroom * p.tasks_per_pillar + 0.5)
    tasks = np.array([least, least - 1, least, least + 3])
    votes = np.array([0.0, 1.0, -1e-9, 2.0])
    assert ready(tasks, votes, here, scenario).tolist() == [True, False, False, True]


def test_a_first_score_at_the_threshold_is_enough_law(known: Law) -> None:
    scenario = load("coe-itu")
    watch = Watch(known)
    simulate(scenario.replace(horizon=4, wind_down=0), interventions=[(1, watch)])
    (first,) = watch.ready
    legal = scenario.beneficiaries.initial_score[:, scenario.pillars.index("legal")]
    near = scenario.beneficiaries.norm_position >= known.farthest
    np.testing.assert_array_equal(first, near & (legal >= known.thresholds["procedural"]))
    assert first[~candidates(known, scenario.beneficiaries.ids)].all()  # parties of 2013 have the law


def test_votes_hold_some_back(known: Law) -> None:
    scenario = load("coe-itu")
    watch = Watch(known)
    result = simulate(scenario.replace(horizon=48, wind_down=1), interventions=[(49, watch)])
    (last,) = watch.ready
    legal = bit_counts(result.model.state.standing[:, scenario.pillars.index("legal")])
    enough = legal >= known.tasks("procedural", scenario.parameters)
    far = result.model.state.norm_position < known.farthest
    assert (enough & far)[scenario.beneficiaries.ids.index("CHN")]
    assert 0 < (enough & far).sum() < (enough & ~far).sum()
    assert last.any()
    assert not last[scenario.beneficiaries.ids.index("CHN")]


def test_probability_is_that_of_waiting() -> None:
    seen = np.array([[True, False], [False, False], [True, True], [True, False]])
    found = probability(seen, 4.0)
    np.testing.assert_allclose(found[:, 0], [0.25, 0.25, 1 - 0.75**2, 1 - 0.75**3])
    np.testing.assert_allclose(found[:, 1], [0.0, 0.0, 0.25, 0.25])
    assert (probability(np.ones((3, 1), dtype=bool), 1e9) < 1e-8).all()
    always = probability(np.ones((400, 1), dtype=bool), 10.0)
    mean = 1 + (1 - always).sum()  # of the quarters that it takes
    assert mean == pytest.approx(10.0)


def test_the_year_in_which_it_reaches_half() -> None:
    chance = np.zeros((12, 3))
    chance[3:, 0] = 0.5
    chance[4:, 1] = 0.6
    np.testing.assert_array_equal(year_of_half(chance), [BEGIN, BEGIN + 1, np.nan])


def test_looking_changes_nothing(known: Law) -> None:
    scenario = load("coe-itu").replace(horizon=12, wind_down=4)
    watch = Watch(known)
    looked = simulate(scenario, seed=3, interventions=[(quarter, watch) for quarter in range(1, 13)])
    plain = simulate(scenario, seed=3)
    assert len(watch.ready) == 12
    assert {k: v for k, v in looked.outcomes.items() if not math.isnan(v)} == {
        k: v for k, v in plain.outcomes.items() if not math.isnan(v)
    }
    np.testing.assert_array_equal(looked.model.state.standing, plain.model.state.standing)


# ---------------------------------------------------------------------- how well it fits
def test_area_under_the_curve() -> None:
    happened = np.array([True, True, False, False])
    assert area_under_curve(np.array([4.0, 3.0, 2.0, 1.0]), happened) == 1.0
    assert area_under_curve(np.array([1.0, 2.0, 3.0, 4.0]), happened) == 0.0
    assert area_under_curve(np.zeros(4), happened) == 0.5
    assert area_under_curve(np.array([2.0, 1.0, 2.0, 0.0]), happened) == pytest.approx((0.5 + 1 + 0 + 1) / 4)
    assert math.isnan(area_under_curve(np.zeros(4), np.zeros(4, dtype=bool)))


def test_brier_score() -> None:
    happened = np.array([True, False, False, False])
    assert brier(happened, happened) == 0.0
    assert brier(np.zeros(4), happened) == 0.25
    assert brier(np.full(4, 0.25), happened) == pytest.approx(0.25 * 0.75)
    assert brier(np.full(4, 0.5), happened) == 0.25


def test_rank_correlation() -> None:
    one = np.array([1.0, 2.0, 3.0, 4.0])
    assert rank_correlation(one, 10 * one**3) == pytest.approx(1.0)
    assert rank_correlation(one, -one) == pytest.approx(-1.0)
    assert math.isnan(rank_correlation(one, np.ones(4)))


def test_the_rate_before_is_of_those_that_had_not_joined() -> None:
    here = made_up([2004.0, 2005.0, 2013.0, math.nan])
    at_risk = 4 + 3 + 2 * 7  # 2004, 2005, then two states in each of seven years
    assert rate_before(here) == pytest.approx(2 / at_risk)


def test_facts_are_of_candidates_and_of_the_window() -> None:
    here = made_up([2004.0, 2013.0, 2014.0, 2015.0, math.nan])
    found = facts(here, here.ids, 8)  # 2013 and 2014
    assert found.ids == ("S01", "S02", "S03", "S04")
    np.testing.assert_array_equal(found.year, [2013, 2014, np.nan, np.nan])
    assert found.happened.tolist() == [True, True, False, False]
    np.testing.assert_allclose(found.law, here.scores[0, 1:])


def test_the_real_dates(known: Law) -> None:
    states = load("coe-itu").beneficiaries.ids
    real = dict(zip(states, joined(known, states), strict=True))
    assert real["MUS"] == 2014
    assert real["GHA"] == 2019
    assert math.isnan(real["KEN"])
    found = facts(known, states, 48)
    assert len(found.ids) == 124
    assert found.happened.sum() == 25
    assert "UKR" not in found.ids  # a party since 2006
    assert not found.happened[found.ids.index("RWA")]  # in force in 2025, after the end
    assert 0.02 < found.hazard < 0.03


def perfect() -> tuple[np.ndarray, np.ndarray, Facts]:
    year = np.array([2014.0, 2017.0, 2020.0, 2023.0] + [math.nan] * 8)
    chance = np.array([0.99, 0.97, 0.95, 0.9] + [0.01] * 8)
    flat = np.full(12, 0.5)
    return (
        chance,
        np.where(np.isnan(year), np.nan, year + 1),
        Facts(ids=tuple(f"S{i:02d}" for i in range(12)), year=year, law=flat, votes=flat, hazard=0.02, years=12),
    )


def test_a_good_forecast_holds_and_a_bad_one_does_not() -> None:
    chance, half, truth = perfect()
    found = checks(chance, half, truth, frozen()).set_index("id")
    assert found["holds"].all()
    assert found.loc["when", "found"] == 1.0
    assert found.loc["order", "found"] == pytest.approx(1.0)
    assert not found["limit"].any()
    words = frozen().expectations
    assert found["demanded"].tolist() == [told for told, _ in words.values()]  # word for word as frozen
    short = checks(chance, half, dataclasses.replace(truth, years=1), frozen())
    assert short["demanded"].str.contains("by the end of 2013").sum() == 3
    assert not short["demanded"].str.contains("2024").any()
    bad = checks(1 - chance, half, truth, frozen()).set_index("id")
    assert not bad.loc[["ranks", "beats law at the start", "beats the base rate", "order"], "holds"].any()
    assert not checks(chance, half + 5, truth, frozen()).set_index("id").loc["when", "holds"]
    nothing = checks(np.zeros(12), np.full(12, np.nan), truth, frozen()).set_index("id")
    assert not nothing.loc[["ranks", "when", "order"], "holds"].any()


def test_forecasts_without_a_model() -> None:
    _, _, truth = perfect()
    found = list(nulls(truth).values())
    assert found[0] == pytest.approx(4 / 12)
    assert found[1] == pytest.approx(4 / 12 * 8 / 12)
    rate = 1 - 0.98**12
    assert found[2] == pytest.approx((4 * (1 - rate) ** 2 + 8 * rate**2) / 12)
    best = dataclasses.replace(truth, law=np.nan_to_num(truth.year))
    assert list(nulls(best).values())[3] == 0.0


def test_law_and_votes_added_up() -> None:
    _, _, truth = perfect()
    order = np.arange(12.0, 0.0, -1.0)
    assert accession.added_up(dataclasses.replace(truth, law=order)) == 1.0
    assert accession.added_up(dataclasses.replace(truth, law=order, votes=-1000 * order)) == 0.5  # each counts alike
    assert accession.added_up(truth) == 0.5


def test_state_by_state() -> None:
    chance, half, truth = perfect()
    chance = chance.copy()
    chance[3], chance[4] = 0.2, 0.8
    names = {iso3: iso3.lower() for iso3 in truth.ids}
    rows = [("S00", "party", "found"), ("S04", "invited", "found")]
    found = table(chance, half, truth, names, pd.DataFrame(rows, columns=["iso3", "status", "evidence"]))
    assert found["status_2025"].tolist()[:5] == ["party", "", "", "", "invited"]
    assert found["verdict"].tolist()[:6] == ["hit", "hit", "hit", "missed", "false alarm", "hit: stayed out"]
    assert found["years_off"].tolist()[:3] == [1.0, 1.0, 1.0]
    assert found["evidence"].tolist()[:5] == ["found", "", "", "", ""]  # of real dates only


def test_more_law_never_makes_accession_less_likely(known: Law) -> None:
    scenario = load("toy")
    p = scenario.parameters
    tasks = np.arange(p.tasks_per_pillar + 1)
    votes = np.full(len(tasks), known.farthest)
    seen = ready(tasks, votes, known, scenario)
    assert (np.diff(seen.astype(int)) >= 0).all()
    assert accession.HALF == 0.5
