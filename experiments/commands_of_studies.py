"""The commands that analyse runs: only light imports here, as in `command.py`."""

from __future__ import annotations

from typing import Final

import click


@click.command()
@click.argument("words", nargs=-1, metavar="[SCENARIO] [KEY=VALUE]...")
def robust(words: tuple[str, ...]) -> None:
    """Say which design is never far from best, whatever is true.

    Regret, worst cases, what is good enough, rank stability, the Pareto front over efficiency, coverage, ownership, cost and
    autonomy of donors, under each value judgement; and which single assumption, if it were known, would change the choice.
    The same command again runs only what is missing.

    \b
    scenario=world           also as the first word
    architectures=[fragmented,umbrella,conditional,umbrella_conditional]
                             the choices; central is a benchmark that nobody can choose, unless named
    proposals=[NAME,my.yaml] in the place of architectures, which then are [fragmented] unless given
    from=[FOLDER,FOLDER]     read the runs of these sweeps in place of making some
    futures=500              all uncertainties drawn over their ranges; at least 50, 100 with information
    replications=2           seeds of each future
    smallest_difference=0.02 less is about the same
    far=0.05                 of the best: further from it than this is called far
    satisfice=[efficiency>=0,efficiency>=best-0.02]  in quotes: what is good enough. An objective or an outcome, >= or <=,
                             a number, or first or best (of the same future) and a number
    values=true              also where other states count more: runs of their own
    values_futures=100       of each of them, one seed each; at least 50
    information=true         which assumption would be worth knowing
    engine=auto              dask: processes; serial: none
    workers=auto             processes of this machine
    scheduler=ADDRESS        of Dask; tls_ca=, tls_cert=, tls_key=FILE, insecure=false as in `donorlab sweep`
    chunk=2                  seconds of work between two parts
    retry_failed=false       true: run failed runs again
    mix=false                true: take together what different versions made
    out=FOLDER               default ./results/<date>-<time>-robust-<hash>

    All other keys are parameters of the scenario (`donorlab parameters`).
    """
    from donorlab.experiments.robust import run

    run(words)


COMMANDS: Final = (robust,)
