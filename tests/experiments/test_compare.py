"""``donorlab compare`` from words to a result folder, with a made-up model and once with the real one."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import donorlab.scenarios
import donorlab.sim
from donorlab.experiments import tables
from donorlab.experiments.comparison import study
from donorlab.experiments.outcomes import BY_NAME
from donorlab.sim.compiled import source_hash
from experiments import fake
from experiments.conftest import Shell, pretend

FIGURES = ("break_even", "capacity_over_time", "efficiency_and_duplication", "futures", "losses", "who_is_served")
TWO = "architectures=[fragmented,central]"
NOTHING_ELSE = ("draws=0", "break_even=false", "values=false", TWO)


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a result folder that the tests of this file only read."""
    folder = tmp_path_factory.mktemp("shared")
    with pytest.MonkeyPatch.context() as patch:
        pretend(patch)
        patch.chdir(folder)
        result = Shell(folder)("compare", "fake", "replications=3", "seed=5", "out=answer", "money=300", "draws=8", TWO)
    assert result.exit_code == 0, result.output
    return folder / "answer"


def test_folder_has_everything_and_nothing_else(answer: Path) -> None:
    assert [path.name for path in answer.parent.iterdir()] == ["answer"]
    found = sorted(str(path.relative_to(answer)) for path in answer.rglob("*") if path.is_file())
    assert found == sorted(
        ["manifest.json", "configuration.json"]
        + [f"{name}.csv" for name in ("summary", "waterfall", "break_even", "values", "designs", "uncertainties")]
        + [f"{name}.parquet" for name in ("runs", "ensemble", "steps", "projects", "beneficiaries", "donors")]
        + [f"figures/{name}.{ending}" for name in FIGURES for ending in ("png", "csv")]
    )


def test_designs_and_what_is_drawn_stand_beside_the_numbers(answer: Path) -> None:
    designs = pd.read_csv(answer / "designs.csv")
    assert list(designs["design"]) == ["fragmented", "central"]
    assert not designs["as_first"].any()
    drawn = pd.read_csv(answer / "uncertainties.csv")
    varied = json.loads((answer / "configuration.json").read_text())["ensemble"]["varied"]
    assert list(drawn["name"]) == list(varied)
    assert "credibility" not in set(drawn["name"])
    assert drawn["source"].notna().all()
    assert not drawn["acts"].all(), "fragmented and central have no members, so that what moves these can do nothing"


