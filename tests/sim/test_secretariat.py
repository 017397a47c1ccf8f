"""The secretariat of an umbrella: there while there are members."""

import copy

import pytest

from donorlab.sim import CoordinationModel, adopt_architecture


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
