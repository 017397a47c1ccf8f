"""Loading scenarios: defaults, shapes, overrides, refusals, Hydra's state, threads."""

from __future__ import annotations

import dataclasses
import importlib
import json
import re
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import yaml

from donorlab.scenarios import (
    architectures,
    build,
    composition,
    configuration,
    load,
    names,
    parameter_defaults,
    parameter_table,
    planned_table,
    ranges_hash,
    value_tables,
    world,
)
from donorlab.scenarios.parameters import RANGES, read_ranges
from donorlab.sim import simulate
from donorlab.sim.architectures import architecture_names
from donorlab.sim.scenario import Parameters, Scenario, ScenarioError

TABLES = ("beneficiaries.csv", "donors.csv", "affinity.csv")


def refused(call, *arguments) -> str:
    """Return the message of the ScenarioError that the call raises; it must be one line."""
    with pytest.raises(ScenarioError) as caught:
        call(*arguments)
    message = str(caught.value)
    assert "\n" not in message
    assert message.isprintable()
    assert len(message) < 500
    return message


def arrays(scenario: Scenario) -> dict[str, np.ndarray]:
    found = {"mix": scenario.instrument_mix, "weights": scenario.pillar_weights}
    for part in (scenario.beneficiaries, scenario.donors):
        for item in dataclasses.fields(part):
            found[f"{type(part).__name__}.{item.name}"] = np.asarray(getattr(part, item.name))
    return found


def same(one: Scenario, other: Scenario) -> bool:
    left, right = arrays(one), arrays(other)
    plain = ("name", "title", "pillars", "instruments", "parameters", "mechanisms", "architecture")
    equal = (np.array_equal(left[key], right[key], equal_nan=left[key].dtype.kind == "f") for key in left)
    return all(equal) and all(getattr(one, name) == getattr(other, name) for name in plain)


@pytest.fixture
def fresh_cache():
    composition._composed.cache_clear()
    yield
    composition._composed.cache_clear()


# ------------------------------------------------------------------------------------------------ parameters


def test_defaults_are_those_of_the_file():
    rows = yaml.safe_load(RANGES.read_text())["parameters"]
    assert parameter_defaults() == {name: row["default"] for name, row in rows.items()}
    for name in ("world", "synthetic"):
        found = dataclasses.asdict(load(name).parameters)
        assert found == {name: row["default"] for name, row in rows.items()}


def test_table_joins_file_and_code():
    fields = {item.name: item for item in dataclasses.fields(Parameters)}
    table = parameter_table()
    assert [row.name for row in table] == list(fields)
    for row in table:
        assert row.unit == fields[row.name].metadata["unit"]
        assert row.meaning
        assert row.source
        assert (row.hard_low is None) == bool(row.choices)
    with pytest.raises(dataclasses.FrozenInstanceError):
        table[0].default = 1


def test_tables_and_planned_rows():
    mix = value_tables()["instrument_mix"]
    assert mix.columns == ("advice", "training", "institution", "exchange")
    assert all(sum(row) == pytest.approx(1) for row in mix.values.values())
    assert list(value_tables()["pillar_weights"].values) == list(mix.values)
    assert not {row.name for row in planned_table()} & set(parameter_defaults())
    assert all(row.source and row.kind for row in planned_table())
    value_tables()["pillar_weights"].values.clear()
    assert value_tables()["pillar_weights"].values


def test_hash_is_of_the_file():
    assert re.fullmatch(r"[0-9a-f]{64}", ranges_hash())


