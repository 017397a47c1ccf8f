"""The points of a sweep: which values go together. Grid, Latin hypercube, Sobol sequence, or the user's own table.

A point is a row of values, one for each *column*: a parameter, a mechanism, an option of a third party, or a key that chooses
another world (`beneficiaries`, `synthetic.donors`). Points are made block by block and never all held.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from scipy.stats import qmc

from donorlab.experiments import ensemble
from donorlab.experiments.arguments import InputError
from donorlab.experiments.sweeps.columns import SEED, TYPES, Column, Kind, check, kind, known, rows
from donorlab.scenarios import plain
from donorlab.scenarios.overrides import PARAMETERS, SELECTIONS, is_option
from donorlab.scenarios.parameters import LOG_FACTOR

DESIGNS: Final = ("grid", "latin", "sobol", "table")
POINTS_MAXIMUM: Final = 10_000_000
LATIN_MAXIMUM: Final = 1_000_000  # points of a hypercube, which is made in one piece
TABLE_BYTES_MAXIMUM: Final = 2_000_000_000
BLOCK: Final = 4096  # points at a time, and in one row group of their file
_SOBOL_BITS: Final = 30


# ---------------------------------------------------------------------- points
@dataclass(frozen=True)
class Design:
    """How points are made.

    Attributes
    ----------
    kind : one of `DESIGNS`
    columns : what is varied; may be nothing, then there is one point
    points : how many
    seed : of a hypercube or a sequence
    table : path of the user's file
    """

    kind: str
    columns: tuple[Column, ...]
    points: int
    seed: int = 1
    table: str | None = None

    @property
    def schema(self) -> Any:
        """Arrow schema of the points."""
        return pa.schema([pa.field(one.name, TYPES[one.kind], nullable=False) for one in self.columns])

    def blocks(self) -> Iterator[Any]:
        """Return all points as Arrow tables of `BLOCK` rows, the last one shorter; none where nothing is varied."""
        if not self.columns:
            return
        made = {"grid": self._grid, "latin": self._latin, "sobol": self._sobol, "table": self._table}[self.kind]
        for arrays in made():
            yield pa.table(dict(zip(self.schema.names, arrays, strict=True)), schema=self.schema)

    def _starts(self) -> Iterator[tuple[int, int]]:
        return ((first, min(self.points, first + BLOCK)) for first in range(0, self.points, BLOCK))

    def _grid(self) -> Iterator[list[Any]]:
        sizes = [len(one.values) for one in self.columns]
        for first, end in self._starts():
            places = np.unravel_index(np.arange(first, end), sizes)  # the last column changes fastest
            yield [_levels(one, place) for one, place in zip(self.columns, places, strict=True)]

    def _latin(self) -> Iterator[list[Any]]:
        cube = qmc.LatinHypercube(len(self.columns), rng=self.seed).random(self.points)
        for first, end in self._starts():
            yield [_drawn(one, cube[first:end, i]) for i, one in enumerate(self.columns)]

    def _sobol(self) -> Iterator[list[Any]]:
        sequence = qmc.Sobol(len(self.columns), scramble=True, rng=self.seed, bits=_SOBOL_BITS)
        for first, end in self._starts():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a number of points that is no power of two is the user's choice
                cube = sequence.random(end - first)
            yield [_drawn(one, cube[:, i]) for i, one in enumerate(self.columns)]

    def _table(self) -> Iterator[list[Any]]:
        assert self.table is not None
        whole = read_table(Path(self.table)).select(list(self.schema.names)).cast(self.schema)
        for first, end in self._starts():
            block = whole.slice(first, end - first)
            yield [block.column(name).combine_chunks() for name in self.schema.names]


def grid_points(columns: Sequence[Column]) -> int:
    """Return how many points a grid has."""
    return math.prod(len(one.values) for one in columns)


def _levels(one: Column, place: np.ndarray) -> Any:
    return pa.array(list(one.values), TYPES[one.kind]).take(pa.array(place))


def _drawn(one: Column, unit: np.ndarray) -> Any:
    """Return values for draws of the unit interval: over a range, or among levels that are equally likely."""
    if not one.scaled:
        return _levels(one, np.minimum(len(one.values) - 1, (unit * len(one.values)).astype(np.int64)))
    low, high = float(one.values[0]), float(one.values[1])
    if low > high:
        raise InputError(f"{one.name}: [{low:g},{high:g}] is a range in this design; write the lower end first")
    scale = "log_uniform" if low > 0 and high / low > LOG_FACTOR else "uniform"
    row = replace(rows()[one.name], range=(low, high), distribution=scale)
    return pa.array(ensemble.scaled(row, unit), TYPES[one.kind])


def variants(design: Design) -> Iterator[dict[str, Any]]:
    """Return each set of values that means another world, in the order in which the points have them first."""
    names = [one.name for one in design.columns if one.composed]
    if not names:
        yield {}
        return
    if design.kind != "table":
        levels = [[(one.name, value) for value in one.values] for one in design.columns if one.composed]
        yield from map(dict, itertools.product(*levels))
        return
    seen: set[tuple[Any, ...]] = set()
    for block in design.blocks():
        for values in zip(*(block.column(name).to_pylist() for name in names), strict=True):
            if values not in seen:
                seen.add(values)
                yield dict(zip(names, values, strict=True))


# ---------------------------------------------------------------------- the user's table
def read_table(path: Path) -> Any:
    """Return a CSV or Parquet file as an Arrow table: data, whatever stands in it.

    Raises
    ------
    InputError
        If it cannot be read, is too large, or is of another kind.
    """
    try:
        size = path.stat().st_size
        if size > TABLE_BYTES_MAXIMUM:
            raise InputError(f"{path}: {size:,} bytes; a table of points may have {TABLE_BYTES_MAXIMUM:,}")
        if path.suffix == ".parquet":
            with path.open("rb") as file:
                return pq.read_table(file).replace_schema_metadata(None)
        if path.suffix == ".csv":
            return _read_csv(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or plain.one_line(error)})") from None
    except (pa.ArrowException, ValueError) as error:  # ValueError: names that are no text
        raise InputError(f"{path}: is no table ({plain.one_line(error, 120)})") from None
    raise InputError(f"{path}: a table of points ends with .csv or .parquet")


def _read_csv(path: Path) -> Any:
    """Return a CSV file in UTF-8; whatever else it is, is said in one line."""
    line = 1
    with path.open("rb") as file:
        begin = file.read(4)
        file.seek(0)
        try:
            for text in file:
                text.decode()
                if b"\0" in text:
                    raise ValueError
                line += 1
        except ValueError:
            what = "UTF-16" if begin.startswith((b"\xff\xfe", b"\xfe\xff")) else f"no text in UTF-8 (line {line})"
            raise InputError(f"{path}: is {what}; save it as CSV in UTF-8") from None
    try:
        table = pa.csv.read_csv(path)
    except pa.ArrowInvalid as error:
        if (row := _ragged_row(path)) is not None:
            raise InputError(
                f"{path}, row {row[0]}: {row[2]} values for {row[1]} names; each row needs one for each name"
            ) from None
        raise error from None
    names = table.column_names
    if len(names) == 1 and (sign := next((one for one in ";\t" if one in names[0]), None)):
        raise InputError(
            f"{path}: its columns are parted by {'semicolons' if sign == ';' else 'tabs'}; a CSV has commas"
        )
    return table


def _ragged_row(path: Path) -> tuple[int, int, int] | None:
    """Return the first row that has too few or too many values: its number, counted from 1 below the names, names, values."""
    found: list[tuple[int, int, int]] = []

    def keep(row: Any) -> str:
        if not found:
            found.append((int(row.number or 2) - 1, row.expected_columns, row.actual_columns))
        return "skip"

    options = pa.csv.ParseOptions(invalid_row_handler=keep)
    with contextlib.suppress(pa.ArrowException, ValueError):
        pa.csv.read_csv(path, read_options=pa.csv.ReadOptions(use_threads=False), parse_options=options)
    return found[0] if found else None


def of_table(path: Path) -> tuple[tuple[Column, ...], int]:
    """Return the columns of the user's table, and how many points it has.

    Raises
    ------
    InputError
        If a column is unknown, or a value is missing or impossible; the message names its row (1 is the first below the names).
    """
    table = read_table(path)
    names = table.column_names
    if not names or table.num_rows == 0:
        raise InputError(f"{path}: holds no points; the first line has the names of parameters, each other one a point")
    if table.num_rows > POINTS_MAXIMUM:
        raise InputError(f"{path}: {table.num_rows:,} points; at most {POINTS_MAXIMUM:,}")
    found = []
    for name in names:
        where = f"{path}"
        if names.count(name) > 1:
            raise InputError(f"{path}: column {name} stands twice")
        known(name, f"{path}, column '{plain.one_line(name)}'")
        values = table.column(name).combine_chunks()
        if values.null_count:
            place = values.is_null().index(pa.scalar(True)).as_py()
            raise InputError(
                f"{path}, row {place + 1}: {name} is empty; each point needs a value, or leave the column out"
            )
        one = Column(name, _kind_of_table(name, values))
        try:
            cast = values.cast(TYPES[one.kind])
        except pa.ArrowException:
            what = {"int": "whole number", "float": "number", "word": "word"}[one.kind]
            raise InputError(f"{path}: column {name} holds something that is no {what}") from None
        check(one, cast, where, 1)
        named = name.startswith("mechanism.") and not is_option(name)
        found.append(replace(one, values=tuple(pc.unique(cast).to_pylist())) if named else one)
    return tuple(found), int(table.num_rows)


def _kind_of_table(name: str, values: Any) -> Kind:
    if name in PARAMETERS or name in SELECTIONS or name == SEED:
        return kind(name, ())
    if pa.types.is_integer(values.type):
        return "int"
    return "float" if pa.types.is_floating(values.type) else "word"
