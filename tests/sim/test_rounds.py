"""Rounds of live models as games: against the games themselves, against what stands before and after, and by hand."""

import dataclasses
import itertools

import numpy as np
import pytest
from oracle.worlds import plain_parameters, scenario

from donorlab.experiments.validation.games import WatchedModel, rounds_of
from donorlab.scenarios import load
from donorlab.sim import CoordinationModel
from donorlab.sim.credit import RULES, BoundNotClaimed, equal_shares
from donorlab.sim.game import game_from_lists, tables
from donorlab.sim.rounds import Round, game_of
from donorlab.sim.scenario import ScenarioError
from donorlab.sim.state import BENEFICIARY, PILLAR, TASKS

NEAR = 1e-9


def tiny(seed):
    """A world whose rounds can be enumerated: two states, one pillar of three tasks, two or three donors."""
    rng = np.random.default_rng(seed)
    donors = int(rng.integers(2, 4))
    return scenario(
        score=[[0.0], [0.34]],
        users=rng.choice([0.5, 1.0, 3.0], size=2).tolist(),
        mandate=[[1.0]] * donors,
        skill=[[1.0]] * donors,
        mix=[[1.0]],
        budget=rng.choice([2.0, 5.0, 8.0], size=donors).tolist(),
        donor_ids=[f"D{d}" for d in range(donors)],
        state_ids=["S0", "S1"],
        parameters=plain_parameters(
            money=float(rng.uniform(4.0, 12.0)),
            user_weight_exponent=0.5,
            value_concavity=float(rng.choice([1.5, 2.0, 4.0])),
            tasks_per_pillar=3,
            task_cost=0.5,
            project_tasks_maximum=int(rng.integers(1, 3)),
            fixed_cost=float(rng.choice([0.0, 0.2])),
            relation_cost=float(rng.choice([0.0, 0.2])),
            observation_probability=float(rng.choice([0.0, 0.5, 1.0])),
            planning_slots=1,
            horizon=3,
            wind_down=0,
        ),
    )


class Enumerated(WatchedModel):
    """Keeps the game of each round beside the round itself."""

    def plan(self):
        self.games = [*getattr(self, "games", []), game_of(self)]
        super().plan()


def test_played_rounds_agree_with_their_games_and_their_bounds_lie_above():
    """W and credit are the game's own; W* and regrets from above are above what enumeration finds."""
    looked_at = shared = 0
    for seed in range(25):
        model = Enumerated(tiny(seed), rng=seed)
        model.run()
        for played, game in zip(model.rounds, model.games, strict=True):
            profile = game.index_of(played.taken.reshape(len(played.cash), -1))
            looked_at += bool(played.taken.any())
            shared += int(np.bitwise_and.reduce(played.taken[:2], axis=0).any())
            np.testing.assert_allclose(played.gained, game.gained, atol=NEAR)
            for name in ("marginal", "equal", "gairing", "by_eur", "shapley"):
                table = tables(game, RULES[name])
                assert played.welfare() == pytest.approx(table.welfare[profile], abs=NEAR)
                assert played.optimum_above() >= table.optimum - NEAR
                where = (slice(None), *profile)
                if name != "by_eur":  # the game's EUR are the least that the tasks could cost
                    np.testing.assert_allclose(played.payoffs(RULES[name]), table.payoff[where], atol=NEAR)
                if name in ("marginal", "equal", "gairing"):
                    above = played.regrets_above(RULES[name])
                    assert (above >= table.regrets()[where] - NEAR).all()
                    assert played.welfare() >= played.floor(RULES[name]) - NEAR
    assert looked_at >= 25, "rounds must hold contracts"
    assert shared >= 5, "and tasks that two donors take"


def test_regrets_from_above_are_exact_where_nothing_is_fractional():
    """One price, no fixed cost, whole budgets: the relaxation of a best reply is a best reply (marginal credit)."""
    exact = 0
    for seed in range(10):
        world = tiny(seed).replace(fixed_cost=0.0, relation_cost=0.0, task_cost=1.0, task_cost_users_exponent=0.0)
        world = world.replace(money=4.0 * 2 * len(world.donors.ids), donors=dataclasses.replace(
            world.donors, **{f"budget_{at}": np.full(world.donors.count, 8.0) for at in ("low", "central", "high")}
        ))  # fmt: skip
        model = Enumerated(world, rng=seed)
        model.step()
        played, game = model.rounds[0], model.games[0]
        table = tables(game, RULES["marginal"])
        where = (slice(None), *game.index_of(played.taken.reshape(len(played.cash), -1)))
        np.testing.assert_allclose(played.regrets_above(RULES["marginal"]), table.regrets()[where], atol=NEAR)
        exact += 1
    assert exact == 10


