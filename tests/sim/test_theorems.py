"""What must hold exactly: donors without motive or friction, and the coverage curve.

The rows of ``tests/VALIDATION.md`` are named T5 and T7.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.worlds import plain_parameters, scenario
from scipy.optimize import brentq

from donorlab.experiments.validation.coverage_curve import (
    LENGTH,
    MOMENTS,
    SIGHT,
    by_equation,
    by_task,
    coverage,
    tolerance,
)
from donorlab.sim import Scenario, simulate
from donorlab.sim.value import bit_counts

NEAR = 1e-9


def counts(words):
    return bit_counts(words.ravel()).reshape(words.shape)


# --- T5: no motive, no friction ------------------------------------------------------------------------------


@st.composite
def frictionless(draw, one_price: bool) -> Scenario:
    """Donors that follow need alone, see every plan, plan one after the other and pay the task price only."""
    n_donors, n_states, n_pillars = draw(st.integers(1, 5)), draw(st.integers(1, 5)), draw(st.integers(1, 3))
    price, quarters = draw(st.sampled_from((1.0, 0.25, 0.3))), draw(st.integers(1, 6))
    if one_price:
        budget = [4 * price * draw(st.integers(0, 4)) for _ in range(n_donors)]
    else:
        budget = [draw(st.floats(0.1, 16)) * price for _ in range(n_donors)]
    users = draw(st.lists(st.floats(0.05, 20), min_size=n_states, max_size=n_states, unique=True))
    return scenario(
        score=[[draw(st.sampled_from((0.0, 0.25, 0.5, 1.0))) for _ in range(n_pillars)] for _ in range(n_states)],
        users=users,
        mandate=[[1 / n_pillars] * n_pillars] * n_donors,
        skill=[[0.5, 0.5]] * n_donors,
        mix=[[0.5, 0.5]] * n_pillars,
        pillar_weights=[1.0, 1.37, 2.21][:n_pillars],
        budget=budget,
        donor_ids=[f"D{d}" for d in range(n_donors)],
        state_ids=[f"S{j}" for j in range(n_states)],
        parameters=plain_parameters(
            money=sum(budget),
            user_weight_exponent=0.5,
            value_concavity=draw(st.sampled_from((1.5, 2.0, 3.0))),
            tasks_per_pillar=8,
            task_cost=price,
            task_cost_users_exponent=0.0 if one_price else draw(st.sampled_from((0.15, 0.5, 1.0))),
            project_tasks_maximum=draw(st.sampled_from((1, 3))),
            planning_slots=0,
            administration_intercept=1e6,
            pace=100.0,
            horizon=quarters,
        ),
    )


def best_first(base, price, money):
    """Buy whole tasks one by one, the highest value per EUR first, while the next can be paid; return the counts."""
    land = base.land
    weight = np.outer(land.state_weight, land.pillar_weight)
    found = land.initial_count.copy()
    gain = np.append(np.diff(land.value), 0.0)
    while True:
        ratio = weight * gain[found] / price[:, None]
        j, k = np.unravel_index(int(np.argmax(ratio)), ratio.shape)
        if ratio[j, k] <= 0 or price[j] > money + NEAR:
            return found
        found[j, k] += 1
        money -= price[j]


@settings(max_examples=150)
@given(world=frictionless(one_price=True), seed=st.integers(0, 2**32 - 1))
def test_t5a_with_one_task_price_donors_buy_what_the_optimum_buys(world, seed):
    result = simulate(world, seed)
    model, base = result._model, result.baseline
    money = world.parameters.money / 4 * world.parameters.horizon
    np.testing.assert_array_equal(counts(model.state.standing), best_first(base, base.land.task_price, money))
    assert result.outcomes["welfare"] == pytest.approx(result.outcomes["welfare_bound"], rel=NEAR)
    if result.outcomes["projects"]:
        assert result.outcomes["duplication_share"] == 0
        assert (result.projects.tasks == 1).all()


@settings(max_examples=150)
@given(world=frictionless(one_price=False), seed=st.integers(0, 2**32 - 1))
def test_t5b_otherwise_the_loss_is_at_most_one_task_per_donor(world, seed):
    result = simulate(world, seed)
    model, base = result._model, result.baseline
    land = base.land
    loss = result.outcomes["welfare_bound"] - result.outcomes["welfare"]
    gain = np.append(np.diff(land.value), 0.0)
    weight = np.outer(land.state_weight, land.pillar_weight)

    def best_ratio(count):
        return (weight * gain[count] / land.task_price[:, None]).max()

    spenders = int((model.giving.budget > 0).sum())
    rounding = NEAR * result.outcomes["welfare_bound"]
    assert loss <= spenders * land.task_price.max() * best_ratio(land.initial_count) + rounding
    # sharper: what is lost is what the cash at hand would still buy, and no donor holds the price of a task
    final = counts(model.state.standing)
    assert loss <= best_ratio(final) * model.state.cash.sum() + rounding
    if (final < world.parameters.tasks_per_pillar).any():
        assert (model.state.cash < land.task_price.max() + NEAR).all()
    if result.outcomes["projects"]:
        assert result.outcomes["duplication_share"] == 0


# --- T7: the coverage curve ----------------------------------------------------------------------------------


def by_closed_form(q, s):
    """Solve s = sum_j (-1)^j prod_{i=1..j} (1 - r^i) tau^(j+1) / (j+1)!, tau = -ln(1 - f), for f."""
    r = 1 - q

    def effort(f):
        tau, total, term = -math.log(1 - f), 0.0, 1.0
        for j in range(400):
            term *= tau / (j + 1)
            total += term
            term *= -(1 - r ** (j + 1))
        return total

    return brentq(lambda f: effort(f) - s, 1e-12, 1 - 1e-6)


@pytest.mark.parametrize("q", [0.0, 0.3, 0.6])
def test_t7_closed_form_and_equation_agree(q):
    for s in (0.25, 0.5, 1.0):
        assert by_closed_form(q, s) == pytest.approx(by_equation(q, s), abs=1e-6)
    assert by_equation(0.0, 1.0) == pytest.approx(1 - math.exp(-1), abs=1e-6)


CELLS, RUNS = 10, 12


@pytest.mark.parametrize("ignorance", ["project", "task"])
@pytest.mark.parametrize("q", SIGHT)
def test_t7_coverage_follows_the_curve(q, ignorance):
    found = coverage(CELLS, 2 * LENGTH, q, ignorance, RUNS)
    curve = by_equation if ignorance == "project" else by_task
    for s in MOMENTS:
        f = curve(q, s)
        assert found[int(s * LENGTH)].mean() == pytest.approx(f, abs=tolerance(f, CELLS * RUNS)), f"s = {s}"
    assert (np.diff(found, axis=0) >= 0).all()


def test_t7_the_two_kinds_of_ignorance_are_told_apart():
    project, task = by_equation(0.6, 1.5), by_task(0.6, 1.5)
    assert (project, task) == (pytest.approx(0.934, abs=5e-4), pytest.approx(0.908, abs=5e-4))
    for f, other, ignorance in ((project, task, "project"), (task, project, "task")):
        mean = coverage(CELLS, 2 * LENGTH, 0.6, ignorance, RUNS)[90].mean()
        assert mean == pytest.approx(f, abs=tolerance(f, CELLS * RUNS))
        assert abs(mean - f) < abs(mean - other)


def test_t7_a_finite_list_has_its_exact_value():
    """63 blind purchases of 60 tasks cover 1 - (59/60)^63 = .6531 on average; the limit of long lists gives .6501."""
    exact = 1 - (1 - 1 / LENGTH) ** 63
    found = coverage(100, 63, 0.0, "project", 25)[63]
    error = found.std(ddof=1) / math.sqrt(len(found))
    assert exact == pytest.approx(0.6531, abs=5e-5)
    assert 3 * error < exact - (1 - math.exp(-1.05)), "too few cells to tell the two values apart"
    assert found.mean() == pytest.approx(exact, abs=3 * error)