def test_manifest_says_where_the_results_come_from(answer: Path) -> None:
    manifest = json.loads((answer / "manifest.json").read_text())
    configuration = json.loads((answer / "configuration.json").read_text())
    assert manifest["command"] == "compare"
    assert manifest["words"] == ["fake", "replications=3", "seed=5", "out=answer", "money=300", "draws=8", TWO]
    assert manifest["configuration"]["ensemble"]["draws"] == 8
    assert manifest["configuration"]["ensemble"]["held"] == {"money": 300}
    assert manifest["configuration"]["ensemble"]["varied"]["failure"]["range"] == [0, 0.35]
    assert "overhead" not in manifest["configuration"]["ensemble"]["varied"]
    assert manifest["seeds"] == [5, 6, 7]
    assert manifest["configuration"]["settings"] == ["money=300"]
    assert manifest["configuration"]["resolved"]["parameters"]["money"] == 300
    assert manifest["configuration"]["architectures"] == ["fragmented", "central"]
    assert (
        manifest["configuration_hash"]
        == hashlib.sha256(
            json.dumps(configuration, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        ).hexdigest()
    )
    assert len(configuration["resolved"]["donors"]["budget_central"]) == 6
    assert configuration["changed_by_architecture"]["central"] == {"architecture": "central"}
    assert manifest["source_hash"] == source_hash()
    assert manifest["ranges_hash"] == donorlab.scenarios.ranges_hash()
    assert {"mesa", "numba", "numpy", "pandas"} <= set(manifest["packages"])
    assert manifest["wall_seconds"] >= 0
    assert manifest["git"] is None or set(manifest["git"]) == {"commit", "dirty"}
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((answer / name).read_bytes()).hexdigest() == digest


def test_tables_can_be_read_and_joined(answer: Path) -> None:
    runs = pd.read_parquet(answer / "runs.parquet")
    assert list(runs.columns[:2]) == ["architecture", "seed"]
    assert len(runs) == 6
    assert "money" not in runs  # it does not vary
    steps = pd.read_parquet(answer / "steps.parquet")
    assert len(steps) == 6 * 56
    beneficiaries = pd.read_parquet(answer / "beneficiaries.parquet")
    assert len(beneficiaries) == 6 * 20
    assert beneficiaries["iso3"].nunique() == 20
    joined = steps.merge(runs[["architecture", "seed", "welfare"]], on=["architecture", "seed"])
    last = joined[joined["quarter"] == 56]
    assert np.allclose(last["welfare_x"], last["welfare_y"])


def test_summary_is_the_mean_and_the_paired_difference(answer: Path) -> None:
    runs = pd.read_parquet(answer / "runs.parquet")
    summary = pd.read_csv(answer / "summary.csv").set_index("outcome")
    mine = runs.pivot_table(index="seed", columns="architecture", values="duplication_share", observed=True)
    difference = mine["central"] - mine["fragmented"]
    row = summary.loc["duplication_share"]
    assert row["fragmented"] == pytest.approx(mine["fragmented"].mean())
    assert row["central_minus_fragmented"] == pytest.approx(difference.mean())
    assert row["central_minus_fragmented_seed_noise"] == pytest.approx(difference.std(ddof=1), abs=1e-15)
    orphans = runs.pivot_table(index="seed", columns="architecture", values="orphans", observed=True)
    spread = (orphans["central"] - orphans["fragmented"]).std(ddof=1)
    assert spread > 0
    assert summary.loc["orphans", "central_minus_fragmented_standard_error"] == pytest.approx(spread / 3**0.5)
    assert summary.loc["relative_to_central", "central"] == 1
    gain = (runs["welfare"] - runs["welfare_no_aid"]).to_numpy().reshape(3, 2)
    assert summary.loc["relative_to_central", "fragmented"] == pytest.approx((gain[:, 0] / gain[:, 1]).mean())


def test_summary_has_the_range_and_the_futures(answer: Path) -> None:
    draws = pd.read_parquet(answer / "ensemble.parquet")
    assert len(draws) == 16
    assert {"architecture", "draw", "failure", "to_effective", "harm", "efficiency"} <= set(draws.columns)
    assert "money" not in draws  # held
    assert "overhead" not in draws  # a lever
    row = pd.read_csv(answer / "summary.csv").set_index("outcome").loc["efficiency"]
    own = draws.loc[draws["architecture"] == "central", "efficiency"]
    assert row["central_range_low"] == pytest.approx(own.quantile(0.05))
    assert row["central_better"] == 8
    assert row["central_worse"] == row["central_same"] == 0
    fall = pd.read_csv(answer / "waterfall.csv")
    assert fall.groupby("architecture")["share"].sum().to_numpy() == pytest.approx(1)


def test_seeds_are_paired_and_the_baseline_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, int, int]] = []
    made: list[int] = []

    def baseline(inputs: Any, seed: int) -> Any:
        made.append(seed)
        return fake.baseline(inputs, seed)

    def simulate(inputs: Any, seed: int = 1, baseline: Any = None) -> Any:
        seen.append((inputs.architecture, seed, baseline.seed))
        return fake.simulate(inputs, seed)

    monkeypatch.setattr(donorlab.sim, "baseline", baseline)
    monkeypatch.setattr(donorlab.sim, "simulate", simulate)
    ticks: list[int] = []
    names = ("fragmented", "central")
    found = study(
        {name: fake.scenario(architecture=name) for name in names}, (3, 4), advance=lambda: ticks.append(1)
    ).comparison
    assert made == [3, 4]
    assert seen == [("fragmented", 3, 3), ("central", 3, 3), ("fragmented", 4, 4), ("central", 4, 4)]
    assert len(ticks) == 4
    assert tables.names_in(found.runs) == list(names)


def test_without_central_nothing_is_relative_to_it(model: None) -> None:
    found = study({"fragmented": fake.scenario()}, (1, 2)).comparison
    assert found.runs["relative_to_central"].isna().all()


def test_parameters_that_differ_become_columns(shell: Shell, model: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str, overrides: list[str]) -> Any:
        scenario = fake.load(name, overrides)
        return scenario.replace(planning_slots=1) if scenario.architecture == "central" else scenario

    monkeypatch.setattr(donorlab.scenarios, "load", load)
    assert shell("compare", "fake", "replications=1", "out=answer", *NOTHING_ELSE).exit_code == 0
    runs = pd.read_parquet(shell.folder / "answer" / "runs.parquet").set_index("architecture")
    assert runs["planning_slots"].to_dict() == {"fragmented": 13, "central": 1}
    assert "lapse" not in runs


