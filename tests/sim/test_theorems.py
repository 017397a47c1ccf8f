"""What must hold exactly: donors without motive or friction, the bound with its certificate, the coverage curve.

The rows of ``tests/VALIDATION.md`` are named T5, T6 and T7.
"""

import itertools
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.worlds import plain_parameters, scenario, worlds
from possible import possible, under
from scipy.optimize import brentq, linprog

from donorlab.experiments.validation.coverage_curve import (
    LENGTH,
    MOMENTS,
    SIGHT,
    by_equation,
    by_task,
    coverage,
    tolerance,
)
from donorlab.sim import CoordinationModel, Scenario, baseline, certificate, simulate
from donorlab.sim.architectures import architecture_names
from donorlab.sim.optimum import solve_bound
from donorlab.sim.setup import yearly_budgets
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


# --- T6: the bound -------------------------------------------------------------------------------------------


def task_prices(world, land):
    """Lowest attainable price of a task: a share of the fixed cost of the largest project on top."""
    return land.task_price + world.parameters.fixed_cost / world.parameters.project_tasks_maximum


def marginal_tasks(base, prices, quarter, length):
    """Value per EUR and price of every task that is open in the bound's start of a quarter."""
    land = base.land
    start = np.minimum(length, land.initial_count + base.own_counts[quarter - 1])
    weight = np.outer(land.state_weight, land.pillar_weight)
    level = float((weight * land.value[start]).sum())
    rows = [
        (weight[j, k] * (land.value[c + 1] - land.value[c]) / prices[j], prices[j])
        for j, k in np.ndindex(start.shape)
        for c in range(start[j, k], length)
    ]
    return level, np.array(rows).reshape(-1, 2)


def check_certificate(world, base, quarter):
    p = world.parameters
    proof = certificate(world, base, quarter)
    money = yearly_budgets(world).sum() / 4 * min(quarter, p.horizon)
    level, tasks = marginal_tasks(base, task_prices(world, base.land), quarter, p.tasks_per_pillar)
    ratio, price = tasks[:, 0], tasks[:, 1]
    scale = NEAR * max(1.0, proof.primal)
    assert proof.dual == pytest.approx(proof.primal, rel=NEAR)
    assert proof.dual == pytest.approx(
        level + proof.price * money + (price * np.maximum(0, ratio - proof.price)).sum(), rel=NEAR
    )
    assert base.welfare_bound[quarter - 1] == pytest.approx(proof.primal, rel=NEAR)
    # all tasks above lambda are filled and paid for, none below is touched
    above, at_least = ratio > proof.price * (1 + NEAR), ratio >= proof.price * (1 - NEAR)
    assert price[above].sum() <= money + NEAR * max(1, money)
    if proof.price > 0:
        assert price[at_least].sum() >= money - NEAR * max(1, money)
    else:
        assert price.sum() <= money + NEAR
    order = np.argsort(-ratio, kind="stable")
    share = np.clip((money - (np.cumsum(price[order]) - price[order])) / price[order], 0, 1)
    assert proof.primal == pytest.approx(level + (share * (ratio * price)[order]).sum(), abs=scale)


@pytest.mark.parametrize("name", ["toy", "synthetic", "world"])
def test_t6_certificate_holds_in_every_quarter(name, request):
    world = request.getfixturevalue(name)
    base = baseline(world, 1)
    for quarter in range(1, world.parameters.quarters + 1):
        check_certificate(world, base, quarter)
    assert (np.abs(base.gap) <= NEAR).all()
    assert (np.diff(base.welfare_bound) >= -NEAR).all()


@settings(max_examples=100)
@given(world=worlds(), seed=st.integers(0, 2**32 - 1))
def test_t6_certificate_holds_on_drawn_worlds(world, seed):
    base = baseline(world, seed)
    for quarter in range(1, world.parameters.quarters + 1):
        check_certificate(world, base, quarter)


def check_bound(result):
    steps = result.steps
    assert (steps.welfare <= steps.welfare_bound * (1 + NEAR)).all()
    assert (steps.welfare_no_aid <= steps.welfare_bound * (1 + NEAR)).all()
    assert not result.outcomes["efficiency"] > 1 + NEAR
    assert not result.outcomes["path_efficiency"] > 1 + NEAR


