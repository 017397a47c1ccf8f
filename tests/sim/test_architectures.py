"""What every architecture must do, whatever it is: one battery, inherited. A new one passes it unasked."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest
from possible import under

from donorlab.sim import CoordinationModel, Donor, ScenarioError, baseline, simulate
from donorlab.sim.architectures import (
    Architecture,
    Fragmented,
    architecture_names,
    base,
    get_architecture,
    register_architecture,
)
from donorlab.sim.setup import yearly_budgets
from donorlab.sim.state import DONOR, RETURNED

NEAR = 1e-9
SEEDS = (1, 2)


def columns(item):
    return {name: value for name, value in vars(item).items() if isinstance(value, np.ndarray)}


def assert_same_run(one, other):
    for part in ("state", "record"):
        for name, value in columns(getattr(one, part)).items():
            np.testing.assert_array_equal(value, getattr(getattr(other, part), name), err_msg=name)
    n = one.state.ledger.size
    assert n == other.state.ledger.size
    for name in ("whole", "words", "reals", "seen"):
        np.testing.assert_array_equal(getattr(one.state.ledger, name)[:n], getattr(other.state.ledger, name)[:n])


class Battery:
    """Tests of one architecture; a subclass gives its ``name`` as a fixture."""

    @pytest.fixture(params=["toy", "synthetic"])
    def scenario(self, request, name):
        return under(request.getfixturevalue(request.param), name)

    def test_it_says_what_it_is(self, name):
        architecture = get_architecture(name)
        assert architecture.name == name
        for text in (architecture.name, architecture.summary, architecture.source):
            assert text.strip()
            assert "\n" not in text
        assert type(architecture).__doc__

    @pytest.mark.parametrize("seed", SEEDS)
    def test_the_same_seed_gives_the_same_bits(self, scenario, seed):
        first, second = (CoordinationModel(scenario, rng=seed).run() for _ in range(2))
        assert_same_run(first, second)
        other = CoordinationModel(scenario, rng=seed + 10).run()
        assert (other.state.standing != first.state.standing).any()

    @pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
    def test_a_copy_goes_on_to_the_same_bits(self, scenario, copied):
        model = CoordinationModel(scenario, rng=1)
        model.run_for(5)
        twin = copied(model)
        assert_same_run(twin.run(), model.run())

    @pytest.mark.parametrize("seed", SEEDS)
    def test_money_is_conserved(self, scenario, seed):
        model = CoordinationModel(scenario, rng=seed)
        for _ in range(scenario.parameters.quarters):
            model.step()
            ledger, state = model.state.ledger, model.state
            spent = np.bincount(
                ledger.whole[: ledger.size, DONOR], weights=ledger.reals[: ledger.size, 0], minlength=len(state.cash)
            )
            returned = np.bincount(
                ledger.whole[: ledger.size, DONOR],
                weights=ledger.reals[: ledger.size, RETURNED],
                minlength=len(state.cash),
            )
            pooled = state.pool_paid.copy()
            if model.design.pool >= 0:
                pooled[model.design.pool] -= pooled.sum()
            kept = spent - returned + state.cash + state.overhead_paid + pooled
            np.testing.assert_allclose(state.appropriated, kept, rtol=NEAR, atol=NEAR)
            assert (state.cash >= -NEAR).all()
        income = scenario.parameters.money / 4 * scenario.parameters.horizon
        assert model.state.appropriated.sum() == pytest.approx(income, rel=NEAR)

    @pytest.mark.parametrize("seed", SEEDS)
    def test_it_does_not_exceed_the_bound(self, scenario, seed):
        result = simulate(scenario, seed)
        assert result.outcomes["efficiency"] <= 1 + NEAR
        assert (result.steps.welfare <= result.steps.welfare_bound * (1 + NEAR)).all()

    def test_the_bound_is_that_of_all_architectures(self, scenario):
        shared = baseline(scenario.replace(architecture="fragmented"), 1)
        own = baseline(scenario, 1)
        np.testing.assert_array_equal(own.welfare_bound, shared.welfare_bound)
        np.testing.assert_array_equal(own.welfare_none, shared.welfare_none)
        with_shared, alone = simulate(scenario, 1, baseline=shared), simulate(scenario, 1)
        assert with_shared.outcomes == pytest.approx(alone.outcomes, nan_ok=True, abs=0, rel=0)

    def test_its_input_is_not_changed(self, scenario):
        before = pickle.dumps(scenario)
        prepared = get_architecture(scenario.architecture).prepare(scenario)
        simulate(scenario, 1)
        assert pickle.dumps(scenario) == before
        assert prepared.beneficiaries is scenario.beneficiaries
        assert not any(np.shares_memory(prepared.donors.mandate, column) and column.flags.writeable
                       for column in columns(scenario.donors).values())  # fmt: skip

    @pytest.mark.parametrize("seed", SEEDS)
    def test_draws_are_paired_with_those_of_fragmented(self, scenario, seed):
        """First tasks, ownership and the draws of own effort belong to the seed, not to the architecture: four years of it."""
        scenario = scenario.replace(horizon=12, wind_down=4)

        class Quiet(Donor):
            def decide(self, view):
                return ()

        def still(architecture):
            model = CoordinationModel(under(scenario, architecture), rng=seed)
            quiet = dict.fromkeys(model.inputs.donors.ids, Quiet)
            return CoordinationModel(model.original, rng=seed, donors=quiet)

        one, other = still(scenario.architecture), still("fragmented")
        for name, value in columns(one.land).items():
            np.testing.assert_array_equal(value, getattr(other.land, name), err_msg=name)
        one.run()
        other.run()
        np.testing.assert_array_equal(one.state.own_drawn, other.state.own_drawn)
        np.testing.assert_array_equal(one.state.standing, other.state.standing)
        np.testing.assert_array_equal(one.record.numbers[:, 0], baseline(scenario, seed).welfare_none)

    def test_money_nobody_has_does_no_harm(self, scenario):
        result = simulate(scenario.replace(money=0.0), 1)
        assert result.outcomes["projects"] == 0
        assert result.outcomes["welfare"] == pytest.approx(result.outcomes["welfare_no_aid"], rel=1e-14)

    def test_tables_can_be_read(self, scenario):
        result = simulate(scenario, 1, trace=True)
        assert len(result.steps) == scenario.parameters.quarters
        assert len(result.projects) == result.outcomes["projects"] > 0
        assert list(result.beneficiaries.index) == list(scenario.beneficiaries.ids)
        assert len(result.donors) >= 1
        assert len(result.events) > 0


class TestEveryArchitecture(Battery):
    @pytest.fixture(params=architecture_names())
    def name(self, request):
        return request.param


class TestOneOfAThirdParty(Battery):
    """An architecture in one class, registered and found by name."""

    @pytest.fixture(autouse=True)
    def name(self, monkeypatch):
        class Alike(Fragmented):
            """All donors with the mean budget."""

            name = "alike"
            summary = "all donors have the same money"
            source = "a test"

            def prepare(self, scenario):
                donors = scenario.donors
                equal = np.full(donors.count, scenario.parameters.money / donors.count)
                kept = {name: getattr(donors, name) for name in donors.__dataclass_fields__}
                columns = {"budget_low": equal, "budget_central": equal, "budget_high": equal}
                columns["rival"] = np.zeros(donors.count, dtype=bool)
                return scenario.replace(donors=type(donors)(**(kept | columns)))

        monkeypatch.setattr(base, "_REGISTRY", dict(base._REGISTRY))
        register_architecture("alike", Alike)
        globals()["Alike"] = Alike  # so that it can be pickled
        Alike.__qualname__ = "Alike"
        return "alike"


@pytest.mark.parametrize("name", ["umbrella", "umbrella_conditional", "conditional"])
def test_a_run_without_any_money_is_no_contradiction(toy, name):
    scenario = toy.replace(architecture=name, money=0.0, pooled_fund="on")
    assert simulate(scenario, 1).outcomes["projects"] == 0


@pytest.mark.parametrize("name", ["umbrella", "umbrella_conditional", "conditional"])
@pytest.mark.parametrize("why", ["rivals", "no budget"])
def test_an_architecture_that_nobody_takes_part_in_is_refused(toy, name, why):
    rows = np.arange(toy.donors.count)
    if why == "rivals":
        changed = {"rival": rows >= 0}
    else:  # the only donor with a budget is a rival
        money = np.where(rows == 0, 1.0, 0.0)
        changed = {"rival": rows == 0, "budget_low": money, "budget_central": money, "budget_high": money}
    donors = dataclasses.replace(toy.donors, **changed)
    with pytest.raises(ScenarioError, match="that is not a rival"):
        simulate(toy.replace(donors=donors, architecture=name, conditional_donors="all"))


class TestCentral:
    @pytest.mark.parametrize("seed", SEEDS)
    @pytest.mark.parametrize("which", ["toy", "synthetic", "world"])
    def test_one_donor_with_all_the_money_and_no_duplication(self, which, seed, request):
        scenario = request.getfixturevalue(which)
        result = simulate(scenario.replace(architecture="central"), seed)
        assert list(result.donors.index) == ["CENTRAL"]
        assert result.donors.budget_m_a_year.item() == pytest.approx(yearly_budgets(scenario).sum())
        for name in ("duplication_share", "objective_overlap", "method_overlap", "task_overlap", "mismatch_cost_share"):
            assert abs(result.outcomes[name]) < 1e-12, name
        assert result.outcomes["fragmentation_hhi"] == result.outcomes["effective_donors"] == 1
        assert (result.projects.slot == 0).all()

    def test_it_is_not_the_bound(self, world):
        outcomes = simulate(world.replace(architecture="central"), 1).outcomes
        assert outcomes["efficiency"] < 1
        assert outcomes["transaction_cost_share"] > 0

    @pytest.mark.parametrize("seed", SEEDS)
    def test_it_does_better_than_donors_apart_where_frictions_are_those_of_the_toy(self, toy, seed):
        # with ownership that moves states own more of what they choose among many donors
        toy = toy.replace(ownership_rate=0.0, turnover=0.0, user_growth=0.0, haven_threshold=0.0, peer_discount=0.0)
        apart = simulate(toy.replace(observation_probability=0.0, motive_political=5.0), seed)
        together = simulate(toy.replace(architecture="central"), seed)
        assert together.outcomes["efficiency"] > apart.outcomes["efficiency"]


def test_unknown_and_taken_names_are_refused():
    with pytest.raises(ScenarioError, match="did you mean 'central'"):
        get_architecture("centrall")

    class Other(Architecture):
        name = "central"

    with pytest.raises(ScenarioError, match="taken"):
        register_architecture("central", Other)
    assert {"fragmented", "central"} <= set(architecture_names())
