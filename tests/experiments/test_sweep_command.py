"""``donorlab sweep``: what can be asked, how it is told, extending, the examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from donorlab.experiments import arguments, sweep
from donorlab.experiments.arguments import InputError
from donorlab.experiments.engines import Serial
from donorlab.experiments.sweeps import asked, probe
from donorlab.experiments.sweeps.drive import Pace
from donorlab.scenarios import names
from experiments.conftest import Shell
from experiments.sweeping import SMALL, parts_of, runs_of, same

HERE = (*SMALL, "engine=serial", "out=s")
ORDER = ["point", "seed", "architecture"]


def test_it_says_what_it_will_do_before_it_starts(shell: Shell) -> None:
    result = shell("sweep", *SMALL, "dry=true")
    assert result.exit_code == 0, result.output
    assert "3 points x 10 seeds x fragmented, umbrella: 60 runs\n" in result.stdout
    assert "ms a run" in result.stdout
    assert "kB in results/sweep-toy-" in result.stdout
    assert shell.left() == []


def test_the_same_command_finds_its_folder(shell: Shell) -> None:
    first = shell("sweep", *SMALL).stdout
    (folder,) = Path("results").iterdir()
    assert str(folder) in first
    assert "complete already" in shell("sweep", *SMALL, "workers=1", "chunk=1").stdout
    before = shell.left()
    assert "66 runs, 60 of them done" in shell("sweep", *SMALL[:2], "replications=11", "dry=true").stdout
    assert shell.left() == before
    assert "60 of them done" in shell("sweep", *SMALL[:2], "replications=11").stdout
    assert len(list(Path("results").iterdir())) == 1
    assert len(runs_of(folder)) == 66


def test_a_manifest_says_what_made_the_runs(shell: Shell) -> None:
    shell("sweep", *HERE)
    manifest = json.loads(Path("s/manifest.json").read_text())
    assert manifest["complete"] is True
    assert manifest["words"] == [*HERE]
    assert set(manifest["sources"]) == set(runs_of(Path("s"))["source"])
    (session,) = manifest["sessions"]
    assert (session["engine"], session["runs"]) == ("serial", 60)
    assert session["packages"]["numba"]
    assert manifest["plan"]["labels"] == ["fragmented", "umbrella"]


def test_more_seeds_points_and_architectures_keep_what_is_there(shell: Shell) -> None:
    words = ("scenario=toy", "design=sobol", "failure=[0.05,0.2]", "money=[1,3]", "engine=serial", "chunk=0.05")
    small = ("points=4", "replications=2", "architectures=[fragmented]")
    large = ("points=9", "replications=3", "architectures=[fragmented,umbrella]")
    shell("sweep", *words, *small, "out=s")
    before = runs_of(Path("s"))
    times = {path: path.stat().st_mtime_ns for path in parts_of(Path("s"))}
    done = shell("sweep", *words, *large, "out=s")
    assert "54 runs, 8 of them done" in done.stdout, done.output
    assert all(path.stat().st_mtime_ns == time for path, time in times.items())
    runs = runs_of(Path("s"))
    same(runs.head(8), before)
    shell("sweep", *words, *large, "out=t")
    at_once = runs_of(Path("t"))
    same(*(one.drop(columns="run").sort_values(ORDER, ignore_index=True) for one in (runs, at_once)))
    assert "holds a sweep with 9 points, not 8" in shell.refused("sweep", *words, "points=8", *large[1:], "out=s")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("money=3",), "holds another sweep (its settings is another)"),
        (("failure=[0.05,0.1,0.3]",), "holds another sweep (its design is another)"),
        (("seed=2",), "holds another sweep (its seed is another)"),
        (("architectures=[umbrella,fragmented]",), "holds a sweep of fragmented, umbrella"),
        (("scenario=synthetic",), "holds another sweep (its scenario is another)"),
    ],
)
def test_another_sweep_in_the_same_folder_is_refused(shell: Shell, words: tuple[str, ...], message: str) -> None:
    shell("sweep", *HERE)
    keys = {word.partition("=")[0] for word in words}
    rest = [word for word in HERE if word.partition("=")[0] not in keys]
    assert message in shell.refused("sweep", *rest, *words)


def test_a_table_can_be_made_longer_and_not_changed(shell: Shell) -> None:
    words = ("scenario=toy", "design=table", "table=p.csv", "replications=2", "engine=serial", "out=s")
    Path("p.csv").write_text("failure\n0.1\n0.2\n")
    shell("sweep", *words)
    Path("p.csv").write_text("failure\n0.1\n0.2\n0.3\n")
    assert "12 runs, 8 of them done" in shell("sweep", *words).stdout
    Path("p.csv").write_text("failure\n0.1\n0.25\n0.3\n")
    assert "holds a sweep over other points" in shell.refused("sweep", *words)


def test_a_longer_table_finds_its_folder_and_another_table_gets_another_one(shell: Shell) -> None:
    words = ("scenario=toy", "design=table", "replications=1", "engine=serial", "architectures=[umbrella]")

    def folder(name: str, *rows: float) -> Path:
        Path(name).write_text("failure\n" + "".join(f"{row}\n" for row in rows))
        done = shell("sweep", *words, f"table={name}")
        assert done.exit_code == 0, done.output
        return Path(done.stdout.split()[-1])

    first = folder("a.csv", 0.1, 0.2)
    assert folder("a.csv", 0.1, 0.2, 0.3) == first
    assert len(runs_of(first)) == 3
    other = folder("b.csv", 0.1, 0.25)  # the same first row
    assert other != first
    assert folder("./b.csv", 0.1, 0.25, 0.3) == other
    assert folder("a.csv", 0.1, 0.2, 0.3, 0.15) == first
    assert len(list(Path("results").iterdir())) == 2


def test_a_scenarios_file_is_the_same_however_its_place_is_spelled(shell: Shell) -> None:
    toy = (Path(asked.__file__).parents[2] / "scenarios/conf/scenario/toy.yaml").read_text()
    Path("mine.yaml").write_text(toy)
    words = ("overhead=[0,0.1]", "architectures=[umbrella]", "replications=1")
    made = [
        asked.read([*words, f"scenario={place}"]) for place in ("mine.yaml", "./mine.yaml", Path("mine.yaml").resolve())
    ]
    assert len({one.root for one in made}) == 1
    assert len({one.plan.digest for one in made}) == 1
    assert str(shell.folder) not in json.dumps(made[2].plan.configuration)
    Path("mine.yaml").write_text(toy.replace("money: 0.8", "money: 1"))
    assert asked.read([*words, "scenario=mine.yaml"]).root != made[0].root, "another world"


def test_a_failed_start_leaves_nothing(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Serial):
        def __enter__(self) -> Serial:
            raise InputError("no worker came")

    monkeypatch.setattr(sweep, "_engine", lambda *_: Broken())
    result = shell("sweep", *SMALL)
    assert result.exit_code == 2
    assert "no worker came" in result.stderr
    assert shell.left() == []


def test_a_model_that_is_not_compiled_yet_is_compiled_by_another_process(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = asked.read(SMALL)
    here: list[int] = []
    monkeypatch.setattr(probe, "run_one", lambda *_: here.append(1))
    monkeypatch.setattr(probe, "cache_folder", lambda: shell.folder)
    seconds = probe.seconds_a_run(made)
    assert 0 < seconds < 1
    assert not here
    (shell.folder / "x.nbi").touch()
    probe.seconds_a_run(made)
    assert here


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("grit",), "example: there is none called 'grit' (did you mean 'grid'?)"),
        (("absent.yaml",), "absent.yaml: cannot be read"),
        (("design=gird",), "design: 'gird' is not one of grid, latin, sobol, table (did you mean 'grid'?)"),
        (("scenario=toy", "oberhead=[0,0.1]"), "unknown parameter 'oberhead'"),
        (("scenario=toy", "overhead=[0,2]"), "donorlab: overhead: 2.0 is impossible; it must lie between 0 and 1"),
        (("scenario=toy", "overhead=[]"), "is varied; give a list of its values"),
        (
            ("scenario=toy", "overhead=[0,0.1]", "architectures=[fragmented]"),
            "overhead: a lever that does nothing under fragmented",
        ),
        (("scenario=toy", "design=sobol"), "sobol over nothing"),
        (("scenario=toy", "design=sobol", "money=[3,1]"), "write the lower one first"),
        (("scenario=toy", "design=table"), "design=table needs a file"),
        (("scenario=toy", "table=p.csv"), "write design=table"),
        (("scenario=toy", "replications=0"), "replications: 0 is out of range"),
        (("scenario=toy", "scheduler=tcp://192.0.2.7:8786"), "is another host"),
        (("scenario=toy", "scheduler=tcp://127.0.0.1:1", "engine=serial"), "engine=serial uses no workers"),
        (("scenario=toy", "insecure=true"), "go with an address"),
        (("scenario=toy", "tls_ca=a"), "go with an address"),
        (("scenario=toy", "vary=[failur]"), "'failur' is no parameter with a range (did you mean 'failure'?)"),
        (("scenario=toy", "mechanism.contract=[ex_ante,ex_anti]"), "'ex_anti'"),
        (("scenario=toy", "architectures=[umbrela]"), "did you mean 'umbrella'"),
        (("scenario=toy", "seed=5000000000"), "seed"),
        (("scenario=toy", "seeds=own", "replications=2000"), "at most 1000 with seeds=own"),
        (("scenario=synthetic", "synthetic.money_per_donor=2", "money=[1,2]"), "follows from the options"),
        (("scenario=synthetic", "synthetic.donors=[4,many]"), "'4' is no word"),
        (("scenario=toy", "failure=[0.1,$x]"), "'$x' is no number"),
        (("scenario=toy", "failur=0.1"), "unknown parameter 'failur'"),
    ],
)
def test_mistakes_are_told_in_one_line_and_leave_nothing(shell: Shell, words: tuple[str, ...], message: str) -> None:
    assert message in shell.refused("sweep", *words)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scenaro: toy\n", "my.yaml: unknown key 'scenaro' (did you mean 'scenario'?)"),
        ("scenario: toy\nparameters: [1]\n", "parameters: must be a mapping"),
        ("scenario: toy\nparameters: {failure: 0.1}\n", "failure: is varied; give a list"),
        ("scenario: toy\nparameters: {failure: [0.1]}\nsettings: {failure: 0.2}\n", "either varied or not"),
        ("scenario: toy\nreplications: many\n", "my.yaml, replications: 'many' is not a whole number"),
        ("scenario: toy\nhydra: {}\n", "is refused: it is Hydra's"),
        ("scenario: ${oc.env:HOME}\n", "interpolation is not allowed"),
        ("scenario: !!python/object:os.system x\n", "tags (!) are not allowed"),
    ],
)
def test_a_file_is_data(shell: Shell, text: str, message: str) -> None:
    Path("my.yaml").write_text(text)
    assert message in shell.refused("sweep", "my.yaml")


def test_words_go_before_a_file_and_a_file_before_defaults(shell: Shell) -> None:
    Path("my.yaml").write_text(
        "title: Mine\nscenario: toy\narchitectures: [umbrella]\nparameters: {failure: [0.1, 0.2], overhead: [0, 0.1]}\n"
        "settings: {money: 2}\nreplications: 3\n"
    )
    made = asked.read(["my.yaml", "overhead=0.05", "money=[1,2]", "replications=2"])
    assert [one.name for one in made.plan.columns] == ["failure", "money"]
    assert made.plan.configuration["settings"] == ["overhead=0.05"]
    assert made.plan.size == (4, 2, 1)
    assert made.title == "Mine"
    out = shell("sweep", "my.yaml", "dry=true").stdout
    assert out.startswith("Mine\n4 points x 3 seeds x umbrella: 12 runs\n")


@pytest.mark.parametrize("name", sorted(asked.examples()))
def test_each_example_says_what_it_does_and_can_be_run(name: str) -> None:
    text = (asked.EXAMPLES / f"{name}.yaml").read_text()
    assert text.startswith("# ")
    assert text.count("#") >= 4, "annotated"
    made = asked.read([name])
    assert made.title
    assert made.plan.configuration["scenario"] in names()
    assert 50 <= made.plan.runs <= 6000


def test_there_are_five_examples_and_help_names_them(shell: Shell) -> None:
    assert len(asked.examples()) == 5
    text = shell("sweep", "--help").stdout
    assert all(name in text for name in asked.examples())
    for key in arguments.defaults("sweep"):
        assert key in text


@pytest.mark.parametrize("name", ["contracts", "table"])
def test_an_example_runs_in_small(shell: Shell, name: str) -> None:
    small = {
        "contracts": (
            "credibility=0.5",
            "synthetic.donors=[6,8]",
            "mechanism.lapse=exponential",
            "horizon=6",
            "wind_down=2",
        ),
        "table": ("scenario=toy", "architectures=[umbrella]"),
    }
    done = shell("sweep", name, *small[name], "replications=1", "engine=serial", "out=s")
    assert done.exit_code == 0, done.output
    runs = runs_of(Path("s"))
    assert runs["error"].isna().all()
    if name == "contracts":
        assert set(runs["synthetic.donors"]) == {6, 8}
        assert set(runs["mechanism.contract"]) == {"ex_ante", "ex_post", "tournament"}
        assert set(runs["architecture"]) == {"conditional", "lead-donors"}
        assert runs.groupby("mechanism.contract")["efficiency"].first().nunique() == 3


def test_a_group_of_parameters_leaves_out_what_can_do_nothing_here(shell: Shell) -> None:
    """The example of all uncertainties, on a world where some of them have no effect and none was named by the user."""
    done = shell("sweep", "sobol", "scenario=toy", "points=4", "architectures=[umbrella]", "engine=serial", "out=s")
    assert done.exit_code == 0, done.output
    runs = runs_of(Path("s"))
    assert len(runs) == 4
    assert "observation_probability" in runs
    assert not {"membership_term", "rival_share"} & set(runs)
    assert "membership_term: does nothing while" in shell.refused(
        "sweep", "scenario=toy", "vary=[membership_term]", "design=sobol"
    )


def test_a_folder_takes_no_runs_of_a_world_that_was_edited_since(shell: Shell) -> None:
    mine = Path("mine.yaml")
    mine.write_text((Path(asked.__file__).parents[2] / "scenarios/conf/scenario/toy.yaml").read_text())
    words = ("sweep", "scenario=mine.yaml", "overhead=[0,0.1]", "architectures=[umbrella]", "engine=serial", "out=s")
    assert shell(*words, "replications=1").exit_code == 0
    mine.write_text(mine.read_text().replace("money: 0.8", "money: 1"))
    assert "s: holds runs of another umbrella" in shell.refused(*words, "replications=2")
    assert len(runs_of(Path("s"))) == 2


def test_a_new_file_is_an_example_to_fill_in(shell: Shell) -> None:
    done = shell("new", "sweep", "my.yaml")
    assert done.exit_code == 0, done.output
    assert "donorlab sweep my.yaml" in done.stdout
    assert "320 runs" in shell("sweep", "my.yaml", "dry=true").stdout


def test_chunks_are_about_as_long_as_asked_and_never_leave_a_worker_idle() -> None:
    pace = Pace(0.04, 2.0)
    assert pace.size(10_000, 2) == 50
    assert pace.size(60, 2) == 30
    assert pace.size(1, 2) == 1
    assert Pace(1e-9, 2.0).size(10**9, 1) == 20_000
    assert Pace(100.0, 2.0).size(10, 2) == 1


def test_little_work_starts_no_processes(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    from donorlab.experiments import engine_dask

    monkeypatch.setattr(engine_dask, "Dask", lambda *_, **__: pytest.fail("must not start"))
    assert shell("sweep", *SMALL, "workers=2", "out=s").exit_code == 0
    assert Serial.workers == 1


def test_numbers_are_those_of_the_model(shell: Shell) -> None:
    from donorlab.scenarios import load
    from donorlab.sim import simulate

    words = ("failure=[0.05,0.2]", "decision_lag=[0,2]", "replications=2", "waterfall=true", "engine=serial")
    shell("sweep", "scenario=toy", *words, "out=s")
    runs = runs_of(Path("s"))
    chosen = (runs["failure"] == 0.2) & (runs["decision_lag"] == 2)
    row: Any = runs[chosen & (runs["architecture"] == "umbrella") & (runs["seed"] == 2)].iloc[0]
    result = simulate(load("toy", ["architecture=umbrella", "failure=0.2", "decision_lag=2"]), seed=2)
    for name, value in result.outcomes.items():
        assert row[name] == value or (row[name] != row[name] and value != value)
    assert row["harm"] == result.waterfall.harm
