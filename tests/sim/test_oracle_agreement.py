"""The compiled engine against the plain oracle: every whole number identical, money and welfare to 1e-9."""

import random

import numpy as np
import pytest
from agreement import compare, compare_outcomes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle.design import ARCHITECTURES
from oracle.worlds import NEW, numbered, shown, worlds
from possible import possible

from donorlab.scenarios.byhand import plain_parameters, scenario

WORLDS = range(1000, 1200)  # other numbers than those of each architecture
DRAWN = 60
WORLDS_EACH = 100
OUTCOMES_EACH = 20
GROUP_EACH = 24


@pytest.fixture(scope="module")
def compared():
    """What fragmented worlds show in which engine and oracle were found to agree, under seeds of their own."""
    chance = random.Random(1)
    return [shown(compare(numbered(number, ("fragmented",)), chance.randrange(2**32))) for number in WORLDS]


def test_engine_agrees_with_the_oracle_on_small_worlds(compared):
    assert len(compared) == len(WORLDS)


@settings(max_examples=DRAWN, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(scenario=worlds(), seed=st.integers(0, 2**32 - 1))
def test_engine_agrees_with_the_oracle_on_the_plainest_worlds(scenario, seed):
    """Hypothesis begins with the plainest values, repeats much, and makes what fails as small as it can."""
    compare(scenario, seed)


@pytest.mark.parametrize("architecture", [*ARCHITECTURES])
def test_engine_agrees_with_the_oracle_under_every_architecture(architecture):
    agreed = 0
    for number in range(WORLDS_EACH):
        scenario = numbered(number, (architecture,))
        if not possible(scenario):
            continue
        compare(scenario, seed=number)
        agreed += 1
    assert agreed >= 0.7 * WORLDS_EACH


@pytest.mark.parametrize("architecture", [*ARCHITECTURES])
def test_bound_and_outcomes_agree(architecture):
    agreed = 0
    for number in range(WORLDS_EACH, WORLDS_EACH + OUTCOMES_EACH):
        scenario = numbered(number, (architecture,))
        if not possible(scenario):
            continue
        compare_outcomes(scenario, seed=number)
        agreed += 1
    assert agreed >= 0.6 * OUTCOMES_EACH


@pytest.mark.parametrize("group", sorted(NEW))
def test_engine_agrees_with_the_oracle_on_each_mechanism(group):
    agreed = 0
    for number in range(GROUP_EACH):
        scenario = numbered(number, on=(group,), always=True)
        if not possible(scenario):
            continue
        compare(scenario, seed=number)
        agreed += 1
    assert agreed >= 0.7 * GROUP_EACH


def test_the_worlds_exercise_what_matters(compared):
    """At least half of the worlds hold a duplicate, a queue, a saved budget and an own-effort task, all at once."""
    assert np.mean([one.all for one in compared]) >= 0.5


def test_sizes_of_equal_worth_are_ties_where_value_is_linear():
    """Without fixed cost and with a linear value every size is worth the same per EUR: the smallest must be chosen."""
    for tasks in range(5, 45):
        world = scenario(
            score=[[0.0]] * 2, mandate=[[1.0]], skill=[[1.0]], mix=[[1.0]], budget=[40.0], donor_ids=["D0"],
            state_ids=["S0", "S1"],
            parameters=plain_parameters(
                money=40.0, tasks_per_pillar=tasks, value_concavity=1.0, project_tasks_maximum=3, horizon=2, task_cost=0.3
            ),
        )  # fmt: skip
        run = compare(world, 1)
        assert all(len(project.tasks) == 1 for project in run.projects)