@settings(max_examples=150)
@given(world=worlds(), seed=st.integers(0, 2**32 - 1))
def test_t6_no_architecture_exceeds_the_bound_on_drawn_worlds(world, seed):
    base = baseline(world, seed)
    for name in architecture_names():
        made = under(world, name)
        if not possible(made):
            continue
        result = simulate(made, seed)
        check_bound(result)
        for path in ("welfare_bound", "welfare_none", "price", "own_counts"):
            np.testing.assert_array_equal(getattr(result.baseline, path), getattr(base, path))


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("friction", [{}, {"failure": 0.35, "lapse": 0.03}, {"observation_probability": 1.0,
                         "motive_political": 0.0, "fixed_cost": 0.0, "relation_cost": 0.0}])  # fmt: skip
def test_t6_no_architecture_exceeds_the_bound_on_the_world(world, seed, friction):
    for name in architecture_names():
        check_bound(simulate(under(world, name).replace(**friction), seed))


@pytest.mark.parametrize("name", ["toy", "synthetic", "world"])
def test_t6_without_money_the_bound_is_the_run_without_aid(name, request):
    world = request.getfixturevalue(name).replace(money=0.0)
    result = simulate(world, 1)
    base = result.baseline
    np.testing.assert_allclose(base.welfare_bound, base.welfare_none, rtol=1e-14)
    np.testing.assert_array_equal(result._model.record.numbers[:, 0], base.welfare_none)


@settings(max_examples=100)
@given(world=worlds(), seed=st.integers(0, 2**32 - 1))
def test_t6_without_money_the_bound_is_the_run_without_aid_on_drawn_worlds(world, seed):
    base = baseline(world.replace(money=0.0), seed)
    np.testing.assert_allclose(base.welfare_bound, base.welfare_none, rtol=1e-14)
    model = CoordinationModel(world.replace(money=0.0), rng=seed).run()
    np.testing.assert_array_equal(model.record.numbers[:, 0], base.welfare_none)


@pytest.mark.parametrize(
    "name",
    [
        "toy",
        "synthetic",
        "world",
    ],
)
def test_without_money_efficiency_is_not_a_number(name, request):
    for seed in (1, 2, 3):
        outcomes = simulate(request.getfixturevalue(name).replace(money=0.0), seed).outcomes
        assert math.isnan(outcomes["efficiency"])
        assert math.isnan(outcomes["path_efficiency"])


def tiny(seed, concavities=(1.5, 2.0, 3.0)):
    """A world in which every purchase can be listed, and some quarter in which money is short."""
    rng = np.random.default_rng(seed)
    n_states, n_pillars = [(1, 1), (2, 1), (1, 2), (2, 2), (3, 1)][seed % 5]
    length, price = int(rng.integers(2, 4)), float(rng.choice([0.25, 0.3, 1.0]))
    return scenario(
        score=rng.choice([0.0, 0.4, 0.7], size=(n_states, n_pillars)).tolist(),
        users=rng.choice([0.3, 1.0, 1.0, 4.0], size=n_states).tolist(),
        mandate=[[1 / n_pillars] * n_pillars],
        skill=[[1.0]],
        mix=[[1.0]] * n_pillars,
        pillar_weights=rng.choice([1.0, 2.0], size=n_pillars).tolist(),
        budget=[1.0],
        donor_ids=["D"],
        state_ids=[f"S{j}" for j in range(n_states)],
        parameters=plain_parameters(
            money=float(rng.uniform(0.2, 1.2)) * n_states * n_pillars * length * price,
            user_weight_exponent=float(rng.choice([0.0, 0.5, 1.0])),
            value_concavity=float(rng.choice(concavities)),
            tasks_per_pillar=length,
            task_cost=price,
            task_cost_users_exponent=float(rng.choice([0.0, 0.5])),
            project_tasks_maximum=int(rng.integers(1, 4)),
            fixed_cost=float(rng.choice([0.0, 0.1])),
            own_effort=float(rng.choice([0.0, 0.05])),
            horizon=4,
            wind_down=1,
        ),
    )


