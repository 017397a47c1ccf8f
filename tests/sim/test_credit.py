"""Credit rules on one cell: by hand, as properties, and against the engine's own number."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from donorlab.sim.credit import (
    RULES,
    BoundNotClaimed,
    CreditRule,
    covering_floor,
    credit_rule,
    equal_shares,
    gairing_shares,
    only_the_sole_taker,
)
from donorlab.sim.mechanisms.wants import project_value
from donorlab.sim.scenario import ScenarioError

BOUNDED = sorted(name for name, rule in RULES.items() if rule.bounded)
NEAR = 1e-12

# every taker of a task is paid its whole worth: duplicates count twice
TWICE = dataclasses.replace(RULES["equal"], name="twice", shares=lambda n: np.append(0.0, np.ones(n)))


@st.composite
def cells(draw):
    """Draw (taken, spent, gained): few donors, few tasks, a concave gain with kinks."""
    donors, tasks = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    taken = np.array([[draw(st.booleans()) for _ in range(tasks)] for _ in range(donors)], dtype=bool)
    spent = np.array([draw(st.sampled_from((0.0, 0.5, 1.0, 4.0))) for _ in range(donors)])
    steps = sorted((draw(st.sampled_from((0.0, 0.1, 1.0, 1.0, 3.0))) for _ in range(tasks)), reverse=True)
    return taken, spent, np.append(0.0, np.cumsum(steps))


def value(taken, gained):
    return gained[int(taken.any(axis=0).sum())]


def without(taken, donor):
    left = taken.copy()
    left[donor] = False
    return left


def second(rule, taken, spent, gained):
    """Slack of (ii), least over donors."""
    paid = rule(taken, spent, gained)
    return min(paid[d] - (value(taken, gained) - value(without(taken, d), gained)) for d in range(len(taken)))


def third(rule, taken, spent, gained):
    """Slack of (iii)."""
    return value(taken, gained) - rule(taken, spent, gained).sum()


# --- by hand -------------------------------------------------------------------------------------------------

# donor 0 takes tasks 0 and 1, donor 1 takes 1 and 2, donor 2 takes 1, donor 3 nothing; 3 tasks are worth 4 + 2 + 1.5
TAKEN = np.array([[1, 1, 0], [0, 1, 1], [0, 1, 0], [0, 0, 0]], dtype=bool)
SPENT = np.array([1.0, 3.0, 0.5, 0.0])
GAINED = np.array([0.0, 4.0, 6.0, 7.5])
WORTH = 2.5  # V / u


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("marginal", [1.5, 1.5, 0.0, 0.0]),
        ("equal", [WORTH * 4 / 3, WORTH * 4 / 3, WORTH / 3, 0.0]),
        ("by_eur", [WORTH * (1 + 0.5 / 2.5), WORTH * (1 + 1.5 / 2.5), WORTH * 0.5 / 2.5, 0.0]),
        ("equal_per_cell", [2.5, 2.5, 2.5, 0.0]),
    ],
)
def test_by_hand(rule, expected):
    np.testing.assert_allclose(RULES[rule](TAKEN, SPENT, GAINED), expected, rtol=NEAR)


def test_gairings_weights_by_hand():
    f = gairing_shares(4)  # c = 1/18, Z = 1/18 + 1 + 1/2 + 1/6 = 31/18
    np.testing.assert_allclose(f, [0, 1, 13 / 31, 8 / 31, 6 / 31], rtol=NEAR)
    expected = [WORTH * (1 + f[3]), WORTH * (1 + f[3]), WORTH * f[3], 0.0]
    np.testing.assert_allclose(RULES["gairing"](TAKEN, SPENT, GAINED), expected, rtol=NEAR)
    # the weights belong to the number of players of the game, not of the cell
    np.testing.assert_array_equal(
        RULES["gairing"](TAKEN[:3], SPENT[:3], GAINED, donors=4), RULES["gairing"](TAKEN, SPENT, GAINED)[:3]
    )


def test_relative_impact_by_hand():
    own = RULES["equal"](TAKEN, SPENT, GAINED)
    expected = [own[d] - np.delete(own, d).sum() for d in range(4)]
    np.testing.assert_allclose(RULES["relative_impact"](TAKEN, SPENT, GAINED), expected, rtol=NEAR, atol=NEAR)


def test_shapley_is_the_mean_over_orders():
    rng = np.random.default_rng(1)
    for _ in range(20):
        taken = rng.random((4, 5)) < 0.4
        gained = np.append(0.0, np.cumsum(np.sort(rng.random(5))[::-1]))
        mean = np.zeros(4)
        for order in itertools.permutations(range(4)):
            there = np.zeros_like(taken)
            for d in order:
                before = value(there, gained)
                there[d] = taken[d]
                mean[d] += (value(there, gained) - before) / math.factorial(4)
        np.testing.assert_allclose(RULES["shapley"](taken, np.zeros(4), gained), mean, atol=NEAR)


# --- properties ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", BOUNDED)
@given(cell=cells())
def test_bounded_rules_satisfy_both_conditions(rule, cell):
    assert second(RULES[rule], *cell) >= -NEAR * 20
    assert third(RULES[rule], *cell) >= -NEAR * 20


@pytest.mark.parametrize("rule", ["equal", "by_eur", "shapley", "equal_per_cell"])
@given(cell=cells())
def test_budget_balanced_rules_pay_out_what_was_gained(rule, cell):
    assert third(RULES[rule], *cell) == pytest.approx(0.0, abs=NEAR * 20)


@given(cell=cells())
def test_marginal_contribution_is_condition_two_with_equality(cell):
    taken, _, gained = cell
    paid = RULES["marginal"](*cell)
    lost = [value(taken, gained) - value(without(taken, d), gained) for d in range(len(taken))]
    np.testing.assert_allclose(paid, lost, atol=NEAR)


@pytest.mark.parametrize("rule", sorted(RULES))
@given(cell=cells(), data=st.data())
def test_symmetry_order_and_null_player(rule, cell, data):
    taken, spent, gained = cell
    credit = RULES[rule]
    order = data.draw(st.permutations(range(len(taken))))
    np.testing.assert_allclose(
        credit(taken[order], spent[order], gained), credit(taken, spent, gained)[order], atol=NEAR * 20
    )
    if rule != "relative_impact":
        assert (credit(taken, spent, gained)[~taken.any(axis=1)] == 0).all()
    twins = np.vstack([taken, taken[:1]]), np.append(spent, spent[0]), gained
    paid = credit(*twins)
    assert paid[0] == pytest.approx(paid[-1], abs=NEAR * 20)


@given(cell=cells())
def test_in_a_cell_of_one_task_shapley_is_equal_and_marginal_pays_the_sole_taker(cell):
    taken, spent, gained = cell[0][:, :1], cell[1], cell[2][:2]
    np.testing.assert_allclose(RULES["shapley"](taken, spent, gained), RULES["equal"](taken, spent, gained), atol=NEAR)
    paid = only_the_sole_taker(len(taken))[taken.sum()] * gained[1] * taken[:, 0]
    np.testing.assert_allclose(RULES["marginal"](taken, spent, gained), paid, atol=NEAR)


@given(cell=cells())
def test_relative_impact_counts_each_gain_once_as_own_and_once_against_every_rival(cell):
    """The sum is (2 - n) V: nothing with two donors."""
    expected = (2 - len(cell[0])) * value(cell[0], cell[2])
    assert RULES["relative_impact"](*cell).sum() == pytest.approx(expected, abs=NEAR * 50)


def test_rules_without_a_bound_break_condition_two():
    crowd = np.zeros((3, 4), dtype=bool)
    crowd[0, :], crowd[1:, 0] = True, True
    for name in ("equal_per_cell", "relative_impact"):
        assert second(RULES[name], crowd, np.ones(3), np.arange(5.0)) < -0.5


def test_credit_that_counts_duplicates_twice_breaks_condition_three():
    assert third(TWICE, TAKEN, SPENT, GAINED) < -WORTH
    assert second(TWICE, TAKEN, SPENT, GAINED) >= 0


# --- shares and floors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", range(2, 13))
def test_gairings_weights_never_pay_more_than_a_task_is_worth(n):
    f, j = gairing_shares(n), np.arange(n + 1)
    assert f[1] == 1
    assert (np.diff(f[1:]) <= NEAR).all()
    assert (j * f <= 1 + NEAR).all()
    spread = (j * f)[1:n] - f[2:]  # j f(j) - f(j+1) is the same for all j < n, and so is (n-1) f(n)
    np.testing.assert_allclose(spread, (n - 1) * f[n], rtol=1e-9)


def test_floors_of_one_task_cells():
    for n in range(2, 10):
        assert RULES["equal"].floor(n, True) == pytest.approx(n / (2 * n - 1))
        assert RULES["shapley"].floor(n, True) == pytest.approx(n / (2 * n - 1))
        assert RULES["marginal"].floor(n, True) == pytest.approx(0.5)
    assert [round(RULES["gairing"].floor(n, True), 4) for n in (2, 3, 4, 5)] == [0.6667, 0.6364, 0.6327, 0.6322]
    assert RULES["gairing"].floor(15, True) == pytest.approx(1 - math.exp(-1), abs=1e-9)
    assert covering_floor(equal_shares(1)) == covering_floor(gairing_shares(1)) == 1
    for name in BOUNDED:
        assert RULES[name].floor(4) == 0.5
        assert RULES[name].floor(4, True) >= 0.5
    # duplicates paid twice: chi = n - 1
    assert covering_floor(TWICE.table(4)) == pytest.approx(1 / 4)
    # all three stay where they get .45, though two other cells are worth as much: chi = 2 * .45
    assert covering_floor(np.array([0.0, 1.0, 0.5, 0.45])) == pytest.approx(1 / 1.9)


def test_no_floor_where_none_is_claimed():
    for name in ("equal_per_cell", "relative_impact"):
        with pytest.raises(BoundNotClaimed, match=name):
            RULES[name].floor(2)
    assert issubclass(BoundNotClaimed, ScenarioError)


def test_names():
    for name, rule in RULES.items():
        assert credit_rule(name) is rule
        assert isinstance(rule, CreditRule)
        assert rule.name == name
        assert rule.source
        assert rule.summary
    with pytest.raises(ScenarioError, match="did you mean 'shapley'"):
        credit_rule("shaply")


def test_too_many_donors_for_shapley():
    with pytest.raises(ScenarioError, match="more than 20 donors"):
        RULES["shapley"](np.ones((21, 1), dtype=bool), np.ones(21), np.array([0.0, 1.0]))
    with pytest.raises(ScenarioError, match="every donor"):
        RULES["relative_impact"](np.ones((2, 1), dtype=bool), np.ones(2), np.array([0.0, 1.0]), donors=3)


# --- the engine ----------------------------------------------------------------------------------------------


@given(st.integers(0, 8), st.integers(0, 8), st.integers(1, 8), st.sampled_from((1.0, 2.0, 3.5)), st.floats(0.1, 5))
def test_the_engine_pays_equal_and_marginal_credit_of_new_tasks_that_nobody_else_takes(base, live, n, gamma, weight):
    """The planner's number is the rule's: own new tasks against believed live ones, none of them shared."""
    tasks = 24
    f = 1 - (1 - np.arange(tasks + 1) / tasks) ** gamma
    count = base + live
    gained = weight * (f[base:] - f[base])
    taken = np.zeros((2, len(gained) - 1), dtype=bool)
    taken[0, :n] = True
    taken[1, n : n + live] = True
    equal = RULES["equal"](taken, np.ones(2), gained)[0]
    assert project_value(n, count, base, 0.0, weight, RULES["equal"].kind, f) == pytest.approx(equal, rel=1e-9)
    marginal = RULES["marginal"](taken, np.ones(2), gained)[0]
    assert project_value(n, count, base, weight, 0.0, -1, f) == pytest.approx(marginal, rel=1e-9, abs=1e-12)
