"""5.3: threats that a donor would carry out, and how many reforms it demands, in the engine."""

import dataclasses
from typing import ClassVar

import numpy as np
import pytest
from agreement import compare
from oracle.worlds import numbered
from possible import possible
from runs import assert_same_bits

from donorlab.sim import Beneficiary, CoordinationModel, simulate
from donorlab.sim.state import BLOCKED, CONDITIONAL, DEMANDED, FLAGS, IMPOSED, REFORM, STATUS, TASKS, WILLING, WITHHELD
from donorlab.sim.value import bit_counts

CONDITIONS = ("conditional", "umbrella_conditional")
PLAIN = {"credibility_rule": "given", "conditions_choice": "off"}
LARGE = {
    "project_tasks_minimum": 3,
    "project_tasks_maximum": 6,
    "reform_cost": 1.2,
}  # projects hold several dear reforms
SETTINGS = {
    "endogenous": {"credibility_rule": "endogenous"},
    "a choice": {"conditions_choice": "on", "credibility": 1.0},
    "a choice by chance": {"conditions_choice": "on", "credibility": 0.4},
    "both": {"conditions_choice": "on", "credibility_rule": "endogenous", "opportunity_cost": 1.0},
}


def world_of(number, **changes):
    """A drawn world with reforms, many of them unwanted; None where it cannot be run."""
    world = numbered(number, CONDITIONS).replace(**PLAIN | LARGE | changes)
    instruments = ("advice", *world.instruments[1:]) if "advice" not in world.instruments else world.instruments
    world = dataclasses.replace(world, instruments=instruments)
    return world if possible(world) else None


def worlds(count, **changes):
    found = [(number, world_of(number, **changes)) for number in range(count)]
    return [(number, world) for number, world in found if world is not None]


def asked(model):
    """Rows of the ledger that hold reforms and whose donor sets conditions."""
    ledger = model.state.ledger
    return np.flatnonzero(ledger.whole[: ledger.size, DEMANDED] >= 0)


@pytest.mark.parametrize("name", SETTINGS)
def test_engine_agrees_with_the_oracle(name):
    shown = {"some": 0, "none": 0, "withheld": 0, "for money": 0}
    for number, world in worlds(60, **SETTINGS[name]):
        run = compare(world, number)
        shown["some"] += any(project.for_money and project.blocked for project in run.projects)
        shown["none"] += any(project.demanded == 0 for project in run.projects)
        shown["withheld"] += any(project.status == "withheld" for project in run.projects)
        shown["for money"] += any(project.for_money for project in run.projects)
    assert shown["for money"] >= 3
    choice = "conditions_choice" in SETTINGS[name]
    assert shown["none" if choice else "withheld"] >= 3
    assert shown["some"] >= 3 if choice else shown["some"] == 0
    assert not (choice and shown["withheld"])


def test_where_giving_is_dominant_no_state_reforms_for_the_money_and_all_is_released():
    """The Samaritan's dilemma, an equality: subgame perfection leaves one outcome (Buchanan 1975)."""
    seen = 0
    still = {"ownership_rate": 0.0}  # own will is read at the end of the run
    for number, world in worlds(80, credibility_rule="endogenous", opportunity_cost=0.0, credibility=1.0, **still):
        model = CoordinationModel(world, rng=number).run()
        rows = asked(model)
        whole = model.state.ledger.whole[rows]
        own_will = model.parameters.reform_benefit * model.state.ownership >= model.land.reform_cost
        np.testing.assert_array_equal(whole[:, FLAGS] & WILLING != 0, own_will[whole[:, 1]])
        assert not (whole[:, STATUS] == WITHHELD).any()
        assert not (whole[:, FLAGS] & IMPOSED).any()
        empty = CoordinationModel(world.replace(credibility_rule="given", credibility=0.0), rng=number).run()
        assert_same_bits(model, empty)
        seen += int((~own_will[whole[:, 1]]).sum())
    assert seen > 100


def test_free_money_makes_every_threat_of_pure_reform_credible():
    """Nothing is lost by withholding what would bring nothing: the outcome of a given credibility of 1."""
    for number, world in worlds(40, opportunity_cost=1.0):
        only = dataclasses.replace(
            world,
            instrument_mix=np.array([[float(name == "advice") for name in world.instruments] for _ in world.pillars]),
        )
        free = CoordinationModel(only.replace(credibility_rule="endogenous", credibility=0.0), rng=number).run()
        sure = CoordinationModel(only.replace(credibility_rule="given", credibility=1.0), rng=number).run()
        assert_same_bits(free, sure)


