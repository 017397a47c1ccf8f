"""Results opened lazily: only the columns and rows that are asked for are read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from donorlab.experiments.arguments import InputError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

_MANIFEST: Final = "manifest.json"
Where = Any
"""A pyarrow expression, or a list of conditions such as ``[("seed", "<=", 10), ("architecture", "in", ["central"])]``."""

_OPERATORS: Final = ("==", "=", "!=", "<", ">", "<=", ">=", "in", "not in")
_RIGHT: Final = 'write [("seed", "<=", 10), ("architecture", "in", ["central"])] or a pyarrow expression'


class Opened:
    """A result folder, of a sweep or of any other command; opening it reads no table.

    Parameters
    ----------
    folder : its path

    Attributes
    ----------
    path : of the folder
    manifest : what made it

    Raises
    ------
    InputError
        If there is no manifest.
    """

    def __init__(self, folder: str | Path) -> None:
        self.path = Path(folder)
        try:
            found = json.loads((self.path / _MANIFEST).read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError(f"{self.path}: holds no results ({_MANIFEST}: {error.strerror})") from None
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise InputError(f"{self.path / _MANIFEST}: is not whole; {self._mend_manifest()}")
        self.manifest: dict[str, Any] = found

    def _mend_manifest(self) -> str:
        if self._in_parts("runs"):
            return (
                "its runs are still there: put a copy of it back, or begin the same sweep in a new folder (out=), stop it, copy "
                f"its {_MANIFEST} here, and the same command goes on"
            )
        return "put a copy of the folder in its place"

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables."""
        single = {path.stem for path in self.path.glob("*.parquet")}
        return tuple(sorted(single | ({"runs"} if self._in_parts("runs") else set())))

    def _in_parts(self, table: str) -> bool:
        return any((self.path / table).glob("*/*.parquet"))

    def dataset(self, table: str = "runs") -> Any:
        """Return a table as a ``pyarrow.dataset.Dataset``, for whatever reads these, batch by batch.

        Raises
        ------
        InputError
            If there is no such table.
        """
        place = self.path / table
        if not self._in_parts(table):
            if table not in (known := self.tables):
                hint = did_you_mean(table, known) or (
                    f"; there are {', '.join(known)}" if known else "; there are none"
                )
                raise InputError(f"{self.path}: has no table '{table}'{hint}")
            place = self.path / f"{table}.parquet"
        try:
            return ds.dataset(place, format="parquet", exclude_invalid_files=False)
        except (OSError, pa.ArrowException) as error:
            raise self._damaged(table, error) from None

    def frame(self, table: str = "runs", columns: Sequence[str] | None = None, where: Where = None) -> pd.DataFrame:
        """Return rows as a pandas frame, those of a sweep in the order of their runs.

        Parameters
        ----------
        table : its name
        columns : to read; None for all
        where : rows to read; None for all

        Raises
        ------
        InputError
            If a table or a column does not exist.

        Examples
        --------
        >>> open("results/sweep-toy-1a2b3c4d").frame("runs", ["efficiency"], [("seed", "==", 1)])  # doctest: +SKIP
        """
        data = self.dataset(table)
        if isinstance(columns, str):
            raise InputError(f"columns: give a list of names, such as ['{columns}']")
        for name in columns or ():
            self._known(table, name, data.schema.names)
        condition = self._condition(table, where, data.schema.names)
        ordered = "run" in data.schema.names
        wanted = None if columns is None else list(dict.fromkeys([*columns, *(["run"] if ordered else [])]))
        try:
            found = data.to_table(columns=wanted, filter=condition)
        except (OSError, pa.ArrowException, TypeError) as error:
            raise self._unreadable(table, where, error, data.schema) from None
        if ordered:
            found = found.take(pc.sort_indices(found, sort_keys=[("run", "ascending")]))
        if columns is not None:
            found = found.select(list(columns))
        frame: pd.DataFrame = found.to_pandas()
        return frame

    def _known(self, table: str, name: object, names: Sequence[str]) -> None:
        if name not in names:
            raise InputError(f"{self.path}, {table}: has no column '{name}'{did_you_mean(str(name), names)}")

    def _condition(self, table: str, where: Where, names: Sequence[str]) -> Any:
        """Return a condition as pyarrow has it, after a look at the names in it."""
        if where is None or isinstance(where, pc.Expression):
            return where
        if not isinstance(where, (list, tuple)):
            raise InputError(f"where: {type(where).__name__} is no condition; {_RIGHT}")
        for one in _conditions(where):
            if not isinstance(one, (list, tuple)) or len(one) != 3 or not isinstance(one[0], str):
                raise InputError(f"where: {one!r} is no condition; {_RIGHT}")
            self._known(table, one[0], names)
            if one[1] not in _OPERATORS:
                raise InputError(f"where: {one[0]}: '{one[1]}' is not one of {' '.join(_OPERATORS)}")
        try:
            return pq.filters_to_expression(where) if where else None
        except (ValueError, TypeError, pa.ArrowException) as error:
            raise InputError(f"where: {_first_line(error)}; {_RIGHT}") from None

    def _unreadable(self, table: str, where: Where, error: Exception, schema: Any) -> InputError:
        """Return what was wrong when rows were read: the condition, or a file."""
        if (unknown := re.search(r"No match for FieldRef\.Name\((.*?)\)", str(error))) is not None:
            try:
                self._known(table, unknown.group(1), schema.names)
            except InputError as found:
                return found
        damaged = self._damaged(table, error)
        if where is not None and self._first_bad(table) is None:
            types = (
                ", ".join(f"{one[0]} holds {schema.field(one[0]).type}" for one in _conditions(where))
                or "see the schema"
            )
            return InputError(f"where: cannot be compared ({_first_line(error)}); {types}")
        return damaged

    def _damaged(self, table: str, error: Exception) -> InputError:
        """Return which file of a table cannot be read, and what can be done."""
        path = self._first_bad(table) or self.path / table
        why = getattr(error, "strerror", None) or "cannot be read, it is not whole"
        if self.manifest.get("command") != "sweep":
            mend = "put a copy of the folder in its place"
        elif self.manifest.get("merged"):
            mend = "merge the sweeps again"
        elif table == "design":
            mend = "remove it and run the sweep's own command again, which writes it anew"
        else:
            mend = "the sweep's own command, run again, does its runs anew"
        return InputError(f"{path}: {why}; {mend}")

    def _first_bad(self, table: str) -> Path | None:
        """Return the first file of a table that cannot be read."""
        single = self.path / f"{table}.parquet"
        for path in [single] if single.exists() else sorted((self.path / table).glob("*/*.parquet")):
            try:
                with path.open("rb") as file, pq.ParquetFile(file) as opened:
                    for group in range(opened.num_row_groups):
                        opened.read_row_group(group)
            except (OSError, pa.ArrowException):
                return path
        return None

    def __repr__(self) -> str:
        return f"Opened({str(self.path)!r}: {', '.join(self.tables)})"


def _conditions(where: Where) -> Iterator[Any]:
    """Return the single conditions of a list, or of a list of lists of which one must hold."""
    if isinstance(where, (list, tuple)):
        for one in where:
            if isinstance(one, list) and one and all(isinstance(item, (list, tuple)) for item in one):
                yield from one
            else:
                yield one


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:160]
