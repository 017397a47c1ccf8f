"""Where work is done: in this process, in processes of this machine, or by Dask (`engine_dask`).

All engines have the same two methods, so that who has work to do need not know where it is done. A task is anything that
can be pickled; tasks are taken from their iterator only when there is room for them, so that there may be any number.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import Any, Final, Protocol, Self

from donorlab.experiments.arguments import RunError
from donorlab.scenarios import plugins
from donorlab.sim.compiled import source_hash

_SOURCES: Final = source_hash()  # as they were when this process loaded them
WORTHWHILE: Final = 12.0  # seconds of work below which starting processes gains nothing
IN_FLIGHT: Final = 3  # tasks a worker, the one that it works on included


@dataclass(frozen=True)
class Died:
    """What comes back instead of an answer when a worker died with a task, or before its turn came; ``why`` in words."""

    why: str


class Engine(Protocol):
    """Works on tasks; used in a ``with`` statement, which ends its workers however it is left.

    Attributes
    ----------
    workers : how many tasks are worked on at a time
    """

    workers: int

    def unordered[Task, Answer](
        self, function: Callable[[Task], Answer], tasks: Iterable[Task]
    ) -> Generator[tuple[Task, Answer | Died]]:
        """Yield each task with the function's answer, as they are done; what the function raises is raised here.

        Parameters
        ----------
        function : importable by its name
        tasks : taken when there is room; may come to depend on answers that were yielded before
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


class Serial:
    """One task after the other, in this process."""

    workers = 1

    def unordered[Task, Answer](
        self, function: Callable[[Task], Answer], tasks: Iterable[Task]
    ) -> Generator[tuple[Task, Answer | Died]]:
        """Yield each task with its answer, in order."""
        for task in tasks:
            yield task, function(task)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return


class Processes:
    """Processes of this machine, silent, deaf to Ctrl-C, gone when this process is.

    Parameters
    ----------
    workers : how many
    prepare : called with ``given`` in each of them before its first task
    given : what all tasks share; travels once a process
    """

    def __init__(self, workers: int, prepare: Callable[..., Any] | None = None, given: tuple[Any, ...] = ()) -> None:
        self.workers = workers
        self._prepare, self._given = prepare, given
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is None:
            return
        if kind is None:
            self._pool.shutdown()
        else:
            kill(self._pool)

    def unordered[Task, Answer](
        self, function: Callable[[Task], Answer], tasks: Iterable[Task]
    ) -> Generator[tuple[Task, Answer | Died]]:
        """Yield each task with its answer, as they are done.

        When a process dies, all others of the pool are ended: all tasks in flight come back as `Died`, new processes start.
        """
        waiting = iter(tasks)
        flying: dict[Future[Answer], Task] = {}
        try:
            while True:
                pool = self._started()
                with ctrl_c_held_back():  # workers start here and inherit it: only this process answers to Ctrl-C
                    for task in islice(waiting, IN_FLIGHT * self.workers - len(flying)):
                        try:
                            flying[pool.submit(_guarded, function, task)] = task
                        except BrokenProcessPool as error:
                            flying[_failed(error)] = task
                if not flying:
                    return
                broken = False
                for future in wait(flying, return_when=FIRST_COMPLETED).done:
                    task = flying.pop(future)
                    try:
                        answer: Answer | Died = future.result()
                    except BrokenProcessPool as error:
                        answer, broken = Died(str(error)), True
                    del future  # it holds its result
                    yield task, answer
                if broken:
                    self._pool = None
                    kill(pool)
        except BaseException:
            if self._pool is not None:  # tasks that nobody waits for any more
                kill(self._pool)
                self._pool = None
            raise

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self.workers,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_begin,
                initargs=(_SOURCES, self._prepare, self._given),
            )
        return self._pool


def _failed(error: BaseException) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_exception(error)
    return future


def kill(pool: ProcessPoolExecutor) -> None:
    """End the workers of a pool at once and wait until they are gone."""
    for process in list((pool._processes or {}).values()):
        process.kill()
    pool.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def ctrl_c_held_back() -> Iterator[None]:
    """Hold Ctrl-C back until the block is left; processes and threads started inside never receive it."""
    if hasattr(signal, "pthread_sigmask"):
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
    else:
        yield


class Ended(KeyboardInterrupt):
    """SIGTERM: what a batch system sends some seconds before it kills."""


@contextlib.contextmanager
def sigterm_like_ctrl_c() -> Iterator[None]:
    """Raise `Ended` in the block at the first SIGTERM; further ones do not disturb who tidies up after it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Ended

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


# ---------------------------------------------------------------------- in a worker
_mismatch: str | None = None


def _begin(expected: str, prepare: Callable[..., Any] | None, given: tuple[Any, ...]) -> None:
    """Prepare a worker: silent, deaf to Ctrl-C, gone when its parent is, with all plug-ins."""
    global _mismatch
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    silent = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(silent, stream)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    plugins.register()
    if prepare is not None:
        prepare(*given)
    if source_hash() != expected:
        _mismatch = "the sources of the model changed while it was running; start again"


def _end_with(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    sys.stdout.flush()
    os._exit(1)


def _guarded[Task, Answer](function: Callable[[Task], Answer], task: Task) -> Answer:
    if _mismatch is not None:
        raise RunError(_mismatch)
    return function(task)