@pytest.mark.parametrize("at", [1, 4, 9])
def test_ctrl_c_leaves_nothing(shell: Shell, model: None, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    calls = []

    def interrupted(*words: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == at:
            raise KeyboardInterrupt
        return fake.simulate(*words, **options)

    monkeypatch.setattr(donorlab.sim, "simulate", interrupted)
    result = shell("compare", "fake", "replications=3", "draws=4", TWO)
    assert result.exit_code == 130
    assert result.stdout == ""
    assert result.stderr.splitlines()[-1].startswith("donorlab: interrupted")
    assert "Traceback" not in result.stderr
    assert shell.left() == []


def test_a_full_disk_leaves_nothing(shell: Shell, model: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full)
    result = shell("compare", "fake", "replications=1", "out=deep/answer", *NOTHING_ELSE)
    assert result.exit_code == 2
    assert "No space left on device" in result.stderr.splitlines()[-1]
    assert shell.left() == []


def test_an_existing_folder_is_refused_before_anything_is_simulated(
    shell: Shell, model: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(donorlab.sim, "simulate", lambda *_, **__: pytest.fail("must not run"))
    (shell.folder / "answer").mkdir()
    (shell.folder / "answer" / "mine").write_text("x")
    assert "not empty" in shell.refused("compare", "fake", "out=answer")
    assert "not a folder" in shell.refused("compare", "fake", "out=answer/mine")
    assert "not a folder" in shell.refused("compare", "fake", "out=answer/mine/deeper")


def test_the_real_model_on_the_toy_world(shell: Shell) -> None:
    result = shell("compare", "toy", "replications=2", "draws=8", "out=answer")
    assert result.exit_code == 0, result.output
    runs = pd.read_parquet(shell.folder / "answer" / "runs.parquet")
    assert (runs["efficiency"] <= 1 + 1e-9).all()
    assert len(runs["architecture"].unique()) == 5
    central = runs[runs["architecture"] == "central"]
    assert (central["duplication_share"] == 0).all()
    assert (central["donors_per_recipient"] == 1).all()
    unlabelled = set(runs.columns) - {"architecture", "seed", *BY_NAME}
    # parameters in which central differs are columns too; they are no outcomes
    assert unlabelled <= set(donorlab.scenarios.parameter_defaults()), "outcomes without a label"
    # the same words give the same bits
    assert shell("compare", "toy", "replications=2", "draws=8", "out=again", "workers=1").exit_code == 0
    for name in (
        "runs.parquet",
        "ensemble.parquet",
        "break_even.csv",
        "waterfall.csv",
        "figures/losses.png",
        "steps.parquet",
        "projects.parquet",
        "summary.csv",
        "figures/who_is_served.png",
    ):
        assert (shell.folder / "again" / name).read_bytes() == (shell.folder / "answer" / name).read_bytes(), name
    # and the folder alone is enough to build the scenario again
    manifest = json.loads((shell.folder / "answer" / "manifest.json").read_text())
    rebuilt = donorlab.scenarios.build(manifest["configuration"]["build"])
    assert rebuilt.parameters == donorlab.scenarios.load("toy").parameters


def test_figures_carry_their_provenance(answer: Path) -> None:
    manifest = json.loads((answer / "manifest.json").read_text())
    for name in FIGURES:
        with Image.open(answer / "figures" / f"{name}.png") as image:
            text = dict(image.text)  # type: ignore[attr-defined]
            width = image.width / image.info["dpi"][0] * 2.54
        assert width == pytest.approx(12, abs=0.05)
        assert text["donorlab:source"] == manifest["source_hash"]
        assert text["donorlab:configuration"] == manifest["configuration_hash"]
        assert text["donorlab:seeds"] == ("draws 1-8, diamonds seeds 5-7" if name == "futures" else "seeds 5-7")
        assert len(text["Title"]) > 20
        assert len(pd.read_csv(answer / "figures" / f"{name}.csv")) > 1


def test_results_are_not_in_git() -> None:
    root = Path(donorlab.sim.__file__).resolve().parent.parent
    if not (root / ".git").exists():
        pytest.skip("not a checkout")
    path = "results/2026-01-01-000000-compare-00000000/runs.parquet"
    done = subprocess.run(["git", "-C", str(root), "check-ignore", path], capture_output=True, check=False)
    assert done.returncode == 0