def best_integer_plan(world, base, quarter, money):
    """Highest welfare of any whole number of tasks that money buys, with the fixed cost of every project."""
    land, p = base.land, world.parameters
    start = np.minimum(p.tasks_per_pillar, land.initial_count + base.own_counts[quarter - 1])
    weight = np.outer(land.state_weight, land.pillar_weight)
    best = -np.inf
    for bought in itertools.product(*(range(p.tasks_per_pillar - c + 1) for c in start.ravel())):
        extra = np.array(bought).reshape(start.shape)
        projects = np.ceil(extra / p.project_tasks_maximum).sum()
        if (extra * land.task_price[:, None]).sum() + projects * p.fixed_cost <= money + 1e-12:
            best = max(best, float((weight * land.value[start + extra]).sum()))
    return best


@pytest.mark.parametrize(
    "concavities",
    [
        (1.5, 2.0, 3.0),
        (1.0,),
    ],
)
def test_t6_bound_against_every_purchase_and_a_linear_program(concavities):
    reached, short = 0, 0
    for seed in range(200):
        world = tiny(seed, concavities)
        base = baseline(world, seed)
        quarter = 1 + seed % world.parameters.quarters
        money = world.parameters.money / 4 * min(quarter, world.parameters.horizon)
        bound = base.welfare_bound[quarter - 1]
        level, tasks = marginal_tasks(base, task_prices(world, base.land), quarter, world.parameters.tasks_per_pillar)
        plan = best_integer_plan(world, base, quarter, money)
        assert plan <= bound * (1 + NEAR)
        reached += plan > bound * (1 - NEAR)
        short += tasks[:, 1].sum() > money
        if len(tasks):
            solved = linprog(-tasks[:, 0] * tasks[:, 1], A_ub=[tasks[:, 1]], b_ub=[money], bounds=(0, 1))
            level -= solved.fun
        assert bound == pytest.approx(level, rel=NEAR)
    assert 10 <= reached <= 190, "the worlds must hold both plans that reach the bound and plans that do not"
    assert short >= 100


@given(
    money=st.floats(0, 30), guess=st.floats(1e-6, 1e3), seed=st.integers(0, 1000), states=st.integers(1, 6),
    concavity=st.sampled_from((1.5, 2.0, 4.0)),
)  # fmt: skip
def test_t6_the_guess_of_the_search_does_not_matter(money, guess, seed, states, concavity):
    rng = np.random.default_rng(seed)
    value = 1 - (1 - np.arange(9) / 8) ** concavity
    start = rng.integers(0, 9, size=(states, 2))
    weight, cost = rng.choice([0.5, 1.0, 7.0], size=(states, 2)), rng.choice([0.2, 1.0, 1.0], size=states)
    primal, dual, _ = solve_bound(start, weight, value, cost, money, 0.0)
    again = solve_bound(start, weight, value, cost, money, guess)
    assert (primal, dual) == pytest.approx(again[:2], rel=NEAR)
    assert dual == pytest.approx(primal, rel=NEAR)


WORTHLESS = """
import numpy as np
from donorlab.scenarios import load
from donorlab.sim import baseline
base = baseline(load("toy").replace(pillar_weights=np.array([1.0, 0.0]), money=1.2), 1)
assert (np.abs(base.gap) < 1e-9).all() and base.price[-1] == 0
"""


def test_t6_a_pillar_worth_nothing_has_a_bound():
    """Money is left when all tasks of value are bought, but not enough for those without."""
    subprocess.run([sys.executable, "-c", WORTHLESS], check=True, timeout=120, capture_output=True)


def test_harmful_aid_has_a_negative_efficiency(toy):
    """A hundred small projects whose oversight eats the administration that own reform would have used."""
    harmful = toy.replace(
        own_effort=0.8, crowding_out=0.5, oversight_per_project=0.5, presence_oversight=1.0, room_floor=0.02, lapse=0.03
    )
    for seed in (1, 2, 3):
        result = simulate(harmful, seed)
        assert result.outcomes["efficiency"] < 0, "never clipped"
        assert result.outcomes["welfare"] < result.outcomes["welfare_no_aid"]
        check_bound(result)


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
