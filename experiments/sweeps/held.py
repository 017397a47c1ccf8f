"""A folder that one process holds: a lock that dies with it, and a folder that is gone again if nothing was written."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import filelock

from donorlab.experiments.arguments import InputError

LOCK: Final = ".lock"
_ATTEMPTS: Final = 10


class Held:
    """A folder, made if it is not there, and its lock.

    Parameters
    ----------
    root : the folder
    kept : file without which nothing was written, so that the folder is removed again if this process made it
    """

    def __init__(self, root: Path, kept: str) -> None:
        self.root, self._kept = root, root / kept
        self._lock = filelock.FileLock(root / LOCK)
        self._made: list[Path] = []
        self._seen = -1

    def take(self, check: Callable[[], None]) -> None:
        """Make the folder and take its lock.

        Parameters
        ----------
        check : called before anything is written into a folder; raises if it must not be used

        Raises
        ------
        InputError
            If another process holds it, or it cannot be written.
        """
        for _ in range(_ATTEMPTS):
            try:
                self._make()
                check()
                if self._locked():
                    return
            except filelock.Timeout:
                self._look_away()
                raise InputError(
                    f"{self.root}: another sweep is writing it; wait for it, or choose another folder with out="
                ) from None
            except FileNotFoundError:  # its maker removed it as we came
                self._look_away()
            except OSError as error:
                self._look_away()
                self._unmake()
                raise InputError(f"{self.root}: cannot write there ({error.strerror or error})") from None
        raise InputError(f"{self.root}: is being made and removed by somebody else; choose another folder with out=")

    def _locked(self) -> bool:
        """Take the lock; return whether its file still has its name, for who removes a folder removes it while holding it."""
        path = self.root / LOCK
        self._seen = os.open(
            path, os.O_RDWR | os.O_CREAT, 0o644
        )  # open, so that its number cannot be given to another file
        self._lock.acquire(blocking=False)
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(self._seen), path.stat()):
                return True
        self._lock.release()
        self._look_away()
        return False

    def release(self) -> None:
        """Remove the folder if this process made it and nothing was written; then let go."""
        try:
            if self._lock.is_locked:
                self._unmake()
        finally:
            self._lock.release()
            self._look_away()

    def _look_away(self) -> None:
        if self._seen >= 0:
            os.close(self._seen)
            self._seen = -1

    def _make(self) -> None:
        missing = []
        folder = self.root
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        if not folder.is_dir():
            raise InputError(f"{folder}: is not a folder; choose another place with out=")
        for folder in reversed(missing):
            folder.mkdir(exist_ok=True)
            self._made.append(folder)

    def _unmake(self) -> None:
        if self._made and not self._kept.exists():
            with contextlib.suppress(OSError):
                (self.root / LOCK).unlink(missing_ok=True)
                for folder in reversed(self._made):
                    folder.rmdir()
