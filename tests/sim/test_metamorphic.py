"""Change the input in a way whose effect is known exactly, and look whether just that happens.

Most changes must leave every whole number of a run as it is (*exactly*); where draws are addressed by an id that
changes, the distribution must stay. Worlds are drawn; ``untied`` ones have no ties, so that no order of rows matters.
"""

import dataclasses
import importlib.resources

import numpy as np
import pytest
import yaml
from metamorphic import (
    assert_outcomes,
    assert_same,
    drawn,
    insert,
    reordered,
    untied,
    untied_worlds,
    whole_numbers,
)

from donorlab.scenarios import load
from donorlab.sim import CoordinationModel, simulate
from donorlab.sim.architectures import architecture_names
from donorlab.sim.outcomes.catalogue import CATALOGUE
from donorlab.sim.scenario import Parameters
from donorlab.sim.state import QUARTER, SLOT

ARCHITECTURES = tuple(name for name in architecture_names() if name != "alike")
every_architecture = pytest.mark.parametrize("architecture", ARCHITECTURES)
NEAR = 1e-9


# --- labels ----------------------------------------------------------------------------------------------------


@every_architecture
def test_names_and_kinds_are_labels(architecture):
    for seed, world in drawn(architecture):
        donors = dataclasses.replace(
            world.donors,
            names=tuple(f"Agency {d}" for d in range(world.donors.count)),
            kinds=tuple(reversed(["fund", *["state"] * (world.donors.count - 1)])),
        )
        states = dataclasses.replace(
            world.beneficiaries,
            names=tuple(f"Land {j}" for j in range(world.beneficiaries.count)),
            regions=tuple(f"Region {j}" for j in range(world.beneficiaries.count)),
        )
        before = simulate(world, seed)
        after = simulate(world.replace(donors=donors, beneficiaries=states, title="Other", name="other"), seed)
        assert_same(whole_numbers(before), whole_numbers(after))
        assert_outcomes(after.outcomes, before.outcomes)


NO_DRAW_OF_A_STATE = {  # what a state draws by its id is switched off
    "initial_noise": 0.0, "ownership_noise": 0.0, "own_effort": 0.0, "reform_cost_spread": 0.0, "ignorance": "project",
}  # fmt: skip


@every_architecture
def test_ids_and_order_of_states_matter_only_by_their_draws(architecture):
    """Other ids, other order of rows: the same run with the states in other places, where no state draws."""
    found = 0
    for seed, world in untied_worlds(architecture, **NO_DRAW_OF_A_STATE):
        if set(world.donors.ids) & set(world.beneficiaries.ids):
            continue
        n = world.beneficiaries.count
        order = np.random.default_rng(seed).permutation(n)
        states, place = reordered(world.beneficiaries, [f"Land{i}" for i in order])
        donors = dataclasses.replace(world.donors, affinity=world.donors.affinity[:, np.argsort(place)])
        before = simulate(world, seed)
        after = simulate(world.replace(beneficiaries=states, donors=donors), seed)
        assert_same(whole_numbers(before), whole_numbers(after, states=place))
        assert_outcomes(after.outcomes, before.outcomes, NEAR)
        found += before.outcomes["projects"] > 0
    assert found >= 4


@every_architecture
def test_order_of_pillars_and_of_instruments_does_not_matter(architecture):
    found = 0
    for seed, world in untied_worlds(architecture, **NO_DRAW_OF_A_STATE):
        chance = np.random.default_rng(seed)
        k, m = chance.permutation(len(world.pillars)), chance.permutation(len(world.instruments))
        other = world.replace(
            pillars=tuple(world.pillars[i] for i in k),
            instruments=tuple(world.instruments[i] for i in m),
            pillar_weights=world.pillar_weights[k],
            instrument_mix=world.instrument_mix[np.ix_(k, m)],
            beneficiaries=dataclasses.replace(
                world.beneficiaries, initial_score=world.beneficiaries.initial_score[:, k]
            ),
            donors=dataclasses.replace(
                world.donors, mandate=world.donors.mandate[:, k], skill=world.donors.skill[:, m]
            ),
        )
        before, after = simulate(world, seed), simulate(other, seed)
        assert_same(whole_numbers(before), whole_numbers(after, pillars=np.argsort(k)))
        assert_outcomes(after.outcomes, before.outcomes, NEAR)
        found += before.outcomes["projects"] > 0
    assert found >= 4