def test_what_is_chosen_lies_between_nothing_and_what_is_in_the_project():
    counted = 0
    for number, world in worlds(60, conditions_choice="on", credibility=1.0):
        result = simulate(world, number)
        model, ledger = result.model, result.model.state.ledger
        rows = asked(model)
        whole, words = ledger.whole[rows], ledger.words[rows]
        reforms = bit_counts(words[:, TASKS] & model.land.reform_words[whole[:, 2]])
        demanded, blocked = whole[:, DEMANDED], bit_counts(words[:, BLOCKED])
        assert ((demanded >= 0) & (demanded <= reforms)).all()
        np.testing.assert_array_equal(blocked, reforms - demanded)
        np.testing.assert_array_equal(whole[:, FLAGS] & CONDITIONAL != 0, demanded > 0)
        np.testing.assert_array_equal(whole[:, FLAGS] & WILLING != 0, demanded > 0)
        highest = words[:, TASKS] & model.land.reform_words[whole[:, 2]]
        for word, out, kept in zip(highest.tolist(), words[:, BLOCKED].tolist(), demanded.tolist(), strict=True):
            tasks = [task for task in range(64) if word >> task & 1]
            assert [task for task in range(64) if out >> task & 1] == tasks[kept:]
        found = result.outcomes
        if len(rows):
            assert found["conditions_demanded"] == pytest.approx(demanded.sum() / reforms.sum(), abs=1e-15)
            assert np.isnan(found["compliance_rate"]) if not demanded.any() else found["compliance_rate"] == 1.0
        else:
            assert np.isnan(found["conditions_demanded"])
        np.testing.assert_array_equal(
            result.projects.imposed, ledger.whole[: ledger.size, FLAGS] & IMPOSED != 0, strict=False
        )
        counted += int(((demanded > 0) & (demanded < reforms)).sum())
    assert counted > 20


def test_all_reforms_are_demanded_where_there_is_no_choice():
    for number, world in worlds(20, conditions_choice="off"):
        found = simulate(world, number).outcomes["conditions_demanded"]
        assert np.isnan(found) or found == 1.0


def test_a_choice_that_a_state_accepts_whole_is_the_condition_without_choice():
    """All reforms are demanded exactly where a state would comply without a choice; nothing else may differ then."""
    for number, world in worlds(30, credibility=1.0, reform_cost=1e-6, reform_benefit=0.0):
        chosen, fixed = (CoordinationModel(world.replace(conditions_choice=c), rng=number).run() for c in ("on", "off"))
        assert_same_bits(chosen, fixed)


class Listening(Beneficiary):
    """Decides by the rule, and remembers."""

    views: ClassVar[list] = []

    def decide_reform(self, view):
        self.views.append(view)
        return super().decide_reform(view)


class Refusing(Beneficiary):
    def decide_reform(self, view):
        return False


class Agreeing(Beneficiary):
    def decide_reform(self, view):
        return True


@pytest.mark.parametrize("name", SETTINGS)
def test_states_asked_in_python_decide_the_same_and_are_told_the_terms(name):
    for number, world in worlds(25, **SETTINGS[name]):
        Listening.views = []
        model = CoordinationModel(world, rng=number, beneficiaries=dict.fromkeys(world.beneficiaries.ids, Listening))
        model.run()
        assert_same_bits(model, CoordinationModel(world, rng=number).run())
        rows = model.state.ledger.whole[: model.state.ledger.size]
        told = [view.demanded for view in Listening.views]
        assert told == np.maximum(0, rows[rows[:, FLAGS] & REFORM != 0, DEMANDED]).tolist()
        for view in Listening.views:
            assert 0 <= view.demanded <= view.reforms > 0
            assert view.conditional == (view.demanded > 0)
            assert view.credibility in (0.0, 1.0) or world.parameters.credibility_rule == "given"


def test_a_state_may_refuse_what_a_donor_thought_it_would_accept():
    refused = 0
    for number, world in worlds(25, conditions_choice="on", credibility=1.0):
        everybody = dict.fromkeys(world.beneficiaries.ids, Refusing)
        model = CoordinationModel(world, rng=number, beneficiaries=everybody).run()
        whole = model.state.ledger.whole[asked(model)]
        np.testing.assert_array_equal(whole[:, STATUS] == WITHHELD, whole[:, DEMANDED] > 0)
        refused += int((whole[:, DEMANDED] > 0).sum())
    assert refused > 20


def test_only_what_a_condition_brought_about_is_imposed():
    for number, world in worlds(25, conditions_choice="on", credibility=0.4):
        everybody = dict.fromkeys(world.beneficiaries.ids, Agreeing)
        model = CoordinationModel(world, rng=number, beneficiaries=everybody).run()
        whole = model.state.ledger.whole[: model.state.ledger.size]
        unwanted = model.parameters.reform_benefit * model.state.ownership < model.land.reform_cost
        expected = (whole[:, DEMANDED] > 0) & unwanted[whole[:, 1]]
        np.testing.assert_array_equal(whole[:, FLAGS] & IMPOSED != 0, expected)
