"""Result folders: whole or absent."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from donorlab.experiments import store
from donorlab.experiments.arguments import InputError
from donorlab.experiments.parts import packed
from donorlab.experiments.store import ResultFolder, canonical_json, default_folder, digest_of

FRAME = pd.DataFrame({"a": [1, 2], "b": [0.1, float("nan")]})


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_final_name_appears_only_when_all_is_written(tmp_path: Path) -> None:
    with ResultFolder(tmp_path / "answer") as folder:
        folder.table("runs", FRAME)
        assert not (tmp_path / "answer").exists()
        assert all(name.startswith(".answer.partial-") for name in names(tmp_path))
        folder.csv("summary", FRAME)
        folder.manifest({"command": "test"})
    assert names(tmp_path) == ["answer"]
    assert names(tmp_path / "answer") == ["manifest.json", "runs.parquet", "summary.csv"]
    pd.testing.assert_frame_equal(pd.read_parquet(folder.path / "runs.parquet"), FRAME)
    pd.testing.assert_frame_equal(pd.read_csv(folder.path / "summary.csv"), FRAME)
    manifest = json.loads((folder.path / "manifest.json").read_text())
    assert manifest["schema_version"] == store.SCHEMA_VERSION
    assert set(manifest["files"]) == {"runs.parquet", "summary.csv"}


def test_parts_are_complete_when_the_folder_is(tmp_path: Path) -> None:
    with ResultFolder(tmp_path / "answer") as folder:
        folder.part("projects", packed(FRAME, "central", 1))
        folder.part("projects", packed(FRAME, "central", 2))
    assert pd.read_parquet(folder.path / "projects.parquet")["seed"].tolist() == [1, 1, 2, 2]
    with ResultFolder(tmp_path / "second") as folder:
        folder.part("projects", packed(FRAME, "central", 1))
        folder.manifest({"command": "test"})
    manifest = json.loads((folder.path / "manifest.json").read_text())
    digest = hashlib.sha256((folder.path / "projects.parquet").read_bytes()).hexdigest()
    assert manifest["files"] == {"projects.parquet": digest}


@pytest.mark.parametrize("problem", [KeyboardInterrupt, OSError(28, "No space left on device"), SystemExit])
def test_an_interrupted_folder_leaves_nothing(tmp_path: Path, problem: type[BaseException] | BaseException) -> None:
    target = tmp_path / "new" / "deep" / "answer"
    with pytest.raises((KeyboardInterrupt, OSError, SystemExit)):
        write_and_raise(target, problem)
    assert names(tmp_path) == []


def write_and_raise(target: Path, problem: type[BaseException] | BaseException) -> None:
    with ResultFolder(target) as folder:
        folder.csv("summary", FRAME)
        raise problem


def test_a_failure_while_publishing_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"), ResultFolder(tmp_path / "answer") as folder:
        folder.csv("summary", FRAME)
    assert names(tmp_path) == []


def test_an_empty_folder_is_taken_and_a_full_one_refused(tmp_path: Path) -> None:
    target = tmp_path / "answer"
    target.mkdir()
    with ResultFolder(target) as folder:
        folder.csv("summary", FRAME)
    assert names(target) == ["summary.csv"]
    with pytest.raises(InputError, match="not empty"), ResultFolder(target):
        pytest.fail("must not start")
    assert names(target) == ["summary.csv"]
    with pytest.raises(InputError, match="not a folder"), ResultFolder(target / "summary.csv"):
        pytest.fail("must not start")
    with pytest.raises(InputError, match="not a folder"), ResultFolder(target / "summary.csv" / "answer"):
        pytest.fail("must not start")


def test_a_name_taken_meanwhile_costs_no_results(tmp_path: Path) -> None:
    target = tmp_path / "answer"
    with ResultFolder(target) as folder:
        folder.csv("summary", FRAME)
        target.mkdir()
        (target / "theirs").write_text("x")
    assert folder.path == tmp_path / "answer-2"
    assert names(folder.path) == ["summary.csv"]
    assert names(target) == ["theirs"]


def test_a_folder_that_cannot_be_written_is_refused_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "locked"
    place.mkdir()
    if os.geteuid() == 0:  # no permission stops this user: let the system say no in its place

        def denied(self: Path, *_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied", str(self))

        monkeypatch.setattr(Path, "mkdir", denied)
    else:
        place.chmod(0o500)
    with pytest.raises(InputError, match="Permission denied"), ResultFolder(place / "answer"):
        pytest.fail("must not start")
    place.chmod(0o700)
    assert names(place) == []


def test_leftovers_of_a_killed_run_are_removed_and_those_of_a_living_one_are_not(tmp_path: Path) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom donorlab.experiments.store import ResultFolder\n"
        "with ResultFolder(Path(sys.argv[1])) as folder:\n"
        "    folder.json('half', 1)\n    print('ready', flush=True)\n    time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "theirs")], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        partial = tmp_path / f".theirs.partial-{process.pid}"
        with ResultFolder(tmp_path / "ours") as folder:
            assert folder.removed == []
            assert (partial / "half.json").exists()
    finally:
        process.kill()
        process.wait()
    assert partial.exists()
    with ResultFolder(tmp_path / "later") as folder:
        assert folder.removed == [partial]
    assert names(tmp_path) == ["later", "ours"]


def test_only_our_own_leftovers_are_removed(tmp_path: Path) -> None:
    foreign = tmp_path / ".something.partial-7"
    foreign.mkdir()
    (foreign / "precious").write_text("x")
    with ResultFolder(tmp_path / "answer"):
        pass
    assert (foreign / "precious").exists()


def test_default_name_has_the_time_to_the_second() -> None:
    now = datetime.datetime(2026, 11, 24, 7, 5, 9)
    assert str(default_folder("compare", "0123456789abcdef", now)) == os.path.join(
        "results", "2026-11-24-070509-compare-01234567"
    )


def test_two_runs_in_one_second_get_two_folders(tmp_path: Path) -> None:
    for _ in range(2):
        with ResultFolder(tmp_path / "same", refuse_existing=False) as folder:
            folder.csv("summary", FRAME)
    assert names(tmp_path) == ["same", "same-2"]


def test_hash_does_not_depend_on_order_and_knows_no_nan() -> None:
    assert canonical_json({"b": 1, "a": [float("nan"), 2.5]}) == '{"a":[null,2.5],"b":1}'
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": 2})


def test_waiting_for_a_lock_takes_no_time(tmp_path: Path) -> None:
    with ResultFolder(tmp_path / "one"):
        begun = time.monotonic()
        with pytest.raises(InputError, match="another run"), ResultFolder(tmp_path / "one"):
            pytest.fail("must not start")
        assert time.monotonic() - begun < 2
    assert names(tmp_path) == ["one"]