def changed_ranges(tmp_path: Path, change) -> Path:
    data = yaml.safe_load(RANGES.read_text())
    change(data)
    path = tmp_path / "ranges.yaml"
    path.write_text(json.dumps(data, default=str))
    return path


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (lambda d: d["parameters"].pop("pace"), ("pace", "no row")),
        (lambda d: d["parameters"].update(pase=d["parameters"]["pace"]), ("pase", "did you mean 'pace'")),
        (lambda d: d["parameters"]["pace"].update(default=2), ("pace", "outside its range", "0.15 to 1")),
        (lambda d: d["parameters"]["pace"].update(range=[1, 0.1]), ("pace", "lower one first")),
        (lambda d: d["parameters"]["pace"].update(distribution="uniform"), ("pace", "'log_uniform' is right")),
        (lambda d: d["parameters"]["lapse"].update(distribution="log_uniform"), ("lapse", "'uniform' is right")),
        (lambda d: d["parameters"]["horizon"].update(distribution="uniform"), ("horizon", "'none' is right")),
        (lambda d: d["parameters"]["horizon"].update(default=0.5), ("horizon", "between 1 and 4000")),
        (lambda d: d["parameters"]["horizon"].update(default=1.5), ("horizon", "whole number")),
        (lambda d: d["parameters"]["ignorance"].update(default="none"), ("ignorance", "project, task")),
        (lambda d: d["parameters"]["pace"].update(kind="guess"), ("pace", "uncertainty, lever, value, design")),
        (lambda d: d["parameters"]["pace"].update(source=" "), ("pace", "source is empty")),
        (lambda d: d["parameters"]["pace"].pop("source"), ("pace", "'source' is missing")),
        (lambda d: d["parameters"]["pace"].update(sorce="x"), ("pace", "did you mean 'source'")),
        (lambda d: d["planned"].update(pace=d["planned"]["herding"]), ("planned pace", "move its row")),
        (lambda d: d["tables"].pop("instrument_mix"), ("instrument_mix", "missing")),
        (lambda d: d["tables"]["instrument_mix"]["values"]["legal"].pop(), ("instrument_mix, legal", "4 numbers")),
        (lambda d: d.update(schema=2), ("schema", "schema 1")),
    ],
)
def test_ranges_are_checked(tmp_path, change, parts):
    message = refused(read_ranges, changed_ranges(tmp_path, change))
    assert message.startswith("ranges.yaml")
    for part in parts:
        assert part in message


# ------------------------------------------------------------------------------------------------ world


def test_names():
    assert {"world", "toy", "synthetic"} <= set(names())
    assert {"fragmented", "central"} <= set(architectures())


def test_configured_architectures_are_the_built_in_ones():
    assert set(composition.options("architecture")) <= set(architecture_names())
    for name in composition.options("architecture"):
        assert load("toy", [f"architecture={name}"]).architecture == name


def test_world_shape():
    scenario = load()
    assert (scenario.beneficiaries.count, scenario.donors.count, len(scenario.pillars)) == (134, 48, 5)
    assert scenario.architecture == "fragmented"
    assert scenario.instruments == ("advice", "training", "institution", "exchange")
    states, donors = scenario.beneficiaries, scenario.donors
    assert list(states.ids) == sorted(states.ids)
    assert list(donors.ids) == sorted(donors.ids)
    assert states.users_m.min() == 0.01
    assert np.median(states.users_relative) == pytest.approx(1)
    assert states.government_rank.min() == 0
    assert states.government_rank.max() == 1
    for absent in ("PLW", "CHL", "SYC", "URY", "TUR"):
        assert absent not in states.ids
    for both in ("CHN", "IND"):
        assert donors.affinity[donors.ids.index(both), states.ids.index(both)] == 0


def test_world_scores_are_those_of_the_table():
    scenario = load()
    rows = world.Table(world.DATA / "beneficiaries.csv", "iso3")
    row = rows.keys.index("KEN")
    legal = float(rows.text("gci2024_legal")[row])
    assert scenario.beneficiaries.initial_score[scenario.beneficiaries.ids.index("KEN"), 0] == legal / 20


def test_world_budgets():
    donors = load().donors
    totals = [column.sum() for column in (donors.budget_low, donors.budget_central, donors.budget_high)]
    assert totals == pytest.approx([115, 250, 539], abs=1)
    broker = donors.ids.index("GFCE")
    assert donors.budget_central[broker] == 0
    assert {name for name, rival in zip(donors.ids, donors.rival, strict=True) if rival} == {
        "CHN", "TUR", "ARE", "QAT", "RUS",
    }  # fmt: skip
    share = donors.budget_central[donors.rival].sum() / totals[1]
    assert share == pytest.approx(parameter_defaults()["rival_share"], abs=0.01)


