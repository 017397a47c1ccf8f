"""Folders that are damaged, of another command or in use, and places where nothing can be written: one line."""

from __future__ import annotations

import errno
import json
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow.dataset as ds
import pytest

from donorlab.experiments import bundle, store
from donorlab.experiments.arguments import InputError
from donorlab.experiments.sweeps.folder import SweepFolder
from experiments.conftest import Shell
from experiments.sweeping import parts_of, runs_of, swept

WORDS = ("scenario=toy", "failure=[0.05,0.1]", "replications=4", "chunk=0.01")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep, whose words name a folder of this machine."""
    folder = tmp_path_factory.mktemp("made")
    return swept(Shell(folder), str(folder / "s"), *WORDS)


@pytest.fixture
def here(made: Path, shell: Shell) -> Path:
    """A copy of it in the current folder."""
    shutil.copytree(made, "s")
    return shell.folder / "s"


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def without(key: str | None) -> Callable[[Path], None]:
    """Return what takes the plan, or a key of it, out of a manifest."""

    def change(root: Path) -> None:
        path = root / "manifest.json"
        data = json.loads(path.read_text())
        del (data if key is None else data["plan"])[key or "plan"]
        path.write_text(json.dumps(data))

    return change


# ---------------------------------------------------------------------- damaged
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda root: truncated(root / "design.parquet"), "design.parquet: cannot be read; remove it and run"),
        (lambda root: truncated(root / "manifest.json"), "manifest.json: is not whole"),
        (lambda root: (root / "manifest.json").write_text("[1]"), "manifest.json: is"),
        (without(None), "has no plan"),
        (without("blocks"), "its plan lacks 'blocks'"),
        (without("builds"), "its plan lacks 'builds'"),
        (lambda root: (root / "manifest.json").write_text('{"command": "sweep", "plan": {"labels": 3}}'), "its plan"),
        (lambda root: (root / "manifest.json").write_text('{"command": "sweep", "plan": "x"}'), "its plan is damaged"),
    ],
)
def test_a_damaged_folder_is_one_line(
    here: Path, made: Path, shell: Shell, damage: Callable[[Path], object], message: str
) -> None:
    damage(here)
    told = shell.refused("rerun", "s")
    assert message in told or "is not whole" in told
    told = shell.refused("merge", "s", str(made), "out=m")
    assert message in told or "is no folder of a sweep" in told


def test_a_truncated_part_is_named_wherever_it_is_read(here: Path, made: Path, shell: Shell) -> None:
    path = parts_of(here)[-1]
    truncated(path)
    assert path.name in shell.refused("rerun", "s")
    assert path.name in shell.refused("rerun", "s", "run=all")
    assert path.name in shell.refused("merge", str(made), "s", "out=m")
    with pytest.raises(InputError, match=rf"{path.name}: cannot be read, .* the sweep's own command, run again"):
        store.open(here).frame()
    truncated(parts_of(here)[0])
    with pytest.raises(InputError, match="the sweep's own command, run again"):
        store.open(here).frame(where=[("seed", "==", 1)])
    truncated(here / "design.parquet")
    with pytest.raises(InputError, match=r"design\.parquet: .*remove it"):
        store.open(here).frame("design")


def test_the_manifest_of_a_sweep_can_be_made_again_as_the_message_says(here: Path, made: Path, shell: Shell) -> None:
    truncated(here / "manifest.json")
    assert "begin the same sweep in a new folder" in shell.refused("rerun", "s")
    swept(shell, "new", *WORDS)
    shutil.copyfile("new/manifest.json", here / "manifest.json")
    assert "nothing was missing" in shell("sweep", *WORDS, "engine=serial", "out=s").stdout
    pd.testing.assert_frame_equal(runs_of(here), runs_of(made))


def test_points_can_be_made_again_as_the_message_says(here: Path, shell: Shell) -> None:
    (here / "design.parquet").unlink()
    assert "remove it and run" in shell.refused("rerun", "s")
    assert "nothing was missing" in shell("sweep", *WORDS, "engine=serial", "out=s").stdout
    assert shell("rerun", "s").exit_code == 0


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ([("sead", "==", 1)], "has no column 'sead' (did you mean 'seed'?)"),
        ([[("seed", "==", 1)], [("architektur", "==", "x")]], "did you mean 'architecture'?"),
        (ds.field("efficency") > 0, "has no column 'efficency' (did you mean 'efficiency'?)"),
        ("seed == 1", "where: str is no condition; write [("),
        (("seed", "==", 1), "where: 'seed' is no condition; write [("),
        ([("seed", "=")], "is no condition; write [("),
        ([("seed", "is", 1)], "where: seed: 'is' is not one of"),
        ([("seed", "==", "one")], "seed holds int64"),
        ([("architecture", "<", 3)], "architecture holds string"),
        ([("seed", "in", 3)], "where: "),
        (7, "where: int is no condition"),
        (ds.field("architecture") + 1, "where: cannot be compared"),
    ],
)
def test_conditions_that_cannot_be_asked_are_one_line(made: Path, where: object, message: str) -> None:
    with pytest.raises(InputError) as caught:
        store.open(made).frame(where=where)
    assert message in caught.value.message
    assert "\n" not in caught.value.message


def test_conditions_may_be_alternatives(made: Path) -> None:
    some = store.open(made).frame(columns=["seed"], where=[[("seed", "==", 1)], [("seed", ">", 3)]])
    assert set(some["seed"]) == {1, 4}
    with pytest.raises(InputError, match=re.escape("columns: give a list of names, such as ['seed']")):
        store.open(made).frame(columns="seed")


# ---------------------------------------------------------------------- of another command
def test_folders_of_other_commands_are_left_as_they_are(made: Path, shell: Shell) -> None:
    folder = shell.folder / "other"
    folder.mkdir()
    (folder / "manifest.json").write_text('{"command": "winners", "configuration": {"scenario": "toy"}}')
    pd.DataFrame({"number": [1]}).to_parquet(folder / "runs.parquet")
    assert "holds results of `winners`" in shell.refused("rerun", "other")
    assert "is no folder of a sweep" in shell.refused("merge", "other", str(made), "out=m")
    assert "is no folder of a sweep" in shell.refused("merge", str(made), "other", "out=m")


# ---------------------------------------------------------------------- packed
def test_a_sweep_that_is_running_is_not_packed(here: Path, shell: Shell) -> None:
    with SweepFolder(here):
        assert "a sweep is writing it" in shell.refused("bundle", "s")
    assert shell("bundle", "s").exit_code == 0


def test_an_archive_says_what_made_the_numbers_and_names_no_folder(here: Path, shell: Shell, made: Path) -> None:
    aside = here / "set-aside" / "0123" / "00000"
    aside.mkdir(parents=True)
    shutil.copy(parts_of(here)[0], aside)
    data = json.loads((here / "manifest.json").read_text())
    old = json.loads(json.dumps(data["sessions"][0]))
    old["packages"]["numba"] = "0.60.0"
    old["runs"] = 3
    data["sessions"][0]["runs"] -= 5
    data["sessions"].append(old)
    (here / "manifest.json").write_text(json.dumps(data))
    assert str(made) in json.dumps(data["words"])
    done = shell("bundle", "s")
    assert "set-aside/ is left out" in done.stdout
    with zipfile.ZipFile("s.zip") as file:
        names = file.namelist()
        environment = file.read("environment.txt").decode()
        manifest = file.read("results/manifest.json").decode()
        assert "set-aside/ is left out" in file.read("README.txt").decode()
        assert re.search(r"^pytest==", file.read("packed-with.txt").decode(), re.MULTILINE)
        file.extractall("else/where")
    assert not any("set-aside" in name for name in names)
    assert f"\nnumba=={data['sessions'][0]['packages']['numba']}\n" in environment
    assert "\n# numba==0.60.0\n" in environment
    assert ", 3 runs\n" in environment
    assert "# 2 runs were made by sessions that ended before they could note their packages" in environment
    assert "pytest" not in environment
    assert str(made.parent) not in manifest
    assert '"out=s"' in manifest
    shutil.rmtree(here)
    assert "the same numbers to the last bit" in shell("rerun", "else/where/results", "run=all").stdout


def test_a_merged_folder_can_be_packed_and_run_again_elsewhere(made: Path, shell: Shell) -> None:
    swept(shell, "t", *WORDS, "money=0.4")
    assert shell("merge", str(made), "t", "out=m").exit_code == 0
    assert shell("bundle", "m").exit_code == 0
    shutil.rmtree("m")
    shutil.rmtree("t")
    with zipfile.ZipFile("m.zip") as file:
        environment = file.read("environment.txt").decode()
        assert all(
            str(made.parent).encode() not in file.read(name) for name in file.namelist() if name.endswith(".json")
        )
        file.extractall("else/where")
    assert environment.count("numba==") == 1
    assert "16 runs again" not in environment
    assert "32 runs again: the same numbers" in shell("rerun", "else/where/results", "run=all").stdout


@pytest.mark.parametrize("out", ["/proc/x.zip", "/proc/self/x.zip"])
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no such place here")
def test_a_place_where_nothing_can_be_written(here: Path, shell: Shell, out: str) -> None:
    assert "nothing was packed" in shell.refused("bundle", "s", f"out={out}")


def test_a_disk_that_is_full_keeps_nothing(here: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(bundle, "_add", full)
    told = shell.refused("bundle", "s")
    assert "s.zip: No space left on device; nothing was packed" in told