def test_watching_changes_nothing(toy):
    model = CoordinationModel(toy, rng=2).run()
    watched = WatchedModel(toy, rng=2).run()
    np.testing.assert_array_equal(model.state.standing, watched.state.standing)
    assert len(watched.rounds) == toy.parameters.quarters
    spent = sum(float(played.spent.sum()) for played in watched.rounds)
    assert spent == pytest.approx(model.state.ledger.reals[: model.state.ledger.size, 0].sum())


def test_rounds_refuse_what_they_cannot_answer(toy):
    played = rounds_of(toy, 1)[0]
    with pytest.raises(ScenarioError, match="no best reply is known for the credit rule 'shapley'"):
        played.regrets_above(RULES["shapley"])
    with pytest.raises(BoundNotClaimed, match="equal_per_cell"):
        played.floor(RULES["equal_per_cell"])
    conditional = rounds_of(toy.replace(architecture="conditional"), 1)[0]
    with pytest.raises(BoundNotClaimed, match="conditionality"):
        conditional.floor(RULES["equal"])
    model = CoordinationModel(toy, rng=1)
    with pytest.raises(ScenarioError, match="open tasks"):
        game_of(model)


# --- what a round gained -------------------------------------------------------------------------------------


class Compared(WatchedModel):
    """Keeps, beside each round, the welfare of all that stands or is contracted, before the round and after."""

    def level(self):
        state, land = self.state, self.land
        total = 0.0
        for (j, k), word in np.ndenumerate(state.standing | state.known[-1]):
            total += state.state_weight[j] * land.pillar_weight[k] * land.value[int(word).bit_count()]
        return total

    def plan(self):
        before = self.level()
        super().plan()
        self.changes_of_level = [*getattr(self, "changes_of_level", []), self.level() - before]


@pytest.mark.parametrize(("name", "change"), [("toy", {"observation_probability": 0.0, "money": 4.0}), ("world", {})])
def test_welfare_of_a_round_is_the_difference_between_before_and_after(name, change):
    """Nothing is counted that stood or was in a live project, however often it is contracted again."""
    model = Compared(load(name).replace(**change), rng=1)
    again = 0
    while model.quarter < model.parameters.quarters:
        first = model.state.ledger.size
        before = model.state.standing | model.state.known[-1]
        model.step()
        whole, words = model.state.ledger.whole, model.state.ledger.words
        for row in range(first, model.state.ledger.size):
            j, k = whole[row, [BENEFICIARY, PILLAR]]
            again += int(words[row, TASKS] & before[j, k]).bit_count()
        played = model.rounds[-1]
        assert not (played.taken & before).any()
        assert (played.start == np.bitwise_count(before)).all()
        assert played.welfare() == pytest.approx(model.changes_of_level[-1], rel=NEAR, abs=NEAR)
    assert again >= 10, "tasks must be contracted that stood or were live"
    assert sum(played.welfare() for played in model.rounds) > 0.1


# --- what is closed, what is own, what a relation costs ------------------------------------------------------


def two_states(donor_ids=("D0", "D1"), **changes):
    """Two states with one pillar of three tasks worth 1 EUR m each, and two donors."""
    return scenario(
        score=[[0.0], [0.0]], users=[1.0, 1.0], mandate=[[1.0]] * 2, skill=[[1.0]] * 2, mix=[[1.0]],
        budget=[8.0, 8.0], donor_ids=list(donor_ids), state_ids=["S0", "S1"],
        parameters=plain_parameters(**{"money": 16.0, "tasks_per_pillar": 3, "horizon": 4} | changes),
    )  # fmt: skip


def about_to_plan(world, quarter=1):
    """A model at the moment when its donors begin to plan."""
    model = Enumerated(world, rng=1)
    for _ in range(quarter - 1):
        model.step()
    model._begin()
    model.appropriate()
    model.observe()
    return model


def actions_of(game, donor):
    """Return the sets of tasks that a donor can take, as tuples of words."""
    return {tuple(map(int, row)) for row in game.words[game.first[donor] : game.first[donor + 1]]}