def test_named_sets_and_lists():
    everyone = load().beneficiaries
    without = load("world", ["beneficiaries=oda-without-china"]).beneficiaries
    assert set(everyone.ids) - set(without.ids) == {"CHN"}
    flagged = world.Table(world.DATA / "beneficiaries.csv", "iso3")
    flags = zip(flagged.keys, flagged.flags("ldc"), flagged.flags("sids"), strict=True)
    poor = load("world", ["beneficiaries=ldc-and-sids"]).beneficiaries
    assert set(poor.ids) == {name for name, ldc, sids in flags if ldc or sids}
    two = load("world", ["beneficiaries=[TZA, KEN]", "donors=[USA,GBR]"])
    assert two.beneficiaries.ids == ("KEN", "TZA")
    assert two.donors.ids == ("GBR", "USA")
    assert two.donors.affinity.shape == (2, 2)


def test_a_subset_does_not_change_a_state_or_a_donor():
    whole, part = load(), load("world", ["beneficiaries=[KEN,TZA]", "donors=[USA,GBR]"])
    rows = [whole.beneficiaries.ids.index(name) for name in part.beneficiaries.ids]
    for name in ("users_m", "users_relative", "government_rank", "norm_position", "initial_score"):
        assert np.array_equal(getattr(whole.beneficiaries, name)[rows], getattr(part.beneficiaries, name))
    givers = [whole.donors.ids.index(name) for name in part.donors.ids]
    assert np.array_equal(whole.donors.affinity[np.ix_(givers, rows)], part.donors.affinity)
    assert np.array_equal(whole.donors.mandate[givers], part.donors.mandate)


@pytest.fixture
def tables(tmp_path, monkeypatch):
    for name in TABLES:
        shutil.copy(world.DATA / name, tmp_path / name)
    monkeypatch.setattr(world, "DATA", tmp_path)

    def change(name: str, old: str, new: str) -> str:
        path = tmp_path / name
        text = path.read_text()
        assert re.search(old, text, re.MULTILINE)
        path.write_text(re.sub(old, new, text, count=1, flags=re.MULTILINE))
        return refused(load)

    return change


@pytest.mark.parametrize(
    ("name", "old", "new", "parts"),
    [
        ("affinity.csv", r"^(USA,KEN,.*)$", r"\1\n\1", ("2 rows for donor USA and beneficiary KEN",)),
        ("affinity.csv", r"^USA,KEN,.*\n", "", ("0 rows for donor USA and beneficiary KEN",)),
        ("affinity.csv", r"^USA,KEN,", "USX,KEN,", ("unknown donor 'USX'", "did you mean 'USA'")),
        ("affinity.csv", r"^USA,KEN,[^,]*", "USA,KEN,much", ("row USA", "column affinity", "'much' is not a number")),
        ("donors.csv", r"^id,name", "idd,name", ("donors.csv", "no column 'id'")),
        ("donors.csv", r"^(GBR.*)", r"\1,x", ("donors.csv, row", "cells for")),
        ("beneficiaries.csv", r"^KEN,", "AGO,", ("'AGO' occurs twice",)),
    ],
)
def test_damaged_cells_are_reported(tables, name, old, new, parts):
    message = tables(name, old, new)
    for part in parts:
        assert part in message


def test_a_missing_table_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(world, "DATA", tmp_path)
    assert "beneficiaries.csv: not found" in refused(load)


# ------------------------------------------------------------------------------------------------ toy, synthetic


def test_toy():
    scenario = load("toy")
    assert (scenario.donors.count, scenario.beneficiaries.count, len(scenario.pillars)) == (3, 5, 2)
    assert scenario.beneficiaries.ids == ("ALBA", "BRISA", "CORA", "DUNA", "ELMA")
    assert scenario.parameters.planning_slots == 0
    assert (scenario.parameters.horizon, scenario.parameters.wind_down) == (12, 4)
    assert scenario.donors.budget_central.sum() == pytest.approx(scenario.parameters.money)
    assert np.median(scenario.beneficiaries.users_relative) == 1
    assert scenario.parameters.crowding_out == parameter_defaults()["crowding_out"]
    assert load("toy", ["donors=[FUND]", "beneficiaries=[ALBA,ELMA]"]).donors.affinity.shape == (1, 2)


def test_every_line_of_the_toy_has_a_comment():
    text = (composition.CONF / "scenario" / "toy.yaml").read_text()
    section = text.split("parameters:", 1)[1].split("pillar_weights:", 1)[0]
    assert all("#" in line for line in section.splitlines() if line.strip())


