"""``donorlab mechanisms``: what is off and on, that runs are paired, and that the words follow from rules."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

import donorlab.sim
from donorlab import sim
from donorlab.experiments import effects, ensemble, figures_of_mechanisms, report_of_mechanisms, switches
from donorlab.experiments.switches import BY_NAME, SWITCHES
from donorlab.scenarios import load, parameter_table
from donorlab.scenarios.parameters import ParameterRow
from experiments import fake
from experiments.conftest import Shell
from experiments.test_figures import STAMP, assert_legible

ROWS = {row.name: row for row in parameter_table()}
TWO = "architectures=[fragmented,umbrella]"


# ---------------------------------------------------------------------- off and on
@pytest.mark.parametrize("one", SWITCHES, ids=lambda one: one.name)
def test_off_is_the_hard_end_and_on_lies_in_the_range(one: switches.Switch) -> None:
    scenario = load("world")
    off, on = switches.off_values(one), switches.on_values(one, scenario)
    assert set(off) == set(on) == set(one.keys)
    for key in one.keys:
        row = ROWS[key]
        assert off[key] != on[key]
        if row.choices:
            assert off[key] in row.choices
            assert on[key] in (row.range or ())
        else:
            assert off[key] == row.hard_low
            assert row.range is not None
            assert float(row.range[0]) <= float(on[key]) <= float(row.range[-1])
        assert on[key] == row.default or row.default == off[key]
    assert all(name in BY_NAME for name in one.needs)
    assert switches.is_on(one, scenario.replace(**on))
    assert not switches.is_on(one, scenario.replace(**off))


def test_what_is_off_by_default_has_a_switch() -> None:
    switched = {key for one in SWITCHES for key in one.keys}
    off = {row.name for row in ROWS.values() if row.kind == "uncertainty" and row.default == row.hard_low}
    assert off <= switched
    assert len(BY_NAME) == len(SWITCHES)


def test_the_scenarios_own_value_is_on_then_the_default_then_the_middle() -> None:
    herding, lapse, demands = BY_NAME["herding"], BY_NAME["lapse"], BY_NAME["demands"]
    toy = load("toy")
    assert switches.on_values(lapse, toy) == {"lapse": 0.02}  # its own
    assert switches.on_values(lapse, toy.replace(lapse=0)) == {"lapse": ROWS["lapse"].default}
    assert switches.on_values(herding, toy) == {"herding": 0.5}  # the middle of 0 and 1
    assert switches.on_values(herding, toy.replace(herding=0.9)) == {"herding": 0.9}
    assert switches.on_values(demands, toy) == {"conditions_choice": "on"}


def test_the_middle_is_on_the_scale_on_which_it_is_drawn() -> None:
    def row(low: float, high: float, distribution: str, name: str = "herding") -> ParameterRow:
        return ParameterRow(name, "", "", 0, (low, high), distribution, "uncertainty", "x", 0, 100, ())

    assert switches.middle(row(1, 16, "log_uniform"), 0) == pytest.approx(4)
    assert switches.middle(row(1, 16, "uniform"), 0) == 8.5
    assert switches.middle(row(2, 7, "uniform", "register_lag"), 0) == 4


def test_what_it_needs_is_on_on_both_sides() -> None:
    scenario = load("toy")
    assert switches.needed(BY_NAME["learning"], scenario) == {"method_failure": 0.15}
    assert switches.needed(BY_NAME["learning"], scenario.replace(method_failure=0.3)) == {}
    assert switches.needed(BY_NAME["mistrust"], scenario.replace(ownership_rate=0)) == {"ownership_rate": 0.01}


def test_all_on_and_all_off_leave_levers_alone() -> None:
    on, off = switches.all_on(load("world")), switches.all_off()
    assert set(on) == set(off)
    assert not {key for key in on if ROWS[key].kind == "lever"}
    assert "linked_conditions" in switches.all_off(levers=True)


# ---------------------------------------------------------------------- runs
def test_no_run_is_made_twice_and_on_is_as_drawn() -> None:
    scenarios = {name: load("toy", [f"architecture={name}"]) for name in ("fragmented", "umbrella")}
    drawn = ensemble.plan(scenarios["fragmented"], 4)
    chosen = [BY_NAME[name] for name in ("lapse", "herding", "demands", "learning")]
    made = effects.plan(scenarios, chosen, (1, 2), drawn)
    seen = [(job.seed, tuple(sorted(job.changes.items()))) for job in made.jobs]
    assert len(set(seen)) == len(seen)
    job = {use: made.jobs[place] for use, place in made.uses.items()}
    assert len(job) == 4 * 2 * (2 + 4)
    base = job["lapse", "on", "default", 1]
    assert base.changes == {}
    assert job["herding", "off", "default", 1] is base  # herding is off by default, lapse is on
    assert job["herding", "on", "default", 1].changes == {"herding": 0.5}
    assert job["learning", "off", "default", 2].changes == {"method_failure": 0.15, "method_learning": 0.0}
    assert job["learning", "on", "default", 2].changes == {"method_failure": 0.15}
    future = job["herding", "on", "future", 3]
    assert future.changes["herding"] == drawn.draws.loc[3, "herding"]
    assert job["herding", "off", "future", 3].changes.get("herding", 0.0) == 0.0
    assert "lapse" in drawn.held  # toy says its own
    assert job["lapse", "off", "future", 3].changes["lapse"] == 0.0
    assert job["lapse", "on", "future", 3] is future
    assert job["demands", "on", "future", 3].changes["conditions_choice"] == "on"
    assert job["demands", "off", "future", 3] is future
    # 2 seeds: base, lapse off, herding on, demands on, learning off, learning on; 4 futures: base and one side of each
    assert len(made.jobs) == 2 * 6 + 4 * 5
    assert made.runs == 2 * len(made.jobs)


def test_on_the_toy_world_an_effect_is_what_two_runs_by_hand_give(shell: Shell) -> None:
    words = ("only=[lapse,failure]", "replications=3", "seed=4", "draws=4", TWO, "workers=1", "out=results/answer")
    result = shell("mechanisms", "toy", *words)
    assert result.exit_code == 0, result.output
    folder = shell.folder / "results" / "answer"
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == [
        "configuration.json", "effects.csv", "figures/mechanisms.csv", "figures/mechanisms.png", "manifest.json",
        "mechanisms.parquet",
    ]  # fmt: skip
    found = pd.read_csv(folder / "effects.csv").set_index(["mechanism", "architecture", "outcome"])
    row = found.loc[("failure", "umbrella", "efficiency")]
    levels = {}
    for name in ("fragmented", "umbrella"):
        for side, value in (("off", 0.0), ("on", 0.175)):
            scenario = load("toy", [f"architecture={name}", f"failure={value}"])
            runs = [sim.simulate(scenario, seed=seed).outcomes["efficiency"] for seed in (4, 5, 6)]
            levels[name, side] = np.array(runs)
    difference = {side: levels["umbrella", side] - levels["fragmented", side] for side in ("off", "on")}
    change = difference["on"] - difference["off"]
    assert row["off"] == pytest.approx(difference["off"].mean(), abs=1e-12)
    assert row["on"] == pytest.approx(difference["on"].mean(), abs=1e-12)
    assert row["change"] == pytest.approx(change.mean(), abs=1e-12)
    assert row["standard_error"] == pytest.approx(change.std(ddof=1) / math.sqrt(3), abs=1e-12)
    assert row[["better_on", "same_on", "worse_on"]].sum() == 4
    first = found.loc[("failure", "fragmented", "efficiency")]
    assert first["off"] == pytest.approx(levels["fragmented", "off"].mean(), abs=1e-12)
    assert pd.isna(first["better_on"])
    futures = pd.read_parquet(folder / "mechanisms.parquet")
    futures = futures[(futures["sample"] == "future") & (futures["mechanism"] == "lapse")]
    wide = futures.pivot_table(index=["side", "number"], columns="architecture", values="efficiency")
    change = (wide["umbrella"] - wide["fragmented"]).unstack("side")  # noqa: PD010
    row = found.loc[("lapse", "umbrella", "efficiency")]
    assert row["future_change"] == pytest.approx((change["on"] - change["off"]).median(), abs=1e-12)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["command"] == "mechanisms"
    assert manifest["configuration"]["mechanisms"]["failure"] == {
        "off": {"failure": 0},
        "on": {"failure": 0.175},
        "with": {},
    }
    assert manifest["seeds"] == [4, 5, 6]
    lines = result.stdout.splitlines()
    assert lines[0].startswith("2 mechanisms off and on, 2 architectures, 3 seeds and 4 futures: ")
    assert "ms a run" in " ".join(" ".join(lines[:2]).split())
    assert max(len(line) for line in lines if "results/" not in line) <= 100
    # the same words give the same bits
    assert shell("mechanisms", "toy", *words[:-1], "out=results/again").exit_code == 0
    for name in ("effects.csv", "mechanisms.parquet", "figures/mechanisms.png"):
        assert (folder.with_name("again") / name).read_bytes() == (folder / name).read_bytes(), name


def test_a_drawn_world_works_too_and_without_futures(shell: Shell) -> None:
    words = ("synthetic.donors=4", "synthetic.beneficiaries=6", "horizon=8", "money=8")
    result = shell("mechanisms", "synthetic", *words, "only=[oversight]", "replications=2", "draws=0", TWO)
    assert result.exit_code == 0, result.output
    assert "futures, off" not in result.stdout
    assert "In the futures" not in result.stdout
    (folder,) = (shell.folder / "results").iterdir()
    assert "future_change" not in pd.read_csv(folder / "effects.csv")


# ---------------------------------------------------------------------- what it says
def test_where_nothing_moves_everything_is_inert(shell: Shell, model: None) -> None:
    """The made-up model reads none of these parameters."""
    result = shell("mechanisms", "fake", "replications=2", "draws=4", "architectures=[fragmented,umbrella,central]")
    assert result.exit_code == 0, result.output
    text = " ".join(result.stdout.split())
    assert (
        "Inert at default values, on or off (no outcome moves by a bit under fragmented, umbrella, central): " in text
    )
    assert "They are so in every future too." in text
    assert "None moves the efficiency of fragmented by 2 points beyond chance." in text
    assert "None moves the difference umbrella - fragmented by 2 points beyond chance." in text
    assert max(len(line) for line in result.stdout.splitlines() if "results/" not in line) <= 100


def runs(futures: bool = True, **effect: tuple[float, float, float]) -> pd.DataFrame:
    """Return a table of runs: mechanism -> (level of the first with it on, of the other, noise); off is .30 and .35."""
    rows: list[dict[str, Any]] = []
    for name, (first, other, noise) in effect.items():
        for sample in ("default", "future") if futures else ("default",):
            for number in range(1, 11):
                shake = noise * (-1) ** number
                for side, one, two in (("off", 0.30, 0.35), ("on", first, other)):
                    on = side == "on"
                    label = {"mechanism": name, "side": side, "sample": sample, "number": number}
                    rows.append({**label, "architecture": "fragmented", "efficiency": one})
                    rows.append({**label, "architecture": "umbrella", "efficiency": two + on * shake})
    return pd.DataFrame(rows)


def test_what_moves_what_is_small_what_is_unclear_and_what_turns() -> None:
    frame = runs(
        a=(0.40, 0.45, 0.001), b=(0.30, 0.10, 0.01), c=(0.30, 0.36, 0.001), d=(0.30, 0.38, 0.1), e=(0.30, 0.35, 0.0),
        f=(0.30, 0.35, 0.0),
    ).assign(orphans=3.0)  # fmt: skip
    frame.loc[(frame["mechanism"] == "f") & (frame["side"] == "on"), "orphans"] = 4.0
    found = effects.summary(frame, 0.02)
    of_umbrella = found[(found["architecture"] == "umbrella") & (found["outcome"] == "efficiency")]
    rows = {row["mechanism"]: row for row in of_umbrella.to_dict("records")}
    told = {name: effects.verdict(row, 0.02) for name, row in rows.items()}
    assert told == {"a": "unclear", "b": "moves", "c": "small", "d": "unclear", "e": "inert", "f": "elsewhere"}
    assert report_of_mechanisms.sentences(frame, found, 0.02) == [
        "Inert at default values, on or off (no outcome moves by a bit under fragmented, umbrella): e.",
        "They are so in every future too.",
        "Switched on they move the efficiency of fragmented by 2 points or more, beyond chance: a +10.0; not moved by a bit, "
        "only other outcomes are: f.",
        "Switched on they move the difference umbrella - fragmented by 2 points or more, beyond chance: b -25.0; told from 0 "
        "but smaller: 1; not told from 0: 2; not moved by a bit, only other outcomes are: f.",
        "In the futures umbrella against fragmented turns with b (better off, worse on).",
    ]
    drawn = figures_of_mechanisms.mechanisms(found, 0.02, 10, STAMP)
    assert drawn.title == (
        "'a' moves the efficiency of fragmented most (+10.0 points); 'b' moves the lead of umbrella over it most (-25.0 "
        "points); 1 of 6 mechanisms are inert"
    )
    assert_legible(drawn)


def test_one_seed_tells_nothing_from_chance_and_no_futures_no_turn() -> None:
    frame = runs(False, b=(0.40, 0.10, 0.0))
    frame = frame[frame["number"] == 1]
    found = effects.summary(frame, 0.02)
    row = found[found["architecture"] == "umbrella"].to_dict("records")[0]
    assert math.isnan(row["standard_error"])
    assert effects.verdict(row, 0.02) == "unclear"
    assert report_of_mechanisms.sentences(frame, found, 0.02) == [
        "With one seed no change of the efficiency of fragmented is told from chance (replications=20 has twenty).",
        "With one seed no change of the difference umbrella - fragmented is told from chance (replications=20 has twenty).",
    ]
    for note in (report_of_mechanisms._levels_note(1), report_of_mechanisms._differences_note(1, 0, 0.02)):
        assert "one seed" in note
        assert "±" not in note
    drawn = figures_of_mechanisms.mechanisms(found, 0.02, 1, STAMP)
    assert (
        drawn.title
        == "One seed cannot tell what moves the efficiency of fragmented; one seed cannot tell what moves the "
        "lead of umbrella over it"
    )
    assert_legible(drawn)
    diamonds = [line for axes in drawn.figure.axes for line in axes.lines if line.get_marker() == "D"]
    assert {line.get_markerfacecolor() for line in diamonds} == {"white"}
    assert not [text for text in drawn.figure.texts if "standard error" in text.get_text()]


@pytest.mark.parametrize(("seeds", "quantile"), [(2, 12.7062), (3, 4.3027), (20, 2.0930)])
def test_few_seeds_need_more_standard_errors(seeds: int, quantile: float) -> None:
    """By printed tables of Student's t."""
    for beyond, told in ((1.001, "moves"), (0.999, "unclear")):
        row = {
            "inert": False,
            "moved": True,
            "seeds": seeds,
            "change": -0.1,
            "standard_error": 0.1 / (quantile * beyond),
        }
        assert effects.verdict(row, 0.02) == told


