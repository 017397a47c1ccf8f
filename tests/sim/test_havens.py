"""Safe havens, exposure and incidents; what draws donors to havens, to incidents and to each other."""

import dataclasses

import numpy as np
import pytest
from oracle.worlds import numbered

from donorlab.scenarios import load
from donorlab.scenarios.byhand import plain_parameters, scenario
from donorlab.sim import CoordinationModel, simulate
from donorlab.sim.interventions import adopt_architecture
from donorlab.sim.mechanisms import register_mechanism
from donorlab.sim.mechanisms.exposure import exposure
from donorlab.sim.mechanisms.motives import attraction
from donorlab.sim.mechanisms.steering import preferences, wish
from donorlab.sim.mechanisms.wants import best_in_state, promise_of_states, public_promise
from donorlab.sim.scenario import Mechanisms

SEEDS = (1, 2, 3, 4)


def world(score, pillars=("legal", "technical", "skills"), users=None, **parameters):
    """States with given first scores in three pillars of ten tasks, two donors, no noise and no aid unless asked."""
    made = scenario(
        score=score, users=users or [1.0] * len(score), mandate=[[1 / 3] * 3] * 2, skill=[[1.0]] * 2, mix=[[1.0]] * 3,
        budget=[1.0, 1.0], donor_ids=["A", "B"], state_ids=[f"S{j}" for j in range(len(score))],
        motives=[[0.2, 0.5, 0.2, 0.1], [0.4, 0.3, 0.1, 0.2]],
        parameters=plain_parameters(tasks_per_pillar=10, money=0.0, haven_threshold=0.35, haven_spill=0.5) | parameters,
    )  # fmt: skip
    return made.replace(pillars=tuple(pillars))


# ------------------------------------------------------------------------------------ havens and exposure
def test_havens_are_weak_in_law_or_technique():
    rows = [[0.4, 0.4, 0.0], [0.3, 1.0, 1.0], [1.0, 0.3, 1.0], [0.3, 0.3, 0.3]]
    assert CoordinationModel(world(rows)).state.haven.tolist() == [0, 1, 1, 1]
    assert CoordinationModel(world(rows, pillars=("law", "legal", "x"))).state.haven.tolist() == [0, 0, 1, 1]
    assert CoordinationModel(world(rows, pillars=("a", "b", "c"))).state.haven.tolist() == [1, 1, 1, 1]
    assert CoordinationModel(world(rows, haven_threshold=0.0)).state.haven.tolist() == [0, 0, 0, 0]
    assert CoordinationModel(world(rows, haven_threshold=0.3)).state.haven.tolist() == [0, 0, 0, 0]  # strictly below


def value(count):
    return 1 - (1 - count / 10) ** 2


def test_exposure_by_hand():
    """f(c) = 1 - (1 - c)^2; users 1 and 3, the smaller state a haven: a quarter of all users."""
    one = world([[0.2, 0.5, 0.5], [0.4, 1.0, 0.6]], users=[1.0, 3.0], value_concavity=2.0)
    found = exposure(CoordinationModel(one))
    kept = 1 - 0.5 * 0.25
    own = [(value(2) + 2 * value(5)) / 3, (value(4) + 1 + value(6)) / 3]
    assert found == pytest.approx([1 - own[0] * kept, 1 - own[1] * kept])
    weighted = one.replace(pillar_weights=np.array([2.0, 1.0, 1.0]))
    heavy = [(1.5 * value(2) + 0.75 * 2 * value(5)) / 3, (1.5 * value(4) + 0.75 + 0.75 * value(6)) / 3]
    assert exposure(CoordinationModel(weighted)) == pytest.approx([1 - heavy[0] * kept, 1 - heavy[1] * kept])
    alone = exposure(CoordinationModel(one.replace(haven_spill=0.0)))
    assert alone == pytest.approx([1 - own[0], 1 - own[1]])
    outcomes = simulate(one).outcomes
    assert outcomes["safe_havens"] == 1
    assert outcomes["exposure"] == pytest.approx((found[0] + 3 * found[1]) / 4)
    assert outcomes["exposed_users_m"] == pytest.approx(3 * found[0] + 9 * found[1])


