"""Credit in the engine: what donors want under each rule, and what they are credited with at the end."""

import numpy as np
import pytest

from donorlab.scenarios import load
from donorlab.scenarios.byhand import plain_parameters, scenario
from donorlab.sim import CoordinationModel, simulate
from donorlab.sim.credit import RULES
from donorlab.sim.mechanisms.wants import credited_gain
from donorlab.sim.outcomes.credited import realised_credit
from donorlab.sim.scenario import Parameters
from donorlab.sim.value import value_table

BOUNDED = [name for name, rule in RULES.items() if rule.bounded]


def gain_in_the_game(rule, base, others, n, value):
    """Credit of a donor with n tasks of its own minus that with none, where each other holds one task."""
    taken = np.zeros((others + 1, len(value) - 1), dtype=bool)
    for i in range(others):
        taken[i + 1, i] = True
    before = rule(taken, np.ones(others + 1), np.pad(value[base:] - value[base], (0, base), mode="edge"))[0]
    taken[0, others : others + n] = True
    spent = np.ones(others + 1)
    spent[0] = n
    after = rule(taken, spent, np.pad(value[base:] - value[base], (0, base), mode="edge"))[0]
    return after - before


@pytest.mark.parametrize("name", ["equal", "by_eur", "gairing", "shapley", "relative_impact"])
@pytest.mark.parametrize("concavity", [1.0, 2.0, 3.0])
def test_the_planner_is_paid_what_the_game_pays(name, concavity):
    """Alone, with one rival, with two (three donors), and with four."""
    value = value_table(12, concavity)
    rule = RULES[name]
    for base in (0, 3):
        for others in (0, 1, 2, 4):
            for n in (1, 2, 3):
                found = credited_gain(n, base + others, base, rule.kind, value)
                assert found == pytest.approx(gain_in_the_game(rule, base, others, n, value), rel=1e-9)


def test_relative_impact_sets_rivals_back():
    value = value_table(12, 3.0)
    kind = RULES["relative_impact"].kind
    # own minus the others' credit, after less before
    for others in (0, 1, 4):
        for n in (1, 2, 3):
            together, before = value[others + n], value[others]
            wanted = together * (n - others) / (n + others) + before
            assert credited_gain(n, others, 0, kind, value) == pytest.approx(wanted, rel=1e-12)
            assert wanted <= 2.0 * value[n] + 1e-12  # what the planner's first look relies on
    assert credited_gain(2, 1, 0, kind, value) > value[3] - value[1]  # more than is gained: a rival is set back


def test_shapley_and_equal_want_the_same_where_value_is_quadratic():
    value = value_table(48, 2.0)
    for base, others, n in ((0, 5, 2), (10, 3, 3), (20, 20, 1)):
        equal = credited_gain(n, base + others, base, RULES["equal"].kind, value)
        assert credited_gain(n, base + others, base, RULES["shapley"].kind, value) == pytest.approx(equal, rel=1e-9)


@pytest.mark.parametrize("name", ["none", *RULES])
def test_every_rule_runs_in_the_engine(name):
    if name == "equal_per_cell":
        pytest.skip("no rule of the engine: a donor could not tell how many are present")
    world = load("toy", ["architecture=umbrella", f"credit={name}"])
    assert np.isfinite(simulate(world, seed=1).outcomes["efficiency"])


def test_what_is_credited_is_what_was_gained_together():
    result = simulate(load("toy"), seed=2)
    state, land = result.model.state, result.model.land
    count = np.vectorize(lambda word: int(word).bit_count())
    gain = land.value[count(state.standing)] - land.value[count(state.standing & ~state.funded)]
    together = float((np.outer(state.state_weight, land.pillar_weight) * gain).sum())
    assert together > 0
    for name in ("equal", "by_eur", "shapley"):
        assert realised_credit(result.model, name).sum() == pytest.approx(together, rel=1e-9)
    for name in BOUNDED:
        assert realised_credit(result.model, name).sum() <= together + 1e-9
    assert result.donors["credited_welfare"].sum() == pytest.approx(together, rel=1e-9)


def test_a_donor_that_wants_relative_impact_follows_its_rival():
    # two states alike; the rival has covered one task of the first: credit by relative impact draws there, need does not
    def choice(rule):
        world = scenario(
            score=[[0.0], [0.0]],
            mandate=[[1.0], [1.0]],
            skill=[[1.0], [1.0]],
            mix=[[1.0]],
            budget=[8.0, 16.0],
            donor_ids=["A", "B"],
            state_ids=["X", "Y"],
            affinity=[[1.0, 0.0], [1.0, 1.0]],
            motives=[[0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]],
            architecture="credit",
            parameters=plain_parameters(
                money=24.0, planning_slots=0, credit=rule, tasks_per_pillar=8, value_concavity=3.0,
                project_tasks_minimum=1, project_tasks_maximum=3, pace=0.01, horizon=1, fixed_cost=0.5,
            ),
        )  # fmt: skip
        for seed in range(1, 40):  # the rival plans first
            model = CoordinationModel(world, rng=seed)
            model.step()
            rows = model.state.ledger.whole[: model.state.ledger.size]
            if len(rows) > 1 and rows[0, 0] == 0:
                return [int(row[1]) for row in rows if row[0] == 1]
        raise AssertionError("the rival never planned first")

    assert Parameters(**plain_parameters(credit="relative_impact")).credit == "relative_impact"
    assert choice("equal")[0] == 1  # nobody is there yet
    assert choice("marginal")[0] == 1
    assert choice("relative_impact")[0] == 0
