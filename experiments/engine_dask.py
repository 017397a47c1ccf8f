"""Work done by Dask: on this machine, or on a cluster whose scheduler has an address. Needs the extra ``donorlab[dask]``.

Only so many tasks are handed over as keep the workers busy, and a task is forgotten as soon as its answer is here: neither
this process nor the scheduler grows with the number of tasks.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import os
import queue
import signal
import time
import uuid
import warnings
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from donorlab.experiments.arguments import InputError, RunError
from donorlab.experiments.engines import IN_FLIGHT, Died, ctrl_c_held_back

_LONELY: Final = 60.0  # seconds without any worker of this machine, until new ones are started
_SLOW: Final = {"distributed.comm.timeouts.connect": "120s"}  # a busy machine needs more than 30 to start a worker anew
PATIENCE: Final = 300.0  # seconds without any worker of this machine; on a cluster they may stand in a queue for days
QUIET: Final = {
    "distributed.worker.profile.enabled": False,  # what it keeps would grow for a quarter of an hour
    "distributed.scheduler.http.routes": [],  # no pages for anybody
    "distributed.worker.http.routes": [],
}
_FIRST_WORKER: Final = 120.0
_CONNECT: Final = 20.0


@dataclass(frozen=True)
class Tls:
    """Files of certificates: of the authority, of this client, and its key."""

    authority: str
    certificate: str
    key: str


def checked_address(address: str, tls: Tls | None, insecure: bool) -> str:
    """Return the address of a scheduler if it may be used.

    A scheduler runs whatever code it is sent, and so does whoever can read along; so that one on another host is used only with
    TLS, or where the user says that the network is safe.

    Raises
    ------
    InputError
        If it is none, or on another host without either.
    """
    parts = urlsplit(address if "//" in address else f"tcp://{address}")
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.scheme not in ("tcp", "tls") or not parts.hostname or port is None:
        raise InputError(f"scheduler: '{address}' is no address such as tcp://127.0.0.1:8786 or tls://node7:8786")
    if parts.scheme == "tls" and tls is None:
        raise InputError("scheduler: tls:// needs the files tls_ca=, tls_cert= and tls_key=")
    if parts.scheme == "tcp" and tls is not None:
        raise InputError("scheduler: tls_ca=, tls_cert= and tls_key= go with an address that begins with tls://")
    if parts.scheme == "tcp" and not _on_loopback(parts.hostname) and not insecure:
        raise InputError(
            f"scheduler: {parts.hostname} is another host, and what is sent there could be read and changed on the way; use tls:// "
            "with tls_ca=, tls_cert= and tls_key=, or say insecure=true if nobody else is on that network"
        )
    for path in (tls.authority, tls.certificate, tls.key) if tls is not None else ():
        if not Path(path).is_file():
            raise InputError(f"{path}: there is no such file of a certificate or key")
    return f"{parts.scheme}://{parts.netloc}"


def _on_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def needed() -> Any:
    """Return the package ``distributed``.

    Raises
    ------
    InputError
        If it is not installed; the message says what to do.
    """
    try:
        import distributed
    except ImportError:
        raise InputError(
            "engine: dask is not installed; install the extra (pip install 'donorlab[dask]'), or take engine=serial"
        ) from None
    return distributed


def _own_certificate(distributed: Any) -> Any:
    """Return a certificate for workers of this machine, so that its other users cannot send them code; None without cryptography.

    It is made for one session and never stands on the disk.
    """
    try:
        return distributed.Security.temporary()
    except ImportError:
        return None


class Dask:
    """Workers of Dask.

    Parameters
    ----------
    workers : how many to start on this machine, where no address is given
    address : of a scheduler that runs already, see `checked_address`
    tls : for an address that begins with ``tls://``
    client : a client that is connected already; it is used as it is and left open
    prepare : called with ``given`` in each worker before its first task, in those that come later as well; may return what is to
        be called when the work is over
    given : what all tasks share; travels once a worker
    """

    def __init__(
        self,
        workers: int = 1,
        address: str | None = None,
        tls: Tls | None = None,
        client: Any = None,
        prepare: Callable[..., Any] | None = None,
        given: tuple[Any, ...] = (),
    ) -> None:
        self.workers = workers
        self._address, self._tls = address, tls
        self._given = client
        self._client: Any = client
        self._prepare, self._shared = prepare, given
        self._plugin = f"donorlab-{uuid.uuid4().hex}"
        self._cluster: Any = None
        self._distributed = needed()
        self._seen = 0.0
        self._revived = 0

    def __enter__(self) -> Self:
        try:
            if self._given is None:
                with ctrl_c_held_back():  # threads and workers that start here inherit it
                    self._connect()
            if self._cluster is None:
                self._count_workers()
            if self._prepare is not None:
                from donorlab.experiments.engine_dask_worker import Prepared

                self._client.register_plugin(Prepared(self._prepare, self._shared), name=self._plugin)
        except BaseException:
            self._close(at_once=True)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close(at_once=kind is not None)

    def _connect(self) -> None:
        import dask

        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        dask.config.set({"logging": {"distributed": "critical"}, **QUIET, **_SLOW})  # inherited by workers
        if self._address is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that another cluster has the usual port
                self._cluster = self._distributed.LocalCluster(
                    n_workers=self.workers,
                    threads_per_worker=1,
                    processes=True,
                    host="127.0.0.1",
                    dashboard_address=None,
                    memory_limit=0,
                    silence_logs=logging.CRITICAL,
                    security=_own_certificate(self._distributed),
                    scheduler_kwargs={"allowed_failures": 0},  # who hands the chunks out counts deaths by itself
                )
            self._client = self._distributed.Client(self._cluster, set_as_default=False)
            return
        security = None
        if self._tls is not None:
            security = self._distributed.Security(
                tls_ca_file=self._tls.authority,
                tls_client_cert=self._tls.certificate,
                tls_client_key=self._tls.key,
                require_encryption=True,
            )
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of other versions of Python packages: sources are compared anyway
                self._client = self._distributed.Client(
                    self._address, security=security, timeout=_CONNECT, set_as_default=False
                )
        except OSError as error:
            raise InputError(
                f"scheduler: {self._address} does not answer ({' '.join(str(error).split())[:160]})"
            ) from None

    def _count_workers(self) -> None:

        try:
            self._client.wait_for_workers(1, timeout=_FIRST_WORKER)
        except TimeoutError:
            raise InputError(
                f"scheduler: no worker came within {_FIRST_WORKER:.0f} s; start some with `dask worker`"
            ) from None
        self.workers = max(1, len(self._client.nthreads()))

    def _close(self, at_once: bool) -> None:
        if self._cluster is not None and at_once:
            for nanny in list(self._cluster.workers.values()):
                nanny.auto_restart = False
                if nanny.pid is not None:
                    with contextlib.suppress(OSError):
                        os.kill(nanny.pid, signal.SIGKILL)
        if self._prepare is not None and self._cluster is None and self._client is not None:
            with contextlib.suppress(Exception):  # somebody else's workers go on living
                self._client.unregister_worker_plugin(self._plugin)
        with contextlib.suppress(Exception):  # what is left of a connection does not matter any more
            if self._client is not None and self._given is None:
                self._client.close(timeout=5)
            if self._cluster is not None:
                self._cluster.close(timeout=20)
        self._client = self._given
        self._cluster = None

    def unordered[Task, Answer](
        self, function: Callable[[Task], Answer], tasks: Iterable[Task]
    ) -> Generator[tuple[Task, Answer | Died]]:
        """Yield each task with its answer, as they are done; a task whose worker died comes back as `Died`."""
        waiting = iter(tasks)
        done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        flying: dict[Any, Task] = {}
        number = 0
        try:
            while True:
                for task in islice(waiting, max(0, IN_FLIGHT * self.workers - len(flying))):
                    number += 1
                    key = (f"donorlab-{os.getpid()}-{id(flying)}", number)
                    future = self._client.submit(function, task, key=key, pure=False)
                    flying[future] = task
                    future.add_done_callback(done.put)
                    del future
                if not flying:
                    return
                batch = self._finished(done)
                answers = self._answers(batch)
                for future in batch:
                    if future.key not in answers and future.status in ("pending", "finished"):  # lost, being made anew
                        future.add_done_callback(done.put)
                        continue
                    task = flying.pop(future)
                    if future.key in answers:
                        yield task, answers.pop(future.key)
                    else:
                        yield task, self._death(future)
                    del task
                del batch, future
                self._see_who_is_there()
        finally:
            with contextlib.suppress(Exception):
                self._client.cancel(list(flying))

    def _answers(self, batch: list[Any]) -> dict[Any, Any]:
        """Return the answers of futures that have one, by their keys.

        A worker may die with an answer that nobody has fetched yet; then that one is missing, and the others are not lost with it.
        """
        whole = [future for future in batch if future.status == "finished"]
        try:
            return dict(zip([one.key for one in whole], self._client.gather(whole), strict=True))
        except Exception:
            found = {}
            for future in whole:
                try:
                    found[future.key] = self._client.gather(future)
                except Exception:
                    if future.status == "finished":  # it is there and cannot be read
                        raise
            return found

    def _finished(self, done: queue.SimpleQueue[Any]) -> list[Any]:
        """Wait for a future that is done and return it with all others that are by now."""
        lonely = None
        while True:
            try:
                found = [done.get(timeout=5.0)]
                break
            except queue.Empty:
                if self._client.nthreads():
                    lonely, self._revived = None, 0
                else:
                    lonely = lonely or time.monotonic()
                    if self._cluster is not None:
                        self._bear(time.monotonic() - lonely)
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(done.get_nowait())
        return found

    def _bear(self, lonely: float) -> None:
        """Start workers anew where those that died did not come back, which a full machine may cause; not for ever."""
        if lonely > PATIENCE:
            raise RunError(f"no worker is left, and none came for {PATIENCE:.0f} s")
        if lonely > _LONELY * (self._revived + 1):
            self._revived += 1
            self._cluster.scale(0)
            self._cluster.scale(self.workers)

    def _see_who_is_there(self) -> None:
        """Keep as many tasks in flight as a cluster that grows or shrinks can use; asked at most every few seconds."""
        now = time.monotonic()
        if self._cluster is None and now - self._seen > 10.0:
            self._seen = now
            self.workers = max(1, len(self._client.nthreads()))

    def _death(self, future: Any) -> Died:
        if future.status in ("cancelled", "lost"):
            return Died(f"the task was {future.status}")
        error = future.exception()
        if isinstance(error, self._distributed.KilledWorker):
            return Died("its worker died")
        raise error
