"""A sweep on SLURM: the job's script, and a run in which `sbatch` and `scancel` are made up and all else is real."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.sweeping import SMALL, runs_of

pytest.importorskip("dask_jobqueue")
pytest.importorskip("cryptography")

SBATCH = """#!/bin/sh
cp "$1" "$HOME/job.sh"
setsid sh "$HOME/job.sh" >"$HOME/job.log" 2>&1 </dev/null &
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/sh
kill -9 -- "-$1"
"""


def slurm(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    environment = os.environ | {"HOME": str(folder), "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        [sys.executable, "-m", "donorlab.experiments.slurm", *words],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=150,
    )  # fmt: skip


def test_the_job_is_what_was_asked_for(tmp_path: Path) -> None:
    words = (
        "--cores",
        "8",
        "--queue",
        "short",
        "--account",
        "mine",
        "--directive=--exclusive",
        "--prologue",
        "module load python",
    )
    done = slurm(tmp_path, "--script", *words)
    assert done.returncode == 0, done.stderr
    for line in (
        "#SBATCH -p short",
        "#SBATCH -A mine",
        "#SBATCH --cpus-per-task=8",
        "#SBATCH --mem=8G",
        "#SBATCH --exclusive",
    ):
        assert f"{line}\n" in done.stdout
    for word in ("module load python", "--nworkers 8", "--nthreads 1", "--no-dashboard", "tls://"):
        assert word in done.stdout
    assert (tmp_path / ".donorlab-tls").stat().st_mode & 0o077 == 0


def test_a_sweep_runs_in_jobs_over_tls(tmp_path: Path) -> None:
    done = slurm(tmp_path, "--interface", "lo", "--", *SMALL, "out=s")
    assert done.returncode == 0, done.stderr + done.stdout
    assert "60 runs" in done.stdout
    assert len(runs_of(tmp_path / "s")) == 60
    assert "tls://127.0.0.1" in (tmp_path / "job.sh").read_text()
