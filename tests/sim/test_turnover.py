"""4.7 Turnover: what goes out of date, everywhere at once, and what follows from it."""

import dataclasses
import math

import numpy as np
import pytest
from ageing import obsolete, survivors
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracle.worlds import numbered, worlds
from possible import possible, under

from donorlab.scenarios.byhand import plain_parameters, scenario
from donorlab.sim import CoordinationModel, baseline, simulate
from donorlab.sim.architectures import architecture_names
from donorlab.sim.mechanisms.turnover import obsolete_items
from donorlab.sim.state import COMPLETED, DOMESTIC, NEXT, OBSOLETE, PILLAR, REMAINING
from donorlab.sim.value import bit_counts

NEAR = 1e-9


def ageing(world):
    """A drawn world whose items go out of date and whose states grow apart, by its number of states."""
    n = world.beneficiaries.count
    grown = dataclasses.replace(
        world.beneficiaries,
        population_growth=np.linspace(-0.02, 0.04, n),
        internet_share=np.linspace(0.05, 0.99, n),
        internet_share_rate=np.linspace(0.5, 0.0, n),
    )
    return world.replace(beneficiaries=grown, user_growth=1.0, turnover=0.06)


def test_items_are_drawn_at_the_rate(toy):
    p, hits, draws = toy.replace(turnover=0.03).parameters, 0, 0
    for seed in range(60):
        for quarter in range(1, 17):
            found = [int(obsolete_items(seed, quarter, k, 12, 0.03)) for k in range(2)]
            assert found == obsolete(p, seed, quarter, 2)
            hits, draws = hits + sum(word.bit_count() for word in found), draws + 24
    assert abs(hits - 0.03 * draws) < 4 * math.sqrt(0.03 * 0.97 * draws)


def test_what_is_obsolete_stands_nowhere_and_nothing_else_is_touched(synthetic):
    model = CoordinationModel(synthetic.replace(turnover=0.02, failure=0.2, lapse=0.03), rng=3)
    phases, seen = model.phases, []

    def watched(inner, quarter):
        state, ledger = inner.state, inner.state.ledger
        before = {name: getattr(state, name).copy() for name in ("standing", "funded", "owner", "deadline")}
        projects = [array[: ledger.size].copy() for array in (ledger.whole, ledger.words, ledger.reals)]
        money, worked = state.cash.copy(), state.undelivered.copy()
        phases_turnover(inner, quarter)
        gone = np.array(obsolete(inner.parameters, inner.seed, quarter, len(inner.inputs.pillars)), dtype=np.uint64)
        np.testing.assert_array_equal(state.standing, before["standing"] & ~gone)
        np.testing.assert_array_equal(state.funded, before["funded"] & ~gone)
        out = (gone[None, :, None] >> np.arange(inner.parameters.tasks_per_pillar, dtype=np.uint64)) & np.uint64(1) > 0
        for name, nothing in (("owner", DOMESTIC), ("deadline", np.inf)):
            np.testing.assert_array_equal(getattr(state, name), np.where(out, nothing, before[name]))
        for array, kept in zip((ledger.whole, ledger.words, ledger.reals), projects, strict=True):
            np.testing.assert_array_equal(array[: ledger.size], kept, "projects go on")
        np.testing.assert_array_equal(state.cash, money)
        np.testing.assert_array_equal(state.undelivered, worked)
        np.testing.assert_array_equal(state.next_deadline <= state.deadline.min(axis=2), True)
        stood = bit_counts((before["standing"] & gone).ravel()).sum()
        assert state.flow[OBSOLETE] == stood
        seen.append((stood, bit_counts((before["funded"] & gone).ravel()).sum()))

    phases_turnover = phases["turnover"]
    phases["turnover"] = watched
    model.run()
    assert sum(stood for stood, _ in seen) == model.state.obsolete.sum() > 500
    assert sum(funded for _, funded in seen) == model.state.obsolete_funded.sum() > 100


