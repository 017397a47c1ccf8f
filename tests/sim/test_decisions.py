"""Decisions overridden in Python: what a donor sees, what it may contract, and that the base class decides as compiled."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.worlds import worlds
from runs import Frugal, assert_same_bits

from donorlab.sim import Contract, CoordinationModel, Donor, ScenarioError, simulate
from donorlab.sim.mechanisms.calendar import planning_view
from donorlab.sim.state import DONOR, QUARTER, SERIAL


class Same(Donor):
    def decide(self, view):
        return super().decide(view)


class Nothing(Donor):
    def decide(self, view):
        return []


def test_an_overridden_decision_changes_the_run_and_mixes_with_compiled_donors(toy):
    plain = CoordinationModel(toy, rng=2).run()
    mixed = CoordinationModel(toy, rng=2, donors={"NORDIA": Frugal}).run()
    row = toy.donors.ids.index("NORDIA")
    sizes = mixed.state.ledger.whole[: mixed.state.ledger.size]
    assert isinstance(mixed.donor_agents[row], Frugal)
    assert mixed.python_donors == {row}
    of_nordia = sizes[sizes[:, DONOR] == row]
    assert len(of_nordia) > 0
    assert (np.unique(of_nordia[:, QUARTER], return_counts=True)[1] == 1).all()
    assert (of_nordia[:, SERIAL] == 0).all()
    assert (sizes[:, DONOR] != row).any(), "the compiled donors go on"
    assert (plain.state.standing != mixed.state.standing).any()
    assert np.allclose(mixed.state.appropriated.sum(), mixed.state.cash.sum() + simulate(
        toy, 2, donors={"NORDIA": Frugal}).outcomes["contracted_m"])  # fmt: skip


@pytest.mark.parametrize("who", [["NORDIA"], ["FUND", "SURIA"], ["FUND", "NORDIA", "SURIA"]])
@pytest.mark.parametrize("changes", [{}, {"planning_slots": 1, "lapse": 0.2}, {"ignorance": "task", "failure": 0.4}])
def test_the_decision_of_the_base_class_gives_the_same_bits(toy, who, changes):
    scenario = toy.replace(**changes)
    for seed in (1, 2, 3):
        asked = CoordinationModel(scenario, rng=seed, donors=dict.fromkeys(who, Same)).run()
        assert_same_bits(asked, CoordinationModel(scenario, rng=seed).run())


@settings(max_examples=40)
@given(world=worlds(), seed=st.integers(0, 2**32 - 1), data=st.data())
def test_the_decision_of_the_base_class_gives_the_same_bits_on_drawn_worlds(world, seed, data):
    who = data.draw(st.sets(st.sampled_from(world.donors.ids), min_size=1))
    asked = CoordinationModel(world, rng=seed, donors=dict.fromkeys(who, Same)).run()
    assert_same_bits(asked, CoordinationModel(world, rng=seed).run())


def test_a_donor_that_returns_nothing_leaves_the_draws_of_others_unchanged(toy):
    """Draws, not choices: motives, first tasks, the calendar, and what is seen of a project of the same address."""
    scenario = toy.replace(planning_slots=4, motive_spread=0.5, initial_noise=0.2, failure=0.3)
    plain = CoordinationModel(scenario, rng=5)
    other = CoordinationModel(scenario, rng=5, donors={"NORDIA": Nothing})
    quiet = scenario.donors.ids.index("NORDIA")
    np.testing.assert_array_equal(plain.giving.motives, other.giving.motives)
    np.testing.assert_array_equal(plain.state.standing, other.state.standing)
    np.testing.assert_array_equal(plain.land.ownership, other.land.ownership)
    for _ in range(scenario.parameters.quarters):
        plain.step()
        other.step()
        np.testing.assert_array_equal(plain.state.slot_of, other.state.slot_of)
        np.testing.assert_array_equal(plain.state.order, other.state.order)

    def seen(model):
        ledger = model.state.ledger
        whole = ledger.whole[: ledger.size]
        return {tuple(row[[QUARTER, DONOR, SERIAL]].tolist()): int(word) for row, word in zip(
            whole, ledger.seen[:, 0], strict=False)}  # fmt: skip

    before, after = seen(plain), seen(other)
    common = [address for address in before if address in after]
    assert len(common) >= 5
    assert all(before[address] == after[address] for address in common)
    assert not any(address[1] == quiet for address in after)
    assert any(address[1] == quiet for address in before)
    assert other.state.cash[quiet] == pytest.approx(other.state.appropriated[quiet])


def test_own_effort_draws_the_same_where_nobody_interferes(toy):
    """With all donors quiet the draws of own effort are those of the run without aid."""
    quiet = CoordinationModel(toy, rng=4, donors=dict.fromkeys(toy.donors.ids, Nothing)).run()
    without = CoordinationModel(toy.replace(money=0.0), rng=4).run()
    np.testing.assert_array_equal(quiet.state.own_drawn, without.state.own_drawn)
    np.testing.assert_array_equal(quiet.state.standing, without.state.standing)


def test_what_a_donor_sees_cannot_be_written(toy):
    views = []

    class Looks(Donor):
        def decide(self, view):
            views.append(view)
            return super().decide(view)

    CoordinationModel(toy, donors={"SURIA": Looks}).run()
    view = views[-1]
    for name in ("believed_count", "wait", "open_to_projects", "price", "fixed", "score"):
        array = getattr(view, name)
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        view.cash = 100.0
    assert view.score.shape == view.price.shape == view.believed_count.shape == (5, 2)
    assert [v.quarter for v in views] == list(range(1, toy.parameters.quarters + 1))


def test_the_score_of_the_view_is_what_the_planner_follows(toy):
    """The first contract of the compiled planner is in a cell with the highest score of the view."""
    checked = []

    class Checks(Donor):
        def decide(self, view):
            contracts = super().decide(view)
            if contracts:
                first = contracts[0]
                checked.append(view.score[first.beneficiary, first.pillar] >= view.score.max() * (1 - 1e-9))
            return contracts

    CoordinationModel(toy, rng=3, donors=dict.fromkeys(toy.donors.ids, Checks)).run()
    assert len(checked) > 5
    assert all(checked)


def test_ids_and_names_may_stand_for_rows(toy):
    class Named(Donor):
        def decide(self, view):
            return [Contract("DUNA", "technical", 1)] if view.quarter == 1 else []

    class Numbered(Donor):
        def decide(self, view):
            return [Contract(3, 1, 1)] if view.quarter == 1 else []

    named = CoordinationModel(toy, donors={"NORDIA": Named}).run()
    assert_same_bits(named, CoordinationModel(toy, donors={"NORDIA": Numbered}).run())


BAD = {
    "no such state": Contract("ATLANTIS", 0, 1),
    "no such pillar": Contract(0, "magic", 1),
    "row too high": Contract(5, 0, 1),
    "row below 0": Contract(-1, 0, 1),
    "pillar too high": Contract(0, 2, 1),
    "no tasks": Contract(0, 0, 0),
    "negative tasks": Contract(0, 0, -2),
    "too many tasks": Contract(0, 0, 13),
    "too dear": Contract(4, 1, 3),
}
WORSE = {
    "half a task": Contract(0, 0, 1.5),
    "half a row": Contract(0.5, 0, 1),
    "no number": Contract(0, 0, float("nan")),
    "nothing": Contract(None, 0, 1),
    "a word": "ALBA",
}


@pytest.mark.parametrize(
    "contract",
    [*(pytest.param(value, id=name) for name, value in BAD.items()),
     *(pytest.param(value, id=name) for name, value in WORSE.items())],
)  # fmt: skip
def test_a_contract_that_breaks_a_rule_is_refused_in_one_line(toy, contract):
    class Breaks(Donor):
        def decide(self, view):
            return [contract]

    with pytest.raises(ScenarioError) as caught:
        CoordinationModel(toy.replace(money=1.2), donors={"FUND": Breaks}).step()
    assert "\n" not in str(caught.value)
    assert "FUND" in str(caught.value)


def test_a_decision_without_an_answer_is_refused_in_one_line(toy):
    class Forgets(Donor):
        def decide(self, view):
            super().decide(view)

    with pytest.raises(ScenarioError, match="FUND"):
        CoordinationModel(toy, donors={"FUND": Forgets}).step()


def test_contracts_of_one_answer_count_against_each_other(toy):
    """Open tasks, cash and the queue are checked after each contract."""

    class Greedy(Donor):
        def decide(self, view):
            while True:
                yield Contract("ALBA", "technical", 1)

    rich = toy.replace(money=400.0)
    with pytest.raises(ScenarioError, match=r"between 1 and 0 are possible|takes no project"):
        CoordinationModel(rich, donors={"NORDIA": Greedy}).step()
    with pytest.raises(ScenarioError, match="is in cash"):
        CoordinationModel(toy, donors={"NORDIA": Greedy}).step()


def test_unknown_donors_and_seeds_are_refused(toy):
    with pytest.raises(ScenarioError, match="did you mean 'NORDIA'"):
        CoordinationModel(toy, donors={"NORDI": Same})
    for seed in (-1, 2**32, 1.5, True, "1"):
        with pytest.raises(ScenarioError, match="seed"):
            CoordinationModel(toy, rng=seed)


def test_asking_a_donor_between_steps_changes_nothing(toy):
    model, other = (CoordinationModel(toy, rng=1) for _ in range(2))
    for _ in range(6):
        model.step()
        for agent in model.donor_agents:
            agent.decide(planning_view(model, agent.row, model.quarter, 0))
        other.step()
    assert_same_bits(model, other)


def test_an_answer_may_go_on_with_that_of_the_base_class(toy):
    """A generator contracts something of its own and then asks the planner: no contract may be overwritten."""

    class GoesOn(Donor):
        def decide(self, view):
            if view.quarter == 1:
                yield Contract("ELMA", "legal", 1)
                yield from [c for c in super().decide(view) if c.beneficiary != 4]

    model = CoordinationModel(toy.replace(money=4.0), rng=1, donors={"NORDIA": GoesOn})
    model.step()
    ledger = model.state.ledger
    spent = np.bincount(ledger.whole[: ledger.size, DONOR], weights=ledger.reals[: ledger.size, 0], minlength=3)
    np.testing.assert_allclose(model.state.appropriated - model.state.cash, spent)
    first = ledger.whole[: ledger.size][ledger.whole[: ledger.size, DONOR] == 1][0]
    assert first[1:3].tolist() == [4, 0]
