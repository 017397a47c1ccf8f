"""Row C4: the three forecasts and the score by hand, and the rule in its outcomes."""

import numpy as np
import pandas as pd
import pytest

from donorlab.experiments.validation import presence
from donorlab.experiments.validation.frame import requirement
from donorlab.experiments.validation.presence import (
    KNOWN_YEARS,
    SCORED_YEARS,
    c4,
    comparisons,
    gravity,
    observed,
    percentiles,
    persistence,
    resampled,
    skill,
)
from donorlab.scenarios import dyads, load
from donorlab.sim import simulate

C4 = requirement("C4", "world")


@pytest.fixture(scope="module")
def world():
    return load("technical-cooperation")


def test_no_year_is_both_known_and_scored():
    assert not set(KNOWN_YEARS) & set(SCORED_YEARS)
    assert SCORED_YEARS == (2019, 2020)


def test_what_was_seen_is_what_the_table_says(world):
    found = observed(world, SCORED_YEARS)
    table = dyads().set_index(["donor", "recipient", "year"])["technical_cooperation_usd_m"]
    for donor, state, year in (("ARE", "AFG", 2019), ("DEU", "KEN", 2020), ("EST", "BRA", 2019)):
        place = SCORED_YEARS.index(year), world.donors.ids.index(donor), world.beneficiaries.ids.index(state)
        assert found[place] == table.get((donor, state, year), 0.0)
    kept = table.reset_index()
    kept = kept[kept["donor"].isin(world.donors.ids) & kept["year"].isin(SCORED_YEARS)]
    assert (found > 0).sum() == len(kept)


def test_persistence_goes_by_years_and_then_by_amount():
    before = np.array([[[1.0, 0.0, 90.0, 0.0]], [[1.0, 2.0, 0.0, 0.0]]])  # one donor, four states, two years
    order = np.argsort(-persistence(before)[0]).tolist()
    assert order == [0, 2, 1, 3]  # two years of little before one of much


def test_a_donor_is_where_it_has_a_project_that_has_not_ended(world):
    scenario = load("technical-cooperation", ["donors=[DEU,FIN,USA]", "money=60", "pace=1"])
    found = presence.present(scenario, 3)
    projects = simulate(scenario, seed=3).projects
    expected = np.zeros_like(found)
    for row in projects.itertuples():
        for place, quarters in enumerate((range(5, 9), range(9, 13))):
            end = row.end or 99
            if any(row.quarter <= quarter <= end for quarter in quarters):
                at = scenario.donors.ids.index(row.donor), scenario.beneficiaries.ids.index(row.beneficiary)
                expected[(place, *at)] = True
    np.testing.assert_array_equal(found, expected)
    assert (found[0] != found[1]).any()
    assert ((projects["end"] > 0) & (projects["end"] < 9)).any(), "some project ended before the last year"


def test_concordance_by_hand():
    there = np.array([[[True, True, False, False], [True, False, False, False]]])
    model = np.array([[3.0, 1.0, 2.0, 1.0], [0.0, 0.0, 1.0, 2.0]])
    # first donor: 3 over 2 and 1, 1 under 2, 1 with 1: 2.5 of 4; second: a tie and two wrong: .5 of 3
    table = comparisons(model, there)
    assert table.concordance() == pytest.approx(3 / 7)
    np.testing.assert_allclose(table.by_donor(), [2.5 / 4, 0.5 / 3])
    assert table.concordance(np.array([1.0, 0.0])) == pytest.approx(2.5 / 4)
    # the third state drawn three times, the fourth not at all: 3 of 6, and a tie of 4
    states = np.array([1.0, 1.0, 3.0, 0.0])
    assert table.concordance(states=states) == pytest.approx(3.5 / 10)
    alike = np.array([[1.0, 2.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]])
    assert comparisons(model, there, alike).concordance() == pytest.approx((0 + 0.5 + 0.5) / 3)


def test_a_year_is_compared_with_the_forecast_of_that_year():
    there = np.array([[[True, False]], [[False, True]]])
    assert comparisons(there.astype(float), there).concordance() == 1.0
    assert comparisons(-there.astype(float), there).concordance() == 0.0
    assert comparisons(np.array([[1.0, 0.0]]), there).concordance() == 0.5
    assert np.isnan(comparisons(np.zeros((1, 2)), np.ones((1, 1, 2), dtype=bool)).by_donor()[0])


def test_skill_is_the_share_of_what_is_left():
    assert skill(0.95, 0.9) == pytest.approx(0.5)
    assert skill(0.9, 0.9) == 0.0
    assert skill(0.8, 0.9) == pytest.approx(-1.0)
    assert np.isnan(skill(1.0, 1.0))


