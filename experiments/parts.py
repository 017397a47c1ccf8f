"""Tables of many runs, part by part: small on their way from run to file, never all in memory at once."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    import pandas as pd

TABLES: Final = ("steps", "projects", "beneficiaries", "donors")
FIGURES_NEED: Final[dict[str, tuple[str, ...]]] = {
    "steps": ("architecture", "seed", "quarter", "capacity", "capacity_no_aid"),
    "beneficiaries": (
        "architecture", "seed", "iso3", "name", "income_group", "users_m", "need", "aid_need_ratio", "capacity_initial",
    ),
}  # fmt: skip
"""Columns of these tables that stay in memory; all others go to the file and are forgotten."""
_ROWS: Final = 50_000  # held back before they are written, as one row group
_WORDS: Final = pa.dictionary(pa.int32(), pa.string())


def packed(frame: pd.DataFrame, architecture: str, seed: int) -> pa.Table:
    """Return a table of one run, its words by number, with architecture and seed in front and a named index as a column.

    Parameters
    ----------
    frame : as the run gives it
    architecture, seed : of the run
    """
    plain = frame.reset_index(drop=frame.index.name is None)
    table = pa.Table.from_pandas(plain, preserve_index=False).replace_schema_metadata(None)
    columns: dict[str, Any] = {
        "architecture": pa.DictionaryArray.from_arrays(pa.array([0] * len(plain), pa.int32()), [architecture]),
        "seed": pa.array([seed] * len(plain), pa.int64()),
    }
    for name, column in zip(table.column_names, table.columns, strict=True):
        columns[name] = column.cast(pa.string()).dictionary_encode().cast(_WORDS) if _of_words(column.type) else column
    return pa.table(columns)


def _of_words(kind: Any) -> bool:
    """Return whether a column holds words; one of a run without any row does not say so."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind))


def joined(parts: list[Any]) -> Any:
    """Return parts of one table under each other, words as words again; only the architecture stays a category."""
    table = pa.concat_tables(parts)
    fields = [
        pa.field(item.name, pa.string() if item.type == _WORDS and item.name != "architecture" else item.type)
        for item in table.schema
    ]
    return table.cast(pa.schema(fields)).unify_dictionaries().combine_chunks()


class PartsFile:
    """A Parquet file that grows: parts are written in the order in which they are added, many rows at a time.

    Parameters
    ----------
    path : of the file; it is complete once `close` has been called
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._parts: list[Any] = []
        self._rows = 0
        self._writer: Any = None

    def add(self, part: Any) -> None:
        """Add a part, a table of `packed`."""
        self._parts.append(part)
        self._rows += part.num_rows
        if self._rows >= _ROWS:
            self._write()

    def close(self) -> None:
        """Write what is held back, and the end of the file."""
        try:
            if self._parts:
                self._write()
        finally:
            if self._writer is not None:
                self._writer.close()

    def abandon(self) -> None:
        """Let go of the file, whose contents do not matter any more."""
        self._parts = []
        if self._writer is not None:
            with contextlib.suppress(OSError):  # a full disk, which has been told already
                self._writer.close()

    def _write(self) -> None:
        table = joined(self._parts)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, table.schema, compression="zstd")
        self._writer.write_table(table, row_group_size=max(1, table.num_rows))
        self._parts, self._rows = [], 0
