"""Result folders: written under a hidden name beside the final one, renamed when whole.

Whoever sees a folder without a dot in front of its name sees a complete one. While it is written, a lock file
beside it is held; the lock of a run that was killed is free, and the next start removes what it left.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import filelock

from donorlab.experiments.arguments import InputError
from donorlab.experiments.opened import Opened
from donorlab.experiments.parts import PartsFile

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

SCHEMA_VERSION: Final = 1
FIGURE_DPI: Final = 200


def default_folder(command: str, digest: str, now: datetime.datetime) -> Path:
    """Return ``results/<date>-<time>-<command>-<first 8 digits of the hash>`` under the current folder."""
    return Path("results") / f"{now:%Y-%m-%d-%H%M%S}-{command}-{digest[:8]}"


def canonical_json(value: object) -> str:
    """Return JSON with sorted keys and no spaces; what is not a finite number becomes null."""
    return json.dumps(plain_json(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest_of(value: object) -> str:
    """Return the SHA-256 of a value's canonical JSON, as 64 hex digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def plain_json(value: object) -> Any:
    """Turn mappings, sequences, arrays and numpy scalars into what JSON knows."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, (Path, datetime.datetime)):
        return str(value)
    return value


class ResultFolder:
    """A result folder in the making; use it in a ``with`` statement.

    On leaving the block normally the folder takes its final name; on an error or Ctrl-C nothing remains.

    Parameters
    ----------
    target : the final folder
    refuse_existing : whether an existing target that is not an empty folder is an error of the user; if not,
        or if it appears during the run, the next free of ``target-2``, ``target-3``, ... is taken

    Attributes
    ----------
    path : the final folder; it exists once the block has been left
    removed : leftovers of killed runs that were cleaned away
    """

    def __init__(self, target: Path, refuse_existing: bool = True) -> None:
        self.path = Path(os.path.abspath(target))
        self.removed: list[Path] = []
        self._refuse = refuse_existing
        self._partial = self.path.with_name(f".{self.path.name}.partial-{os.getpid()}")
        self._lock = filelock.FileLock(_lock_of(self._partial))
        self._created_parents: list[Path] = []
        self._growing: dict[str, PartsFile] = {}

    def __enter__(self) -> Self:
        if self._refuse:
            refuse_occupied(self.path)
        try:
            self._make_parents()
            self.removed = remove_leftovers(self.path.parent)
            with tempfile.TemporaryFile(dir=self.path.parent):
                pass  # a folder that cannot be written says so by itself; the lock would only time out
            self._lock.acquire(blocking=False)
            self._partial.mkdir()
        except filelock.Timeout as error:
            raise InputError(f"{self.path}: another run is writing it; choose another folder with out=") from error
        except OSError as error:
            self._discard()
            raise InputError(f"{self.path.parent}: cannot write there ({error.strerror or error})") from error
        except BaseException:
            self._discard()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._publish()
        finally:
            self._discard()

    @property
    def unfinished(self) -> Path:
        """Where the files stand until the folder takes its final name."""
        return self._partial

    # ------------------------------------------------------------------ contents
    def table(self, name: str, frame: pd.DataFrame) -> None:
        """Write ``name.parquet`` (compressed with zstd)."""
        frame.to_parquet(self._new(f"{name}.parquet"), engine="pyarrow", compression="zstd", index=False)

    def part(self, name: str, part: Any) -> None:
        """Add a part to ``name.parquet``; parts stand in the order in which they come, see `PartsFile`."""
        if name not in self._growing:
            self._growing[name] = PartsFile(self._new(f"{name}.parquet"))
        self._growing[name].add(part)

    def close_parts(self) -> None:
        """Complete the files that grew part by part."""
        while self._growing:
            _, file = self._growing.popitem()
            file.close()

    def csv(self, name: str, frame: pd.DataFrame) -> None:
        """Write ``name.csv``; numbers with as many digits as it takes to read them back exactly."""
        frame.to_csv(self._new(f"{name}.csv"), index=False, lineterminator="\n")

    def json(self, name: str, value: object) -> None:
        """Write ``name.json``, indented; what is not a finite number becomes null."""
        text = json.dumps(plain_json(value), indent=1, ensure_ascii=False, allow_nan=False)
        self._new(f"{name}.json").write_text(text + "\n", encoding="utf-8")

    def sentences(self, texts: Iterable[str]) -> None:
        """Write what was found in words as ``report.txt``, a sentence a line; one that belongs to the last begins with a space."""
        self.text("report.txt", "".join(f"{text}\n" for text in texts))

    def text(self, name: str, text: str) -> None:
        """Write a text file under its full name, in UTF-8."""
        self._new(name).write_text(text, encoding="utf-8", newline="\n")

    def figure(self, name: str, figure: Figure, data: pd.DataFrame, provenance: Mapping[str, str]) -> None:
        """Write ``figures/name.png``, with its provenance in the file, and the data behind it as CSV."""
        figure.savefig(self._new(f"figures/{name}.png"), dpi=FIGURE_DPI, metadata=dict(provenance))
        self.csv(f"figures/{name}", data)

    def manifest(self, value: Mapping[str, object]) -> None:
        """Write ``manifest.json``, last of all: it lists all other files with their SHA-256."""
        self.close_parts()
        files = {
            str(path.relative_to(self._partial).as_posix()): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self._partial.rglob("*"))
            if path.is_file()
        }
        self.json("manifest", {"schema_version": SCHEMA_VERSION, **value, "files": files})

    def _new(self, name: str) -> Path:
        path = self._partial / name
        path.parent.mkdir(exist_ok=True)
        return path

    # ------------------------------------------------------------------ beginning and end
    def _make_parents(self) -> None:
        missing = []
        parent = self.path.parent
        while not parent.is_dir():
            if parent.exists():
                raise InputError(f"{parent}: is not a folder; choose another place with out=")
            missing.append(parent)
            parent = parent.parent
        for folder in reversed(missing):
            folder.mkdir(exist_ok=True)
            self._created_parents.append(folder)

    def _publish(self) -> None:
        self.close_parts()
        for path in sorted(self._partial.rglob("*")):
            if path.is_file():  # a rename that outlives a power cut must not outlive its contents
                with path.open("rb+") as file:
                    os.fsync(file.fileno())
        if self.path.is_dir() and not any(self.path.iterdir()):
            self.path.rmdir()  # some systems do not rename onto an empty folder
        self.path = _free_name(self.path)  # somebody may have taken the name meanwhile; an hour's work is not lost
        self._partial.rename(self.path)
        self._created_parents.clear()

    def _discard(self) -> None:
        for file in self._growing.values():
            file.abandon()
        shutil.rmtree(self._partial, ignore_errors=True)
        if self._lock.is_locked:
            self._lock.release()
            _lock_of(self._partial).unlink(missing_ok=True)
        for folder in reversed(self._created_parents):
            with contextlib.suppress(OSError):
                folder.rmdir()


def open(folder: str | Path) -> Opened:  # noqa: A001  (called as store.open)
    """Return a result folder whose tables are read lazily.

    Parameters
    ----------
    folder : of a sweep or of any other command that writes one

    Raises
    ------
    InputError
        If it holds no results.

    Examples
    --------
    >>> from donorlab.experiments import store
    >>> sweep = store.open("results/sweep-world-1a2b3c4d")  # doctest: +SKIP
    >>> sweep.frame("runs", columns=["point", "efficiency"], where=[("architecture", "==", "umbrella")])  # doctest: +SKIP
    """
    return Opened(folder)


def refuse_occupied(path: Path) -> None:
    """Raise InputError if something other than an empty folder stands at ``path``."""
    try:
        if path.is_symlink() or path.exists():
            if not path.is_dir():
                raise InputError(f"{path}: exists and is not a folder; choose another with out=")
            if any(path.iterdir()):
                raise InputError(f"{path}: exists and is not empty; choose another folder with out=")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error


def remove_leftovers(parent: Path) -> list[Path]:
    """Remove what killed runs left in ``parent``; a folder whose lock is held is alive and stays.

    Returns
    -------
    list of Path
        The folders removed.
    """
    removed = []
    for lock_file in sorted(parent.glob(".*.partial-*.lock")):
        partial = lock_file.with_suffix("")
        lock = filelock.FileLock(lock_file)
        try:
            lock.acquire(blocking=False)
        except (filelock.Timeout, OSError):
            continue
        try:
            if partial.is_dir() and not partial.is_symlink():
                shutil.rmtree(partial, ignore_errors=True)
                removed.append(partial)
        finally:
            lock.release()
            if not partial.exists():
                lock_file.unlink(missing_ok=True)
    return removed


def _lock_of(partial: Path) -> Path:
    return partial.with_name(partial.name + ".lock")


def _free_name(path: Path) -> Path:
    candidate, number = path, 1
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.name}-{number}")
    return candidate