def test_synthetic_is_a_function_of_its_draw():
    one, other = load("synthetic"), load("synthetic", ["synthetic.draw=2"])
    assert same(one, load("synthetic"))
    assert not same(one, other)
    wide = load("synthetic", ["synthetic.beneficiaries=70"])
    assert np.array_equal(one.donors.budget_central, wide.donors.budget_central)


@pytest.mark.parametrize("draw", range(12))
def test_synthetic_always_has_somebody_who_sets_conditions(draw):
    donors = load("synthetic", [f"synthetic.draw={draw}"]).donors
    assert (donors.conditional & ~donors.rival).any()


def test_an_architecture_brings_what_it_cannot_do_without(tmp_path):
    assert load("toy").parameters.credit == "none"
    assert load("toy", ["architecture=credit"]).parameters.credit == "marginal"
    assert load("toy", ["architecture=credit", "credit=equal"]).parameters.credit == "equal"
    own = tmp_path / "own.yaml"
    text = (composition.CONF / "scenario" / "toy.yaml").read_text()
    own.write_text(text.replace("parameters: ", "parameters:\n  credit: equal "))
    assert load(own, ["architecture=credit"]).parameters.credit == "equal"
    with pytest.raises(ScenarioError, match="set credit to marginal or equal"):
        simulate(load("toy", ["architecture=credit", "credit=none"]))


def test_synthetic_money():
    assert load("synthetic").parameters.money == parameter_defaults()["money"]
    scenario = load("synthetic", ["synthetic.donors=30", "synthetic.money_per_donor=2"])
    assert scenario.parameters.money == 60
    assert load("synthetic", ["synthetic.money_per_donor=null", "money=300"]).parameters.money == 300
    message = refused(load, "synthetic", ["synthetic.money_per_donor=2", "money=300"])
    assert message.startswith("money:")
    budget = np.sort(load("synthetic", ["synthetic.donors=500"]).donors.budget_central)
    assert budget[-50:].sum() > 0.3 * budget.sum()


@pytest.mark.parametrize("pillars", [1, 3, 5, 12])
def test_synthetic_pillars_repeat_the_mix(pillars):
    scenario = load("synthetic", [f"synthetic.pillars={pillars}"])
    rows = list(value_tables()["instrument_mix"].values.values())
    assert len(scenario.pillars) == len(set(scenario.pillars)) == pillars
    for k in range(pillars):
        assert tuple(scenario.instrument_mix[k]) == rows[k % 5]


def test_synthetic_is_fast():
    load("synthetic")
    start = time.perf_counter()
    scenario = load("synthetic", ["synthetic.donors=500", "synthetic.beneficiaries=1000"])
    assert time.perf_counter() - start < 1
    assert scenario.donors.affinity.shape == (500, 1000)


def test_synthetic_smallest_and_largest():
    smallest = load("synthetic", ["synthetic.donors=1", "synthetic.beneficiaries=1", "synthetic.pillars=1"])
    assert smallest.donors.affinity.shape == (1, 1)
    assert load("synthetic", ["synthetic.donors=5", "synthetic.beneficiaries=5000"]).beneficiaries.count == 5000
    assert load("synthetic", ["synthetic.donors=5000", "synthetic.beneficiaries=5"]).donors.count == 5000


# ------------------------------------------------------------------------------------------------ overrides


