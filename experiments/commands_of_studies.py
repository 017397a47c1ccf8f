"""The commands that analyse runs; only light imports here, as in `command.py`."""

from __future__ import annotations

from typing import Final

import click


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


COMMANDS: Final = (discover,)
