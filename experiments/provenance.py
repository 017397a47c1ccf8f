"""Where a result comes from: configuration, sources, versions, machine."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_PACKAGES: Final = (
    "donorlab",
    "mesa",
    "numpy",
    "numba",
    "llvmlite",
    "scipy",
    "pandas",
    "pyarrow",
    "matplotlib",
    "hydra-core",
)


def version() -> str:
    """Return the version of DonorLab."""
    return importlib.metadata.version("donorlab")


def package_versions() -> dict[str, str | None]:
    """Return the versions of the packages that results depend on."""
    found: dict[str, str | None] = {}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


def machine() -> dict[str, str]:
    """Return what is known of the interpreter and the machine, without names of users or hosts."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
    }


def checkout() -> Path | None:
    """Return the root of the checkout that this code runs from, or None if it is installed."""
    root = Path(__file__).resolve().parent.parent
    return root if (root / ".git").exists() and (root / "pyproject.toml").is_file() else None


def git_state() -> dict[str, Any] | None:
    """Return commit and dirty flag where this code runs from a checkout, else None."""
    root = checkout()
    if root is None:
        return None
    commit = _git(root, "rev-parse", "HEAD")
    changes = _git(root, "status", "--porcelain")
    if commit is None or changes is None:
        return None
    return {"commit": commit, "dirty": bool(changes)}


def _git(root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def as_plain(value: object) -> Any:
    """Return a scenario, or a part of it, as dictionaries, lists, numbers and words."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: as_plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): as_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return value.tolist()
    return value


def differences(plain: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``other`` changes against ``plain``, nested mappings as ``part.name``."""
    changed: dict[str, Any] = {}
    for key in sorted({*plain, *other}):
        here, there = plain.get(key), other.get(key)
        if isinstance(here, Mapping) and isinstance(there, Mapping):
            changed.update({f"{key}.{name}": item for name, item in differences(here, there).items()})
        elif repr(here) != repr(there):  # a number that is missing is equal to one that is missing
            changed[key] = there
    return changed