def believed(model):
    """What each donor may believe taken of what does not stand: remaining tasks of live projects that it sees."""
    state, ledger = model.state, model.state.ledger
    taken = np.zeros_like(state.known)
    for j in range(state.standing.shape[0]):
        row = state.first[j]
        while row >= 0:
            k, left = ledger.whole[row, PILLAR], ledger.words[row, REMAINING]
            taken[-1, j, k] |= left
            for d in range(len(taken) - 1):
                if ledger.seen[row, d >> 6] >> np.uint64(d & 63) & np.uint64(1):
                    taken[d, j, k] |= left
            row = ledger.whole[row, NEXT]
    return taken & ~state.standing


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nobody_believes_taken_what_went_out_of_date(toy, seed):
    """Or somebody would leave a task open for ever that a project once did and nobody does any more."""
    model = CoordinationModel(toy.replace(turnover=0.15, money=3.0, observation_probability=0.7), rng=seed)
    for _ in range(model.parameters.quarters):
        model.step()
        np.testing.assert_array_equal(model.state.known & ~model.state.standing, believed(model))
    assert model.state.obsolete_funded.sum() > 5


def one_donor(**changes):
    return scenario(
        score=[[0.5]], mandate=[[1.0]], skill=[[1.0]], mix=[[1.0]], budget=[4.0], donor_ids=["D"], state_ids=["S"],
        parameters=plain_parameters(
            money=4.0, tasks_per_pillar=8, horizon=12, wind_down=4, planning_slots=0, project_tasks_maximum=2,
        ) | changes,
    )  # fmt: skip


def test_buying_again_is_replacement_and_what_is_gone_is_lost():
    result = simulate(one_donor(turnover=0.2), 3)
    assert result.outcomes["obsolete_share"] > 0.3
    assert result.outcomes["duplication_share"] == 0
    assert len(result.projects) > 4, "the list is bought more than once"
    shares = result.waterfall.shares
    assert shares["lapse"] > 0.3
    assert sum(shares.values()) == pytest.approx(1.0, abs=NEAR)
    only = {name: share for name, share in shares.items() if name not in ("lapse", "effective", "idle")}
    assert only == pytest.approx(dict.fromkeys(only, 0.0), abs=NEAR)


def test_where_everything_is_obsolete_at_once_nothing_is_worth_anything():
    result = simulate(one_donor(turnover=1.0, own_effort=1.0), 1)
    assert (result.steps.welfare == 0).all()
    assert (result.steps.welfare_no_aid == 0).all()
    assert result.outcomes["efficiency"] == 0
    assert result.outcomes["obsolete_share"] == 1
    assert result.outcomes["gain_per_user"] == 0


def test_a_live_project_delivers_the_successor():
    """A task that goes out of date while a project works on it is delivered all the same, and stands."""
    seen = 0
    for seed in range(1, 30):
        model = CoordinationModel(one_donor(turnover=0.1, pace=0.5, horizon=8, wind_down=8), rng=seed)
        ledger = model.state.ledger
        for quarter in range(1, 16):
            model.step()
            gone = obsolete(model.parameters, seed, quarter, 1)[0]
            for row in range(ledger.size):
                seen += (int(ledger.words[row, REMAINING]) & gone).bit_count()
        model.step()
        assert (ledger.whole[: ledger.size, 9] == COMPLETED).all(), "every project delivers all that it contracted"
    assert seen > 10