RENAMED = ("fragmented", "umbrella", "umbrella_conditional")
SHOWN = (
    "welfare", "welfare_no_aid", "welfare_bound", "duplication_share", "transaction_cost_share", "idle_share",
    "fragmentation_hhi", "objective_overlap", "attribution_share", "absorption_use", "ownership", "contracted_m", "projects",
)  # fmt: skip


@pytest.mark.parametrize("architecture", RENAMED)
def test_other_ids_are_other_draws_of_the_same_distribution(architecture):
    """Means over seeds within four standard errors of their difference."""
    world = untied(
        0, architecture, lapse=0.03, failure=0.2, own_effort=1.0, horizon=8, wind_down=2, budget_elasticity=0.0
    )
    assert not set(world.donors.ids) & set(world.beneficiaries.ids)
    donors, _ = reordered(world.donors, [f"Z{9 - d}" for d in range(world.donors.count)])
    states, place = reordered(world.beneficiaries, [f"Land{9 - j}" for j in range(world.beneficiaries.count)])
    donors = dataclasses.replace(donors, affinity=donors.affinity[:, np.argsort(place)])
    other = world.replace(donors=donors, beneficiaries=states)
    runs = 80

    def outcomes(inputs):
        found = [simulate(inputs, s).outcomes for s in range(runs)]
        return np.array([[one[name] for name in SHOWN] for one in found])

    before, after = outcomes(world), outcomes(other)
    assert (before != after).any()
    error = np.sqrt((before.var(axis=0, ddof=1) + after.var(axis=0, ddof=1)) / runs)
    gap = np.abs(before.mean(axis=0) - after.mean(axis=0))
    assert (gap <= 4 * error + 1e-12).all(), dict(zip(SHOWN, gap / error, strict=True))


def test_the_order_of_rows_in_the_input_does_not_matter(tmp_path):
    """Donors, states and their columns are sorted by id when they are loaded."""
    file = importlib.resources.files("donorlab.scenarios").joinpath("conf/scenario/toy.yaml")
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    for table in ("beneficiaries", "donors"):
        data[table] = dict(reversed(data[table].items()))
        for row in data[table].values():
            for name, cell in row.items():
                row[name] = dict(reversed(cell.items())) if isinstance(cell, dict) else cell
    path = tmp_path / "other.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    before, after = simulate(load("toy"), 1), simulate(load(path), 1)
    assert_same(whole_numbers(before), whole_numbers(after))
    assert_outcomes(after.outcomes, before.outcomes)


# --- who gives -------------------------------------------------------------------------------------------------


@every_architecture
def test_a_donor_that_gives_nothing_changes_nothing(architecture):
    """Not the projects, not the leads, not the cost of negotiation, not what others pledge."""
    found = 0
    for seed, world in drawn(architecture):
        if world.parameters.money == 0 or world.parameters.narrative_coherence > 0:
            continue
        none = {"ids": "C0", "names": "Nobody", "budget_low": 0.0, "budget_central": 0.0, "budget_high": 0.0}
        donors, at = insert(world.donors, 0, none)
        before, after = simulate(world, seed), simulate(world.replace(donors=donors), seed)
        serial = after._model.parameters.planning_slots == 0  # each donor has a slot of its own: numbers shift
        others = None
        if architecture != "central":
            others = np.delete(np.arange(len(after._model.giving.keys)), at)
            assert after.donors.loc["C0", ["contracted_m", "cash_m"]].tolist() == [0, 0]
        assert_same(whole_numbers(before, slots=not serial), whole_numbers(after, donors=others, slots=not serial))
        assert_outcomes(after.outcomes, before.outcomes, 1e-12)
        found += before.outcomes["projects"] > 0
    assert found >= 4


# --- money -----------------------------------------------------------------------------------------------------

MONEY_OUTCOMES = tuple(name for name, (unit, _) in CATALOGUE.items() if unit.startswith("EUR"))


