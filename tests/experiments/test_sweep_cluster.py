"""Somebody else's scheduler: started by command line on loopback, a worker killed, TLS, and whom we do not trust."""

from __future__ import annotations

import builtins
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from donorlab.experiments.arguments import InputError
from donorlab.experiments.engine_dask import Tls, checked_address
from experiments.conftest import Shell
from experiments.sweeping import alive, parts_of, runs_of, same, start, wait_for

distributed = pytest.importorskip("distributed")
WORDS = ("scenario=toy", "failure=[0.05,0.1,0.2]", "replications=200")


def dask(*words: str, cwd: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "dask", *words, "--no-dashboard"]
    silent = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=cwd, stdout=silent, stderr=silent, start_new_session=True)


@contextlib.contextmanager
def cluster(folder: Path, workers: int, *tls: str) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Start a scheduler and workers as a person would, and end them."""
    file = folder / "scheduler.json"
    place = ("--scheduler-file", str(file), "--host", f"{'tls' if tls else 'tcp'}://127.0.0.1", *tls)
    scheduler = dask("scheduler", *place, "--port", "0", cwd=folder)
    started = [dask("worker", *place, "--nthreads", "1", cwd=folder) for _ in range(workers)]
    try:
        wait_for(lambda: file.exists() and file.stat().st_size, 60)
        yield json.loads(file.read_text())["address"], started
    finally:
        for process in (*started, scheduler):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_a_scheduler_of_somebody_else_and_a_worker_that_is_killed(shell: Shell) -> None:
    shell("sweep", *WORDS, "engine=serial", "out=s")
    with cluster(shell.folder, 2) as (address, (first, _second)):
        process = start("sweep", *WORDS, f"scheduler={address}", "chunk=0.1", "out=d", cwd=shell.folder)
        wait_for(lambda: len(parts_of(shell.folder / "d")) >= 2, 120)
        os.killpg(first.pid, signal.SIGKILL)  # with its nanny, so that nobody starts it again
        first.wait()
        assert not alive(first.pid)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert "1,200 runs" in out
    same(runs_of(shell.folder / "d"), runs_of(shell.folder / "s"))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes certificates")
def test_tls(shell: Shell) -> None:
    names = ["-subj", "/CN=127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names]
    subprocess.run(make, cwd=shell.folder, check=True, capture_output=True)
    files = ("--tls-ca-file", "cert.pem", "--tls-cert", "cert.pem", "--tls-key", "key.pem")
    with cluster(shell.folder, 1, *files) as (address, _):
        assert address.startswith("tls://")
        words = ("sweep", *WORDS[:2], "replications=5", f"scheduler={address}")
        done = shell(*words, "tls_ca=cert.pem", "tls_cert=cert.pem", "tls_key=key.pem", "out=d")
        assert done.exit_code == 0, done.output
        assert len(runs_of(shell.folder / "d")) == 30
        assert "needs the files tls_ca=" in shell.refused(*words, "out=e")


def test_a_local_cluster_listens_on_loopback_alone() -> None:
    from donorlab.experiments.engine_dask import Dask

    with Dask(1) as engine:
        addresses = [engine._client.scheduler.address, *engine._client.nthreads()]
        assert all(address.startswith("tls://127.0.0.1:") for address in addresses)
        pids = {os.getpid(), *(nanny.pid for nanny in engine._cluster.workers.values())}
        sockets = {_socket for pid in pids for _socket in _listening(pid)}
        assert sockets
        assert all(address == "0100007F" for address in sockets), sockets


def _listening(pid: int) -> Iterator[str]:
    """Return the addresses, as the kernel writes them, on which a process listens."""
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            target = os.readlink(link)
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                yield fields[1].partition(":")[0]


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "localhost:8786", "tcp://[::1]:8786", "127.9.9.9:1"])
def test_this_machine_is_trusted(address: str) -> None:
    assert checked_address(address, None, False).endswith(address.rpartition("//")[2])


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("tcp://10.0.0.7:8786", "is another host"),
        ("node7:8786", "is another host"),
        ("tcp://127.0.0.1.example.org:1", "is another host"),
        ("tls://10.0.0.7:8786", "needs the files tls_ca="),
        ("http://127.0.0.1:8786", "is no address"),
        ("tcp://127.0.0.1", "is no address"),
        ("tcp://127.0.0.1:many", "is no address"),
    ],
)
def test_others_are_not(address: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        checked_address(address, None, False)


def test_unless_the_user_vouches_for_them(tmp_path: Path) -> None:
    assert checked_address("tcp://10.0.0.7:8786", None, True) == "tcp://10.0.0.7:8786"
    files = [tmp_path / name for name in ("ca", "cert", "key")]
    tls = Tls(*map(str, files))
    with pytest.raises(InputError, match="there is no such file"):
        checked_address("tls://10.0.0.7:8786", tls, False)
    for file in files:
        file.write_text("")
    assert checked_address("tls://10.0.0.7:8786", tls, False) == "tls://10.0.0.7:8786"
    with pytest.raises(InputError, match="begins with tls://"):
        checked_address("tcp://10.0.0.7:8786", tls, False)


def test_nobody_there_is_one_line(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    from donorlab.experiments import engine_dask

    monkeypatch.setattr(engine_dask, "_CONNECT", 1.0)
    result = shell("sweep", *WORDS, "scheduler=tcp://127.0.0.1:1", "out=s")
    assert result.exit_code == 2
    assert "tcp://127.0.0.1:1 does not answer" in result.stderr
    assert shell.left() == []


def test_without_dask_it_says_what_to_do(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any, **words: Any) -> Any:
        if name.partition(".")[0] in ("distributed", "dask"):
            raise ImportError(name)
        return real(name, *rest, **words)

    monkeypatch.setattr(builtins, "__import__", missing)
    result = shell("sweep", *WORDS, "engine=dask", "out=s")
    assert result.exit_code == 2
    assert (
        "dask is not installed; install the extra (pip install 'donorlab[dask]'), or take engine=serial"
        in result.stderr
    )
    assert shell("sweep", *WORDS[:2], "replications=2", "out=s").exit_code == 0
