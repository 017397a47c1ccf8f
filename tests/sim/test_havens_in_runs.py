"""Safe havens, incidents and herding in whole runs: off, on, and which way they pull."""

import dataclasses
import math

import numpy as np
import pytest
from oracle.worlds import numbered
from runs import arrays, assert_same_bits

from donorlab.scenarios import load
from donorlab.sim import CoordinationModel, simulate
from donorlab.sim.mechanisms import register_mechanism
from donorlab.sim.scenario import Mechanisms

SEEDS = (1, 2, 3, 4)


# ------------------------------------------------------------------------------------ off
def nothing(model, quarter):
    """A mechanism that is not there."""


def without_it(one):
    register_mechanism("exposure", "nothing", nothing)
    return one.replace(mechanisms=dataclasses.replace(Mechanisms(), exposure="nothing"))


@pytest.mark.usefixtures("own_mechanisms")
@pytest.mark.parametrize("architecture", ["fragmented", "umbrella", "credit", "central"])
def test_off_is_as_if_it_were_not_there(architecture):
    """And what tunes it has no effect then."""
    one = load("synthetic", [f"architecture={architecture}", "haven_threshold=0", "salience=0", "herding=0"])
    absent = CoordinationModel(without_it(one), rng=2).run()
    assert_same_bits(CoordinationModel(one, rng=2).run(), absent)
    tuned = one.replace(incident_rate=5.0, salience_quarters=9)
    assert_same_bits(CoordinationModel(tuned, rng=2).run(), absent)
    spilling = CoordinationModel(one.replace(haven_spill=1.0), rng=2).run()
    assert_same_bits(spilling, absent)


def test_incidents_that_nobody_heeds_are_not_drawn():
    """Salience shifts no other draw; a world without incidents is that without salience."""
    one = load("synthetic")
    calm = CoordinationModel(one.replace(salience=0.0, incident_rate=5.0), rng=2).run()
    quiet = CoordinationModel(one.replace(salience=1.0, incident_rate=0.0), rng=2).run()
    assert_same_bits(calm, quiet)
    loud = CoordinationModel(one.replace(salience=1.0, incident_rate=5.0), rng=2).run()
    assert not np.array_equal(loud.state.standing, calm.state.standing)


def test_a_central_fund_knows_no_security():
    one = load("synthetic", ["architecture=central"])
    with_havens = CoordinationModel(one, rng=1).run()
    without = CoordinationModel(one.replace(haven_threshold=0.0), rng=1).run()
    assert with_havens.state.haven.sum() > 0
    assert_same_bits(with_havens, without, leave_out=("haven", "record.numbers"))


# ------------------------------------------------------------------------------------ runs
@pytest.mark.parametrize("number", range(8))
def test_what_holds_in_every_run(number):
    chance = np.random.default_rng(number)
    one = numbered(number, ("fragmented", "umbrella")).replace(
        haven_threshold=float(chance.uniform(0, 1)), haven_spill=float(chance.uniform(0, 1)), salience=1.0,
        herding=0.5, incident_rate=0.3, joint_programming="off",
    )  # fmt: skip
    result = simulate(one, number)
    model, steps, states = result.model, result.steps, result.beneficiaries
    p = model.parameters
    assert steps.exposure.between(0, 1 + 1e-12).all()
    assert states.exposure.between(0, 1 + 1e-12).all()
    assert (model.state.alarm_until <= p.quarters + p.salience_quarters).all()
    assert ((model.state.haven == 0) | (model.state.haven == 1)).all()
    assert steps.safe_havens.iloc[-1] == states.haven.sum() == result.outcomes["safe_havens"]
    users = states.users_final_m
    assert result.outcomes["exposure"] == pytest.approx(np.average(states.exposure, weights=users))
    assert result.outcomes["exposed_users_m"] == pytest.approx((states.exposure * users).sum())
    assert result.outcomes["exposure"] == steps.exposure.iloc[-1]
    if len(model.state.crowd):
        assert (model.state.crowd >= 1.0).all()
    weak = [k for k, name in enumerate(one.pillars) if name in ("legal", "technical")] or range(len(one.pillars))
    capacity = states[[f"capacity_final_{one.pillars[k]}" for k in weak]]
    assert states.haven.tolist() == (capacity.min(axis=1) < p.haven_threshold).tolist()


