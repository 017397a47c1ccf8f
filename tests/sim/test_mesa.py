"""A plain Mesa model: copies in mid-run, models side by side, nothing that is fixed can be written."""

import copy
import dataclasses
import pickle
import warnings

import mesa
import numpy as np
import pytest
from runs import Frugal, arrays, assert_same_bits

from donorlab.sim import CoordinationModel, simulate

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
