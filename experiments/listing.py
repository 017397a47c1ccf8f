"""``donorlab list``: what there is to choose from, and where it comes from."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from donorlab import scenarios as catalogue
from donorlab.experiments import provenance
from donorlab.scenarios import literature, plugins, proposals
from donorlab.sim.architectures import architecture_names, get_architecture
from donorlab.sim.mechanisms import get_mechanism, mechanism_names, phases


def run() -> None:
    """Carry out ``donorlab list``."""
    found = plugins.register()
    origins = {(plugin.group, plugin.name): plugin.origin for plugin in found if plugin.error is None}
    own = f"donorlab {provenance.version()}"
    screen = Console()

    table = _table("Scenarios", "name", "title")
    for name in catalogue.names():
        table.add_row(name, escape(str(catalogue.configuration(name)["title"])))
    screen.print(table)

    table = _table("\nPublished models", "name", "title")
    for name in literature.names():
        table.add_row(name, escape(str(catalogue.configuration(name)["title"])))
    screen.print(table)

    table = _table("\nProposals", "name", "title")
    for name in proposals.names():
        table.add_row(name, escape(proposals.load_proposal(name).title))
    screen.print(table)

    table = _table("\nArchitectures", "name", "what it is", "source", "origin")
    for name in architecture_names():
        kind = get_architecture(name)
        origin = origins.get((plugins.ARCHITECTURES, name), own)
        table.add_row(name, escape(kind.summary), escape(kind.source), escape(origin))
    screen.print(table)

    table = _table("\nMechanisms", "phase", "name", "what it is", "source", "origin")
    for phase in phases():
        for name in mechanism_names(phase):
            given = origins.get((plugins.MECHANISMS, f"{phase}.{name}"))
            function = get_mechanism(phase, name)
            what, source = told(function, own=given is None)
            table.add_row(phase, name, escape(what), escape(source), escape(given or own))
    screen.print(table)

    if not found:
        screen.print("\n[bold]Plug-ins[/]: none installed")
        return
    table = _table("\nPlug-ins", "group", "name", "origin", "object", "state")
    for plugin in found:
        state = "in use" if plugin.error is None else f"cannot be used: {plugin.error}"
        group = plugin.group.removeprefix("donorlab.")
        table.add_row(group, *(escape(text) for text in (plugin.name, plugin.origin, plugin.reference, state)))
    screen.print(table)


def told(function: Callable[..., Any], own: bool) -> tuple[str, str]:
    """Return what a mechanism is and its source: of our own the source of the whole file where the function names none."""
    what, source = of_docstring(inspect.getdoc(function) or "")
    if own and not source:
        _, source = of_docstring(inspect.getdoc(sys.modules.get(function.__module__)) or "")
    return what, source


def of_docstring(text: str) -> tuple[str, str]:
    """Return the first sentence of a docstring without the number of its chapter, and the first source it names."""
    words = " ".join(text.split())
    first = re.sub(r"^[0-9][0-9. and]* ", "", re.split(r"(?<=\.) (?=[A-Z`])", words.strip(), maxsplit=2)[0])
    if re.match(r"[0-9][0-9.]*$", first):
        first = ""
    found = re.search(r"Sources?: (.+)", words)
    return first, _to_its_end(found.group(1)) if found else ""


def _to_its_end(text: str) -> str:
    """Return a text up to the first semicolon or full stop outside brackets."""
    depth = 0
    for at, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 0 and (letter == ";" or (letter == "." and text[at + 1 : at + 2] in ("", " "))):
            return text[:at]
    return text


def _table(title: str, *columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, no_wrap=column in ("name", "phase"), overflow="fold")
    return table
