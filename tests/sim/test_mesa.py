"""A plain Mesa model: decisions overridden in Python, copies in mid-run, models side by side."""

import copy
import dataclasses
import pickle
import warnings

import mesa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.worlds import worlds

from donorlab.sim import Contract, CoordinationModel, Donor, ScenarioError, adopt_architecture, simulate
from donorlab.sim.mechanisms.calendar import planning_view
from donorlab.sim.state import DONOR, QUARTER, SERIAL


class Same(Donor):
    def decide(self, view):
        return super().decide(view)


class Nothing(Donor):
    def decide(self, view):
        return []


class Frugal(Donor):
    """Contracts one task of the best cell, at most."""

    def decide(self, view):
        j, k = np.unravel_index(int(np.argmax(view.score)), view.score.shape)
        if view.score[j, k] > 0 and view.fixed[j] + view.price[j, k] <= view.cash:
            yield Contract(int(j), int(k), 1)


def arrays(model):
    """Every array of a run that changes, by name."""
    state, ledger = model.state, model.state.ledger
    found = {name: value for name, value in vars(state).items() if isinstance(value, np.ndarray)}
    found |= {f"ledger.{name}": getattr(ledger, name)[: ledger.size] for name in ("whole", "words", "reals", "seen")}
    record = {f"record.{name}": getattr(model.record, name) for name in ("numbers", "tasks", "flow")}
    return found | record


def assert_same_bits(model, other, leave_out=()):
    found, expected = arrays(model), arrays(other)
    assert found.keys() == expected.keys()
    for name, value in found.items():
        if name not in leave_out:
            np.testing.assert_array_equal(value, expected[name], err_msg=name)
    assert model.quarter == other.quarter


# --- decisions in Python -------------------------------------------------------------------------------------


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


# --- copies and neighbours -----------------------------------------------------------------------------------


def duplicates(model):
    return {"deepcopy": copy.deepcopy(model), "pickle": pickle.loads(pickle.dumps(model))}


@pytest.mark.parametrize("way", ["deepcopy", "pickle"])
@pytest.mark.parametrize("trace", [False, True])
def test_a_copy_in_mid_run_goes_on_to_the_same_bits(toy, way, trace):
    model = CoordinationModel(toy.replace(failure=0.2), rng=6, donors={"SURIA": Frugal}, trace=trace)
    for _ in range(7):
        model.step()
    twin = duplicates(model)[way]
    frozen = {name: value.copy() for name, value in arrays(model).items()}
    twin.run()
    for name, value in arrays(model).items():
        np.testing.assert_array_equal(value, frozen[name], err_msg=f"{name} of the original moved")
        assert not np.shares_memory(value, arrays(twin)[name]) or value.size == 0
    model.run()
    assert_same_bits(model, twin)
    assert twin.donor_agents[0].model is twin
    assert len(twin.agents) == len(model.agents) == 8
    if trace:
        assert model.trace.rows == twin.trace.rows


@pytest.mark.parametrize("way", ["deepcopy", "pickle"])
def test_what_is_fixed_stays_read_only_in_a_copy(toy, way):
    """Also for speed: compiled code is kept apart for arrays that can be written, so a copy compiles all anew."""
    twin = duplicates(CoordinationModel(toy))[way]
    assert not twin.land.task_price.flags.writeable
    assert not twin.giving.mandate.flags.writeable
    assert not twin.original.beneficiaries.users_m.flags.writeable


def test_two_models_step_by_step_equal_two_models_alone(toy, synthetic):
    alone = [CoordinationModel(toy, rng=1).run(), CoordinationModel(toy, rng=2).run(),
             CoordinationModel(toy.replace(architecture="central"), rng=1).run()]  # fmt: skip
    together = [CoordinationModel(toy, rng=1), CoordinationModel(toy, rng=2),
                CoordinationModel(toy.replace(architecture="central"), rng=1)]  # fmt: skip
    stranger = CoordinationModel(synthetic, rng=1)
    for _ in range(toy.parameters.quarters):
        for model in (*together, stranger):
            model.step()
    for one, other in zip(alone, together, strict=True):
        assert_same_bits(one, other)


# --- Mesa ----------------------------------------------------------------------------------------------------


def test_mesa_does_not_complain(toy):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = CoordinationModel(toy, rng=1, donors={"NORDIA": Frugal}, trace=True)
        model.step()
        model.run_for(2)
        model.run()
        assert len(model.agents) == 8


def test_it_is_a_mesa_model(toy):
    model = CoordinationModel(toy, rng=9)
    assert isinstance(model, mesa.Model)
    assert {type(agent).__name__ for agent in model.agents} == {"Donor", "Beneficiary"}
    assert all(isinstance(agent, mesa.Agent) for agent in model.agents)
    assert [agent.id for agent in model.donor_agents] == list(toy.donors.ids)
    assert [agent.id for agent in model.beneficiary_agents] == list(toy.beneficiaries.ids)
    assert model.inputs.name == "toy"


