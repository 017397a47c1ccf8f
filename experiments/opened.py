"""Results opened lazily: only the columns and rows that are asked for are read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from donorlab.experiments.arguments import InputError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

_MANIFEST: Final = "manifest.json"
Where = Any
"""A pyarrow expression, or a list of conditions such as ``[("seed", "<=", 10), ("architecture", "in", ["central"])]``."""


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
            self.manifest: dict[str, Any] = json.loads((self.path / _MANIFEST).read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError(f"{self.path}: holds no results ({_MANIFEST}: {error.strerror})") from None
        except ValueError:
            raise InputError(f"{self.path / _MANIFEST}: is not whole") from None

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
        if self._in_parts(table):
            return ds.dataset(self.path / table, format="parquet", exclude_invalid_files=False)
        if table not in self.tables:
            known = self.tables
            hint = did_you_mean(table, known) or f"; there are {', '.join(known)}"
            raise InputError(f"{self.path}: has no table '{table}'{hint}")
        return ds.dataset(self.path / f"{table}.parquet", format="parquet")

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
        for name in columns or ():
            if name not in data.schema.names:
                raise InputError(f"{self.path}, {table}: has no column '{name}'{did_you_mean(name, data.schema.names)}")
        ordered = "run" in data.schema.names
        wanted = None if columns is None else list(dict.fromkeys([*columns, *(["run"] if ordered else [])]))
        found = data.to_table(columns=wanted, filter=self._condition(where))
        if ordered:
            found = found.take(pc.sort_indices(found, sort_keys=[("run", "ascending")]))
        if columns is not None:
            found = found.select(list(columns))
        frame: pd.DataFrame = found.to_pandas()
        return frame

    @staticmethod
    def _condition(where: Where) -> Any:
        if isinstance(where, (list, tuple)):
            return pq.filters_to_expression(where) if where else None
        return where

    def __repr__(self) -> str:
        return f"Opened({str(self.path)!r}: {', '.join(self.tables)})"
