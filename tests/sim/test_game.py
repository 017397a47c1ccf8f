"""A planning round as a game: against plain Python, by hand, and the rounds of live models."""

import dataclasses
import itertools

import numpy as np
import pytest

from donorlab.experiments.validation.games import random_game
from donorlab.sim.credit import RULES, BoundNotClaimed
from donorlab.sim.game import (
    Game,
    Setting,
    covering_game,
    equilibrium_floor,
    feasible_actions,
    floor,
    game_from_lists,
    tables,
)
from donorlab.sim.scenario import ScenarioError

NEAR = 1e-9


def bits(word):
    return {task for task in range(64) if (int(word) >> task) & 1}


def by_hand(game, rule):
    """Return welfare and payoffs by profile, from sets and the rule on single cells."""
    welfare, payoff = {}, {}
    actions = [range(game.first[d], game.first[d + 1]) for d in range(len(game.sizes))]
    for rows in itertools.product(*actions):
        total, paid = 0.0, np.zeros(len(rows))
        for c in range(len(game.gained)):
            sets = [bits(game.words[row, c]) for row in rows]
            total += game.gained[c, len(set().union(*sets))]
            taken = np.array([[task in own for task in range(game.tasks)] for own in sets])
            paid += rule(taken, np.array([game.spent[row, c] for row in rows]), game.gained[c])
        profile = tuple(row - game.first[d] for d, row in enumerate(rows))
        welfare[profile], payoff[profile] = total, paid
    return welfare, payoff


@pytest.mark.parametrize("name", sorted(RULES))
def test_tables_against_plain_python(name):
    rng = np.random.default_rng(3)
    for shape in ((2, (2, 1)), (3, (1, 1)), (2, (3,))):
        game = random_game(rng, shape)
        table = tables(game, RULES[name])
        welfare, payoff = by_hand(game, RULES[name])
        regrets, equilibria = table.regrets(), table.equilibria()
        for profile in welfare:
            assert table.welfare[profile] == pytest.approx(welfare[profile], abs=NEAR)
            where = (slice(None), *profile)
            np.testing.assert_allclose(table.payoff[where], payoff[profile], atol=NEAR)
            for d, size in enumerate(game.sizes):
                others = [(*profile[:d], a, *profile[d + 1 :]) for a in range(size)]
                best = max(payoff[other][d] for other in others)
                assert regrets[(d, *profile)] == pytest.approx(best - payoff[profile][d], abs=NEAR)
                replies = [a for a, other in enumerate(others) if payoff[other][d] > best - NEAR]
                assert table.best_replies(d, profile).tolist() == replies
            assert equilibria[profile] == bool((regrets[where] <= NEAR).all())
        assert table.optimum == pytest.approx(max(welfare.values()))


def test_equilibria_of_a_game_by_hand():
    """Two donors, cells worth 3 and 2: under equal credit both on the big one get 1.5 each, so one leaves."""
    table = tables(covering_game([3.0, 2.0], [[[0], [1]], [[0], [1]]]), RULES["equal"])
    assert table.equilibria().tolist() == [[False, True], [True, False]]
    assert table.equilibrium_welfare() == (5.0, 5.0)
    assert table.price_of_anarchy() == 1.0
    assert table.best_replies(0, (0, 0)).tolist() == [1]
    # cells worth 3 and 1: both stay
    table = tables(covering_game([3.0, 1.0], [[[0], [1]], [[0], [1]]]), RULES["equal"])
    assert table.equilibrium_welfare() == (3.0, 3.0)
    assert table.price_of_anarchy() == 0.75
    np.testing.assert_allclose(table.floors(), [[2.0, 2.0 - 0.25], [2.0 - 0.25, 2.0 - 2.5]])


def test_a_game_without_pure_equilibrium():
    """Where one follows and the other flees, no pair of actions is stable; its price of anarchy is not a number."""
    game = covering_game([1.0, 1.0], [[[0], [1]], [[0], [1]]])
    table = tables(game, RULES["marginal"])
    chase = dataclasses.replace(table, payoff=np.array([np.eye(2), 1 - np.eye(2)]))
    assert not chase.equilibria().any()
    assert np.isnan(chase.price_of_anarchy())


