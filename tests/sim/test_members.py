"""Who is a member of an umbrella, and whose projects its register shows."""

import numpy as np
import pytest
from agreement import compare
from oracle.worlds import numbered
from possible import possible
from runs import assert_same_bits

from donorlab.scenarios import load
from donorlab.sim import CoordinationModel, simulate
from donorlab.sim.interventions import adopt_architecture
from donorlab.sim.scenario import ScenarioError
from donorlab.sim.state import DONOR, FLAGS, REPORTED


def some(scenario, number):
    """Name about half of the donors members and about half of these reporters."""
    rng = np.random.default_rng(number)
    ids = list(scenario.donors.ids)
    members = [name for name in ids if rng.random() < 0.6] or ids[:1]
    reporters = [name for name in members if rng.random() < 0.5]
    return scenario.replace(members=tuple(members), reporters=tuple(reporters) if number % 2 else None)


@pytest.mark.parametrize("architecture", ["umbrella", "umbrella_conditional"])
def test_engine_agrees_with_the_oracle_on_named_members(architecture):
    agreed = told = 0
    for number in range(24):
        scenario = some(numbered(number, (architecture,)), number)
        if not possible(scenario):
            continue
        compare(scenario, seed=number)
        agreed += 1
        told += not (scenario.able == ~scenario.donors.rival).all()
    assert agreed >= 12
    assert told >= 6  # worlds whose members are not the usual ones


@pytest.mark.parametrize("fund", ["off", "on"])
def test_naming_the_usual_members_changes_nothing(synthetic, fund):
    one = synthetic.replace(architecture="umbrella", pooled_fund=fund)
    usual = tuple(name for name, rival in zip(one.donors.ids, one.donors.rival, strict=True) if not rival)
    named = one.replace(members=usual, reporters=usual)
    assert_same_bits(CoordinationModel(one, rng=3).run(), CoordinationModel(named, rng=3).run())


def test_outside_an_umbrella_names_change_nothing(synthetic):
    named = synthetic.replace(members=synthetic.donors.ids[:2])
    assert_same_bits(CoordinationModel(synthetic, rng=3).run(), CoordinationModel(named, rng=3).run())


def test_only_reporters_are_in_the_register(synthetic):
    ids = synthetic.donors.ids
    one = synthetic.replace(architecture="umbrella", members=ids[:4], reporters=ids[1:3], reporting_rate=1.0)
    model = CoordinationModel(one, rng=2).run()
    rows = model.state.ledger.whole[: model.state.ledger.size]
    reported = {int(donor) for donor in rows[rows[:, FLAGS] & REPORTED != 0, DONOR]}
    assert reported == {1, 2}
    assert model.design.member.tolist() == [True] * 4 + [False] * (len(ids) - 4)
    silent = CoordinationModel(one.replace(reporters=()), rng=2).run()
    assert_same_bits(silent, CoordinationModel(one.replace(reporters=None, reporting_rate=0.0), rng=2).run())


def test_a_rival_can_be_named(world):
    rival = world.donors.ids[int(np.flatnonzero(world.donors.rival)[0])]
    model = CoordinationModel(world.replace(architecture="umbrella", members=(rival, "EU")), rng=1)
    assert [world.donors.ids[d] for d in np.flatnonzero(model.design.member)] == sorted([rival, "EU"])


def test_members_of_an_umbrella_that_begins_in_mid_run(synthetic):
    one = synthetic.replace(members=synthetic.donors.ids[:3])
    model = CoordinationModel(one, rng=1)
    model.schedule(5, adopt_architecture("umbrella"))
    for _ in range(5):
        model.step()
    assert model.design.member.sum() == 3


def test_members_by_name_and_kind(world):
    def chosen(words):
        return load("world", [f"members={words}"]).members

    kinds = dict(zip(world.donors.ids, world.donors.kinds, strict=True))
    assert chosen("all-but-rivals") is None
    assert chosen("all") == world.donors.ids
    assert set(chosen("[regional_org,USA]")) == {
        "USA",
        *(name for name, kind in kinds.items() if kind == "regional_org"),
    }
    assert load("world", ["reporters=none"]).reporters == ()
    assert load("world", ["reporters=all"]).reporters is None


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("members=[USAA]", "did you mean 'USA'"),
        ("members=[]", "list is empty"),
        ("members=some", "is not one of all, all-but-rivals"),
        ("members=[USA,USA]", "stands twice"),
        ("reporters=[CHN]", "no member"),
    ],
)
def test_names_that_cannot_be(override, words):
    with pytest.raises(ScenarioError, match=r"^(members|reporters): [^\n]*$") as raised:
        load("world", [override])
    assert words in str(raised.value)


def test_an_umbrella_without_money_is_refused(world):
    with pytest.raises(ScenarioError, match="no members here; it needs a donor with a budget among members"):
        simulate(world.replace(architecture="umbrella", members=("GFCE",)))