def test_overrides_reach_the_scenario():
    scenario = load(
        "world", ["architecture=central", "horizon=8", "planning_slots=serial", "mechanism.lapse=exponential"]
    )
    assert scenario.architecture == "central"
    assert scenario.parameters.horizon == 8
    assert scenario.parameters.planning_slots == 0
    assert load("toy", ["horizon=8", " horizon = 9 "]).parameters.horizon == 9
    assert load("toy", ["money=1e-2"]).parameters.money == 0.01
    assert load("toy", ["money=1000000"]).parameters.money == 1e6, "outside its range, inside its hard limits"
    assert load("toy", ["ignorance=task"]).parameters.ignorance == "task"


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("horizon", ("key=value",)),
        ("horizn=4", ("horizn", "did you mean 'horizon'")),
        ("mechanism.plan=x", ("mechanism.plan", "did you mean 'mechanism.planning'")),
        ("mechanism.zzzzzzzzz=x", ("mechanism.zzzzzzzzz",)),
        ("synthetic.donor=3", ("synthetic.donor", "did you mean 'synthetic.donors'")),
        ("synthetic.donors=3", ("synthetic.donors", "scenario world")),
        ("scenario=toy", ("scenario", "first argument")),
        ("architecture=centrl", ("architecture", "did you mean 'central'")),
        ("architecture=../central", ("architecture", "not a name")),
        ("mechanism.lapse=exponentil", ("mechanism.lapse", "did you mean 'exponential'")),
        ("mechanism=defalt", ("mechanism", "did you mean 'default'")),
        ("beneficiaries=oad", ("beneficiaries", "oda-without-china", "did you mean 'oda'")),
        ("beneficiaries=[KEN,TZX]", ("beneficiaries", "TZX", "did you mean 'TZA'")),
        ("beneficiaries=[KEN,KEN]", ("beneficiaries", "twice")),
        ("beneficiaries=[]", ("beneficiaries", "empty")),
        ("beneficiaries=3", ("beneficiaries", "list of ids")),
        ("donors=[USX]", ("donors", "did you mean 'USA'")),
        ("donors=[1,2]", ("donors", "not a word")),
        ("horizon=-1", ("horizon", "between 1 and 4000")),
        ("horizon=4.5", ("horizon", "whole number")),
        ("horizon=soon", ("horizon", "'soon' is not a number", "between 1 and 4000")),
        ("horizon='40'", ("horizon", "not a number")),
        ("horizon=true", ("horizon", "not a number")),
        ("horizon=010", ("horizon", "not a number")),
        ("horizon=1:30", ("horizon", "not a number")),
        ("horizon=[1,2]", ("horizon", "list", "sweep")),
        ("horizon={a: 1}", ("horizon", "mapping")),
        ("horizon=", ("horizon", "no value")),
        ("horizon=[", ("horizon", "cannot be read")),
        ("horizon=1\n2", ("horizon", "not a number")),
        ("money=nan", ("money", "not a finite number", "at least 0")),
        ("money=.NaN", ("money", "not a finite number")),
        ("money=-inf", ("money", "not a finite number")),
        ("money=Infinity", ("money", "not a finite number")),
        ("money=1e999", ("money", "not a finite number")),
        ("money=" + "9" * 5000, ("money", "not a finite number")),
        ("money=" + "9" * 200_000, ("money", "at most")),
        ("ignorance=projct", ("ignorance", "did you mean 'project'")),
        ("ignorance=3", ("ignorance", "project, task")),
        ("project_tasks_maximum=1", ("project_tasks_minimum", "project_tasks_maximum")),
    ],
)
def test_wrong_overrides(override, parts):
    message = refused(load, "world", [override])
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    "attack",
    [
        "hydra.callbacks.x._target_=os.system",
        "hydra.run.dir=/tmp/x",
        "hydra=x",
        "defaults=[x]",
        "_target_=os.system",
        "money._target_=os.system",
        "architecture={_target_: os.system}",
        "# @package _global_",
        "money=1 # @package _global_",
        "money=1\n# @package _global_\nhydra: {}",
        "architecture=${oc.env:HOME}",
        "money=${oc.env:HOME}",
        "money=$HOME",
        "+horizon=1",
        "++horizon=1",
        "~horizon",
        "~horizon=1",
        "+hydra.verbose=true",
        "architecture@hydra=central",
        "scenario/architecture=central",
        "money=!!python/object/apply:os.system [ls]",
        "donors=&a [*a]",
        "architecture=central,hydra.verbose=true",
        "architecture=choice(central,fragmented)",
        "beneficiaries=" + "[" * 50 + "]" * 50,
        "beneficiaries=" + "[" * 40_000,
    ],
)
@pytest.mark.usefixtures("fresh_cache")
def test_attacks_are_refused_before_hydra(attack, monkeypatch):
    def never(*arguments: object) -> str:
        raise AssertionError("reached Hydra")

    monkeypatch.setattr(composition, "_composed", never)
    refused(load, "world", [attack])


def test_prefix_message_says_what_to_write():
    assert "write horizon=4" in refused(load, "toy", ["++horizon=4"])


