"""The command ``donorlab``: what can be asked, and how errors are told.

Only light imports here, so that ``--help`` answers at once: each command loads its module when it is called.
"""

from __future__ import annotations

import errno
import importlib.metadata
import sys
import traceback
from collections.abc import Sequence
from typing import Any, Final, NoReturn

import click

from donorlab.experiments import commands_of_studies, commands_of_sweeps
from donorlab.experiments.arguments import RunError, Stopped, did_you_mean

INTERRUPTED: Final = 130  # what a shell expects of a program ended by Ctrl-C
MISTAKE: Final = 2
FAULT: Final = 1

# The user can do something about these: free space, choose another folder.
_USER_CAN_HELP: Final = frozenset(
    getattr(errno, name)
    for name in ("EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "EFBIG", "ENAMETOOLONG")
    if hasattr(errno, name)
)


class Program(click.Group):
    """A command group that tells every error in one line and never shows a traceback unasked."""

    def main(  # type: ignore[override]  # it always exits, whatever standalone_mode says
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        """Run the command line ``args`` (by default the program's own) and exit with its status."""
        words = list(sys.argv[1:] if args is None else args)
        end = words.index("--") if "--" in words else len(words)
        debug = "--debug" in words[:end]  # before or after the command, as it comes to mind
        words = [word for word in words[:end] if word != "--debug"] + words[end:]
        extra["standalone_mode"] = False
        try:
            status = super().main(args=words, prog_name=prog_name or "donorlab", **extra)
        except Exception as error:
            if debug:
                traceback.print_exc()
            message, status = explain(error)
            click.echo(f"donorlab: {message}", err=True)
        sys.exit(status if isinstance(status, int) else 0)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or suggest one."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            hint = did_you_mean(args[0], self.list_commands(ctx))
            raise click.UsageError(f"there is no command '{args[0]}'{hint}; `donorlab --help` lists them")
        return super().resolve_command(ctx, args)


def explain(error: Exception) -> tuple[str, int]:
    """Return one line for the user and the exit status: 2 a mistake, 130 Ctrl-C, 143 SIGTERM, 1 a fault of ours."""
    if isinstance(error, click.exceptions.Abort):
        return "interrupted; unfinished results were removed", INTERRUPTED
    if isinstance(error, click.NoSuchOption):
        return _line(f"{error.format_message()} Settings are written key=value, without dashes"), MISTAKE
    if isinstance(error, Stopped):
        return _line(error.format_message()), error.exit_code
    if isinstance(error, click.ClickException):
        return _line(error.format_message()), MISTAKE
    if isinstance(error, OSError) and error.errno in _USER_CAN_HELP:
        where = f"{error.filename}: " if error.filename else ""
        return _line(f"{where}{error.strerror or error}; nothing was kept"), MISTAKE
    from donorlab.sim.scenario import ScenarioError

    if isinstance(error, ScenarioError):
        return _line(str(error)), MISTAKE
    if isinstance(error, MemoryError):
        return "not enough memory; ask for fewer replications or a smaller scenario", FAULT
    if isinstance(error, RunError):
        return _line(f"{error} (a fault of ours; run again with --debug for details)"), FAULT
    return _line(f"{type(error).__name__}: {error} (a fault of ours; run again with --debug for details)"), FAULT


def _line(text: str) -> str:
    return " ".join(text.split())


@click.group(
    cls=Program,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(importlib.metadata.version("donorlab"), prog_name="donorlab", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an error; may also stand after the command.")
@click.pass_context
def program(ctx: click.Context, debug: bool) -> None:
    """DonorLab: a laboratory in which donor coordination is designed before it is tried on countries.

    A command takes the name of a scenario and settings as key=value, for example:

      donorlab compare world replications=5 money=300
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@program.command()
@click.argument("words", nargs=-1, metavar="[SCENARIO] [KEY=VALUE]...")
def compare(words: tuple[str, ...]) -> None:
    """Compare architectures or proposals on the same draws.

    Writes the result folder described in results/README.md. The same command again, after whatever ended it, does only what is
    missing.

    \b
    scenario=world           also as the first word; `donorlab list` names them
    architectures=[fragmented,umbrella,conditional,umbrella_conditional,central]
                             differences are taken to the first
    proposals=[NAME,my.yaml] in the place of architectures, which then are [fragmented] unless given
    replications=20          at default values; paired: each architecture meets the same draws
    seed=1                   of the first replication
    draws=200                futures: all uncertainties drawn over their ranges; 0 for none
    levers=default           in all futures; pessimistic: at the ends of their ranges worse for coordination
    smallest_difference=0.02 in efficiency, from which on one is called better
    break_even=true          where the difference to the first changes its sign
    values=true              the ranking under other value judgements
    rivals=none              which conclusions survive rival submodels: true, or some: [lapse,ignorance]
    rivals_draws=40          futures for each rival form, the first of the draws
    engine=auto              auto: processes, none for little work; serial: none; dask: workers of Dask
    workers=auto             of this machine; the numbers do not depend on engine or workers
    scheduler=ADDRESS        of Dask, for example tcp://127.0.0.1:8786
    tls_ca=, tls_cert=, tls_key=FILE  with tls://HOST:PORT
    insecure=false           true: a scheduler on another host without TLS
    out=FOLDER               default ./results/<date>-<time>-compare-<hash>

    All other keys are parameters of the scenario (`donorlab parameters`). Default values: each
    parameter's own, but for what the scenario or these words set.
    """
    from donorlab.experiments.compare import run

    run(words)


@program.command("list")
def list_command() -> None:
    """List scenarios, proposals, architectures and the like."""
    from donorlab.experiments.listing import run

    run()


@program.command()
@click.argument("words", nargs=-1, metavar="[SCENARIO] [KEY=VALUE]...")
def describe(words: tuple[str, ...]) -> None:
    """Describe a scenario: who, how much money, what is assumed.

    \b
    scenario=world                        also as the first word

    All other keys are parameters of the scenario (`donorlab parameters`).
    """
    from donorlab.experiments.describe import run

    run(words)


@program.command()
@click.argument("words", nargs=-1, metavar="PROPOSAL [KEY=VALUE]...")
def check(words: tuple[str, ...]) -> None:
    """Say what a proposal means and costs, and what is amiss.

    PROPOSAL is a name (`donorlab list`) or the path of a file of your own (`donorlab new proposal my.yaml`).

    \b
    proposal=NAME            also as the first word
    scenario=world           over which it is laid

    All other keys are parameters of the scenario (`donorlab parameters`). Exit status 2 if something contradicts itself,
    0 if there are warnings or none.
    """
    from donorlab.experiments.check import run

    run(words)


@program.command()
@click.argument("kind", metavar="proposal|sweep")
@click.argument("path", metavar="FILE")
def new(kind: str, path: str) -> None:
    """Write a commented template of a proposal or a sweep.

    For example: donorlab new proposal my.yaml. A file that exists is never overwritten.
    """
    from donorlab.experiments.new import run

    run(kind, path)


@program.command()
@click.argument("words", nargs=-1, metavar="[SCENARIO] [KEY=VALUE]...")
def mechanisms(words: tuple[str, ...]) -> None:
    """Switch each mechanism off and on: what it does.

    Pairs runs with a mechanism off and on, all else equal, at default values and over futures, and says what that does to
    the first architecture and to the differences to it. Off and on follow from the table of parameters. Writes a result
    folder.

    \b
    scenario=world           also as the first word; `donorlab list` names them
    architectures=[fragmented,umbrella,umbrella_conditional]
                             two or three; differences are taken to the first
    only=[all]               mechanisms, for example only=[herding,lapse]
    replications=10          at default values; paired: off and on meet the same draws
    seed=1                   of the first replication
    draws=40                 futures, the first of the ensemble; 0 for none
    smallest_difference=0.02 in efficiency; a smaller effect is called small
    engine=auto              auto: processes, none for little work; serial: none; dask: workers of Dask
    workers=auto             of this machine; the numbers do not depend on engine or workers
    scheduler=ADDRESS        of Dask, for example tcp://127.0.0.1:8786
    tls_ca=, tls_cert=, tls_key=FILE  with tls://HOST:PORT
    insecure=false           true: a scheduler on another host without TLS
    out=FOLDER               default ./results/<date>-<time>-mechanisms-<hash>

    All other keys are parameters of the scenario (`donorlab parameters`).
    """
    from donorlab.experiments.mechanisms import run

    run(words)


@program.command()
@click.argument("words", nargs=-1, metavar="[SCENARIO] [KEY=VALUE]...")
def ignorance(words: tuple[str, ...]) -> None:
    """Price ignorance: what is not paid twice if a donor reports.

    Donors act apart, but a free register shows all members what some of them report. A donor's price is its mean contribution
    over the orders in which donors may begin to report (Shapley value, with its error). Writes a result folder.

    \b
    scenario=world           also as the first word; `donorlab list` names them
    report=plans             plans: known once contracted; projects: known once they run
    players=12               the largest donors, each by itself; all others by kind
    permutations=40          orders, in pairs of an order and its reverse
    replications=10          of the curve: what is left if the first one, two, three ... report
    seed=1                   of the first pair; the curve has fresh seeds
    engine=auto              auto: processes, none for little work; serial: none; dask: workers of Dask
    workers=auto             of this machine; the numbers do not depend on engine or workers
    scheduler=ADDRESS        of Dask, for example tcp://127.0.0.1:8786
    tls_ca=, tls_cert=, tls_key=FILE  with tls://HOST:PORT
    insecure=false           true: a scheduler on another host without TLS
    out=FOLDER               default ./results/<date>-<time>-ignorance-<hash>

    All other keys are parameters of the scenario (`donorlab parameters`).
    """
    from donorlab.experiments.ignorance import run

    run(words)


@program.command()
@click.argument("words", nargs=-1, metavar="[SCENARIO] [KEY=VALUE]...")
def buys(words: tuple[str, ...]) -> None:
    """Tell what two donors buy per euro: law, or what else.

    Pairs runs with neither, with each alone, with both, and with each in charge of all their money: capacity by pillar,
    ownership, norms, cost, what is paid twice. Where a run begins in January 2013, accession to the Budapest Convention beside the
    real dates. Writes a result folder.

    \b
    scenario=coe-itu         also as the first word; `donorlab list` names them
    of=[COE,ITU]             two donors of the scenario
    replications=20          at default values; paired: every setting meets the same draws
    draws=200                futures: all uncertainties and the money of the two drawn; 0 for none
    smallest_difference=0.02 of one average state, from which on one buys more in a future
    seed=1                   of the first replication
    workers=auto             processes; the numbers do not depend on it
    out=FOLDER               default ./results/<date>-<time>-buys-<hash>

    All other keys are parameters of the scenario (`donorlab parameters`), or coe_itu.background=true for the other donors.
    """
    from donorlab.experiments.buys import run

    run(words)


@program.command()
@click.argument("words", nargs=-1, metavar="[PROPOSAL] [KEY=VALUE]...")
def membership(words: tuple[str, ...]) -> None:
    """Test whether donors would join a proposal, and stay.

    By paired runs, each donor moving alone: would a member be better off outside (internal stability), an outsider inside
    (external stability)? What payments among members make it stable, or none? Verdicts tell what chance leaves open. An order
    of joining in which each step is stable by the means. Writes a result folder.

    \b
    proposal=un-voluntary-fund also as the first word: a name, or a file; none: the architecture that you set
    scenario=world
    players=12               the largest donors, each by itself; all others by kind
    replications=10          paired: every coalition meets the same draws
    seed=1                   of the first replication
    sequence=true            an order of joining, with and without payments
    free=true                runs in which donors join and leave by themselves
    workers=auto             processes; the numbers do not depend on it
    out=FOLDER               default ./results/<date>-<time>-membership-<hash>

    All other keys are parameters of the scenario (`donorlab parameters`).
    """
    from donorlab.experiments.membership import run

    run(words)


@program.command()
@click.argument("words", nargs=-1, metavar="[PROPOSAL] [KEY=VALUE]...")
def winners(words: tuple[str, ...]) -> None:
    """Tell who wins and who loses under a proposal.

    State by state and donor by donor, against donors who act apart: what each has in the end, what is told from chance and
    what is not, and whether the winners could make up for the losers. Writes a result folder with figures.

    \b
    proposals=[un-voluntary-fund]
                             also as the first word: names, or files; none: only architectures
    scenario=world
    architectures=[fragmented]
                             the first is what all others are held against
    replications=100         at default values; paired: all meet the same draws
    seed=1                   of the first replication
    draws=200                futures: all uncertainties drawn over their ranges; 0 for none
    smallest_difference=0.02 of a state's own value, and of what a donor gets out of it, that matters
    workers=auto             processes; the numbers do not depend on it
    out=FOLDER               default ./results/<date>-<time>-winners-<hash>

    All other keys are parameters of the scenario (`donorlab parameters`).
    """
    from donorlab.experiments.winners import run

    run(words)


@program.command()
@click.option("--json", "as_json", is_flag=True, help="Print the table for machines.")
def parameters(as_json: bool) -> None:
    """Print every parameter: default, range, kind and source."""
    from donorlab.experiments.parameters import run

    run(as_json)


@program.command()
@click.argument("words", nargs=-1, metavar="[SCENARIO] [KEY=VALUE]...")
def benchmark(words: tuple[str, ...]) -> None:
    """Measure speed, and how it falls as a scenario grows.

    \b
    scenario=world                        also as the first word; what the ratios are measured on
    seed=1
    quick=false                           true: smaller sizes and fewer repeats

    All other keys are parameters of the scenario (`donorlab parameters`).
    """
    from donorlab.experiments.benchmark import run

    run(words)


@program.command()
@click.argument("words", nargs=-1, metavar="[NAME] [quick=true]")
def reproduce(words: tuple[str, ...]) -> int:
    """Run a published model: expected beside found.

    Without a name it lists the published models. What cannot be reproduced is named with the reason.

    \b
    scenario=NAME                         also as the first word: covering-games, kanbur-conditions, ...
    quick=false                           true: fewer seeds

    The exit status is 1 if something that must hold exactly (marked *) does not, and 0 otherwise: a pattern of the
    literature that the model does not show is a result, not an error.
    """
    from donorlab.experiments.reproduce import run

    return run(words)


@program.command()
@click.argument("words", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--quick", is_flag=True, help="Smaller sizes: under two minutes; the same as quick=true.")
@click.pass_context
def validate(ctx: click.Context, words: tuple[str, ...], quick: bool) -> None:
    """Check what the model must reproduce; write a report.

    Writes validation.html (opens from disk) and tables. Exit status 1 if something that must hold exactly does not. The same
    command again, after whatever ended it, does only the rows that are missing.

    \b
    only=[all]               rows, for example only=[T5,P1] or only=[P1/world]
    quick=false              smaller sizes, under two minutes; the same as --quick
    engine=auto              auto: processes, none for little work; serial: none; dask: workers of Dask
    workers=auto             of this machine; the numbers do not depend on engine or workers
    scheduler=ADDRESS        of Dask, for example tcp://127.0.0.1:8786
    tls_ca=, tls_cert=, tls_key=FILE  with tls://HOST:PORT
    insecure=false           true: a scheduler on another host without TLS
    out=FOLDER               default ./results/<date>-<time>-validate-<hash>
    """
    from donorlab.experiments.validate import run

    ctx.exit(0 if run([*words, "quick=true"] if quick else words) else FAULT)


@program.command()
@click.argument("words", nargs=-1, metavar="[SCENARIO] [KEY=VALUE]...")
def trace(words: tuple[str, ...]) -> None:
    """Trace money spent twice: who paid, when, and why not known.

    Runs one run and prints a receipt for one task; without the place, for the task on which most money was spent twice.
    Writes nothing unless `out=` is given.

    \b
    scenario=world           also as the first word
    seed=1
    beneficiary=ETH          a state, by id or name; without it the worst one
    pillar=technical         without it the worst one
    task=12                  its number, from 0 on; without it the worst one
    out=FOLDER               also writes receipt.txt, events.csv and sightings.csv there

    All other keys are parameters of the scenario (`donorlab parameters`), such as architecture=umbrella.
    """
    from donorlab.experiments.trace import run

    run(words)


@program.command()
@click.argument("words", nargs=-1, metavar="[KEY=VALUE]...")
def app(words: tuple[str, ...]) -> None:
    """Open the application: explore a proposal, watch a run.

    A page in your browser, from this machine alone: two or three designs side by side, every lever answers at once; and one run
    quarter by quarter, with presets for a lesson. Nothing is loaded from elsewhere and no data leave the machine. Ctrl-C ends it.

    \b
    port=5006                0: any that is free
    address=127.0.0.1        another one lets other machines in, and needs origins
    origins=[HOST:PORT]      from which pages may connect, besides the address itself
    sessions=40              at most so many open pages at once
    memory_mb=128            most that finished runs may take
    open=true                false: no browser is opened
    """
    from donorlab.experiments.app.serve import run

    run(words)


for _one in (*commands_of_sweeps.COMMANDS, *commands_of_studies.COMMANDS):
    program.add_command(_one)


def main() -> NoReturn:
    """Run the program (entry point of the console script)."""
    program.main()


if __name__ == "__main__":
    main()