def test_a_weakest_link_exposes_everybody():
    """One state falls below the threshold by a single task: everybody else is more exposed, by the same share."""
    above, below = [[0.4, 0.6, 0.6], [0.5, 0.9, 0.8], [1.0] * 3], [[0.3, 0.6, 0.6], [0.5, 0.9, 0.8], [1.0] * 3]
    before, after = exposure(CoordinationModel(world(above))), exposure(CoordinationModel(world(below)))
    assert (after > before).all()
    assert (1 - after[1:]) / (1 - before[1:]) == pytest.approx([1 - 0.5 / 3] * 2)
    without = [exposure(CoordinationModel(world(rows, haven_spill=0.0)))[1:] for rows in (above, below)]
    np.testing.assert_array_equal(*without)
    assert before[2] == 0.0  # nobody is exposed who has everything, where nobody is a haven


def test_the_last_haven_is_worth_more_than_its_users():
    """W is a sum over states; exposure is not: what one state does changes what others' capacity is worth."""
    rows = [[0.3, 0.9, 0.9], [0.9, 0.9, 0.9]]
    mended = [[0.4, 0.9, 0.9], [0.9, 0.9, 0.9]]
    gain = exposure(CoordinationModel(world(rows))) - exposure(CoordinationModel(world(mended)))
    assert gain[1] > 0
    assert gain[0] > gain[1]


# ------------------------------------------------------------------------------------ what draws donors
def attraction_by_hand(giving, haven, weight, pillar_weight):
    mean = np.mean(haven)
    relative = np.array(haven) / mean
    need = giving.need[:, None, None] * weight[:, None] * pillar_weight
    return need + (giving.security[:, None] * weight * relative + giving.political)[:, :, None]


def test_security_draws_to_havens():
    model = CoordinationModel(world([[0.3, 1.0, 0.5], [0.9, 0.9, 0.5], [0.9, 0.9, 0.5]], users=[1.0, 1.0, 4.0]))
    land, giving = model.land, model.giving
    expected = attraction_by_hand(giving, [1, 0, 0], land.state_weight, land.pillar_weight)
    np.testing.assert_allclose(model.state.attraction, expected, rtol=1e-12)
    assert giving.security.tolist() == pytest.approx([0.5, 0.3])


@pytest.mark.parametrize("nobody", [{"haven_threshold": 0.05}, {"haven_threshold": 0.0}])
def test_without_any_haven_security_is_need(nobody):
    """Nobody below the threshold is the same for donors as no threshold at all."""
    one = CoordinationModel(world([[0.3, 1.0, 0.5], [0.9, 0.9, 0.5]], **nobody))
    np.testing.assert_allclose(one.state.attraction[:, :, 0], [[0.9, 0.9], [0.8, 0.8]], rtol=1e-12)


def test_what_a_rule_of_credit_counts_as_need_does_not_take_security_away():
    rows = [[0.3, 1.0, 0.5], [0.9, 0.9, 0.5]]
    model = CoordinationModel(world(rows, money=4.0).replace(architecture="credit", credit="marginal"))
    visible = model.giving.visibility
    assert (model.need == model.giving.need + visible).all()
    assert model.state.attraction[0, 0, 0] == pytest.approx(0.2 + 0.1 + 2 * 0.5 + 0.2)


def alarmed(quarters=4, salience=1.0, **more):
    return world(
        [[0.3, 1.0, 0.5], [0.9, 0.9, 0.5]], salience=salience, salience_quarters=quarters, incident_rate=0.0, **more
    )


def test_an_incident_is_remembered_for_its_quarters():
    model = CoordinationModel(alarmed(quarters=2, horizon=6))
    calm = model.state.attraction.copy()
    model.step()
    model.state.alarm_until[1] = 1 + 2  # as an incident in Evolve of quarter 1 would
    model.wants_moved = True
    political = model.giving.political[:, :, None]
    for quarter in range(2, 6):
        model.step()
        felt = model.state.attraction
        np.testing.assert_array_equal(felt[:, 0], calm[:, 0])
        if quarter <= 3:
            np.testing.assert_allclose(felt[:, 1] - political[:, 1], 2 * (calm - political)[:, 1], rtol=1e-12)
        else:
            np.testing.assert_array_equal(felt, calm)


