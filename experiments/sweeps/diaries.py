"""Which run was in work when a process died, and when that says something about the run.

A worker that dies while its parent lives died in the run that its chunk's *diary* names last; three such deaths in a session
make that run poison. Where the parent itself ends, that says nothing: somebody may have ended it, and with it all its workers.

A sweep in one process has no parent that could tell. Only a run in which three starts in a row ended is a *suspect*; it is
then tried in a process of its own, with this one looking on, and what happens there decides: a run that merely takes long, and
was ended three times by its user, is run like any other.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections import Counter
from pathlib import Path
from typing import Final

DIARIES: Final = ".running"
ONE_PROCESS: Final = "one-process-"  # the names of diaries begin so where the worker is the parent
TRIES: Final = 3
POISON: Final = f"WorkerDied: a worker process ended {TRIES} times while it ran this run"
_SUSPECT: Final = "suspect.json"


class Diary:
    """Which run of a chunk was begun last, kept where it outlives the process.

    Parameters
    ----------
    path : of its file; a diary that is there already was left by a worker that died
    known : deaths that are known otherwise, by run

    Attributes
    ----------
    deaths : how often workers died in a run
    """

    def __init__(self, path: Path, known: tuple[tuple[int, int], ...] = ()) -> None:
        self._path = path
        self.deaths: Counter[int] = Counter(dict(known))
        self.deaths.update(deaths_in(path))
        path.parent.mkdir(exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def begin(self, run: int) -> None:
        """Note that a run begins."""
        os.write(self._file, b"%d\n" % run)

    def __enter__(self) -> Diary:
        os.write(self._file, b"-\n")  # a new process
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        os.close(self._file)
        with contextlib.suppress(OSError):
            self._path.unlink()  # also after an error that was told: nobody died


def deaths_in(path: Path) -> list[int]:
    """Return the run that each process which left this diary was in, if it had begun one."""
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return []
    found = []
    for process in text.split("-\n")[1:]:
        begun = [line for line in process.split("\n") if line.isdecimal()]
        if begun:
            found.append(int(begun[-1]))
    return found


def suspect_in(folder: Path) -> int | None:
    """Return the run in which the last three starts of one process ended, if there is one; called once a start.

    Diaries that were left behind are removed; how many starts ended in the same run is kept for the next one.

    Parameters
    ----------
    folder : of the diaries
    """
    if not folder.is_dir():
        return None
    ended = []
    for path in sorted(folder.iterdir(), key=_age):
        if path.name != _SUSPECT:
            ended += deaths_in(path)[-1:] if path.name.startswith(ONE_PROCESS) else []
            path.unlink(missing_ok=True)
    run, starts = _remembered(folder / _SUSPECT)
    if not ended:
        (folder / _SUSPECT).unlink(missing_ok=True)
        return None
    starts = starts + 1 if ended[-1] == run else 1
    unfinished = folder / f".{_SUSPECT}.tmp"
    unfinished.write_text(json.dumps({"run": ended[-1], "starts": starts}), encoding="ascii")
    os.replace(unfinished, folder / _SUSPECT)
    return ended[-1] if starts >= TRIES else None


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _remembered(path: Path) -> tuple[int, int]:
    try:
        data = json.loads(path.read_text(encoding="ascii"))
        return int(data["run"]), int(data["starts"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, 0