def test_one_text_instead_of_a_list():
    assert "['horizon=4']" in refused(load, "toy", "horizon=4")


def test_unknown_scenario():
    assert "did you mean 'world'" in refused(load, "wrold")
    assert "not one of" in refused(load, "../conf/scenario/world")
    assert "not one of" in refused(load, "none ")


# ------------------------------------------------------------------------------------------------ files of one's own


@pytest.fixture
def own(tmp_path):
    def write(text: str | None = None, old: str = "", new: str = "") -> Path:
        text = text if text is not None else (composition.CONF / "scenario" / "toy.yaml").read_text()
        assert old in text
        path = tmp_path / "mine.yaml"
        path.write_text(text.replace(old, new, 1))
        return path

    return write


def test_own_file(own):
    assert same(load(own()), load("toy"))
    assert load(str(own()), ["architecture=central"]).architecture == "central"


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("# A world", "# @package _global_\n# A world", ("@package",)),
        ("name: toy", "hydra: {verbose: true}\nname: toy", ("'hydra'", "refused")),
        ("name: toy", "defaults: [world]\nname: toy", ("'defaults'", "refused")),
        ("name: toy", "_target_: os.system\nname: toy", ("_target_",)),
        ("money: 0.8", "money: ${oc.env:HOME}", ("${",)),
        ("name: Alba", "name: !!python/name:os.system x", ("tags",)),
        ("name: Alba", "name: &a Alba", ("anchors",)),
        ("money: 0.8", "mony: 0.8", ("scenario toy, parameters", "did you mean 'money'")),
        ("money: 0.8", "money: much", ("scenario toy, parameters", "money", "not a number")),
        ("money: 0.8", "money: [1]", ("money", "not one number")),
        ("money: 0.8", "money: 1\n  money: 2", ("money", "twice")),
        ("builder: written", "builder: writen", ("builder", "did you mean 'written'")),
        ("builder: written", "builder: os.system", ("builder", "not one of")),
        ("title: Three", "tilte: Three", ("'title' is missing",)),
        ("pillar_weights:", "pillar_weigths:", ("unknown key", "did you mean 'pillar_weights'")),
        ("government_rank: 0.1", "government_rank: 2", ("ALBA", "government_rank", "between 0 and 1")),
        ("government_rank: 0.1", "government_rank: low", ("ALBA", "government_rank", "not a number")),
        ("users_m: 2,", "", ("ALBA", "users_m", "missing")),
        ("legal: 0.5, technical: 0.5}, skill", "legal: 0.9, technical: 0.5}, skill", ("mandate", "NORDIA", "sum")),
        ("ELMA: 0.2}", "ELNA: 0.2}", ("NORDIA", "affinity", "did you mean 'ELMA'")),
        ("low: 0.1, central", "low: -1, central", ("FUND", "budget_low")),
        ("rival: false", "rival: no", ("rival", "true or false")),
        ("  ALBA: ", "  1: ", ("'1' is not a word",)),
        ("parameters:", "select: {donor: all}\nparameters:", ("select", "did you mean 'donors'")),
    ],
)  # fmt: skip
def test_wrong_files(own, old, new, parts):
    message = refused(load, own(old=old, new=new))
    for part in parts:
        assert part in message


