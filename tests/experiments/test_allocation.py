"""C2 and C5: indices on tables whose answer is known, each rule in both its outcomes."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from donorlab.experiments.parts import packed
from donorlab.experiments.runner import Run
from donorlab.experiments.validation import allocation
from donorlab.experiments.validation.allocation import (
    aid_by_year,
    changes_by_pledge,
    following,
    overlap,
    slope_with_effects,
    specialisation,
)
from donorlab.experiments.validation.frame import requirement
from donorlab.scenarios import load
from donorlab.sim import simulate

C2, C5 = (requirement(row, "world") for row in ("C2", "C5"))


@pytest.fixture(scope="module")
def toy():
    """A small world, ten years long, with a rival."""
    small = load("toy", ["horizon=40"])
    rival = np.arange(small.donors.count) == 0
    return small.replace(donors=dataclasses.replace(small.donors, rival=rival))


# ------------------------------------------------------------------------------------ tables
def test_aid_by_year_is_all_that_was_contracted_with_income(toy):
    result = simulate(toy, 3)
    aid, projects = aid_by_year(result.projects, toy), result.projects
    kept = projects[projects.quarter <= toy.parameters.horizon]
    assert aid.shape == (toy.donors.count, toy.beneficiaries.count, len(toy.pillars), 10)
    assert aid.sum() == pytest.approx(kept.cost_m.sum())
    row = kept.iloc[7]
    same = kept[(kept.donor == row.donor) & (kept.beneficiary == row.beneficiary) & (kept.pillar == row.pillar)]
    same = same[(same.quarter - 1) // 4 == (row.quarter - 1) // 4]
    place = toy.donors.ids.index(row.donor), toy.beneficiaries.ids.index(row.beneficiary), toy.pillars.index(row.pillar)
    assert aid[place][(row.quarter - 1) // 4] == pytest.approx(same.cost_m.sum())


# ------------------------------------------------------------------------------------ elasticity
@pytest.mark.parametrize("true", [-0.7, 0.0, 0.4])
def test_slope_with_effects_finds_a_known_slope(true):
    """Pairs and years shift both sides as they like: least squares without effects would find something else."""
    chance = np.random.default_rng(1)
    kept = chance.random((12, 8)) < 0.6
    pair, year = np.nonzero(kept)
    of_pair, of_year = chance.normal(size=12), chance.normal(size=8)
    x = chance.normal(size=len(pair)) + 3 * of_pair[pair] - 2 * of_year[year]
    y = true * x - 4 * of_pair[pair] + 5 * of_year[year]
    assert slope_with_effects(y, x, pair, year) == pytest.approx(true, abs=1e-9)
    dummies = np.column_stack([pair[:, None] == np.arange(12), year[:, None] == np.arange(1, 8)])
    noise = y + chance.normal(size=len(y))
    full = np.linalg.lstsq(np.column_stack([x, dummies]), noise, rcond=None)[0][0]
    assert slope_with_effects(noise, x, pair, year) == pytest.approx(full, abs=1e-9)


def test_a_slope_that_is_not_identified_is_not_a_number():
    pair, year = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    assert math.isnan(slope_with_effects(np.arange(4.0), 1.0 * pair + year, pair, year))
    assert math.isnan(slope_with_effects(*np.zeros((2, 0)), *np.zeros((2, 0), dtype=int)))


def panel(elasticity, seed=1, donors=5, states=9, years=8):
    """Aid that follows the others' of the year before with a given elasticity."""
    chance = np.random.default_rng(seed)
    aid = np.exp(chance.normal(size=(donors, states, years)))
    for t in range(1, years):
        before = aid[:, :, t - 1]
        aid[:, :, t] = np.exp(chance.normal(size=(donors, states))) * (before.sum(axis=0) - before) ** elasticity
    return aid


@pytest.mark.parametrize("true", [-0.5, 0.0, 0.5])
def test_following_finds_who_follows(true):
    found = [following(panel(true, seed))[0] for seed in range(20)]
    assert np.mean(found) == pytest.approx(true, abs=0.12)


