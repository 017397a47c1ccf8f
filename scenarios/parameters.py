"""The table of parameters: ``data/ranges.yaml`` joined with what the code says about each parameter.

``ranges.yaml`` holds default, range, distribution, kind and source; the code (``donorlab.sim.scenario``) holds name,
unit, meaning and hard limits. Each parameter stands exactly once in both: reading the file checks it.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from donorlab.scenarios import plain
from donorlab.sim.scenario import Parameters, ScenarioError, suggest

RANGES: Final = Path(__file__).parent / "data" / "ranges.yaml"
KINDS: Final = ("uncertainty", "lever", "value", "design")
DISTRIBUTIONS: Final = ("uniform", "log_uniform", "choice", "none")
LOG_FACTOR: Final = 4.0
"""A range that spans more than this factor, and excludes 0, is drawn on a logarithmic scale."""

Value = int | float | str


@dataclass(frozen=True)
class ParameterRow:
    """One parameter of the model.

    Attributes
    ----------
    name, unit, meaning : str
    default : int, float or str
    range : (low, high), the words of a choice, or None if fixed
    distribution : {'uniform', 'log_uniform', 'choice', 'none'}
    kind : {'uncertainty', 'lever', 'value', 'design'}
    source : where default and range come from; ``assumption`` where no source was found
    hard_low, hard_high : limits outside which the parameter makes no sense; None for words
    choices : the words allowed; empty for numbers
    sequence : which random sequence of an ensemble draws it, from 1
    """

    name: str
    unit: str
    meaning: str
    default: Value
    range: tuple[Value, ...] | None
    distribution: str
    kind: str
    source: str
    hard_low: float | None
    hard_high: float | None
    choices: tuple[str, ...]
    sequence: int = 1


@dataclass(frozen=True)
class TableRow:
    """A table of values that is not one number: pillar weights, instrument mix, income group weights.

    Attributes
    ----------
    columns : names of the columns; empty if each key has a single number
    values : key to its numbers, in the order of ``columns``
    """

    name: str
    columns: tuple[str, ...]
    values: Mapping[str, tuple[float, ...]]
    kind: str
    source: str


@dataclass(frozen=True)
class Ranges:
    """All of ``ranges.yaml``, checked."""

    parameters: tuple[ParameterRow, ...]
    tables: tuple[TableRow, ...]


def read_ranges(path: Path = RANGES) -> Ranges:
    """Return the checked content of a file of ranges.

    Raises
    ------
    ScenarioError
        If a row is missing, unknown, or contradicts itself or the code.
    """
    stamp = path.stat()
    return _read(path, stamp.st_mtime_ns, stamp.st_size)


@functools.lru_cache(maxsize=8)
def _read(path: Path, _stamp: int, _size: int) -> Ranges:
    where = path.name
    data = _mapping(plain.parse(path.read_text(encoding="utf-8"), where), where)
    _keys(data, ("schema", "frozen", "parameters", "tables"), where)
    if data["schema"] != 1:
        raise ScenarioError(f"{where}, schema: {data['schema']} is not known; this version reads schema 1")
    rows = _mapping(data["parameters"], f"{where}, parameters")
    fields = {item.name: item for item in dataclasses.fields(Parameters)}
    for name in rows:
        if name not in fields:
            raise ScenarioError(f"{where}, {name}: no such parameter in the code{suggest(name, fields)}")
    for name in fields:
        if name not in rows:
            raise ScenarioError(f"{where}, {name}: the parameter has no row; add its default, range, kind and source")
    parameters = tuple(_parameter(item, rows[name], f"{where}, {name}") for name, item in fields.items())
    tables = {
        name: _table(name, row, f"{where}, table {name}")
        for name, row in _mapping(data["tables"], f"{where}, tables").items()
    }
    for name in ("pillar_weights", "instrument_mix", "income_group_weights"):
        if name not in tables:
            raise ScenarioError(f"{where}, tables: '{name}' is missing{suggest(name, tables)}")
    if tuple(tables["pillar_weights"].values) != tuple(tables["instrument_mix"].values):
        raise ScenarioError(f"{where}, table instrument_mix: its rows must be the pillars of pillar_weights, in order")
    return Ranges(parameters, tuple(tables.values()))


def _parameter(item: dataclasses.Field[Any], row: object, where: str) -> ParameterRow:
    row = _mapping(row, where)
    _keys(row, ("default", "range", "distribution", "kind", "source"), where, optional=("sequence",))
    _labels(row, where)
    rules, default, distribution = item.metadata, row["default"], row["distribution"]
    if distribution not in DISTRIBUTIONS:
        raise ScenarioError(f"{where}: distribution '{distribution}' is not one of {', '.join(DISTRIBUTIONS)}")
    limits = _range(row, where)
    choices: tuple[str, ...] = rules["choices"]
    low, high = (None, None) if choices else (float(rules["low"]), float(rules["high"]))
    values = [default, *(limits or ())]
    if choices:
        wrong = [value for value in values if value not in choices]
        if wrong:
            raise ScenarioError(f"{where}: '{wrong[0]}' is not one of {', '.join(choices)}")
    else:
        for value in values:
            if not _is_number(value) or not low <= value <= high:
                raise ScenarioError(f"{where}: {value} must be a number between {low:g} and {high:g}")
            if str(item.type) == "int" and int(value) != value:
                raise ScenarioError(f"{where}: {value} must be a whole number")
    needed = _distribution(limits, choices)
    if distribution != needed:
        raise ScenarioError(
            f"{where}: distribution '{distribution}' where '{needed}' is right (log_uniform exactly where the range "
            f"spans more than a factor {LOG_FACTOR:g} and excludes 0; choice for words; none if fixed)"
        )
    sequence = row.get("sequence", 1)
    if not isinstance(sequence, int) or isinstance(sequence, bool) or sequence < 1:
        raise ScenarioError(f"{where}: sequence {plain.one_line(sequence)} must be a whole number from 1")
    return ParameterRow(
        item.name, rules["unit"], rules["meaning"], default, limits, distribution, row["kind"], row["source"],
        low, high, choices, sequence,
    )  # fmt: skip


def _distribution(limits: tuple[Value, ...] | None, choices: tuple[str, ...]) -> str:
    if limits is None:
        return "none"
    if choices:
        return "choice"
    low, high = float(limits[0]), float(limits[1])
    return "log_uniform" if low > 0 and high / low > LOG_FACTOR else "uniform"


def _range(row: Mapping[str, Any], where: str) -> tuple[Value, ...] | None:
    """Return the range of a row, or None if fixed; the default must lie inside."""
    limits, default = row["range"], row["default"]
    if not _is_number(default) and not isinstance(default, str):
        raise ScenarioError(f"{where}: default '{plain.one_line(default)}' must be a number or a word")
    if limits == "fixed":
        return None
    if not isinstance(limits, list) or len(limits) < 2:
        raise ScenarioError(f"{where}: range '{plain.one_line(limits)}' must be [low, high] or the word fixed")
    if isinstance(default, str):
        if default not in limits:
            raise ScenarioError(f"{where}: default '{default}' is not in its range, {', '.join(map(str, limits))}")
    elif len(limits) != 2 or not all(_is_number(value) for value in limits) or limits[0] >= limits[1]:
        raise ScenarioError(f"{where}: range {plain.one_line(limits)} must be two numbers, the lower one first")
    elif not limits[0] <= default <= limits[1]:
        raise ScenarioError(f"{where}: default {default} lies outside its range, {limits[0]} to {limits[1]}")
    return tuple(limits)


def _table(name: str, row: object, where: str) -> TableRow:
    row = _mapping(row, where)
    _keys(row, ("values", "range", "kind", "source"), where, optional=("columns",))
    _labels(row, where)
    if row["range"] != "fixed":
        raise ScenarioError(f"{where}: range must be the word fixed")
    columns = tuple(map(str, row.get("columns", ())))
    values: dict[str, tuple[float, ...]] = {}
    for key, numbers in _mapping(row["values"], where).items():
        numbers = numbers if isinstance(numbers, list) else [numbers]
        if len(numbers) != max(1, len(columns)) or not all(_is_number(n) and n >= 0 for n in numbers):
            raise ScenarioError(f"{where}, {key}: needs {max(1, len(columns))} numbers, 0 or more")
        values[key] = tuple(map(float, numbers))
    return TableRow(name, columns, values, row["kind"], row["source"])


def _labels(row: Mapping[str, Any], where: str) -> None:
    if row["kind"] not in KINDS:
        raise ScenarioError(f"{where}: kind '{row['kind']}' is not one of {', '.join(KINDS)}")
    if not isinstance(row["source"], str) or not row["source"].strip():
        raise ScenarioError(f"{where}: source is empty; say where the number comes from, or `assumption`")


def _mapping(data: object, where: str) -> dict[str, Any]:
    if not isinstance(data, dict) or not data:
        raise ScenarioError(f"{where}: must be a mapping of names to values")
    return data


def _keys(row: Mapping[str, Any], needed: tuple[str, ...], where: str, optional: tuple[str, ...] = ()) -> None:
    for key in row:
        if key not in (*needed, *optional):
            raise ScenarioError(f"{where}: unknown key '{key}'{suggest(key, (*needed, *optional))}")
    for key in needed:
        if key not in row:
            raise ScenarioError(f"{where}: '{key}' is missing")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def parameter_table() -> list[ParameterRow]:
    """Return every parameter: name, unit, meaning, default, range, distribution, kind, source, limits.

    Examples
    --------
    >>> row = next(row for row in parameter_table() if row.name == "observation_probability")
    >>> row.default, row.range, row.kind
    (0.2, (0, 0.6), 'uncertainty')
    """
    return list(read_ranges().parameters)


def value_tables() -> dict[str, TableRow]:
    """Return pillar_weights, instrument_mix and income_group_weights by name."""
    return {row.name: dataclasses.replace(row, values=dict(row.values)) for row in read_ranges().tables}


def parameter_defaults() -> dict[str, Value]:
    """Return the default of every parameter, a new dictionary at each call."""
    return {row.name: row.default for row in read_ranges().parameters}


def ranges_hash() -> str:
    """Return the SHA-256 of ``ranges.yaml``, 64 hexadecimal digits."""
    return hashlib.sha256(RANGES.read_bytes()).hexdigest()
