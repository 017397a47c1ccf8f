"""``donorlab bundle``: a result folder as one file for an archive, with all that a reader in ten years needs."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from donorlab.experiments import provenance, store
from donorlab.experiments.arguments import InputError
from donorlab.experiments.sweeps import told

_DATE: Final = (1980, 1, 1, 0, 0, 0)  # the same folder gives the same file
_NOTICES: Final = ("CITATION.cff", "LICENSE", "LICENCES.md")
_READ_ME: Final = """\
Results of DonorLab {version}, command {command}.

results/          the folder as it was written: manifest.json says what made it, tables are Parquet or CSV
CITATION.cff      how to cite
LICENSE           of the software; LICENCES.md: of the data in it
environment.txt   Python and the version of each package; `pip install -r environment.txt` brings them back
SHA256SUMS        checksums: sha256sum -c SHA256SUMS

Read a table:     import pandas; pandas.read_parquet("results/runs")    (a comparison: results/runs.parquet)
Run again:        donorlab rerun results            with the versions of environment.txt
"""


def run(words: Sequence[str]) -> None:
    """Carry out ``donorlab bundle WORDS``.

    Raises
    ------
    InputError
        If the folder holds no results or the file exists.
    """
    folder, target = _words(words)
    manifest = store.open(folder).manifest
    texts = {name: _notice(name) for name in _NOTICES}
    command = str(manifest.get("command", "?"))
    texts["README.txt"] = _READ_ME.format(version=provenance.version(), command=command)
    texts["environment.txt"] = environment()
    sums = []
    unfinished = target.with_name(f".{target.name}.tmp")
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as file:
            for name, text in texts.items():
                sums.append(f"{hashlib.sha256(text.encode()).hexdigest()}  {name}")
                file.writestr(_entry(name), text.encode())
            for path in _files(folder):
                name = f"results/{path.relative_to(folder).as_posix()}"
                sums.append(f"{_add(file, path, name)}  {name}")
            file.writestr(_entry("SHA256SUMS"), ("\n".join(sums) + "\n").encode())
        if target.exists():
            raise InputError(f"{target}: exists already and is not overwritten; choose another with out=")
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)
    told.console().print(f"{len(sums):,} files, {told.size(target.stat().st_size)}: {target}")


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
    """Return what belongs to the results: no locks, diaries, or files in the making."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(name.startswith(".") for name in path.relative_to(folder).parts):
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


def environment() -> str:
    """Return interpreter, system and the version of every installed package: names and versions, no addresses."""
    lines = {
        f"{item.metadata['Name']}=={item.version}"
        for item in importlib.metadata.distributions()
        if item.metadata["Name"] is not None
    }
    here = f"# Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    return "\n".join([here, *sorted(lines, key=str.lower)]) + "\n"