def test_years_without_aid_have_no_elasticity_but_count_as_entry():
    aid = panel(0.5)
    aid[0, 0, 3] = 0.0
    elasticity, entry = following(aid)
    assert np.isfinite(elasticity)
    assert entry != 0.0
    assert following(panel(0.5))[1] == pytest.approx(0.0, abs=1e-12)  # everybody gives always
    assert all(math.isnan(x) for x in following(np.zeros((2, 3, 4))))


# ------------------------------------------------------------------------------------ specialisation and overlap
def test_specialisation_by_hand():
    aid = np.array([[1.0, 1.0, 1.0, 1.0], [5.0, 0.0, 0.0, 0.0], [3.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    expected = [0.0, math.log(4), 0.75 * math.log(3) + 0.25 * math.log(1)]
    assert specialisation(aid)[:3] == pytest.approx(expected)
    assert math.isnan(specialisation(aid)[3])


def test_overlap_by_hand():
    assert overlap(np.array([[1.0, 1.0], [3.0, 3.0]])) == pytest.approx([1.0, 1.0])
    assert overlap(np.array([[1.0, 0.0], [0.0, 3.0]])) == pytest.approx([0.0, 0.0])
    assert overlap(np.array([[1.0, 3.0], [2.0, 2.0]])) == pytest.approx([0.75, 0.75])
    three = overlap(np.array([[4.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    assert three == pytest.approx([0.5, 0.8, 0.0])
    assert np.isnan(overlap(np.array([[1.0, 2.0], [0.0, 0.0]]))).all()  # with nobody else there is nothing to overlap


@settings(max_examples=40)
@given(st.integers(1, 10**6), st.integers(2, 5), st.integers(2, 6))
def test_indices_lie_in_their_range(seed, donors, cells):
    chance = np.random.default_rng(seed)
    aid = chance.random((donors, cells)) * (chance.random((donors, cells)) < 0.6)
    with np.errstate(invalid="ignore"):
        theil, lap = specialisation(aid), overlap(aid)
    assert ((theil >= -1e-12) & (theil <= math.log(cells) + 1e-12) | np.isnan(theil)).all()
    assert ((lap >= -1e-12) & (lap <= 1 + 1e-12) | np.isnan(lap)).all()
    np.testing.assert_allclose(specialisation(7.0 * aid), theil, atol=1e-12)


def test_means_are_over_those_that_count_and_give_in_both():
    before = np.array([[[4.0], [0.0]], [[1.0], [1.0]], [[1.0], [1.0]]])
    after = np.array([[[1.0], [1.0]], [[1.0], [1.0]], [[0.0], [0.0]]])
    who = np.array([True, False, True])
    found = changes_by_pledge(before, after, who)
    assert found[0] == pytest.approx([math.log(2), 0.0])
    assert found[1, 1] == pytest.approx(1.0)
    assert np.isnan(changes_by_pledge(before, after, np.zeros(3, dtype=bool))).all()


# ------------------------------------------------------------------------------------ the rules, on made-up runs
def made_up(monkeypatch, toy, answer):
    """Let runs be those of which ``answer(seed, changes, architecture)`` gives projects and outcomes."""

    def runs(catalogue, jobs, workers):
        assert workers == 1
        found = []
        for job in jobs:
            row = []
            for name in job.architectures:
                assert catalogue[name].architecture == name
                table, outcomes = answer(job.seed, job.changes, name)
                row.append(Run(name, job.seed, outcomes, None, {"projects": packed(table, name, job.seed)}))
            found.append(row)
        return found

    monkeypatch.setattr(allocation, "run_jobs", runs)


def projects(toy, aid):
    """A project a cell of ``aid`` (D, J, Y), in the first pillar."""
    rows = [
        (toy.donors.ids[d], toy.beneficiaries.ids[j], toy.pillars[0], 4 * y + 1, aid[d, j, y])
        for d, j, y in np.argwhere(aid > 0)
    ]
    return pd.DataFrame(rows, columns=["donor", "beneficiary", "pillar", "quarter", "cost_m"])


def world(toy, elasticity, tails=(3.0, 3.0)):
    def answer(seed, changes, name):
        asked = changes["salience"] == 1.0 and changes["herding"] == 0.0
        moved = (elasticity if elasticity is not None else 0.5 * (-1) ** seed) if asked else 0.0
        aid = panel(moved, seed, toy.donors.count, toy.beneficiaries.count, 10)
        return projects(toy, aid), {"darlings": tails[0], "orphans": tails[1]}

    return answer


@pytest.mark.parametrize(
    ("elasticity", "tails", "agrees"),
    [
        (0.5, (3.0, 3.0), (True, True, True)),
        (None, (3.0, 3.0), (False, True, True)),  # now so, now so
        (-0.5, (3.0, 3.0), (False, True, True)),
        (0.5, (0.9, 3.0), (True, False, True)),
        (0.5, (3.0, 0.0), (True, True, False)),
    ],
)
def test_c2_rule(monkeypatch, toy, elasticity, tails, agrees):
    made_up(monkeypatch, toy, world(toy, elasticity, tails))
    found = allocation.c2(C2, False, toy)
    assert tuple(line.agrees for line in found.lines[:3]) == agrees
    assert found.passed is all(agrees)
    assert {line.agrees for line in found.lines[3:]} == {None}
    assert found.low <= found.found <= found.high


def test_c2_without_any_aid_fails(monkeypatch, toy):
    made_up(
        monkeypatch, toy, lambda *_: (projects(toy, np.zeros((1, 1, 1))), {"darlings": math.nan, "orphans": math.nan})
    )
    with np.errstate(invalid="ignore"):
        found = allocation.c2(C2, False, toy)
    assert not found.passed
    assert math.isnan(found.found)


@pytest.mark.parametrize(("bend", "passed"), [(1.0, (True, True)), (3.0, (False, False)), (0.3, (False, True))])
def test_c5_rule(monkeypatch, toy, bend, passed):
    """Shares to a power: above 1 donors concentrate, each on its own favourites; below they spread."""

    def answer(seed, changes, name):
        aid = np.random.default_rng(seed).random((toy.donors.count, toy.beneficiaries.count, 2)) + 0.05
        return projects(toy, aid ** (bend if name == "pledge" else 1.0)), {}

    made_up(monkeypatch, toy, answer)
    found = allocation.c5(C5, False, toy)
    assert tuple(line.agrees for line in found.lines[:2]) == passed
    assert found.passed is all(passed)


def test_c5_tells_a_strong_pledge_beside_it(monkeypatch, toy):
    """It decides nothing, and is held against the runs without any pledge."""

    def answer(seed, changes, name):
        aid = np.random.default_rng(seed).random((toy.donors.count, toy.beneficiaries.count, 2)) + 0.05
        return projects(toy, aid ** (3.0 if changes.get("pledge_strength") == allocation.STRONG else 1.0)), {}

    made_up(monkeypatch, toy, answer)
    found = allocation.c5(C5, False, toy)
    assert found.passed
    assert "by construction" in found.sentence
    strong = [line for line in found.lines if "strength 0.9" in line.what]
    assert [line.agrees for line in strong] == [None, None]
    assert float(strong[0].found.partition("%")[0]) > 50


def test_c5_judges_those_that_pledge(monkeypatch, toy):
    """What rivals do is told beside it."""
    rival = toy.donors.rival
    assert rival.sum() == 1

    def answer(seed, changes, name):
        aid = np.random.default_rng(seed).random((toy.donors.count, toy.beneficiaries.count, 2)) + 0.05
        power = np.where(rival & (name == "pledge"), 4.0, 1.0)[:, None, None]
        return projects(toy, aid**power), {}

    made_up(monkeypatch, toy, answer)
    found = allocation.c5(C5, False, toy)
    assert found.lines[0].found.startswith("0.0%")
    assert not found.lines[6].found.startswith("0.0%")


@pytest.mark.parametrize(("check", "need"), [(allocation.c2, C2), (allocation.c5, C5)])
def test_each_check_runs(check, need):
    small = load("synthetic", ["horizon=16", "wind_down=8"])
    found = check(need, True, small)
    assert found == check(need, True, small)
    assert found.passed is all(line.agrees is not False for line in found.lines)
    assert found.basis == f"seeds 1-{need.size('seeds', quick=True)}"