def test_incidents_are_events():
    one = load("toy", ["salience=1", "incident_rate=0.5"])
    result = simulate(one, 3, trace=True)
    incidents = result.events[result.events.event == "incident"]
    assert len(incidents) > 0
    assert set(incidents.beneficiary) <= set(one.beneficiaries.ids)
    assert set(incidents.pillar) == set(incidents.donor) == {""}
    last = incidents.groupby("beneficiary").quarter.max() + one.parameters.salience_quarters
    names = list(one.beneficiaries.ids)
    assert all(result.model.state.alarm_until[names.index(name)] == quarter for name, quarter in last.items())
    assert "incident" not in set(simulate(one.replace(salience=0.0), 3, trace=True).events.event)


# ------------------------------------------------------------------------------------ which way it pulls
def share_of_aid(result, who):
    aid = result.beneficiaries.aid_m.to_numpy()
    return aid[who].sum() / aid.sum()


@pytest.mark.parametrize("architecture", ["fragmented", "umbrella"])
@pytest.mark.parametrize("seed", SEEDS)
def test_security_draws_aid_to_havens(seed, architecture):
    """Of the same donors, some of whose need is security: more goes to states that stay havens throughout."""
    one = load("synthetic", [f"architecture={architecture}", "money=40", "motive_security=0.6", "reform_cost=0"])
    off, on = (simulate(one.replace(haven_threshold=t), seed) for t in (0.0, 0.35))
    start = CoordinationModel(one.replace(haven_threshold=0.35), rng=seed).state.haven > 0
    always = start & (on.beneficiaries.haven.to_numpy())
    assert 0 < start.sum() < len(start)
    assert share_of_aid(on, start) > share_of_aid(off, start)
    assert share_of_aid(on, always) >= share_of_aid(off, always) or always.sum() == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_herding_concentrates_where_others_are(seed):
    """Each state that gets aid has more donors, and more is contracted beside others."""
    one = load("synthetic", ["money=40", "reform_cost=0"])
    apart, herd = (simulate(one.replace(herding=h), seed) for h in (0.0, 5.0))

    def concentration(result):
        aid = result.beneficiaries.aid_m.to_numpy()
        return ((aid / aid.sum()) ** 2).sum()

    assert concentration(herd) > concentration(apart)
    assert herd.outcomes["objective_overlap"] > apart.outcomes["objective_overlap"]


@pytest.mark.parametrize("seed", SEEDS)
def test_aid_follows_incidents(seed):
    """Share of money contracted in states with a remembered incident, against the same states and quarters without attention."""
    one = load("synthetic", ["money=40", "reform_cost=0", "salience=2", "incident_rate=0.2", "haven_threshold=0"])
    traced = simulate(one, seed, trace=True)
    calm = simulate(one.replace(salience=0.0), seed)
    incidents = traced.events[traced.events.event == "incident"]
    heeded = {
        (name, quarter + i)
        for name, quarter in zip(incidents.beneficiary, incidents.quarter, strict=True)
        for i in range(1, one.parameters.salience_quarters + 1)
    }

    def there(result):
        projects = result.projects
        inside = [(b, q) in heeded for b, q in zip(projects.beneficiary, projects.quarter, strict=True)]
        return projects.cost_m[inside].sum() / projects.cost_m.sum()

    assert there(traced) > there(calm)


def test_arrays_of_a_run_hold_what_moves():
    """The comparison of bits sees them all."""
    found = arrays(CoordinationModel(load("toy")))
    assert {"haven", "alarm_until", "attraction", "crowd"} <= found.keys()
    assert math.isfinite(found["haven"].sum())
