"""T1 to T4 and T8: what must hold for planning rounds as games. Each is tried on a broken version too."""

import dataclasses
import math

import numpy as np
import pytest

from donorlab.experiments.validation import games, unbounded
from donorlab.sim.credit import RULES
from donorlab.sim.game import Setting, tables

NEAR = 1e-9
TWICE = dataclasses.replace(RULES["equal"], name="twice", shares=lambda n: np.append(0.0, np.ones(n)))


# --- T1: half of the optimum in every equilibrium ------------------------------------------------------------


def test_t1_every_equilibrium_has_half_of_the_optimum():
    for found in games.t1(games=1200, seed=1):
        assert found.floor == 0.5
        assert found.violations == 0
        assert found.worst >= 0.5 - NEAR
        assert min(found.slack_marginal, found.slack_total) >= -NEAR
        assert found.equilibria > 3000
        if found.rule in ("marginal", "shapley"):  # potential games: there is always one
            assert found.without_equilibrium == 0


def test_t1_fails_where_duplicates_are_credited_twice():
    game, profile = games.tight_covering_game(4, np.ones(5), step=1e-6)
    found = games.equilibria_of([game], TWICE, 0.5)
    assert tables(game, TWICE).equilibria()[profile]
    assert found.violations >= 1
    assert found.worst == pytest.approx(1 / 4, abs=1e-5)
    rng = np.random.default_rng(1)
    drawn = [games.random_game(rng, (4, (1, 1, 1))) for _ in range(300)]
    found = games.equilibria_of(drawn, TWICE, 0.5)
    assert found.violations > 0
    assert found.slack_total < -0.5


# --- T2: the regret form, in any profile ---------------------------------------------------------------------


def test_t2_holds_in_every_profile_of_small_games():
    for found in games.t2_small(games=500, seed=1):
        assert found.violations == 0
        assert found.slack >= -NEAR
        assert found.profiles > 30000
        assert 0.5 < found.positive < 1


@pytest.mark.parametrize("rule", [TWICE, RULES["equal_per_cell"], RULES["relative_impact"]])
def test_t2_fails_for_credit_without_a_bound(rule):
    rng = np.random.default_rng(2)
    drawn = [games.random_game(rng) for _ in range(600)]
    assert games.floors_of(drawn, rule).violations > 0


@pytest.mark.parametrize("money", ["cash", "spent"])
@pytest.mark.parametrize("change", [{}, {"observation_probability": 1.0}, {"architecture": "umbrella"}])
def test_t2_holds_along_runs(toy, change, money):
    for found in games.t2_along_runs(toy.replace(**change), (1, 2, 3), ("marginal", "equal", "gairing"), money):
        assert found.violations == 0
        assert found.slack >= -NEAR
        assert found.profiles >= 20
        assert found.positive > 0.2


@pytest.mark.parametrize("change", [{}, {"observation_probability": 0.0, "planning_slots": 1}])
def test_t2_holds_along_a_run_of_many_donors(synthetic, change):
    for found in games.t2_along_runs(synthetic.replace(**change), (1,)):
        assert found.violations == 0
        assert found.profiles == synthetic.parameters.quarters


def test_t2_along_runs_can_fail(toy):
    """Blind to regret, or with regrets of half the size, the floor is above what some rounds reach."""
    blind = halved = 0
    for seed in (1, 2, 3):
        for played in games.rounds_of(toy, seed):
            optimum, regrets = played.optimum_above(), played.regrets_above(RULES["equal"]).sum()
            blind += played.welfare() < optimum / 2 - NEAR
            halved += played.welfare() < (optimum - regrets / 2) / 2 - NEAR
    assert blind > 10
    assert halved > 5


def test_t2_optimum_and_regrets_must_be_widened_together(toy):
    """W* at cheaper prices than the regrets' claims more than the theorem, and is wrong for a single donor."""
    wrong = 0
    for played in games.rounds_of(toy.replace(architecture="central"), 1):
        regrets = played.regrets_above(RULES["marginal"])
        optimum = dataclasses.replace(played, cost=played.cost / 2).optimum_above()
        wrong += played.welfare() < (optimum - regrets.sum()) / 2 - NEAR
        assert played.welfare() >= (played.optimum_above() - regrets.sum()) / 2 - NEAR
    assert wrong > 0


