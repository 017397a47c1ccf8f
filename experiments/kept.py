"""Finished work that outlives its command: a `compare` that was killed goes on where it stopped.

While a command works, what is finished stands in a hidden folder beside its results, ``.kept-COMMAND-HASH``, in Parquet files that
are written whole or not at all, one about every two seconds. The hash is of the resolved configuration and of all sources that
make the numbers, so that the same command finds the folder, and no other command or edited file does. When the results are
whole it is removed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import filelock
import pyarrow as pa
import pyarrow.parquet as pq

from donorlab.experiments.arguments import InputError, Stopped
from donorlab.experiments.coded import Fingerprints, decoded, encoded
from donorlab.experiments.crew import made_by
from donorlab.experiments.store import digest_of
from donorlab.experiments.sweeps import parts
from donorlab.sim.scenario import Scenario

SECONDS: Final = 2.0  # between two files; what was finished since the last one is lost when the process is killed
DAYS: Final = 30  # after which kept work that nobody came back for is removed
_PREFIX: Final = ".kept-"
_LOCK: Final = ".lock"
_ENDING: Final = ".parquet"
_DIGITS: Final = 16
_FILES_AT_HAND: Final = 4


def _say(line: str) -> None:
    print(line, file=sys.stderr)


class Kept:
    """Keeps finished work of a command; use it in a ``with`` statement around the one of its results.

    Parameters
    ----------
    target : folder of the results; what is kept stands beside it
    configuration : all that determines the results, with the name of the command
    scenarios : all that are run
    say : takes a line for the user

    Attributes
    ----------
    folder : where work is kept while the command lasts

    Raises
    ------
    Stopped
        On leaving after Ctrl-C, if something is kept: how much.
    """

    def __init__(
        self,
        target: Path,
        configuration: Mapping[str, Any],
        scenarios: Mapping[str, Scenario],
        say: Callable[[str], None] = _say,
    ) -> None:
        digest = digest_of([configuration, made_by(scenarios)])
        self.folder = Path(os.path.abspath(target)).parent / f"{_PREFIX}{configuration['command']}-{digest[:16]}"
        self._source = digest
        self._say = say
        self._fingerprints = Fingerprints(Scenario)
        self._places: dict[str, tuple[str, int]] = {}  # of each key: file and row
        self._at_hand: dict[str, Any] = {}
        self._weights = 0
        self._unit = "runs"
        self._waiting: list[tuple[str, str, list[Any], int]] = []
        self._since = 0.0
        self._files = 0
        self._lock = filelock.FileLock(self.folder / _LOCK)
        self._on = True

    def __enter__(self) -> Self:
        with contextlib.suppress(OSError):
            _forget_old(self.folder)
        if self.folder.is_dir():
            self._held()
            if self._on:
                self._look()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._lock.is_locked:
            return
        try:
            if kind is not None and self._places:
                self._write()
        finally:
            if kind is None or not self._places:
                shutil.rmtree(self.folder, ignore_errors=True)
            self._lock.release()
            if kind is None:
                shutil.rmtree(self.folder, ignore_errors=True)  # where an open file cannot be removed
        if kind is None or not self._places:
            return
        if issubclass(kind, KeyboardInterrupt):
            raise Stopped(f"interrupted; {self._weights:,} {self._unit} are kept, and the same command goes on")
        if isinstance(error, OSError) and error.errno is not None:
            where = f"{error.filename}: " if error.filename else ""
            raise InputError(
                f"{where}{error.strerror or error}; {self._weights:,} {self._unit} are kept, and the same command goes on"
            ) from error

    # ------------------------------------------------------------------ work
    def key(self, function: Callable[..., Any], *given: Any) -> str:
        """Return what tells a piece of work from all others: function, arguments, and what makes the numbers."""
        return self._fingerprints.of(self._source, function.__module__, function.__qualname__, given)

    def there(self, keys: Sequence[str], weights: Sequence[int], unit: str) -> set[str]:
        """Return those of these pieces of work that are finished, and tell the user how many there are.

        Parameters
        ----------
        keys : of all pieces, see `key`
        weights : how many units each has
        unit : for example ``runs``
        """
        self._unit = unit
        found = {key for key in keys if key in self._places}
        if found:
            count = sum(weight for key, weight in zip(keys, weights, strict=True) if key in found)
            self._say(f"went on: {count:,} of {sum(weights):,} {unit} were there")
        return found

    def get(self, key: str) -> Any:
        """Return what a finished piece of work gave."""
        name, row = self._places[key]
        if name not in self._at_hand:
            while len(self._at_hand) >= _FILES_AT_HAND:
                self._at_hand.pop(next(iter(self._at_hand)))
            self._at_hand[name] = pq.read_table(self.folder / name, columns=["answer", "contents"]).combine_chunks()
        table = self._at_hand[name]
        return decoded(table.column("answer")[row].as_py(), table.column("contents")[row].as_py())

    def put(self, key: str, answer: Any, weight: int = 1) -> None:
        """Keep what a piece of work gave; it is on the disk within some seconds.

        Where that is impossible, for example on a full disk, the user is told and the command goes on without.
        """
        if not self._on:
            return
        try:
            text, contents = encoded(answer)
        except TypeError as error:
            self._off(f"unfinished work will not be kept ({error})")
            return
        now = time.monotonic()
        if not self._waiting:
            self._since = now
        self._waiting.append((key, text, contents, weight))
        if now - self._since >= SECONDS:
            self._write()

    def _write(self) -> None:
        if not self._waiting or not self._held():
            return
        keys, texts, contents, weights = zip(*self._waiting, strict=True)
        table = pa.table(
            {
                "key": pa.array(keys, pa.string()),
                "weight": pa.array(weights, pa.int64()),
                "answer": pa.array(texts, pa.large_string()),
                "contents": pa.array(contents, pa.list_(pa.large_binary())),
            }
        )
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="lz4", use_dictionary=False, write_statistics=False)
        data = sink.getvalue()
        self._files += 1
        name = f"{self._files:06d}-{hashlib.sha256(data).hexdigest()[:_DIGITS]}{_ENDING}"
        try:
            parts.write_whole(self.folder / name, data)
        except OSError as error:
            self._off(f"further work will not be kept ({error.strerror or error})")
            return
        self._know(name, keys, weights)
        self._waiting = []

    def _know(self, name: str, keys: Sequence[str], weights: Sequence[int]) -> None:
        for row, (key, weight) in enumerate(zip(keys, weights, strict=True)):
            if key not in self._places:
                self._weights += weight
            self._places[key] = (name, row)

    # ------------------------------------------------------------------ folder
    def _held(self) -> bool:
        """Return whether this process may keep work; makes the folder where it is not there."""
        if not self._on or self._lock.is_locked:
            return self._on
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(blocking=False)
        except filelock.Timeout:
            self._off("the same command is at work already and keeps what it has done; this one keeps nothing")
        except OSError as error:
            self._off(f"unfinished work cannot be kept ({error.strerror or error})")
        return self._on

    def _off(self, why: str) -> None:
        self._on = False
        self._waiting = []
        self._say(why)

    def _look(self) -> None:
        """Find what is there; a damaged file is removed."""
        damaged = 0
        for path in sorted(self.folder.iterdir()):
            if path.name == _LOCK:
                continue
            found = _read(path)
            if found is None:
                damaged += path.suffix == _ENDING
                with contextlib.suppress(OSError):
                    path.unlink()
                continue
            self._files = max(self._files, int(path.name.partition("-")[0]))
            self._know(path.name, found["key"].to_pylist(), found["weight"].to_pylist())
        if damaged:
            self._say(f"{damaged} {'file' if damaged == 1 else 'files'} of kept work damaged; done again")


def _read(path: Path) -> Any:
    """Return keys and weights of a file; None if it is not whole."""
    try:
        data = path.read_bytes()
        number, _, digits = path.stem.partition("-")
        if path.suffix != _ENDING or not number.isdecimal() or hashlib.sha256(data).hexdigest()[:_DIGITS] != digits:
            return None
        return pq.read_table(pa.BufferReader(data), columns=["key", "weight"])
    except (pa.ArrowException, OSError, ValueError):
        return None


def _forget_old(folder: Path) -> None:
    """Remove what other commands kept beside this one if nobody came back for it for a month and none holds it."""
    limit = time.time() - DAYS * 86400
    for other in folder.parent.glob(f"{_PREFIX}*"):
        if other == folder or other.is_symlink() or not other.is_dir():
            continue
        if max((path.stat().st_mtime for path in _and_contents(other)), default=limit) >= limit:
            continue
        lock = filelock.FileLock(other / _LOCK)
        with contextlib.suppress(filelock.Timeout, OSError), lock.acquire(blocking=False):
            shutil.rmtree(other, ignore_errors=True)


def _and_contents(folder: Path) -> Iterator[Path]:
    yield folder
    yield from folder.iterdir()
