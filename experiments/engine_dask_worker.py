"""What a worker of Dask is given before its first task; imported only where Dask is installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from distributed import Worker, WorkerPlugin


class Prepared(WorkerPlugin):
    """Calls a function in each worker, and what it returns when the work is over.

    Parameters
    ----------
    prepare : importable by its name
    given : its arguments
    """

    def __init__(self, prepare: Callable[..., Any], given: tuple[Any, ...]) -> None:
        self._prepare, self._given = prepare, given
        self._forget: Callable[[], None] | None = None

    def setup(self, worker: Worker) -> None:
        """Begin."""
        self._forget = self._prepare(*self._given)

    def teardown(self, worker: Worker) -> None:
        """End."""
        if self._forget is not None:
            self._forget()