def test_resamples_are_shared_and_as_wide_as_the_clusters_make_them():
    rng = np.random.default_rng(0)
    there = rng.random((2, 12, 30)) < 0.4
    good = there.mean(axis=0) + rng.normal(0, 0.5, (12, 30))
    draws = resampled({"one": comparisons(good, there), "same": comparisons(good, there)}, 150)
    np.testing.assert_array_equal(draws["one"], draws["same"])
    value, low, high = percentiles(comparisons(good, there).concordance(), draws["one"])
    assert low < value < high
    # all donors alike: states are what there is of information, so many donors make the interval no narrower
    copies = np.repeat(there[:, :1], 12, axis=1)
    alike = comparisons(np.repeat(good[:1], 12, axis=0), copies)
    _, narrow_low, narrow_high = percentiles(0.0, draws["one"])
    _, wide_low, wide_high = percentiles(0.0, resampled({"alike": alike}, 150)["alike"])
    assert wide_high - wide_low > 1.5 * (narrow_high - narrow_low)


def test_gravity_finds_mass_and_distance(world):
    donors, states = world.donors, world.beneficiaries
    shape = (3, donors.count, states.count)
    large = np.broadcast_to(states.users_m > np.median(states.users_m), shape)
    assert comparisons(gravity(world, large.astype(float)), large[:1]).concordance() > 0.95
    distance = np.abs(donors.norm_position[:, None] - states.norm_position)
    near = np.broadcast_to(distance < np.median(distance), shape)
    assert comparisons(gravity(world, near.astype(float)), near[:1]).concordance() > 0.95
    table = pd.read_csv(presence.DATA / "donors.csv", keep_default_na=False).set_index("id")["regional_focus"]
    focus = [[subregion in table[d].split(";") for subregion in states.subregions] for d in donors.ids]
    inside = np.broadcast_to(np.array(focus), shape)
    assert comparisons(gravity(world, inside.astype(float)), inside[:1]).concordance() > 0.9


@pytest.fixture
def forecasts(monkeypatch, world):
    """Let the model and the regression say what a test wants; fewer resamples."""
    truth = observed(world, SCORED_YEARS) > 0

    def fitted(before, regression):
        np.testing.assert_array_equal(before, observed(world, KNOWN_YEARS))  # nothing of the years that are scored
        return regression

    def say(model, regression):
        monkeypatch.setattr(presence, "present", lambda scenario, seed: model(seed))
        monkeypatch.setattr(presence, "gravity", lambda scenario, before: fitted(before, regression))
        monkeypatch.setattr(presence, "RESAMPLES_QUICK", 60)
        monkeypatch.setattr(presence, "SEEDS_QUICK", 4)
        return c4(C4, quick=True, scenario=world)

    return truth, say


def test_c4_the_rule(forecasts, world):
    """Both skills must lie clearly above 0: who knows the truth passes, unless a reference knows it too."""
    truth, say = forecasts
    nothing = np.zeros(truth.shape[1:])
    before = observed(world, KNOWN_YEARS)

    def judged(found):
        assert [line.what for line in found.lines if line.agrees is not None] == [
            "skill over persistence",
            "skill over gravity",
        ]
        return [line.agrees for line in found.lines if line.agrees is not None]

    knows = say(lambda seed: truth, nothing)
    assert knows.passed
    assert judged(knows) == [True, True]
    assert knows.found == pytest.approx(1.0)
    usual = comparisons(persistence(before), truth).concordance()
    line = next(line for line in knows.lines if line.what == "concordance of persistence")
    assert line.found.startswith(f"{usual:.3f} (")
    assert 0.5 < usual < 1
    assert judged(say(lambda seed: truth, truth.astype(float))) == [True, False]
    # presence in one known year a run: worse than persistence, which knows the amounts too; better than nothing
    habit = say(lambda seed: np.broadcast_to(before[seed % 3] > 0, truth.shape), nothing)
    assert judged(habit) == [False, True]
    assert not habit.passed
    assert habit.found < 0
    blind = say(lambda seed: np.zeros_like(truth), nothing)
    assert judged(blind) == [False, False]
    assert next(line.found for line in blind.lines if line.what == "donors that never contract").count(",") == 27


def test_c4_runs_the_model_on_a_small_world(monkeypatch):
    monkeypatch.setattr(presence, "SEEDS_QUICK", 3)
    scenario = load("technical-cooperation", ["donors=[DEU,FIN,USA]", "money=40", "beneficiaries=ldc-and-sids"])
    found = c4(C4, quick=True, scenario=scenario)
    assert found.low <= found.found <= found.high < 1
    assert found.basis == "seeds 1-3, 200 resamples of donors and states"
    assert found == c4(C4, quick=True, scenario=scenario)