def test_files_that_are_no_scenario(own, tmp_path):
    assert "mapping" in refused(load, own("[1, 2]"))
    assert "mapping" in refused(load, own(""))
    assert "cannot be read" in refused(load, own("a: [1"))
    assert "levels deep" in refused(load, own("a: " + "[" * 100 + "]" * 100))
    assert "characters" in refused(load, own("# " + "x" * 2_000_000))
    assert "cannot be read" in refused(load, tmp_path / "absent.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in refused(load, tmp_path / "bytes.yaml")


def test_norway_is_a_word(own):
    text = (composition.CONF / "scenario" / "toy.yaml").read_text().replace("FUND:", "NO:")
    assert load(own(text), ["donors=[NO]"]).donors.ids == ("NO",)


# ------------------------------------------------------------------------------------------------ Hydra, state, threads


@pytest.mark.usefixtures("fresh_cache")
def test_hydra_composes_once_a_load(monkeypatch):
    hydra = importlib.import_module("hydra")
    calls = []
    original = hydra.compose
    monkeypatch.setattr(hydra, "compose", lambda *a, **k: calls.append(a) or original(*a, **k))
    load("toy", ["architecture=central", "horizon=3"])
    assert len(calls) == 1
    load("toy", ["architecture=central", "horizon=4"])
    assert len(calls) == 1


@pytest.mark.usefixtures("fresh_cache")
def test_a_running_hydra_application_keeps_its_state(tmp_path):
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.core.singleton import Singleton
    from hydra.core.utils import JobRuntime
    from hydra.version import VersionBase
    from omegaconf import OmegaConf
    from omegaconf.basecontainer import BaseContainer

    (tmp_path / "theirs.yaml").write_text("a: 1\n")
    OmegaConf.register_new_resolver("theirs", lambda: 7, replace=True)
    try:
        with initialize_config_dir(str(tmp_path), job_name="theirs", version_base="1.2"):
            kinds = (GlobalHydra, HydraConfig, JobRuntime, VersionBase)
            before = {kind: Singleton._instances.get(kind) for kind in kinds}
            inner, job = GlobalHydra.instance().hydra, JobRuntime.instance().get("name")
            resolvers = dict(BaseContainer._resolvers)
            load("toy")
            with pytest.raises(ScenarioError):
                load("toy", ["architecture=nothing"])
            assert {kind: Singleton._instances.get(kind) for kind in kinds} == before
            assert all(Singleton._instances.get(kind) is before[kind] for kind in kinds)
            assert GlobalHydra.instance().hydra is inner
            assert JobRuntime.instance().get("name") == job == "theirs"
            assert str(VersionBase.instance().getbase()) == "1.2"
            assert BaseContainer._resolvers == resolvers
            assert compose("theirs").a == 1
    finally:
        OmegaConf.clear_resolver("theirs")


@pytest.mark.usefixtures("fresh_cache")
def test_hydra_is_not_left_initialised():
    from hydra.core.global_hydra import GlobalHydra

    GlobalHydra.instance().clear()
    load("toy")
    assert not GlobalHydra.instance().is_initialized()


@pytest.mark.usefixtures("fresh_cache")
def test_state_is_restored_when_hydra_fails(monkeypatch, tmp_path):
    from hydra.core.global_hydra import GlobalHydra

    shutil.copytree(composition.CONF, tmp_path / "conf")
    (tmp_path / "conf" / "config.yaml").write_text("defaults: [nothing: here, _self_]\n")
    monkeypatch.setattr(composition, "CONF", tmp_path / "conf")
    GlobalHydra.instance().clear()
    assert "conf" in refused(load, "toy")
    assert not GlobalHydra.instance().is_initialized()


@pytest.mark.usefixtures("fresh_cache")
def test_threads_load_at_once(monkeypatch):
    monkeypatch.setattr(composition, "_composed", composition._composed.__wrapped__)  # compose every time
    asked = [(name, [f"architecture={a}"]) for name in ("toy", "synthetic") for a in ("central", "fragmented")] * 4
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda arguments: load(*arguments), asked))
    for (name, overrides), scenario in zip(asked, found, strict=True):
        assert same(scenario, load(name, overrides))


@pytest.mark.parametrize("name", ["world", "toy", "synthetic"])
def test_two_loads_are_equal_and_share_nothing_mutable(name):
    one, other = load(name), load(name)
    assert same(one, other)
    for key, array in arrays(one).items():
        if array.dtype.kind == "f":
            assert not np.shares_memory(array, arrays(other)[key])
    one.income_group_weights.clear()
    assert load(name).income_group_weights == other.income_group_weights != {}
    first = configuration(name)
    first["parameters"]["horizon"] = 1
    first["mechanism"].clear()
    assert configuration(name)["mechanism"]
    assert "horizon" not in configuration(name)["parameters"] or name == "toy"


def test_configuration_is_plain_data_and_builds_the_same():
    overrides = ["horizon=9", "synthetic.donors=7", "architecture=central", "donors=[D0001,D0003]"]
    data = json.loads(json.dumps(configuration("synthetic", overrides)))
    assert same(build(data), load("synthetic", overrides))


def test_shipped_files_pass_the_rules_for_files_of_others():
    for path in composition.CONF.glob("scenario/*.yaml"):
        assert same(load(path), load(path.stem))