def test_a_task_bought_anew_lapses_by_its_own_clock():
    """The lapse clock of what went out of date is cleared: the successor has its own deadline."""
    model = CoordinationModel(one_donor(turnover=0.1, lapse=0.05, horizon=40), rng=2)
    for _ in range(40):
        model.step()
        state = model.state
        for task in range(8):
            funded = int(state.funded[0, 0]) >> task & 1
            assert (state.owner[0, 0, task] != DOMESTIC) == bool(funded)
            assert np.isinf(state.deadline[0, 0, task]) != bool(funded)
        # what lapses was funded: the sum is told by the flow
        assert (state.deadline >= state.hazard[:, None, None]).all()
    flow = model.record.flow
    assert state.lapsed.sum() > 0
    assert flow[:, 0].sum() == bit_counts(state.funded.ravel()).sum() + state.lapsed.sum() + state.obsolete_funded.sum()


# ----------------------------------------------------------------------------- the run without aid and the bound


@pytest.mark.parametrize("name", ["toy", "synthetic", "world"])
@pytest.mark.parametrize("turnover", [0.003, 0.05])
def test_the_run_without_aid_is_a_run_without_money(name, turnover, request):
    world = request.getfixturevalue(name).replace(money=0.0, turnover=turnover)
    result = simulate(world, 4)
    base = result.baseline
    np.testing.assert_array_equal(result.model.record.numbers[:, 0], base.welfare_none)
    np.testing.assert_array_equal(bit_counts(result.model.state.standing.ravel()), base.standing_none[-1].ravel())
    np.testing.assert_allclose(result.steps.capacity_no_aid, result.steps.capacity, rtol=1e-12)
    assert (base.welfare_bound >= base.welfare_none * (1 - NEAR)).all()
    assert base.welfare_bound[-1] > base.welfare_none[-1]


@settings(max_examples=100)
@given(world=worlds(), seed=st.integers(0, 2**32 - 1))
def test_the_run_without_aid_is_a_run_without_money_on_drawn_worlds(world, seed):
    world = ageing(world).replace(money=0.0)
    base = baseline(world, seed)
    model = CoordinationModel(world, rng=seed).run()
    np.testing.assert_array_equal(model.record.numbers[:, 0], base.welfare_none)
    last = world.parameters.quarters
    np.testing.assert_array_equal(
        base.start[-1],
        np.minimum(world.parameters.tasks_per_pillar, survivors(world, base, last) + base.own_counts[-1]),
    )


@pytest.mark.parametrize("seed", range(4000, 4040))  # Hypothesis repeats two worlds of three
def test_no_architecture_exceeds_the_bound_on_drawn_worlds(seed):
    world = ageing(numbered(seed, ("fragmented",)))
    base = baseline(world, seed)
    for name in architecture_names():
        made = under(world, name)
        if not possible(made):
            continue
        steps = simulate(made, seed, baseline=base).steps
        assert (steps.welfare <= steps.welfare_bound * (1 + NEAR)).all(), name
        assert (steps.welfare_no_aid <= steps.welfare_bound * (1 + NEAR)).all()


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("changes", [{"turnover": 0.01}, {"turnover": 0.1, "user_growth": 1.5, "user_weight_exponent": 1.0},
                                     {"turnover": 0.03, "money": 60.0, "own_effort": 0.1}])  # fmt: skip
def test_no_architecture_exceeds_the_bound_on_the_world(world, seed, changes):
    made = world.replace(**changes)
    base = baseline(made, seed)
    for name in architecture_names():
        outcomes = simulate(under(made, name), seed, baseline=base).outcomes
        assert not outcomes["efficiency"] > 1 + NEAR
        assert not outcomes["path_efficiency"] > 1 + NEAR


@settings(max_examples=60)
@given(world=worlds(), seed=st.integers(0, 10**6), architecture=st.sampled_from(architecture_names()))
def test_the_bars_sum_to_the_money(world, seed, architecture):
    world = under(ageing(world), architecture)
    assume(possible(world) and world.parameters.money > 0)
    result = simulate(world, seed)
    if result.outcomes["appropriated_m"] > 0:
        for shares in (result.waterfall.shares, result.waterfall.reverse):
            assert sum(shares.values()) == pytest.approx(1.0, abs=NEAR)
            assert min(shares.values()) >= -NEAR