def test_t2_fails_under_an_equal_split_per_cell_and_under_relative_impact():
    found = unbounded.cases()
    for case, ratio in (("equal split per cell", 9.4 / 22), ("relative impact", 1 / 2.49)):
        assert found[case].welfare / found[case].optimum == pytest.approx(ratio)
        assert found[case].regret == 0, "an equilibrium"
    # without regret, the floor would be half of the optimum; bounded credit moves the large donor
    game, profile = games.per_cell_example()
    assert tables(game, RULES["equal_per_cell"]).regrets()[(slice(None), *profile)].sum() == 0
    for name in games.BOUNDED:
        table = tables(game, RULES[name])
        assert not table.equilibria()[profile]
        assert table.welfare[profile] >= table.floors()[profile]


# --- T3 and T4: the exact floors of one-task cells -----------------------------------------------------------


def test_t3_equal_credit_has_the_exact_floor():
    assert [round(games.equal_floor(n), 3) for n in (2, 3, 4, 5)] == [0.667, 0.6, 0.571, 0.556]
    for found in games.t3(games=120, seed=1):
        assert found.formula == pytest.approx(found.floor, abs=NEAR)
        assert found.random.violations == 0
        assert found.random.equilibria >= 120
        assert found.stays
        assert found.tight >= found.floor
        assert found.tight == pytest.approx(found.floor, abs=2e-6)


def test_t3_the_floor_cannot_be_raised():
    """One donor fewer in the formula, and the tight instance breaks it; so does credit that pays duplicates twice."""
    for n in (3, 4, 5):
        game, _ = games.tight_covering_game(n, RULES["equal"].table(n))
        assert games.equilibria_of([game], RULES["equal"], games.equal_floor(n - 1)).violations > 0
    rng = np.random.default_rng(1)
    drawn = [games.random_covering_game(rng, 3) for _ in range(300)]
    assert games.equilibria_of(drawn, TWICE, games.equal_floor(3)).violations > 0


@pytest.mark.parametrize("rule", ["equal", "gairing"])
@pytest.mark.parametrize("tasks", [1, 2, 5, 20])
def test_t3_and_t4_need_cells_of_one_task(rule, tasks):
    game, profile = games.many_task_example(tasks)
    table = tables(game, RULES[rule])
    assert table.equilibria()[profile]
    assert table.welfare[profile] / table.optimum == pytest.approx(2 * tasks / (4 * tasks - 1))
    assert (table.price_of_anarchy() < games.equal_floor(2) - NEAR) == (tasks > 1)
    assert table.price_of_anarchy() >= 0.5


def test_t4_gairings_weights_and_marginal_contribution_have_their_floors():
    found = games.t4(games=1000, seed=1)
    assert [round(f.floor, 4) for f in found["gairing"]] == [0.6667, 0.6364, 0.6327, 0.6322]
    assert sum(f.random.games for f in found["gairing"]) == 1000
    for item in [*found["gairing"], *found["marginal"]]:
        assert item.formula == pytest.approx(item.floor, abs=NEAR)
        assert item.random.violations == 0
        assert item.random.without_equilibrium == 0
        assert item.stays
        assert item.tight == pytest.approx(item.floor, abs=2e-6)
    assert games.gairing_floor(20) == pytest.approx(1 - 1 / math.e, abs=NEAR)


def test_t4_the_sum_begins_at_nought():
    """From i = 1 on, the closed form is another number: two donors would have 1 - 1/2."""
    n = 2
    wrong = 1 - 1 / (1 / ((n - 1) * math.factorial(n - 1)) + sum(1 / math.factorial(i) for i in range(1, n)))
    assert wrong == 0.5
    assert games.gairing_floor(2) == pytest.approx(2 / 3)


def test_t4_gairings_floor_is_higher_than_that_of_equal_credit_from_three_donors_on():
    for n in range(3, 9):
        assert games.gairing_floor(n) > games.equal_floor(n)
        assert games.gairing_floor(n) > 1 - 1 / math.e


# --- T8: where no bound is claimed ---------------------------------------------------------------------------


def test_t8_asking_raises_a_clear_error():
    answers = unbounded.answers()
    assert len(answers) == 6
    for reason in answers.values():
        assert reason.startswith("no bound is claimed")
        assert "\n" not in reason
    assert unbounded.refused(RULES["equal"], Setting()) == "", "where a bound is claimed, none is refused"