def money_power(unit):
    """Return 1 for money, -1 for what is counted per EUR, 0 for all else."""
    numerator, _, denominator = unit.partition("/")
    assert "EUR" not in denominator or "EUR" not in numerator
    return 1 if numerator.strip().startswith("EUR") else -int("EUR" in denominator)


def in_other_currency(world, rate):
    """The same world, its money counted in another currency: by the units that parameters declare."""
    changes = {}
    for item in dataclasses.fields(Parameters):
        power = money_power(item.metadata["unit"])
        if power:
            changes[item.name] = getattr(world.parameters, item.name) * rate**power
    columns = {name: getattr(world.donors, name) * rate for name in ("budget_low", "budget_central", "budget_high")}
    return world.replace(donors=dataclasses.replace(world.donors, **columns), **changes)


def test_what_is_money_says_so_in_its_unit():
    """A new cost whose unit does not say EUR would slip through: its name or meaning must then show what it is."""
    numbers = [item for item in dataclasses.fields(Parameters) if item.type in ("float", "int")]
    money = {item.name for item in numbers if money_power(item.metadata["unit"])}
    assert money >= {"money", "task_cost", "fixed_cost", "relation_cost", "reform_cost", "reform_benefit",
                     "monitoring_cost", "negotiation_cost"}  # fmt: skip
    for item in numbers:
        if item.name not in money and any(
            word in item.name for word in ("cost", "money", "price", "benefit", "budget")
        ):
            assert item.metadata["unit"] in ("-", "share", "probability"), f"{item.name}: is this money?"
    assert MONEY_OUTCOMES == ("appropriated_m", "contracted_m", "aid_per_user")


@every_architecture
def test_twice_the_currency_is_the_same_run_exactly(architecture):
    for seed, world in drawn(architecture):
        before, after = simulate(world, seed), simulate(in_other_currency(world, 2.0), seed)
        assert_same(whole_numbers(before), whole_numbers(after))
        assert_outcomes(after.outcomes, before.outcomes, but=MONEY_OUTCOMES)
        for name in MONEY_OUTCOMES:
            assert after.outcomes[name] == 2 * before.outcomes[name]
        np.testing.assert_array_equal(after._model.state.cash, 2 * before._model.state.cash)


@every_architecture
def test_another_currency_is_the_same_run(architecture):
    """By a factor that is not exact in binary; worlds without ties."""
    for seed, world in untied_worlds(architecture):
        before, after = simulate(world, seed), simulate(in_other_currency(world, 1.1), seed)
        assert_same(whole_numbers(before), whole_numbers(after))
        assert_outcomes(after.outcomes, before.outcomes, NEAR, but=MONEY_OUTCOMES)
        for name in MONEY_OUTCOMES:
            assert after.outcomes[name] == pytest.approx(1.1 * before.outcomes[name], rel=NEAR)


# --- weights, time, what needs no help -------------------------------------------------------------------------


@every_architecture
def test_scale_of_users_weights_affinities_and_motives_does_not_matter(architecture):
    """All are used over their mean or sum."""
    for seed, world in drawn(architecture):
        if world.parameters.user_weight_exponent not in (0.0, 0.5, 1.0, 2.0):
            continue
        motives = {name: 4.0 * getattr(world.parameters, name) for name in
                   ("motive_need", "motive_security", "motive_political", "motive_visibility")}  # fmt: skip
        other = world.replace(
            beneficiaries=dataclasses.replace(world.beneficiaries, users_m=4.0 * world.beneficiaries.users_m),
            donors=dataclasses.replace(world.donors, affinity=2.0 * world.donors.affinity),
            pillar_weights=8.0 * world.pillar_weights,
            income_group_weights={name: 2.0 * weight for name, weight in world.income_group_weights.items()},
            **motives,
        )
        before, after = simulate(world, seed), simulate(other, seed)
        assert_same(whole_numbers(before), whole_numbers(after))
        assert_outcomes(after.outcomes, before.outcomes, 1e-12, but=("users_m", "aid_per_user", "exposed_users_m"))
        assert after.outcomes["users_m"] == pytest.approx(4.0 * before.outcomes["users_m"], rel=1e-12)


