"""A sweep on a SLURM cluster: ``python -m donorlab.experiments.slurm --jobs 32 --cores 32 -- sobol points=65536 out=/shared/mine``.

This process is the scheduler (a few percent of a core; run it in a small job of its own or in `tmux` on the login node). It asks
SLURM for jobs, each with as many single-threaded workers as cores, through dask-jobqueue; workers that come late or end at their
time limit are no loss. What stands after ``--`` are the words of `donorlab sweep`; ``out=`` must be a folder that all nodes
see under the same name. Connections are encrypted with certificates made for this one call, unless ``--insecure`` is given.
Needs the extra ``donorlab[slurm]``.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from donorlab.experiments.arguments import InputError
from donorlab.experiments.engine_dask import QUIET, needed


def main(words: Sequence[str] | None = None) -> None:
    """Start a cluster, run a sweep on it, end the cluster.

    Parameters
    ----------
    words : of the command line; None for the program's own
    """
    given, sweep = _given(sys.argv[1:] if words is None else list(words))
    distributed = needed()
    with _cluster(given) as cluster:
        if given.script:
            click.echo(cluster.job_script())
            return
        cluster.scale(jobs=given.jobs)
        with distributed.Client(cluster, set_as_default=False) as client:
            click.echo(f"waiting for the first of {given.jobs} jobs", err=True)
            client.wait_for_workers(1)
            from donorlab.experiments.sweep import run

            run(sweep, client)


def _given(words: list[str]) -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(
        prog="python -m donorlab.experiments.slurm", description=(__doc__ or "").partition("\n\n")[0]
    )
    parser.add_argument("--jobs", type=int, default=1, help="SLURM jobs; each starts when it can")
    parser.add_argument("--cores", type=int, default=1, help="cores, and so workers, of a job")
    parser.add_argument("--memory", default=None, help="of a job; default 1 GB a core")
    parser.add_argument("--walltime", default="04:00:00", help="of a job")
    parser.add_argument("--queue", help="partition")
    parser.add_argument("--account")
    parser.add_argument("--interface", help="network interface between the nodes, for example ib0")
    parser.add_argument(
        "--directive", action="append", default=[], help="a further #SBATCH line; may be given several times"
    )
    parser.add_argument(
        "--prologue",
        action="append",
        default=[],
        help="a line of shell before the workers, such as 'module load python'",
    )
    parser.add_argument("--insecure", action="store_true", help="without encryption, on a network of your own")
    parser.add_argument("--script", action="store_true", help="print the job's script and stop")
    end = words.index("--") if "--" in words else len(words)
    return parser.parse_args(words[:end]), words[end + 1 :]


def _cluster(given: argparse.Namespace) -> Any:
    try:
        dask_jobqueue: Any = importlib.import_module("dask_jobqueue")
    except ImportError:
        raise InputError(
            "slurm: dask-jobqueue is not installed; install the extra (pip install 'donorlab[slurm]')"
        ) from None
    importlib.import_module("dask").config.set(QUIET)
    secrets = Path.home() / ".donorlab-tls"  # seen by all nodes, and by nobody else
    if not given.insecure:
        secrets.mkdir(mode=0o700, exist_ok=True)
    return dask_jobqueue.SLURMCluster(
        queue=given.queue,
        account=given.account,
        walltime=given.walltime,
        cores=given.cores,
        processes=given.cores,
        memory=given.memory or f"{given.cores} GB",
        interface=given.interface,
        job_extra_directives=given.directive,
        job_script_prologue=["export OMP_NUM_THREADS=1", *given.prologue],
        worker_extra_args=["--no-dashboard"],
        scheduler_options={"dashboard_address": None},
        security=None if given.insecure else True,
        shared_temp_directory=None if given.insecure else str(secrets),
    )


if __name__ == "__main__":
    try:
        main()
    except click.ClickException as error:
        click.echo(f"donorlab: {error.format_message()}", err=True)
        sys.exit(error.exit_code)
