"""Checks of the oracle alone: what holds in worlds with the political economy, and that each of its mechanisms acts in them."""

import functools

import numpy as np
import pytest

from oracle.bound import welfare_bound
from oracle.design import ARCHITECTURES
from oracle.invariants import check
from oracle.model import run
from oracle.political import GROUPS, acted
from oracle.worlds import NEW, numbered, shown

EACH = 24
# In how many worlds a mechanism that is on changes what is done (norms: moves somebody), at least.
ACTS = {
    "credit": 0.3, "havens": 0.3, "herding": 0.3, "imposed": 0.1, "lapse_forms": 0.2, "methods": 0.4, "norms": 0.7,
    "ownership": 0.1, "ownership_forms": 0.2, "peers": 0.4, "per_task": 0.4, "poaching": 0.3, "salience": 0.3,
    "turnover": 0.7, "users": 0.2, "voluntary": 0.6,
}  # fmt: skip
WHERE = {
    "credit": ("credit", "umbrella"),
    "imposed": ("conditional", "umbrella_conditional"),
    "voluntary": ("umbrella", "umbrella_conditional"),
}


@functools.cache
def without(number, names):
    return run(numbered(number, names, on=()), number)


def test_all_mechanisms_are_drawn_and_compared():
    assert ACTS.keys() == set(GROUPS) == NEW


@pytest.mark.parametrize("group", GROUPS)
def test_each_mechanism_acts_in_drawn_worlds(group):
    names = WHERE.get(group, ARCHITECTURES)
    found = []
    for number in range(EACH):
        world = numbered(number, names, on=(group,), always=True)
        result = run(world, number)
        check(world, result)
        found.append(acted(group, result, without(number, names)))
    assert np.mean(found) >= ACTS[group]


def test_all_together():
    """Money, tasks and projects add up, no run exceeds the bound, and the worlds still show what a world should show."""
    seen = []
    for number in range(120):
        world = numbered(number, on=GROUPS)
        result = run(world, number)
        check(world, result)
        assert (np.array(result.welfare) <= np.array(welfare_bound(world, number)) * (1 + 1e-9) + 1e-12).all()
        seen.append(shown(result).all)
        if number % 20 == 0:
            assert repr(result) == repr(run(world, number))
    assert np.mean(seen) >= 0.5


@pytest.mark.parametrize("group", GROUPS)
def test_what_is_drawn_for_one_mechanism_shifts_nothing_else(group):
    world, other = numbered(3, on=(), names=("umbrella",)), numbered(3, on=(group,), names=("umbrella",), always=True)
    assert other.parameters.money == world.parameters.money
    np.testing.assert_array_equal(other.donors.mandate, world.donors.mandate)
    np.testing.assert_array_equal(other.beneficiaries.initial_score, world.beneficiaries.initial_score)