@every_architecture
def test_the_future_does_not_reach_back(architecture):
    """A longer wind-down, or a longer horizon, leaves what came before as it was."""
    for seed, world in drawn(architecture):
        horizon, wind_down = world.parameters.horizon, world.parameters.wind_down
        plain = CoordinationModel(world.replace(wind_down=0), rng=seed).run()
        for longer in (world.replace(wind_down=wind_down + 5), world.replace(horizon=horizon + 7, wind_down=0)):
            model = CoordinationModel(longer, rng=seed).run()
            np.testing.assert_array_equal(model.record.numbers[:horizon], plain.record.numbers)
            np.testing.assert_array_equal(model.record.flow[:horizon], plain.record.flow)
            n = plain.state.ledger.size
            np.testing.assert_array_equal(
                model.state.ledger.whole[:n, : SLOT + 1], plain.state.ledger.whole[:n, : SLOT + 1]
            )
            np.testing.assert_array_equal(model.state.ledger.words[:n, 0], plain.state.ledger.words[:n, 0])
            late = model.state.ledger.whole[n : model.state.ledger.size, QUARTER]
            assert (late > horizon).all()


@every_architecture
def test_a_state_that_needs_nothing_changes_nothing(architecture):
    """All its tasks stand; its weight and each donor's affinity to it are the means, so that others' stay."""
    found = 0
    for seed, world in untied_worlds(architecture, pledge_focus=1.0, user_weight_exponent=0.5, headroom=1.0):
        states = world.beneficiaries
        full = {"ids": "R0", "users_m": float(np.mean(states.users_m**0.5) ** 2), "users_relative": 1.0,
                "initial_score": np.ones(len(world.pillars))}  # fmt: skip
        more, at = insert(states, 0, full)
        affinity = np.insert(world.donors.affinity, at, world.donors.affinity.mean(axis=1), axis=1)
        other = world.replace(beneficiaries=more, donors=dataclasses.replace(world.donors, affinity=affinity))
        before, after = simulate(world, seed), simulate(other, seed)
        rest = np.delete(np.arange(more.count), at)
        one, two = whole_numbers(before), whole_numbers(after, states=rest)
        of_full = world.parameters.tasks_per_pillar
        two["tasks"] = two["tasks"] - of_full
        assert_same(one, two)
        assert after.outcomes["efficiency"] == pytest.approx(before.outcomes["efficiency"], rel=1e-6, nan_ok=True)
        weight = float(before._model.land.pillar_weight.sum())
        assert after.outcomes["welfare"] == pytest.approx(before.outcomes["welfare"] + weight, rel=NEAR)
        found += before.outcomes["projects"] > 0
    assert found >= 4


@every_architecture
def test_a_pillar_that_is_worth_nothing_changes_nothing(architecture):
    """It has no weight, no mandate covers it, and donors follow need alone (else the mean over pillars shifts)."""
    need = {"motive_need": 1.0, "motive_security": 0.0, "motive_political": 0.0, "motive_visibility": 0.0,
            "narrative_coherence": 0.0}  # fmt: skip
    found = 0
    for seed, world in untied_worlds(architecture, **need):
        pillars = len(world.pillars)
        other = world.replace(
            pillars=(*world.pillars, "worthless"),
            pillar_weights=np.append(world.pillar_weights, 0.0),
            instrument_mix=np.vstack([world.instrument_mix, world.instrument_mix[:1]]),
            beneficiaries=dataclasses.replace(
                world.beneficiaries,
                initial_score=np.column_stack(
                    [world.beneficiaries.initial_score, world.beneficiaries.initial_score[:, 0]]
                ),
            ),
            donors=dataclasses.replace(
                world.donors, mandate=np.column_stack([world.donors.mandate, np.zeros(world.donors.count)])
            ),
        )
        before, after = simulate(world, seed), simulate(other, seed)
        assert_same(whole_numbers(before), whole_numbers(after, pillars=np.arange(pillars)))
        assert not after._model.state.own_tasks[:, pillars].any()
        assert after.outcomes["welfare"] == pytest.approx(
            before.outcomes["welfare"] * (pillars + 1) / pillars, rel=NEAR
        )
        assert after.outcomes["efficiency"] == pytest.approx(before.outcomes["efficiency"], rel=1e-6, nan_ok=True)
        found += before.outcomes["projects"] > 0
    assert found >= 4
