"""``donorlab reproduce``: what a published model leads us to expect, beside what its scenario shows.

Only light imports here, so that a mistyped name is answered at once: the models are imported when one is run.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from donorlab.experiments.arguments import InputError, did_you_mean, parse
from donorlab.experiments.progress import progress
from donorlab.experiments.words import span

if TYPE_CHECKING:
    from donorlab.experiments.literature import Reproduction

PREFIX: Final = "literature/"  # as in donorlab.scenarios.literature, whose package is slow to import
FOLDER: Final = Path(__file__).parents[1] / "scenarios" / "literature"
WIDTH: Final = 110  # where there is no terminal to fit
DISAGREES: Final = 1  # exit status where something that must hold exactly does not


def run(words: Sequence[str]) -> int:
    """Carry out ``donorlab reproduce WORDS`` and return the exit status."""
    arguments = parse("reproduce", words)
    if arguments.overrides:
        key = arguments.overrides[0].partition("=")[0]
        raise InputError(
            f"{key}: reproduce runs a published model as its file says; its only key is quick=true (to change {key}, "
            f"use donorlab compare {PREFIX}NAME)"
        )
    screen = Console()
    if not screen.is_terminal:
        screen = Console(width=WIDTH)
    wanted = str(arguments.experiment["scenario"]).removeprefix(PREFIX)
    if not wanted:
        _list(screen)
        return 0
    known = _names()
    if wanted not in known:
        hint = did_you_mean(wanted, known) or f"; there are {', '.join(known)}"
        raise InputError(f"there is no published model '{wanted}'{hint}")
    quick = bool(arguments.experiment["quick"])
    from donorlab.experiments import literature

    found = literature.reproduce(wanted, quick, progress)
    _show(screen, found, quick)
    return 0 if found.sound else DISAGREES


def _names() -> list[str]:
    return sorted(file.stem for file in FOLDER.glob("*.yaml"))


def _list(screen: Console) -> None:
    from donorlab.scenarios import configuration

    table = Table(
        box=box.SIMPLE_HEAD, title="Published models", title_justify="left", title_style="bold", pad_edge=False
    )
    table.add_column("name", no_wrap=True)
    table.add_column("title")
    for name in _names():
        table.add_row(name, escape(str(configuration(f"{PREFIX}{name}")["title"])))
    screen.print(table)
    screen.print("`donorlab reproduce NAME` prints what each leads to expect, beside what is found.")


def _show(screen: Console, found: Reproduction, quick: bool) -> None:
    from donorlab.experiments.literature import Theorem

    screen.print(f"[bold]{escape(found.title)}[/] (scenario {PREFIX}{found.name})")
    if quick:
        screen.print("[bold]Quick[/]: fewer seeds or games than the full run; what is found may differ there.")
    screen.print(f"Source: {escape(found.source)}. {_sentence(span(found.seeds))}")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("what", "expected", "found"):
        table.add_column(column)
    table.add_column("agrees", no_wrap=True)
    for line in found.lines:
        verdict = _verdict(line.agrees) + ("*" if isinstance(line, Theorem) else "")
        table.add_row(escape(line.what), escape(line.expected), escape(line.found), verdict)
    screen.print(table)
    if any(isinstance(line, Theorem) for line in found.lines):
        screen.print("* must hold exactly: where it does not, the program is wrong.")
    if found.not_reproduced:
        screen.print("\n[bold]Not reproduced[/]")
        for what, why in found.not_reproduced:
            screen.print(f"- {escape(what)}: {escape(why)}")


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _verdict(agrees: bool | None) -> str:
    return "-" if agrees is None else "yes" if agrees else "NO"
