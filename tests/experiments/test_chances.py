"""Rules of who gains and who loses: closed forms, false discoveries, what chance alone makes."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from donorlab.experiments.chances import (
    SURE,
    Changes,
    chance,
    changes,
    discoveries,
    fair_coin,
    over_futures,
    signs,
)


def noise(seeds: int, many: int, number: int = 1) -> np.ndarray:
    return np.random.default_rng(number).normal(0, 1, (seeds, many))


def test_means_and_intervals_are_those_of_a_paired_t_test() -> None:
    values = noise(9, 4) + 0.5
    found = changes(values)
    for column in range(4):
        test = stats.ttest_1samp(values[:, column], 0)
        low, high = test.confidence_interval(0.95)
        assert found.p[column] == pytest.approx(test.pvalue)
        assert (found.low[column], found.high[column]) == pytest.approx((low, high))


def test_nothing_is_told_of_no_change_of_one_seed_or_of_what_is_missing() -> None:
    assert not changes(np.zeros((10, 3))).told.any()
    assert changes(np.zeros((10, 3))).p.tolist() == [1, 1, 1]
    assert not changes(np.full((1, 3), 0.5)).told.any()
    holes = noise(10, 3) + 5
    holes[2, 1] = math.nan
    assert changes(holes).told.tolist() == [True, False, True]
    assert changes(np.full((4, 1), 0.1)).told.all()  # all seeds agree to the last bit


def test_discoveries_are_the_textbook_example() -> None:
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
    assert discoveries(p).sum() == 4  # Benjamini and Hochberg 1995, section 4.1: four, where Bonferroni rejects three
    assert discoveries([0.04, 0.04]).all()  # each is at most the larger limit
    assert not discoveries([0.04, 0.9]).any()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_discoveries_by_trying_each_number_of_them(p: list[float]) -> None:
    ordered = sorted(p)
    most = max((k for k in range(1, len(p) + 1) if ordered[k - 1] <= 0.05 * k / len(p)), default=0)
    found = discoveries(p)
    assert found.sum() >= most  # more only where several are equal to the last one
    assert all(one == (most > 0 and value <= ordered[most - 1]) for one, value in zip(found, p, strict=True))


def test_of_luck_alone_few_worlds_tell_anything() -> None:
    worlds = 300
    told = [changes(noise(10, 134, number)).told.any() for number in range(worlds)]
    assert 0.02 < np.mean(told) < 0.09  # 5% of worlds; without the correction nearly all of them would
    alone = [(changes(noise(10, 134, number)).p < 0.05).any() for number in range(20)]
    assert np.mean(alone) > 0.9


def test_verdicts_need_size_and_to_be_told() -> None:
    mean = np.array([0.03, 0.03, 0.01, -0.03, -0.03, math.nan, 0.02])
    told = np.array([True, False, True, True, False, False, True])
    found = Changes(mean, mean, mean, mean, told).verdicts(0.02)
    assert found == ["gains", "may gain", "same", "loses", "may lose", "same", "gains"]


def test_all_signs_or_as_many_as_are_drawn() -> None:
    assert sorted(map(tuple, signs(3).tolist())) == sorted(itertools.product((-1.0, 1.0), repeat=3))
    assert signs(40).shape == (2000, 40)
    assert abs(signs(40).mean()) < 0.01


def test_chance_tells_how_many_luck_alone_puts_beyond() -> None:
    smallest, seeds, many = 0.5, 10, 200
    found = chance(noise(seeds, many), smallest)
    expected = many * 2 * stats.norm.sf(smallest * math.sqrt(seeds))
    assert found.matter == pytest.approx(expected, rel=0.2)
    assert found.matter < found.matter_high
    assert found.called < 0.2
    assert found.scatter < 0.2


def test_chance_asks_the_scatter_and_not_the_changes() -> None:
    """What is really changed must not count as luck: signs turned on the changes themselves would do that."""
    values, real = noise(10, 60), np.linspace(-9, 9, 60)
    assert chance(values + real, 0.5).matter == pytest.approx(chance(values, 0.5).matter)
    assert chance(values + real, 0.5).called == pytest.approx(chance(values, 0.5).called)
    assert chance(values + real, 0.5).scatter > 0.98
    assert math.isnan(chance(values[:2], 0.5).matter)


def test_what_states_share_stays_shared() -> None:
    """Where all move together, all are beyond or none."""
    shared = np.repeat(noise(10, 1), 50, axis=1)
    assert chance(shared, 0.2).matter_high == 50
    assert 20 < chance(noise(10, 50), 0.2).matter_high < 45


@given(st.permutations(range(8)))
def test_order_does_not_matter(order: list[int]) -> None:
    values = noise(6, 8) + np.linspace(-3, 3, 8)
    straight, mixed = changes(values), changes(values[:, order])
    assert straight.told[order].tolist() == mixed.told.tolist()
    assert straight.mean[order].tolist() == mixed.mean.tolist()
    assert changes(values[[3, 1, 0, 2, 5, 4]]).mean == pytest.approx(straight.mean)


def test_futures_are_counted_and_judged_by_a_fair_coin() -> None:
    values = np.array([[0.03] * 9 + [-0.03], [0.03] * 5 + [-0.03] * 5, [-0.03] * 10, [0.0] * 10, [math.nan] * 10]).T
    counts, verdicts = over_futures(values, 0.02)
    assert counts.tolist() == [[9, 5, 0, 0, 0], [0, 0, 0, 10, 0], [1, 5, 10, 0, 0]]
    assert verdicts == ["gains", "open", "loses", "open", "open"]


@pytest.mark.parametrize("decided", [1, 3, 4, 5, 10, 17])
def test_a_fair_coin_by_all_its_throws(decided: int) -> None:
    beyond = sum(
        math.comb(decided, heads) / 2**decided
        for heads in range(decided + 1)
        if abs(2 * heads - decided) > SURE * math.sqrt(decided)
    )
    assert fair_coin(np.array([[decided], [3], [0]])) == pytest.approx(beyond)
    assert fair_coin(np.zeros((3, 5), dtype=np.int64)) == 0