def test_attention_begins_after_the_quarter_of_the_incident_and_in_no_quarter_before():
    certain = alarmed(quarters=3, horizon=4).replace(incident_rate=100.0)
    model = CoordinationModel(certain)
    assert (model.state.alarm_until == 0).all()
    calm = CoordinationModel(certain.replace(salience=0.0)).state.attraction
    np.testing.assert_array_equal(model.state.attraction, calm)
    model.step()
    np.testing.assert_array_equal(model.state.attraction, calm)
    assert model.state.alarm_until.tolist() == [4, 4]
    model.step()
    assert (model.state.attraction > calm).all()


def test_incidents_come_as_often_as_states_are_exposed():
    rows = [[0.3, 0.3, 0.3], [0.6, 0.6, 0.6], [0.8, 0.8, 0.8], [1.0, 1.0, 1.0]]
    one = world(
        rows, salience=1.0, salience_quarters=1, incident_rate=1.0, haven_threshold=0.0, horizon=1, wind_down=399
    )
    model, count = CoordinationModel(one), np.zeros(4)
    while model.quarter < one.parameters.quarters:
        model.step()
        count += model.state.alarm_until == model.quarter + 1
    expected = 1 - np.exp(-exposure(model))
    assert (np.abs(count / 400 - expected) <= 4 * np.sqrt(expected * (1 - expected) / 400)).all()
    assert count[3] == 0  # what is not exposed meets none
    assert count[0] > count[1] > count[2] > 0


def test_herding_by_hand():
    model = CoordinationModel(world([[0.3] * 3] * 4, herding=0.5))
    model.state.own_running[0] = [2, 1, 0, 0]
    model.state.own_running[1] = [5, 0, 1, 0]
    model._begin()
    model.plan()
    # of A: B is in S0 and S2, one half a state; of B: A is in S0 and S1
    np.testing.assert_allclose(model.state.crowd, [[2.0, 1.0, 2.0, 1.0], [2.0, 2.0, 1.0, 1.0]])
    lonely = CoordinationModel(world([[0.3] * 3] * 4, herding=0.5))
    lonely.step()
    assert (lonely.state.crowd == 1.0).all()


@pytest.mark.parametrize("number", range(3))
def test_what_draws_donors_is_never_out_of_date(number):
    """The table is made anew only when something has moved: it must be what a fresh one would be in each Plan."""
    one = numbered(number, ("fragmented",)).replace(haven_threshold=0.5, salience=1.0, incident_rate=0.2)
    one = one.replace(salience_quarters=2, horizon=12, own_effort=0.8)
    model, moves = CoordinationModel(one, rng=number), 0
    for _ in range(one.parameters.quarters):
        before = model.state.attraction.copy()
        for part in (model._begin, model.appropriate, model.observe, model.plan):
            part()
        np.testing.assert_array_equal(model.state.attraction, attraction(model, model.need))
        moves += not np.array_equal(before, model.state.attraction)
        for part in (model.contract, model.deliver, model.evolve):
            part()
    assert moves > 0


def test_nothing_at_the_start_depends_on_incidents_or_others():
    one = load("synthetic", ["salience=1", "herding=1"])
    plain = one.replace(salience=0.0, herding=0.0)
    assert CoordinationModel(one, rng=2).factor == CoordinationModel(plain, rng=2).factor
    assert CoordinationModel(one.replace(haven_threshold=0.0), rng=2).factor != CoordinationModel(one, rng=2).factor