def test_marginal_contribution_makes_welfare_a_potential():
    rng = np.random.default_rng(5)
    for _ in range(30):
        table = tables(random_game(rng), RULES["marginal"])
        for d in range(table.donors):
            change = np.diff(table.payoff[d], axis=d) - np.diff(table.welfare, axis=d)
            assert np.abs(change).max(initial=0.0) < NEAR
        assert table.equilibria()[np.unravel_index(table.welfare.argmax(), table.welfare.shape)]


def test_feasible_actions_by_hand():
    words, spent = feasible_actions(
        np.array([0b101, 0b1], dtype=np.uint64), np.array([1.0, 2.0]), np.array([0.5, 0.5]), 3.0
    )
    found = {tuple(map(int, word)): eur.tolist() for word, eur in zip(words, spent, strict=True)}
    assert found == {(0, 0): [0, 0], (1, 0): [1.5, 0], (4, 0): [1.5, 0], (5, 0): [2.5, 0], (0, 1): [0, 2.5]}
    # projects of two tasks: the second project has its own fixed cost; a relation is paid once in a state
    words, spent = feasible_actions(
        np.array([0b111, 0b1, 0b1], dtype=np.uint64), np.ones(3), np.full(3, 0.5), 10.0, (1, 2),
        np.array([0, 0, 1]), np.array([0.25, 0.0]),
    )  # fmt: skip
    cost = {tuple(map(int, word)): eur.tolist() for word, eur in zip(words, spent, strict=True)}
    assert cost[7, 1, 1] == [3 + 1.0 + 0.25, 1.5, 1.5]
    assert cost[0, 1, 1] == [0, 1.75, 1.5]
    # smallest projects of two tasks; where only one is open, one
    words, _ = feasible_actions(np.array([0b111, 0b1], dtype=np.uint64), np.ones(2), np.zeros(2), 10.0, (2, 3))
    assert {int(word[0]).bit_count() for word in words} == {0, 2, 3}
    assert {int(word[1]) for word in words} == {0, 1}
    with pytest.raises(ScenarioError, match="open tasks"):
        feasible_actions(np.array([2**19 - 1], dtype=np.uint64), np.ones(1), np.zeros(1), 1.0)


def test_mistakes_are_told_in_one_line():
    with pytest.raises(ScenarioError, match="less and less"):  # both tasks are needed: a threshold
        game_from_lists(np.array([[0.0, 0.0, 1.0]]), [[[0], [3]]])
    with pytest.raises(ScenarioError, match="less and less"):
        game_from_lists(np.array([[0.5, 1.0]]), [[[0], [1]]])
    with pytest.raises(ScenarioError, match="at least one action"):
        Game(np.array([[0.0, 1.0]]), np.zeros((1, 1), dtype=np.uint64), np.zeros((1, 1)), np.array([0, 1, 1]))
    game = covering_game([1.0], [[[], [0]]] * 25)
    with pytest.raises(ScenarioError, match="profiles"):
        tables(game, RULES["equal"])
    with pytest.raises(ScenarioError, match="shapley"):
        tables(covering_game([1.0], [[[0]]] * 21), RULES["shapley"])
    game = covering_game([1.0], [[[], [0]]])
    with pytest.raises(ScenarioError, match="donor 0 has no action"):
        game.index_of(np.array([[2]], dtype=np.uint64))
    with pytest.raises(ScenarioError, match="weakest_link"):
        tables(dataclasses.replace(game, setting=Setting(welfare="weakest_link")), RULES["equal"])


def test_floors_by_hand_and_refused():
    equal = RULES["equal"]
    assert floor(10.0, np.array([1.0, 2.0]), equal) == 3.5
    assert equilibrium_floor(10.0, 3, equal) == 5.0
    assert equilibrium_floor(10.0, 3, equal, one_task_cells=True) == pytest.approx(6.0)
    with pytest.raises(BoundNotClaimed, match="equal_per_cell"):
        tables(covering_game([1.0], [[[0]]]), RULES["equal_per_cell"]).floors()
