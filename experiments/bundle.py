"""``donorlab bundle``: a result folder as one file for an archive, with all that a reader in ten years needs."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import filelock

from donorlab.experiments import environments, provenance, store
from donorlab.experiments.arguments import InputError
from donorlab.experiments.sweeps import told
from donorlab.experiments.sweeps.aside import ASIDE
from donorlab.experiments.sweeps.held import LOCK
from donorlab.experiments.sweeps.worker import MANIFEST

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # a system without it
    fcntl = None

_DATE: Final = (1980, 1, 1, 0, 0, 0)  # the same folder gives the same file
_NOTICES: Final = ("CITATION.cff", "LICENSE", "LICENCES.md")
_READ_ME: Final = """\
Results of DonorLab {version}, command {command}.

results/          the folder as it was written: manifest.json says what made it, tables are Parquet or CSV
CITATION.cff      how to cite
LICENSE           of the software; LICENCES.md: of the data in it
environment.txt   Python and the packages that made the numbers; `pip install -r environment.txt` brings them back
packed-with.txt   Python and each package where this file was packed, which need not be the same
SHA256SUMS        checksums: sha256sum -c SHA256SUMS

Read a table:     import pandas; pandas.read_parquet("results/runs")    (a comparison: results/runs.parquet)
Run again:        donorlab rerun results            with the versions of environment.txt
{notes}"""


def run(words: Sequence[str]) -> None:
    """Carry out ``donorlab bundle WORDS``.

    Raises
    ------
    InputError
        If the folder holds no results or is being written, or the file exists or cannot be written.
    """
    folder, target = _words(words)
    manifest = store.open(folder).manifest
    screen = told.console()
    unfinished = target.with_name(f".{target.name[:80]}-{os.getpid()}.tmp")
    try:
        with _held(folder):
            count, notes = _pack(folder, manifest, unfinished)
        if target.exists():
            raise InputError(f"{target}: exists already and is not overwritten; choose another with out=")
        os.replace(unfinished, target)
    except OSError as error:
        mine = error.filename is not None and Path(os.fsdecode(error.filename)).name == unfinished.name
        where = target if mine or error.filename is None else os.fsdecode(error.filename)
        raise InputError(
            f"{where}: {error.strerror or error}; nothing was packed, choose another place with out="
        ) from None
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
    for note in notes:
        screen.print(note)
    screen.print(f"{count:,} files, {told.size(target.stat().st_size)}: {target}")


def _pack(folder: Path, manifest: Mapping[str, Any], unfinished: Path) -> tuple[int, list[str]]:
    """Write the file; return how many files are in it, and what there is to say of it."""
    notes = _notes(folder, manifest)
    read_me = _READ_ME.format(
        version=provenance.version(),
        command=manifest.get("command", "?"),
        notes="".join(f"\nNote: {note}\n" for note in notes),
    )
    texts = {name: _notice(name) for name in _NOTICES} | {
        "README.txt": read_me,
        "environment.txt": environments.of_results(folder, manifest),
        "packed-with.txt": environments.here(),
    }
    sums = []
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as file:
        for name, text in texts.items():
            sums.append(f"{hashlib.sha256(text.encode()).hexdigest()}  {name}")
            file.writestr(_entry(name), text.encode())
        for path in _files(folder):
            name = f"results/{path.relative_to(folder).as_posix()}"
            if path.name == MANIFEST:
                data = environments.without_places(path.read_bytes())
                sums.append(f"{hashlib.sha256(data).hexdigest()}  {name}")
                file.writestr(_entry(name), data)
            else:
                sums.append(f"{_add(file, path, name)}  {name}")
        file.writestr(_entry("SHA256SUMS"), ("\n".join(sums) + "\n").encode())
    return len(sums), notes


def _notes(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    found = []
    if (folder / ASIDE).is_dir():
        found.append(f"{ASIDE}/ is left out: runs that other sources made and that were done again.")
    if manifest.get("command") == "sweep" and not manifest.get("complete", False):
        found.append("the sweep is not complete; the same command goes on with it.")
    if names := environments.places(manifest):
        found.append(
            f"manifest.json keeps the name of a place on this machine, which is part of what was asked for: {', '.join(names)}"
        )
    return found


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Keep sweeps out of a folder while it is packed; also one that may only be read.

    Raises
    ------
    InputError
        If a sweep is writing it.
    """
    busy = InputError(f"{folder}: a sweep is writing it; wait for it, or stop it with Ctrl-C, and pack it then")
    path = folder / LOCK
    if not path.exists():  # of another command, or unpacked, and nobody has worked in it since
        yield
        if path.exists():
            raise busy
        return
    if fcntl is None:
        try:
            with filelock.FileLock(path, timeout=0):
                yield
        except filelock.Timeout:
            raise busy from None
        return
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise busy from None
        yield


def _words(words: Sequence[str]) -> tuple[Path, Path]:
    folder, target = None, None
    for word in words:
        if word.startswith("out="):
            target = Path(word.removeprefix("out="))
        elif "=" in word or folder is not None:
            raise InputError(f"bundle: '{word}' is not understood; write donorlab bundle FOLDER out=FILE.zip")
        else:
            folder = Path(word)
    if folder is None:
        raise InputError("bundle: name a result folder: donorlab bundle FOLDER")
    target = target or Path(f"{folder.resolve().name}.zip")
    if target.suffix != ".zip":
        raise InputError(f"out: {target} must end with .zip")
    if target.exists():
        raise InputError(f"{target}: exists already and is not overwritten; choose another with out=")
    if not target.parent.is_dir():
        raise InputError(f"{target.parent}: is no folder; choose another place with out=")
    return folder, target


def _files(folder: Path) -> Iterator[Path]:
    """Return what belongs to the results: no locks, diaries, files in the making, or what was set aside."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and parts[0] != ASIDE and not any(name.startswith(".") for name in parts):
            yield path


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.compress_type = zipfile.ZIP_STORED if name.endswith((".parquet", ".png")) else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _add(file: zipfile.ZipFile, path: Path, name: str) -> str:
    """Add a file piece by piece and return its checksum."""
    digest = hashlib.sha256()
    with path.open("rb") as source, file.open(_entry(name), "w", force_zip64=True) as sink:
        while piece := source.read(1 << 20):
            digest.update(piece)
            sink.write(piece)
    return digest.hexdigest()


def _notice(name: str) -> str:
    """Return the text of a notice that comes with the package."""
    for entry in importlib.metadata.files("donorlab") or ():
        if entry.name == name and "licenses" in entry.parts:
            return entry.locate().read_text(encoding="utf-8")  # type: ignore[attr-defined,no-any-return,unused-ignore]
    root = provenance.checkout()
    place = {"LICENCES.md": "scenarios/data/LICENCES.md"}.get(name, name)
    if root is not None and (root / place).is_file():
        return (root / place).read_text(encoding="utf-8")
    raise InputError(f"{name}: is missing in this installation; install donorlab again")
