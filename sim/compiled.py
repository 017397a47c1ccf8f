"""Compilation settings: one decorator, and a cache that cannot serve old physics.

numba caches a function by the file it stands in, not by the files of the functions it calls: after an edit
of a helper the caller would still return the old result. The cache folder is therefore named by a hash
of every source file of the model (and of plug-ins that announce themselves), and of what compiled it.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
import platformdirs

_DAYS_KEPT = 30


def source_hash(extra: tuple[Path, ...] = ()) -> str:
    """Return the SHA-256 of all Python sources of the model and of ``extra`` files, as 64 hex digits."""
    digest = hashlib.sha256()
    root = Path(__file__).resolve().parent
    for path in [*sorted(root.rglob("*.py")), *sorted(extra)]:
        name = path.relative_to(root) if path.is_relative_to(root) else path.name
        digest.update(str(name).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _toolchain() -> str:
    try:
        import llvmlite.binding as llvm

        processor = llvm.get_host_cpu_name()
    except Exception:  # the name is only a key; without it the cache is merely shared less well
        processor = "unknown"
    return f"numba{numba.__version__}-numpy{np.__version__}-py{sys.version_info.minor}-{processor}"


def cache_folder() -> Path:
    """Return the folder in which compiled code of exactly these sources is kept."""
    key = hashlib.sha256((source_hash() + _toolchain()).encode()).hexdigest()[:16]
    base = os.environ.get("DONORLAB_CACHE_DIR")
    root = Path(base) if base else Path(platformdirs.user_cache_dir("donorlab", appauthor=False))
    return root / "compiled" / key


def _prune(parent: Path, keep: Path) -> None:
    """Remove compiled code of sources that nobody has used for a month."""
    limit = time.time() - _DAYS_KEPT * 86400
    for folder in parent.iterdir():
        if folder != keep and folder.is_dir() and folder.stat().st_mtime < limit:
            shutil.rmtree(folder, ignore_errors=True)


def _prepare() -> None:
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        os.utime(folder)
        _prune(folder.parent, folder)
    except OSError:  # no home, read-only disk: compile anew in each process rather than fail
        folder = Path(tempfile.mkdtemp(prefix="donorlab-compiled-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]


_prepare()


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function of arrays to machine code: cached, no fast-math, division as numpy does it."""
    decorate: Any = numba.njit(cache=True, error_model="numpy", fastmath=False)
    result: Callable[..., Any] = decorate(function)
    return result
