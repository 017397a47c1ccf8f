"""``donorlab reproduce``: what a published model leads us to expect, beside what its scenario shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from donorlab.experiments import literature
from donorlab.experiments.arguments import InputError, did_you_mean, parse
from donorlab.experiments.literature import Line, Reproduction, Theorem
from donorlab.experiments.words import span
from donorlab.scenarios import configuration
from donorlab.scenarios.literature import PREFIX

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
    known = literature.names()
    if wanted not in known:
        hint = did_you_mean(wanted, known) or f"; there are {', '.join(known)}"
        raise InputError(f"there is no published model '{wanted}'{hint}")
    found = literature.reproduce(wanted, arguments.experiment["quick"])
    _show(screen, found)
    return 0 if found.sound else DISAGREES


def _list(screen: Console) -> None:
    table = Table(
        box=box.SIMPLE_HEAD, title="Published models", title_justify="left", title_style="bold", pad_edge=False
    )
    table.add_column("name", no_wrap=True)
    table.add_column("title")
    for name in literature.names():
        table.add_row(name, escape(str(configuration(f"{PREFIX}{name}")["title"])))
    screen.print(table)
    screen.print("`donorlab reproduce NAME` prints what each leads to expect, beside what is found.")


def _show(screen: Console, found: Reproduction) -> None:
    screen.print(f"[bold]{escape(found.title)}[/] (scenario {PREFIX}{found.name})")
    screen.print(f"Source: {escape(found.source)}. {_sentence(span(found.seeds))}")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("what", "expected", "found"):
        table.add_column(column)
    table.add_column("agrees", no_wrap=True)
    for line in found.lines:
        table.add_row(escape(line.what), escape(line.expected), escape(line.found), _verdict(line))
    screen.print(table)
    if any(isinstance(line, Theorem) for line in found.lines):
        screen.print("* must hold exactly: where it does not, the program is wrong.")
    if found.not_reproduced:
        screen.print("\n[bold]Not reproduced[/]")
        for what, why in found.not_reproduced:
            screen.print(f"- {escape(what)}: {escape(why)}")


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _verdict(line: Line) -> str:
    star = "*" if isinstance(line, Theorem) else ""
    return "-" if line.agrees is None else f"{'yes' if line.agrees else 'NO'}{star}"