def looks(model):
    """How many best scores were compared with what the first look promises of them."""
    state, land, giving, scratch, p = model.state, model.land, model.giving, model.scratch, model.parameters
    public_promise(model.project_size, p.fixed_cost, model.relation, state.standing, land.value, state.price,
                   scratch.fresh, scratch.present_gain)  # fmt: skip
    promised, looked = np.zeros(len(land.keys), dtype=np.int64), 0
    for d in range(len(giving.keys)):
        promise_of_states(
            d, model.quarter, model.promise_mandate, model.factor, state.closed, state.shun_until, state.weight,
            giving.itself, state.own_running, state.attenuation, model.visible, model.credited, model.credit_kind,
            scratch.fresh, scratch.present_gain, state.attraction, state.crowd, state.state_weight, land.pillar_weight,
            promised,
        )  # fmt: skip
        for j in np.flatnonzero(promised):
            own = state.own_running[d, j]
            found = best_in_state(
                d, j, own == 0, model.visible[d] / (1 + own), state.attenuation[j], scratch.counts_added,
                model.project_size, model.fixed, model.relation, model.factor, state.weight, model.credited,
                model.credit_kind, state.standing, state.known, land.value, state.price, giving.price_factor,
                giving.mandate, state.attraction, state.crowd, state.state_weight, land.pillar_weight,
            )[0]  # fmt: skip
            assert found <= promised[j]
            looked += found > 0
    return looked


def test_the_planners_first_look_promises_no_state_too_little():
    """The bound that decides which states are worth a closer look, with all that draws donors in it."""
    looked = 0
    for number in range(9):
        one = numbered(number, ("fragmented", "credit", "pledge"))
        one = one.replace(herding=0.7, salience=1.5, incident_rate=0.5, haven_threshold=0.4, queue_limit=50.0)
        model = CoordinationModel(one, rng=number)
        for _ in range(5):
            model.step()
            looked += looks(model)
    assert looked > 200


# ------------------------------------------------------------------------------------ wishes
def test_wishes_are_renewed_once_a_year_and_at_adoption():
    one = load("toy", ["architecture=umbrella", "horizon=40", "salience=2", "incident_rate=0.2"])
    model = CoordinationModel(one, rng=1)
    model.schedule(11, adopt_architecture("umbrella"))
    moves = 0
    for quarter in range(1, 21):
        before = model.wish.copy()
        for part in (model._begin, model.appropriate, model.observe):
            part()
        now = quarter in (1, 5, 9, 11, 13, 17)
        np.testing.assert_array_equal(model.wish, wish(model) if now else before)
        np.testing.assert_array_equal(model.preferences, preferences(model))
        moves += not np.array_equal(before, model.wish)
        for part in (model.plan, model.contract, model.deliver, model.evolve):
            part()
    assert moves >= 3


def test_wishes_have_no_others_in_them():
    one = load("synthetic", ["architecture=umbrella"])
    found = [CoordinationModel(one.replace(herding=h), rng=1) for h in (0.0, 1.0)]
    for model in found:
        for _ in range(5):
            model.step()
    if np.array_equal(found[0].state.haven, found[1].state.haven):
        np.testing.assert_array_equal(found[0].wish, found[1].wish)
    assert found[1].state.crowd.max() > 1.0


# ------------------------------------------------------------------------------------ another mechanism
def everywhere(model, quarter):
    """A third party's idea: everybody is a haven at first, nobody later."""
    model.state.haven[:] = 1.0 if quarter < 3 else 0.0
    model.wants_moved = True


@pytest.mark.usefixtures("own_mechanisms")
def test_another_mechanism_by_name():
    """It is asked once before quarter 1, so that the first plans know."""
    register_mechanism("exposure", "everywhere", everywhere)
    one = world([[0.9] * 3] * 2, money=2.0, haven_threshold=0.1, horizon=5)
    one = one.replace(mechanisms=dataclasses.replace(Mechanisms(), exposure="everywhere"))
    model = CoordinationModel(one)
    assert model.state.haven.tolist() == [1, 1]
    assert model.state.attraction[0, 0, 0] == pytest.approx(0.2 + 0.5 + 0.2)
    for _ in range(4):
        model.step()
    assert model.state.haven.tolist() == [0, 0]
    assert model.state.attraction[0, 0, 0] == pytest.approx(0.7 + 0.2)
    assert simulate(one).steps.safe_havens.tolist()[:4] == [2, 2, 0, 0]