def test_a_value_far_out_can_be_read_from_the_scale() -> None:
    found = effects.summary(runs(a=(0.06, 0.11, 0.001), b=(0.33, 0.38, 0.001)), 0.02)
    drawn = figures_of_mechanisms.mechanisms(found, 0.02, 10, STAMP)
    ticks = drawn.figure.axes[0].get_xticks()
    assert ticks[0] == -20  # the value is -24
    assert {-2, 0, 2} <= set(ticks)
    assert_legible(drawn)


def test_a_bit_of_any_outcome_wakes_a_mechanism() -> None:
    frame = runs(e=(0.30, 0.35, 0.0)).assign(orphans=3.0, empty=float("nan"))
    assert effects.inert(frame, "e")
    at = (frame["side"] == "on") & (frame["number"] == 2) & (frame["architecture"] == "umbrella")
    frame.loc[at & (frame["sample"] == "future"), "orphans"] += 1e-15
    assert effects.inert(frame, "e")
    assert not effects.inert(frame, "e", "future")
    text = report_of_mechanisms.sentences(frame, effects.summary(frame, 0.02), 0.02)[1]
    assert text == "In some future they act: e."
    frame.loc[at & (frame["sample"] == "default"), "orphans"] += 1e-15
    assert not effects.inert(frame, "e")
    assert effects.inert(frame, "e", architecture="fragmented")


