"""``donorlab parameters``: the table of all parameters, from the code and its file of ranges."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from donorlab import scenarios as catalogue

SCHEMA_VERSION = 1
_WIDTH = 120  # where there is no terminal to fit


def run(as_json: bool) -> None:
    """Carry out ``donorlab parameters``."""
    if as_json:
        click.echo(json.dumps(as_data(), indent=1, ensure_ascii=False, allow_nan=False))
        return
    screen = Console()
    if not screen.is_terminal:
        screen = Console(width=_WIDTH)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, right in (("parameter", False), ("default", True), ("range", True), ("kind", False)):
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    table.add_column("meaning [unit]; source", ratio=1)
    for row in catalogue.parameter_table():
        table.add_row(
            row.name,
            written(row.default),
            written_range(row.range),
            row.kind,
            f"{escape(row.meaning)} [dim]\\[{escape(row.unit)}]; {escape(row.source)}[/]",
        )
    screen.print(table)
    screen.print(
        "\nKinds: [bold]uncertainty[/] is drawn in ensembles; a [bold]lever[/] is what an architecture can choose; "
        "a [bold]value[/] judgement is never drawn with uncertainties; [bold]design[/] is the size of the experiment."
    )
    screen.print(f"Hash of the file of ranges: {catalogue.ranges_hash()}", soft_wrap=True, highlight=False)


def as_data() -> dict[str, Any]:
    """Return the table for machines; limits that do not exist are null."""
    return {
        "schema_version": SCHEMA_VERSION,
        "ranges_hash": catalogue.ranges_hash(),
        "parameters": [_plain(row) for row in catalogue.parameter_table()],
        "tables": [_plain(row) for row in catalogue.value_tables().values()],
        "planned": [_plain(row) for row in catalogue.planned_table()],
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
