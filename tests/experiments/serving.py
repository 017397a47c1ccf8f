"""A running ``donorlab app`` for tests in a browser: a process of its own, on a port that is free."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Final

import pytest

WAIT: Final = 120.0  # seconds: the first start compiles the model


@contextlib.contextmanager
def app_server(*words: str) -> Iterator[str]:
    """Yield the address of a running app, such as ``http://127.0.0.1:40001/``; it ends with the block.

    Parameters
    ----------
    words : further ones of the command, such as ``sessions=3``
    """
    pytest.importorskip("panel")
    program = "from donorlab.experiments.command import program; program()"
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        server = subprocess.Popen(
            [sys.executable, "-u", "-c", program, "app", "open=false", "port=0", *words],
            stdout=said, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        try:
            yield _answered(server, said.fileno())
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait(20)


def _answered(server: subprocess.Popen[str], said: int) -> str:
    """Return the address once it answers; what the process said stands in the error if it never does."""
    end = time.monotonic() + WAIT
    text = ""
    while time.monotonic() < end and server.poll() is None:
        text = os.pread(said, 100_000, 0).decode("utf-8", "replace")
        found = re.search(r"http://\S+/", text)
        if found:
            try:
                urllib.request.urlopen(f"{found[0]}nothing", timeout=WAIT)  # a page would be counted as an open one
            except urllib.error.HTTPError:  # it is not there, which a server that answers says
                return found[0]
            except OSError:
                pass
        time.sleep(0.1)
    raise AssertionError(f"the app did not answer: {text}")
