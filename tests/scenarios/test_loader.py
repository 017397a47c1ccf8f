"""Loading scenarios: defaults, ranges, shapes, and tables that are damaged."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from donorlab.scenarios import (
    architectures,
    composition,
    load,
    names,
    parameter_defaults,
    parameter_table,
    ranges_hash,
    value_tables,
    world,
)
from donorlab.scenarios.parameters import RANGES, read_ranges
from donorlab.sim import simulate
from donorlab.sim.architectures import architecture_names
from donorlab.sim.scenario import Parameters, ScenarioError
from scenarios.comparing import refused, same

TABLES = ("beneficiaries.csv", "donors.csv", "affinity.csv")


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


def test_tables():
    mix = value_tables()["instrument_mix"]
    assert mix.columns == ("advice", "training", "institution", "exchange")
    assert all(sum(row) == pytest.approx(1) for row in mix.values.values())
    assert list(value_tables()["pillar_weights"].values) == list(mix.values)
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
    growth = ("population_growth", "internet_share", "internet_share_rate")
    assert whole.beneficiaries.internet_share[rows].min() < 0.5  # and not the 1 of a scenario without growth
    for name in ("users_m", "users_relative", "government_rank", "norm_position", "initial_score", *growth):
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
        ("beneficiaries.csv", "population_growth", "population_grows", ("no column 'population_growth'",)),
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


def test_growth_of_users_is_optional(tmp_path):
    states = load("toy").beneficiaries
    assert (states.population_growth == 0).all()
    assert (states.internet_share == 1).all()
    assert (states.internet_share_rate == 0).all()
    text = (composition.CONF / "scenario" / "toy.yaml").read_text()
    own = tmp_path / "own.yaml"
    own.write_text(text.replace("users_m: 2,", "users_m: 2, population_growth: 0.02, internet_share: 0.4,"))
    states = load(own).beneficiaries
    assert states.population_growth.tolist() == [0.02, 0, 0, 0, 0]
    assert states.internet_share.tolist() == [0.4, 1, 1, 1, 1]
    for key, value, words in (
        ("internet_share", 0, "internet_share must be above 0"),
        ("internet_share", 1.2, "internet_share must lie between 0 and 1"),
        ("internet_share_rate", -0.1, "internet_share_rate must lie between 0 and 10"),
        ("population_growth", 20, "population_growth must lie between -0.5 and 1"),
        ("internet_shares", 0.5, "unknown key 'internet_shares' (did you mean 'internet_share'?)"),
    ):
        own.write_text(text.replace("users_m: 2,", f"users_m: 2, {key}: {value},"))
        assert words in refused(load, own)


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


@pytest.mark.parametrize(
    ("name", "overrides", "parts"),
    [
        ("toy", ["rival_share=1"], ("rival_share: 1 has no effect", "no donor with a budget is a rival")),
        ("world", ["donors=[USA,GBR]", "rival_share=0.2"], ("rival_share: 0.2", "no donor with a budget is a rival")),
        ("world", ["donors=[CHN,TUR]", "rival_share=0.2"], ("rival_share: 0.2", "all donors with a budget are rivals")),
        ("toy", ["architecture=umbrella", "decision_lag=60"], ("decision_lag: 60 quarters", "below 16")),
        ("toy", ["architecture=umbrella_conditional", "decision_lag=16"], ("decision_lag: 16", "below 16")),
        (
            "toy",
            ["architecture=umbrella", "decision_lag=4", "horizon=3", "wind_down=1"],
            ("decision_lag: 4", "below 4"),
        ),
    ],
)
def test_what_would_have_no_effect_is_refused(name, overrides, parts):
    message = refused(load, name, overrides)
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("name", "overrides"),
    [
        ("toy", ["rival_share=0"]),
        ("world", ["rival_share=0"]),
        ("world", ["rival_share=1"]),
        ("world", ["donors=[CHN,TUR]", "rival_share=1"]),
        ("toy", ["rival_share=1", "money=0"]),
        ("toy", ["decision_lag=60"]),
        ("toy", ["architecture=umbrella", "decision_lag=15"]),
        ("toy", ["architecture=umbrella", "horizon=1", "wind_down=0"]),  # too short for the default, which nobody chose
    ],
)
def test_what_has_an_effect_or_was_not_chosen_is_not_refused(name, overrides):
    load(name, overrides)


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        (
            "BRISA: 1, CORA",
            "BRISA: 1.4, CORA",
            ("donor FUND, affinity, BRISA", "1.4 is out of range", "between 0 and 1"),
        ),
        ("BRISA: 1, CORA", "BRISA: -0.1, CORA", ("donor FUND, affinity, BRISA", "-0.1 is out of range")),
        (
            "legal: 0.5, technical: 0.5}, skill",
            "legal: 0.2, technical: 0.5}, skill",
            ("mandate of NORDIA", "0 or more and sum to 1"),
        ),
    ],
)
def test_numbers_of_a_written_scenario_have_limits(tmp_path, old, new, parts):
    own = tmp_path / "own.yaml"
    text = (composition.CONF / "scenario" / "toy.yaml").read_text()
    assert old in text
    own.write_text(text.replace(old, new, 1))
    message = refused(load, own)
    for part in parts:
        assert part in message


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
