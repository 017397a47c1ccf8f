"""The commands `sweep`, `merge`, `rerun` and `bundle`; only light imports here, as in `command.py`."""

from __future__ import annotations

from typing import Final

import click


@click.command()
@click.argument("words", nargs=-1, metavar="[EXAMPLE|FILE] [KEY=VALUE]...")
@click.option("--retry-failed", is_flag=True, help="Run failed runs again; the same as retry_failed=true.")
def sweep(words: tuple[str, ...], retry_failed: bool) -> None:
    """Run a design of any size; go on where it stopped.

    Points of a design x architectures x paired seeds. The same command again does only what is missing, whatever ended it.
    Without a file, what is varied has a list: donorlab sweep overhead=[0,0.1,0.2] decision_lag=[0,2].

    \b
    example=grid             also as the first word: an example, or a file of yours (.yaml):
                             grid, latin, sobol, table, contracts; `donorlab new sweep my.yaml` writes
                             a commented one
    scenario=world
    architectures=[fragmented,umbrella]
    proposals=[NAME,my.yaml] in the place of architectures, which then are [fragmented] unless given
    design=grid              every value with every other; latin: hypercube; sobol: sequence;
                             table: rows of a file
    vary=[uncertainties]     over the declared ranges: uncertainties, levers, or names; NAME=range for one
    levels=5                 of a grid: so many values over a declared range
    points=64                of latin and sobol; there [low,high] is a range. A sobol sequence can be
                             made longer
    design_seed=1            of latin and sobol
    table=FILE               CSV or Parquet: a column a parameter, a row a point
    replications=5           paired: the same seeds everywhere; more of them extend a sweep
    seed=1                   of the first replication
    seeds=same               own: each point has seeds of its own, the same for all architectures
    waterfall=false          also where each euro went
    engine=auto              dask: processes; serial: none; auto: dask, none for some ten seconds of work
    workers=auto             processes of this machine; the numbers do not depend on it
    scheduler=ADDRESS        of Dask, for example tcp://127.0.0.1:8786
    tls_ca=, tls_cert=, tls_key=FILE  with tls://HOST:PORT
    insecure=false           true: a scheduler on another host without TLS
    chunk=2                  seconds of work between two parts; the numbers do not depend on it
    retry_failed=false       also --retry-failed
    mix=false                true: keep runs that other sources made
    dry=false                true: say how many runs, how long and how large, and stop
    out=FOLDER               default ./results/sweep-<scenario>-<hash>

    All other keys are parameters of the scenario (`donorlab parameters`), one value or a list. Failed runs are results:
    exit status 0, with a line that names them. experiments/README.md has all.
    """
    from donorlab.experiments.sweep import run

    run([*words, "retry_failed=true"] if retry_failed else words)


@click.command()
@click.argument("folders", nargs=-1, metavar="FOLDER FOLDER... out=FOLDER")
def merge(folders: tuple[str, ...]) -> None:
    """Put several sweeps into one folder.

    A run that stands in two of them must have the same numbers and is kept once. The folders stay as they are.
    """
    from donorlab.experiments.merge import run

    run(folders)


@click.command()
@click.argument("words", nargs=-1, metavar="FOLDER [run=NUMBER]")
@click.pass_context
def rerun(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Run stored runs again; say whether the numbers are the same.

    Of a sweep or a comparison, from its manifest alone. Exit status 1 if a number is another.

    \b
    run=17                   its number; of a sweep also its id, or the first digits of it; all for all
                             without it: ten runs, spread evenly
    """
    from donorlab.experiments.rerun import run

    ctx.exit(0 if run(words) else 1)


@click.command()
@click.argument("words", nargs=-1, metavar="FOLDER [out=FILE.zip]")
def bundle(words: tuple[str, ...]) -> None:
    """Pack a result folder for an archive.

    With citation, licences, versions of all packages, and a checksum of each file. Default ./FOLDER.zip.
    """
    from donorlab.experiments.bundle import run

    run(words)


COMMANDS: Final = (sweep, merge, rerun, bundle)
