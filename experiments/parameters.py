"""``donorlab parameters``: the table of all parameters, from the code and its file of ranges."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from donorlab import scenarios as catalogue
from donorlab.scenarios.parameters import RANGES

SCHEMA_VERSION = 1
_WIDTH = 100  # readable; less on a narrower terminal


def run(as_json: bool) -> None:
    """Carry out ``donorlab parameters``."""
    if as_json:
        click.echo(json.dumps(as_data(), indent=1, ensure_ascii=False, allow_nan=False))
        return
    screen = Console()
    screen = Console(width=min(_WIDTH, screen.width) if screen.is_terminal else _WIDTH, highlight=False)
    before = ""
    headings = groups()
    for row in catalogue.parameter_table():
        heading = headings.get(row.name, "")
        if heading != before:
            screen.print(f"\n[bold]{escape(heading[:1].upper() + heading[1:])}[/]")
            before = heading
        drawn = row.distribution.replace("_", "-") if row.distribution in ("uniform", "log_uniform") else ""
        limits = " ".join(part for part in (written_range(row.range), drawn) if part)
        _entry(screen, row.name, written(row.default), limits, row.kind, f"{row.meaning} [{row.unit}]", row.source)
    screen.print("\n[bold]Tables of values (fixed)[/]")
    for table in catalogue.value_tables().values():
        _entry(screen, table.name, "", "", table.kind, ", ".join(table.values), table.source)
    screen.print(
        "\nEach parameter: name, default, range and how it is drawn, kind; then meaning \\[unit]; then where default and "
        "range come from.\nKinds: [bold]uncertainty[/] is drawn in ensembles; a [bold]lever[/] is what an architecture "
        "can choose; a [bold]value[/] judgement is never drawn with uncertainties; [bold]design[/] is the size of the "
        "experiment."
    )
    screen.print(f"Hash of the file of ranges: {catalogue.ranges_hash()}", soft_wrap=True)


def groups() -> dict[str, str]:
    """Return the heading under which each parameter stands in the file of ranges."""
    found: dict[str, str] = {}
    heading = ""
    for line in RANGES.read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"  # -+ (.+)", line):
            heading = match.group(1)
        elif match := re.match(r"  ([a-z_]+):", line):
            found.setdefault(match.group(1), heading)
    return found


def _entry(screen: Console, name: str, default: str, limits: str, kind: str, meaning: str, source: str) -> None:
    """Print a parameter: numbers on one line, words below it, indented."""
    head = f"  [bold]{escape(name):<30}[/]{escape(default):>8}   {escape(limits):<32} {kind}"
    if len(head) - len("[bold][/]") > _WIDTH:  # many words to choose from: they have lines of their own
        head = f"  [bold]{escape(name):<30}[/]{escape(default):>8}   {kind}"
        meaning = f"{limits}: {meaning}"
    screen.print(head.rstrip(), soft_wrap=True)
    if meaning:
        screen.print(Padding(escape(meaning), (0, 0, 0, 6), expand=False))
    screen.print(Padding(f"[dim]{escape(source)}[/]", (0, 0, 0, 6), expand=False))


def as_data() -> dict[str, Any]:
    """Return the table for machines; limits that do not exist are null."""
    return {
        "schema_version": SCHEMA_VERSION,
        "ranges_hash": catalogue.ranges_hash(),
        "parameters": [_plain(row) for row in catalogue.parameter_table()],
        "tables": [_plain(row) for row in catalogue.value_tables().values()],
    }


def _plain(row: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for item in dataclasses.fields(row):
        value = getattr(row, item.name)
        if hasattr(value, "items"):
            value = {key: list(numbers) for key, numbers in value.items()}
        if isinstance(value, float) and not math.isfinite(value):
            value = None
        plain[item.name] = value
    return plain


def written(value: float | str) -> str:
    """Return a value of a parameter as one would type it."""
    return value if isinstance(value, str) else f"{value:g}"


def written_range(limits: tuple[float | str, ...] | None) -> str:
    """Return a range, e.g. ``0 to 0.6`` or ``mean or need``."""
    if limits is None:
        return "fixed"
    return (" or " if isinstance(limits[0], str) else " to ").join(written(value) for value in limits)
