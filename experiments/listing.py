"""``donorlab list``: what there is to choose from, and where it comes from."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from donorlab import scenarios as catalogue
from donorlab.experiments import provenance
from donorlab.scenarios import literature, plugins
from donorlab.sim.architectures import architecture_names, get_architecture
from donorlab.sim.mechanisms import mechanism_names, phases


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

    table = _table("\nArchitectures", "name", "what it is", "source", "origin")
    for name in architecture_names():
        kind = get_architecture(name)
        origin = origins.get((plugins.ARCHITECTURES, name), own)
        table.add_row(name, escape(kind.summary), escape(kind.source), escape(origin))
    screen.print(table)

    table = _table("\nMechanisms", "phase", "name", "origin")
    for phase in phases():
        for name in mechanism_names(phase):
            table.add_row(phase, name, escape(origins.get((plugins.MECHANISMS, f"{phase}.{name}"), own)))
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


def _table(title: str, *columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, no_wrap=column in ("name", "phase"), overflow="fold")
    return table
