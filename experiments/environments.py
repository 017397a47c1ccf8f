"""What an archive says of where its numbers were made: packages of each session, and no folders of somebody's machine."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Final

from donorlab.experiments.sweeps.aside import INDEX
from donorlab.experiments.sweeps.folder import manifest_of
from donorlab.experiments.sweeps.parts import of_line

_WHOLE: Final = ("plan", "configuration")  # what was asked for: any change would make it another sweep


def here() -> str:
    """Return interpreter, system and the version of every installed package: names and versions, no addresses."""
    lines = {
        f"{item.metadata['Name']}=={item.version}"
        for item in importlib.metadata.distributions()
        if item.metadata["Name"] is not None
    }
    first = f"# Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    return "\n".join([first, *sorted(lines, key=str.lower)]) + "\n"


def of_results(folder: Path, manifest: Mapping[str, Any]) -> str:
    """Return the packages that made the numbers, as the manifests of a folder keep them, a section an environment.

    The section with the most runs is one that pip can read; all others are comments. A session that was killed could note
    nothing: of its runs the versions of numba and numpy are known from the sources.
    """
    manifests = [(folder, dict(manifest))]
    for one in manifest.get("merged") or ():
        root = folder / str(one["folder"])
        manifests.append((root, manifest_of(root)))
    runs: Counter[str] = Counter()
    sources: dict[str, Mapping[str, Any]] = {}
    silent = 0
    for root, data in manifests:
        sources.update(data.get("sources") or {})
        if data.get("merged"):
            continue  # made none itself
        noted = [one for one in data.get("sessions") or [data] if one.get("packages")]
        for one in noted:
            runs[_section(one)] += int(one.get("runs") or 0)
        if "sessions" in data:
            there = _stored(root, data)
            silent += max(0, there - sum(int(one.get("runs") or 0) for one in noted))
    found = [text for text, count in runs.most_common() if count] or list(runs)[:1]
    lines = ["# What made the numbers."]
    for place, text in enumerate(found):
        count = f", {runs[text]:,} runs" if len(found) > 1 else ""
        head, *packages = text.split("\n")
        lines += ["", f"{head}{count}", *(packages if place == 0 else [f"# {line}" for line in packages])]
    if silent or not found:
        lines += ["", f"# {silent:,} runs were made by sessions that ended before they could note their packages."]
    for name, made_by in sources.items():
        plugins = "".join(f", plug-in {key} {str(value)[:16]}" for key, value in (made_by.get("plugins") or {}).items())
        lines.append(f"# source {name}: numba {made_by.get('numba')}, numpy {made_by.get('numpy')}{plugins}")
    return "\n".join(lines) + "\n"


def _stored(root: Path, manifest: Mapping[str, Any]) -> int:
    """Return how many runs a sweep has."""
    if manifest.get("complete") or not (root / INDEX).exists():
        return int(manifest.get("runs") or 0) if manifest.get("complete") else 0
    found = 0
    for line in (root / INDEX).read_text(encoding="ascii", errors="replace").splitlines():
        try:
            found += of_line(line).rows
        except ValueError:
            continue  # the last line of a process that was killed
    return found


def _section(session: Mapping[str, Any]) -> str:
    """Return an environment as lines, the first one of interpreter and system."""
    machine = session.get("platform") or {}
    python, system = machine.get("python", "?"), str(machine.get("system", "?")).partition(" ")[0]
    packages = [f"{name}=={version}" for name, version in session["packages"].items() if version is not None]
    return "\n".join([f"# Python {python}, {system} {machine.get('machine', '')}".rstrip(), *packages])


# ---------------------------------------------------------------------- places
def without_places(data: bytes) -> bytes:
    """Return a manifest in which typed words name no folders: of an absolute path only its last part stays."""
    manifest = json.loads(data)
    return (json.dumps(_shortened(manifest), indent=1, ensure_ascii=False) + "\n").encode()


def _shortened(value: Any, words: bool = False) -> Any:
    if isinstance(value, dict):
        return {
            key: item if key in _WHOLE else _shortened(item, words or key == "words") for key, item in value.items()
        }
    if isinstance(value, list):
        return [_shortened(item, words) for item in value]
    if words and isinstance(value, str):
        key, sign, text = value.partition("=") if "=" in value else ("", "", value)
        items = [_last(item) for item in text.strip("[]").split(",")]
        return f"{key}{sign}{'[' if text.startswith('[') else ''}{','.join(items)}{']' if text.endswith(']') else ''}"
    return value


def _last(text: str) -> str:
    if PurePosixPath(text).is_absolute() or text.startswith("~/"):
        return PurePosixPath(text).name
    return PureWindowsPath(text).name if PureWindowsPath(text).is_absolute() else text


def places(manifest: Mapping[str, Any]) -> list[str]:
    """Return absolute paths that stay in an archived manifest."""
    return sorted(set(_absolute({key: manifest.get(key) for key in _WHOLE})))


def _absolute(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _absolute(item)
    elif isinstance(value, list):
        for item in value:
            yield from _absolute(item)
    elif isinstance(value, str) and _last(value) != value and "\n" not in value:
        yield value