@pytest.mark.parametrize("quarters", [1, 5, 16])
def test_run_for_steps_that_many_quarters(toy, quarters):
    model, other = CoordinationModel(toy, rng=2), CoordinationModel(toy, rng=2)
    model.run_for(quarters)
    for _ in range(quarters):
        other.step()
    assert model.quarter == quarters
    assert_same_bits(model, other)


def test_rng_is_the_seed_of_simulate(toy):
    model = CoordinationModel(toy, rng=3).run()
    result = simulate(toy, seed=3)
    assert_same_bits(model, result._model)
    assert result.seed == model.seed == 3
    assert (simulate(toy, seed=4)._model.state.standing != model.state.standing).any()


def test_mesa_s_own_random_numbers_play_no_role(toy):
    model, other = CoordinationModel(toy, rng=3), CoordinationModel(toy, rng=3)
    for _ in range(8):
        model.random.random()
        model.rng.random(100)
        model.agents.shuffle()
        model.step()
        other.step()
    assert_same_bits(model, other)


def test_stepping_beyond_the_end_works(toy):
    model = CoordinationModel(toy, rng=1).run()
    money = model.state.appropriated.copy()
    before = model.record.numbers.copy()
    for _ in range(3):
        model.step()
    assert model.quarter == toy.parameters.quarters + 3
    assert len(model.record.numbers) == len(model.record.flow) == len(model.record.tasks) == model.quarter
    np.testing.assert_array_equal(model.record.numbers[:-3], before)
    assert (model.record.numbers[-3:, 0] > 0).all()
    np.testing.assert_array_equal(model.state.appropriated, money)


def test_agents_are_readable_handles(toy):
    model = CoordinationModel(toy, rng=1)
    model.run_for(4)
    donor, state = model.donor_agents[1], model.beneficiary_agents[0]
    assert repr(donor) == "Donor('NORDIA')"
    assert donor.name == "Nordia"
    assert donor.budget == pytest.approx(0.4)
    assert donor.cash == model.state.cash[1]
    assert sum(agent.live_projects for agent in model.donor_agents) == model.record.numbers[3, 2]
    assert state.capacity.shape == (2,)
    assert np.mean([agent.capacity for agent in model.beneficiary_agents]) == pytest.approx(
        model.record.tasks[3].sum() / (5 * 2 * 12)
    )
    assert state.wait >= 0


def test_there_is_a_secretariat_while_there_are_members(world, toy):
    assert CoordinationModel(toy).secretariat is None
    model = CoordinationModel(world.replace(architecture="umbrella", pooled_fund="on", register="projects"))
    model.run_for(2)
    secretariat, donors = model.secretariat, world.donors
    assert sum(agent is secretariat for agent in model.agents) == 1
    assert list(secretariat.members) == [name for name, out in zip(donors.ids, donors.rival, strict=True) if not out]
    assert secretariat.register == "projects"
    assert secretariat.fund_cash == model.donor_agents[model.inputs.donors.ids.index("POOL")].cash
    assert secretariat.overhead_collected == pytest.approx(model.state.overhead_paid.sum()) != 0
    assert repr(secretariat) == f"Secretariat({(~donors.rival).sum()} members)"


def test_the_secretariat_comes_and_goes_with_the_design(toy):
    model = CoordinationModel(toy)
    for quarter, name in ((3, "umbrella"), (4, "umbrella_conditional"), (5, "fragmented")):
        model.schedule(quarter, adopt_architecture(name))
    found = []
    for _ in range(5):
        model.step()
        found.append(model.secretariat)
        there = [agent for agent in model.agents if type(agent).__name__ == "Secretariat"]
        assert there == ([] if model.secretariat is None else [model.secretariat])
    assert [secretariat is not None for secretariat in found] == [False, False, True, True, False]
    assert found[2] is found[3], "another design does not found another secretariat"
    twin = copy.deepcopy(CoordinationModel(toy.replace(architecture="umbrella")))
    assert twin.secretariat.model is twin
    assert twin.secretariat.fund_cash == 0


def everything(item, prefix=""):
    """Every array within nested dataclasses."""
    for field in dataclasses.fields(item):
        value = getattr(item, field.name)
        if isinstance(value, np.ndarray):
            yield f"{prefix}{field.name}", value
        elif dataclasses.is_dataclass(value):
            yield from everything(value, f"{prefix}{field.name}.")


def test_a_run_does_not_change_its_scenario(toy):
    before = {name: value.copy() for name, value in everything(toy)}
    simulate(toy, 1, donors={"NORDIA": Frugal}, trace=True)
    simulate(toy.replace(architecture="central"), 1)
    assert len(before) >= 15
    for name, value in everything(toy):
        np.testing.assert_array_equal(value, before[name])
        assert not value.flags.writeable, name
        if value.size:
            with pytest.raises(ValueError, match="read-only"):
                value.flat[0] = value.flat[0]


def test_what_the_scenario_fixes_cannot_be_written_in_a_model(toy):
    model = CoordinationModel(toy)
    for part in (model.land, model.giving):
        for name, value in everything(part):
            assert not value.flags.writeable, name