def test_a_closed_queue_is_no_part_of_the_round():
    """S0 has work for more quarters than the limit; what is left is S1, of which 2 EUR m buy two tasks of three."""
    model = about_to_plan(two_states(money=8.0))
    model.state.closed[0] = True
    model.plan()
    played, game = model.rounds[-1], model.games[-1]
    assert played.weight.tolist() == [[0.0], [1.0]]
    assert played.optimum_above() == pytest.approx(1 - (1 / 3) ** 2)
    assert not game.words[:, 0].any()
    table = tables(game, RULES["marginal"])
    assert played.optimum_above() == pytest.approx(table.optimum)
    where = (slice(None), *game.index_of(played.taken.reshape(2, -1)))
    np.testing.assert_allclose(played.regrets_above(RULES["marginal"]), table.regrets()[where], atol=NEAR)
    assert played.welfare() == pytest.approx(table.welfare[where[1:]])


def test_queues_close_by_themselves_in_a_run():
    """Administration for a quarter of a task a quarter, and a limit of two quarters."""
    world = two_states(administration_intercept=0.25, queue_limit=2.0, tasks_per_pillar=4)
    model = about_to_plan(world)
    model.plan()
    shut = 0
    for _ in range(3):
        model.contract()
        model.deliver()
        model.evolve()
        model._begin()
        model.appropriate()
        closed = model.state.closed.copy()
        model.plan()
        played = model.rounds[-1]
        shut += int(closed.sum())
        assert (played.weight[closed] == 0).all()
        assert (played.weight[~closed] > 0).all()
        assert not played.taken[:, closed].any()
        assert not model.games[-1].words[:, closed].any()
    assert shut >= 2


def test_a_donor_that_is_a_beneficiary_has_no_action_at_home():
    game = game_of(about_to_plan(two_states(donor_ids=("D0", "S1"))))
    assert {word[1] for word in actions_of(game, 0)} == set(range(7))
    assert {word[1] for word in actions_of(game, 1)} == {0}
    assert {word[0] for word in actions_of(game, 1)} >= {1, 2, 4}


def test_a_donor_that_stays_away_has_no_action_there():
    model = about_to_plan(two_states())
    model.state.shun_until = np.array([[0, 1], [0, 0]], dtype=np.int32)
    game = game_of(model)
    assert {word[1] for word in actions_of(game, 0)} == {0}
    assert {word[1] for word in actions_of(game, 1)} == set(range(7))


def test_a_relation_cost_forbids_what_cash_cannot_pay_on_top():
    """2 EUR m pay for a task and a relation of 0.75, not for two; where a donor has a project, for two."""
    model = about_to_plan(two_states(relation_cost=0.75))
    assert model.state.cash.tolist() == [2.0, 2.0]
    one = {(0, 0), (1, 0), (2, 0), (4, 0), (0, 1), (0, 2), (0, 4)}
    assert actions_of(game_of(model), 0) == one
    model.state.own_running[0, 0] = 1
    assert actions_of(game_of(model), 0) == one | {(3, 0), (5, 0), (6, 0)}
    assert actions_of(game_of(model), 1) == one


def test_a_fixed_cost_forbids_what_cash_cannot_pay_on_top():
    """2 EUR m pay for two tasks in projects of one task each, at 0.1 a project, no longer."""
    assert max(sum(w.bit_count() for w in word) for word in actions_of(game_of(about_to_plan(two_states())), 0)) == 2
    dear = game_of(about_to_plan(two_states(fixed_cost=0.1)))
    assert max(sum(w.bit_count() for w in word) for word in actions_of(dear, 0)) == 1


# --- best replies in the relaxation --------------------------------------------------------------------------


def round_of(value, taken, cash, weight=(1.0,)):
    """Return a round of cells of one state each, from empty, at a price of 1; ``taken[d]`` holds a word by cell."""
    words = np.array(taken, dtype=np.uint64).reshape(len(cash), len(weight), 1)
    return Round(
        quarter=1,
        start=np.zeros((len(weight), 1), dtype=np.int64),
        weight=np.array(weight, dtype=np.float64)[:, None],
        value=np.array(value, dtype=np.float64),
        cost=np.ones(len(weight)),
        cash=np.array(cash, dtype=np.float64),
        taken=words,
        spent=np.bitwise_count(words).astype(np.float64),
    )