def test_a_world_that_reaches_nothing_is_told_without_breaking() -> None:
    frame = runs(a=(0.40, 0.45, 0.001)).assign(efficiency=float("nan"))
    found = effects.summary(frame, 0.02)
    assert_legible(figures_of_mechanisms.mechanisms(found, 0.02, 10, STAMP))
    assert report_of_mechanisms.sentences(frame, found, 0.02)


@pytest.mark.parametrize("at", [1, 3, 20])
def test_ctrl_c_leaves_nothing(shell: Shell, model: None, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    calls = []

    def interrupted(*words: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == at:
            raise KeyboardInterrupt
        return fake.simulate(*words, **options)

    monkeypatch.setattr(donorlab.sim, "simulate", interrupted)
    result = shell("mechanisms", "fake", "replications=3", "draws=4", TWO)
    assert result.exit_code == 130
    assert result.stderr.splitlines()[-1].startswith("donorlab: interrupted")
    assert "Traceback" not in result.stderr
    assert shell.left() == []


def test_an_existing_folder_is_refused_before_anything_is_simulated(
    shell: Shell, model: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(donorlab.sim, "simulate", lambda *_, **__: pytest.fail("must not run"))
    (shell.folder / "answer").mkdir()
    (shell.folder / "answer" / "mine").write_text("x")
    assert "not empty" in shell.refused("mechanisms", "fake", "out=answer")
