"""Row P8: the regression on data whose answer is known, the rule in both its outcomes, the sample of a run."""

import dataclasses

import numpy as np
import pytest
from scipy import optimize

from donorlab.experiments.validation import failures
from donorlab.experiments.validation.failures import Sample, balanced_accuracy, logistic, out_of_sample, p8, sample
from donorlab.experiments.validation.frame import requirement
from donorlab.scenarios import load
from donorlab.sim import simulate

P8 = requirement("P8", "world")


def drawn(n=4000, by_trait=3.0, by_lever=0.0, share=-0.8, seed=1):
    """Projects of 60 states that fail with a known chance."""
    rng = np.random.default_rng(seed)
    state = rng.integers(0, 60, n)
    trait, lever = rng.normal(size=60)[state], rng.normal(size=n)
    chance = 1 / (1 + np.exp(-(share + by_trait * trait + by_lever * lever)))
    failed = rng.uniform(size=n) < chance
    return Sample(failed, state, trait[:, None], np.column_stack([lever, np.ones(n)]), chance)


def test_the_regression_is_the_maximum_of_its_likelihood():
    one = drawn(300)

    def loss(beta):
        score = beta[0] + one.traits[:, 0] * beta[1]
        return np.logaddexp(0, score).sum() - score[one.failed].sum() + failures.PENALTY / 2 * beta[1] ** 2

    found = logistic(one.traits, one.failed)
    np.testing.assert_allclose(found, optimize.minimize(loss, np.zeros(2), tol=1e-10).x, rtol=1e-4)


def test_a_fold_is_predicted_from_the_others_alone():
    one = drawn(300)
    fold = one.state % 5
    chance, base = out_of_sample(one.traits, one.failed, fold)
    turned = np.where(fold == 2, ~one.failed, one.failed)
    again, base_again = out_of_sample(one.traits, turned, fold)
    np.testing.assert_array_equal(chance[fold == 2], again[fold == 2])
    np.testing.assert_array_equal(base[fold == 2], base_again[fold == 2])
    assert (chance[fold != 2] != again[fold != 2]).all()


def test_balanced_accuracy_by_hand():
    failed = np.array([True, True, False, False, False, False])
    assert balanced_accuracy(failed, failed) == 1.0
    assert balanced_accuracy(np.ones(6, dtype=bool), failed) == 0.5
    assert balanced_accuracy(np.array([True, False, False, False, False, True]), failed) == pytest.approx(
        (0.5 + 0.75) / 2
    )


def finding(monkeypatch, **of_data):
    monkeypatch.setattr(failures, "sample", lambda scenario, seed: drawn(seed=seed, **of_data))
    return p8(P8, True, load("toy"))


def test_the_rule_can_hold_and_fail(monkeypatch):
    good = finding(monkeypatch)
    assert good.passed
    assert good.found > 0.65
    assert [line.agrees for line in good.lines[:5]] == [True] * 5
    assert ["built in" in line.expected for line in good.lines[:5]] == [True, False, False, True, True]
    weak = finding(monkeypatch, by_trait=0.5)
    assert [line.agrees for line in weak.lines[:5]] == [True, False, False, True, True]
    many = finding(monkeypatch, share=1.0)
    assert not many.lines[0].agrees
    levers = finding(monkeypatch, by_lever=3.0)
    assert not levers.passed
    assert [line.agrees for line in levers.lines[3:5]] == [False, False]


def test_the_sample_of_a_run_is_what_its_tables_say():
    world = load("toy").replace(failure=0.33, horizon=16, wind_down=8)
    one, table = sample(world, 1), simulate(world, 1).projects
    ended = table[(table.start > 0) & table.status.isin(["completed", "failed", "stalled"])]
    np.testing.assert_array_equal(one.failed, ended.status == "failed")
    np.testing.assert_allclose(one.levers[:, 0], np.log(ended.cost_m))
    np.testing.assert_array_equal(one.levers[:, 1], ended.tasks)
    np.testing.assert_array_equal(one.levers[:, 7], ended.start - ended.quarter)
    assert [world.beneficiaries.ids[j] for j in one.state] == ended.beneficiary.tolist()
    land = simulate(world, 1).baseline.land
    first = ended.quarter.to_numpy() == 1
    np.testing.assert_allclose(one.traits[first, 0], land.ownership[one.state[first]])
    started = first & (ended.start == 1).to_numpy()
    expected = 0.33 * 2 * (1 - (land.government_rank + land.ownership) / 2)
    np.testing.assert_allclose(one.chance[started], np.minimum(0.95, expected)[one.state[started]])


def test_the_check_runs():
    found = p8(dataclasses.replace(P8, numbers={**P8.numbers, "seeds_quick": 2}), True, load("toy").replace(horizon=16))
    assert found.basis == "seeds 1-2"
    assert found.passed is all(line.agrees is not False for line in found.lines)
    assert np.isfinite(found.found)