def best_by_number(played, donor, rule):
    """Best credit of a donor in a single cell by the number of its tasks: all sets are tried."""
    tasks = len(played.value) - 1
    taken = (played.taken.reshape(-1, 1) >> np.arange(tasks, dtype=np.uint64)) & np.uint64(1)
    best = np.zeros(tasks + 1)
    for chosen in itertools.product((False, True), repeat=tasks):
        tried = taken.astype(bool)
        tried[donor] = chosen
        credit = rule(tried, tried.sum(axis=1).astype(float), played.gained[0])[donor]
        best[sum(chosen)] = max(best[sum(chosen)], credit)
    return best


def concave_hull(best):
    """Return the highest chord over each number."""
    found = best.copy()
    for low, high in itertools.combinations(range(len(best)), 2):
        for n in range(low, high + 1):
            found[n] = max(found[n], best[low] + (best[high] - best[low]) * (n - low) / (high - low))
    return np.maximum.accumulate(found)


HALF = dataclasses.replace(RULES["equal"], name="half", shares=lambda n: equal_shares(n) / 2)
TWICE = dataclasses.replace(RULES["equal"], name="twice", shares=lambda n: 2 * equal_shares(n))


@pytest.mark.parametrize(
    "rule", [RULES["marginal"], RULES["equal"], RULES["gairing"], HALF, TWICE], ids=lambda r: r.name
)
def test_regrets_from_above_are_those_of_the_concave_hull(rule):
    """In one cell at one price: the best credit of all sets of so many tasks, made concave, whatever a sole taker gets."""
    rng = np.random.default_rng(7)
    for _ in range(60):
        donors, tasks = int(rng.integers(1, 5)), int(rng.integers(1, 6))
        steps = np.sort(rng.choice([0.0, 0.0, 1.0, 3.0, 10.0], size=tasks))[::-1]
        cash = rng.integers(0, tasks + 2, size=donors)
        played = round_of(np.append(0.0, np.cumsum(steps)), rng.integers(0, 1 << tasks, size=donors), cash)
        best = [concave_hull(best_by_number(played, d, rule))[min(cash[d], tasks)] for d in range(donors)]
        expected = np.maximum(0.0, np.array(best) - played.payoffs(rule))
        np.testing.assert_allclose(played.regrets_above(rule), expected, atol=NEAR)


def test_a_best_credit_that_rises_faster_later_on_is_not_cut_off():
    """Tasks 0 to 2 are the rival's. Alone in the cell, 1, 2, 3, 4 tasks get 3.75, 6, 7.5, 9.375: the last pays most.

    Step by step, the cell's third task (1.5) loses against the other cell's first (1.6), and the fourth is never seen.
    """
    value = [0.0, 10.0, 13.0, 14.0, 15.0, 15.0]
    played = round_of(value, [[0b00000, 0], [0b00111, 0]], [4.0, 3.0], weight=(1.0, 0.16))
    equal = RULES["equal"]
    alone = round_of(value, [0, 0b00111], [5.0, 3.0])
    np.testing.assert_allclose(best_by_number(alone, 0, equal), [0, 3.75, 6, 7.5, 9.375, 10.5])
    sets = [[(word, other) for word in range(32) for other in (0, 1) if word.bit_count() + other <= 4], [(0b00111, 0)]]
    exact = tables(game_from_lists(played.gained, sets), equal).payoff[0].max()
    assert exact == pytest.approx(9.375)
    assert played.regrets_above(equal)[0] >= exact - NEAR


def test_a_kink_of_the_gain_is_no_step_of_the_hull():
    """One task is worth all (gained 0, 1, 1): a second new one adds nothing; beside a rival's it raises the share."""
    equal = RULES["equal"]
    for taken, cash, best in (
        ([0b00, 0b00], 1.0, 1.0), ([0b00, 0b00], 2.0, 1.0), ([0b00, 0b01], 1.0, 0.5), ([0b00, 0b01], 2.0, 0.75),
        ([0b00, 0b11], 1.0, 0.25), ([0b00, 0b11], 2.0, 0.5), ([0b00, 0b01], 0.5, 0.25),
    ):  # fmt: skip
        assert round_of([0.0, 1.0, 1.0], taken, [cash, 2.0]).regrets_above(equal)[0] == pytest.approx(best)


def test_shares_that_rise_with_the_number_of_takers_are_refused():
    rising = dataclasses.replace(RULES["equal"], name="rising", shares=lambda n: np.append(0.0, np.arange(1.0, n + 1)))
    with pytest.raises(ScenarioError, match="no best reply is known for the credit rule 'rising'"):
        round_of([0.0, 1.0], [0, 1], [1.0, 1.0]).regrets_above(rising)
