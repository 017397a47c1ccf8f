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


@click.command()
@click.argument("words", nargs=-1, metavar="[SCENARIO] [KEY=VALUE]...")
@click.option("--retry-failed", is_flag=True, help="Run failed runs again; the same as retry_failed=true.")
def sensitivity(words: tuple[str, ...], retry_failed: bool) -> None:
    """Tell which assumptions drive an answer, and how much is luck.

    First a screening of all uncertainties (Morris), then Sobol indices of those that it ranks first, on outcomes and on
    differences between architectures; the luck of the seed is a factor of its own. Runs are kept in sweeps: the same command
    again runs nothing, a larger one only what is new. Needs the extra `analysis`. Writes a result folder with figures.

    \b
    scenario=world           also as the first word; `donorlab list` names them
    architectures=[fragmented,umbrella]
                             differences are taken to the first
    proposals=[NAME,my.yaml] in the place of architectures, which then are [fragmented] unless given
    method=both              morris: screening; sobol: indices
    outcomes=[efficiency,duplication_share]
                             names as in summary.csv of `donorlab compare`
    trajectories=32          of the screening: a run for each uncertainty, and one more
    base_points=256          of the indices; a power of two
    keep=12                  assumptions with indices of their own: those that the screening ranks first
    factors=[NAME,NAME]      in place of these; or all
    rest=together            all others vary as one group, with indices too; fixed: at their default values
    smallest_difference=0.02 over the range of an assumption, in an outcome that is a share
    engine=auto              as for `donorlab sweep`, with workers=, scheduler=, tls_ca=, tls_cert=, tls_key=,
                             insecure=, chunk=
    retry_failed=false       also --retry-failed
    mix=false                true: keep runs that other sources made
    from=                    not here: runs of this command are found by themselves
    out=FOLDER               default ./results/<date>-<time>-sensitivity-<hash>

    All other keys are parameters of the scenario (`donorlab parameters`); what you set does not vary.
    """
    from donorlab.experiments.sensitivity import run

    run([*words, "retry_failed=true"] if retry_failed else words)


@click.command()
@click.argument("words", nargs=-1, metavar="[SCENARIO] [KEY=VALUE]...")
@click.option("--retry-failed", is_flag=True, help="Run failed runs again; the same as retry_failed=true.")
def discover(words: tuple[str, ...], retry_failed: bool) -> None:
    """Find the conditions under which an architecture loses.

    Boxes (PRIM) and a small tree over futures, counted again in fresh futures and held against noise. The runs are those
    of a sweep: the same command again does only what is missing.

    \b
    scenario=world             also as the first word
    architectures=[fragmented,umbrella]
                               each further one is held against the first
    proposals=[NAME,my.yaml]   in the place of architectures, which then are [fragmented] unless given
    from=[FOLDER]              sweeps to read; one half by lot is searched, the other kept back
    outcome=efficiency         more of it counts as better; sim/ODD.md lists them
    case=loses                 wins; not_better: loses, or differs by less than smallest_difference
    smallest_difference=0.02   the least that matters, in units of the outcome
    futures=1000               in which conditions are looked for: the draws of compare
    fresh=1000                 further ones, kept back from the search
    replications=1             seeds of each future
    levers=[all]               drawn too, over their ranges: names, or all
    density=0.8                pure enough; then the box that covers most is taken
    boxes=3                    at most
    permutations=19            searches in noise for each box
    engine=auto                dask: processes; serial: none
    workers=auto               processes of this machine; the numbers do not depend on it
    scheduler=ADDRESS          of Dask; with tls:// also tls_ca=, tls_cert=, tls_key=
    insecure=false             true: a scheduler on another host without TLS
    chunk=2                    seconds of work between two parts
    retry_failed=false         also --retry-failed
    mix=false                  true: also runs that other sources made
    out=FOLDER                 default ./results/<date>-<time>-discover-<hash>

    All other keys are parameters of the scenario (`donorlab parameters`).
    """
    from donorlab.experiments.discover import run

    run([*words, "retry_failed=true"] if retry_failed else words)


@click.command()
@click.argument("words", nargs=-1, metavar="FOLDER... [KEY=VALUE]...")
@click.option("--pdf", is_flag=True, help="Also report.pdf, printed by Chromium; the same as pdf=true.")
def report(words: tuple[str, ...], pdf: bool) -> None:
    """Make one page of result folders: a report for a minister.

    FOLDERs are those of `donorlab compare`, which every report needs, and of winners, membership, ignorance, sensitivity,
    discover, robust, sweep, buys and validate, as far as there are any; a folder that holds them will do. What is missing is
    named and left out. The page opens from disk, needs no network, and prints well.

    
    names=false              true: states are named in tables of havens, compliance and losers, and on maps
    pdf=false                also --pdf
    out=FOLDER               default ./results/<date>-<time>-report-<hash>
    """
    from donorlab.experiments.report import run

    run([*words, "pdf=true"] if pdf else words)


COMMANDS: Final = (discover, report, robust, sensitivity)
