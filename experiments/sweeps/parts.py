"""Parts of the table `runs`: one Parquet file a chunk, written whole or not at all, and found out when it was damaged.

A part is written under a name that begins with a dot, flushed to the disk and renamed. It says in itself which sweep and which
runs it holds, so that it is found again even if nothing else knows of it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from donorlab.experiments.arguments import InputError
from donorlab.experiments.sweeps import spans
from donorlab.experiments.sweeps.columns import SEED, TYPES, Column
from donorlab.experiments.sweeps.spans import Span
from donorlab.sim.outcomes.catalogue import CATALOGUE
from donorlab.sim.outcomes.waterfall import BARS

FOLDER: Final = "runs"
FIRST_OUTCOME: Final = next(iter(CATALOGUE))  # the columns before it say which run it is
RUNS_A_FOLDER: Final = 100_000  # so that no folder holds too many files
_KEY: Final = b"donorlab"
_DIGITS: Final = 16  # of its checksum, at the end of the name of a part


@dataclass(frozen=True)
class Part:
    """What is known of a part.

    Attributes
    ----------
    name : of its file under `FOLDER`
    spans : its runs
    source : what made their numbers, see `donorlab.experiments.sweeps.identity`
    failed : how many of its runs failed
    bytes, sha256 : of the file
    seconds, simulated : of work: on the whole part, and inside the simulations
    """

    name: str
    spans: tuple[Span, ...]
    source: str
    failed: int
    bytes: int
    sha256: str
    seconds: float = 0.0
    simulated: float = 0.0

    @property
    def rows(self) -> int:
        """Number of runs."""
        return spans.count(self.spans)

    def line(self) -> str:
        """Return it as a line of the index."""
        return json.dumps(asdict(self), separators=(",", ":"))


def of_line(line: str) -> Part:
    """Return the part of a line of the index; raises ValueError if the line is not whole."""
    data = json.loads(line)
    if not isinstance(data, dict):
        raise ValueError("no part")
    try:
        return Part(**{**data, "spans": tuple((int(first), int(end)) for first, end in data["spans"])})
    except (TypeError, KeyError) as error:
        raise ValueError(str(error)) from None


def schema(columns: Sequence[Column], waterfall: bool) -> Any:
    """Return the schema of the table ``runs`` of a sweep."""
    numbers = [*CATALOGUE]
    if waterfall:
        numbers += [*(f"to_{name}" for name, _ in BARS), *(f"reverse_{name}" for name, _ in BARS), "harm"]
    return pa.schema(
        [
            ("run", pa.int64()),
            ("point", pa.int64()),
            ("architecture", pa.string()),
            ("seed", pa.int64()),
            *((one.name, TYPES[one.kind]) for one in columns if one.name != SEED),
            *((name, pa.float64()) for name in numbers),
            ("error", pa.string()),
            ("id", pa.string()),
            ("source", pa.string()),
        ]
    )


def write(
    root: Path,
    sweep: str,
    table: Any,
    held: Sequence[Span],
    source: str,
    seconds: float = 0.0,
    simulated: float = 0.0,
) -> Part:
    """Write a part and return what is known of it; an older part of the same runs is replaced.

    Parameters
    ----------
    root : folder of the sweep
    sweep : digest of its plan
    table : rows of `schema`
    held : their runs
    source : what made the numbers
    seconds, simulated : see `Part`

    Raises
    ------
    OSError
        For example if the disk is full; then nothing of it is left.
    """
    words = {"sweep": sweep, "spans": list(held), "source": source}
    text = [name for name in table.column_names if table.schema.field(name).type == pa.string()]
    sink = pa.BufferOutputStream()
    pq.write_table(
        table.replace_schema_metadata({_KEY: json.dumps(words).encode()}),
        sink,
        compression="zstd",
        use_dictionary=text,
    )
    data = sink.getvalue()
    first, last = held[0][0], held[-1][1] - 1
    digest = hashlib.sha256(data).hexdigest()
    name = f"{first // RUNS_A_FOLDER:05d}/{first:010d}-{last:010d}-{digest[:_DIGITS]}.parquet"
    write_whole(root / FOLDER / name, data)
    failed = table.num_rows - table.column("error").null_count
    return Part(name, tuple(held), source, failed, len(data), digest, round(seconds, 4), round(simulated, 4))


def write_whole(path: Path, data: Any) -> None:
    """Write a file so that its name stands for its whole content, also after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.stem[:40]}-{uuid.uuid4().hex[:8]}.tmp")
    try:
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def problem_of(root: Path, part: Part) -> str | None:
    """Return what is wrong with a part of the index, None if nothing: size, checksum, footer, number of rows."""
    path = root / FOLDER / part.name
    try:
        data = path.read_bytes()
    except OSError as error:
        return str(error.strerror or error)
    if len(data) != part.bytes:
        return f"{len(data)} bytes in place of {part.bytes}"
    if hashlib.sha256(data).hexdigest() != part.sha256:
        return "its checksum is another"
    try:
        rows = pq.read_metadata(pa.BufferReader(data)).num_rows
    except (pa.ArrowException, OSError, ValueError):
        return "its end cannot be read"
    return None if rows == part.rows else f"{rows} rows in place of {part.rows}"


def found(root: Path, name: str, sweep: str) -> Part | None:
    """Return what a part that the index does not know says of itself, if it is whole and belongs to this sweep.

    Its name ends with the beginning of its checksum.
    """
    path = root / FOLDER / name
    try:
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        if not Path(name).stem.endswith(f"-{digest[:_DIGITS]}"):
            return None
        table = pq.read_table(pa.BufferReader(data))
        words: Mapping[str, Any] = json.loads(table.schema.metadata[_KEY])
        held = tuple((int(first), int(end)) for first, end in words["spans"])
        if words["sweep"] != sweep or table.column("run").to_pylist() != list(spans.numbers(held)):
            return None
        failed = table.num_rows - table.column("error").null_count
        return Part(name, held, str(words["source"]), failed, len(data), digest)
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError):
        return None


def read(root: Path, part: Part, columns: Sequence[str] | None = None) -> Any:
    """Return the rows of a part, of all columns or of some.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    path = root / FOLDER / part.name
    try:
        with path.open("rb") as file:
            rows = pq.read_table(file, columns=None if columns is None else list(columns))
    except (OSError, ValueError, pa.ArrowException) as error:
        why = getattr(error, "strerror", None) or "is not whole"
        raise InputError(f"{path}: {why}; the sweep's own command does its runs again") from None
    return rows.replace_schema_metadata(None)
