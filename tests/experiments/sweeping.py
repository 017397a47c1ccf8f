"""What tests of sweeps share: the command in a process of its own, stored tables, processes to kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from donorlab.experiments import store
from experiments.conftest import Shell
from experiments.test_runner import alive, wait_for, workers_of

__all__ = ["alive", "children_of", "command", "parts_of", "runs_of", "same", "start", "swept", "wait_for", "workers_of"]

SMALL = ("scenario=toy", "failure=[0.05,0.1,0.2]", "replications=10")
"""60 runs."""


def start(*words: str, cwd: Path, **environment: str) -> subprocess.Popen[str]:
    """Start a command in a process group of its own, in which Ctrl-C is not ignored."""
    return subprocess.Popen(
        [sys.executable, "-m", "donorlab.experiments.command", *words],
        cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, env=os.environ | environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def command(*words: str, cwd: Path, status: int = 0, **environment: str) -> tuple[str, str]:
    """Run a command to its end; return what it printed and told."""
    process = start(*words, cwd=cwd, **environment)
    out, err = process.communicate(timeout=240)
    assert process.returncode == status, out + err
    assert "Traceback" not in err, err
    return out, err


def runs_of(folder: Path, **options: Any) -> pd.DataFrame:
    """Return the stored runs of a sweep, in their order."""
    return store.open(folder).frame("runs", **options)


def parts_of(folder: Path) -> list[Path]:
    """Return the files of a sweep's runs."""
    return sorted(path for path in (folder / "runs").glob("*/*.parquet") if not path.name.startswith("."))


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """Demand the same rows to the last bit."""
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def children_of(pid: int) -> list[int]:
    """Return the workers of a process, also those that another thread of it started."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            children = [int(word) for word in (task / "children").read_text().split()]
            found += [one for one in children if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]
        except OSError:
            continue
    return found


def swept(shell: Shell, out: str, *words: str) -> Path:
    """Run a small sweep in this process and return its folder."""
    done = shell("sweep", *words, "engine=serial", f"out={out}")
    assert done.exit_code == 0, done.output
    return shell.folder / out
