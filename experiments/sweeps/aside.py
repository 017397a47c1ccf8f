"""Parts that do not count now and are kept: of other sources, until those return, and of other sweeps. Nothing here deletes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from donorlab.experiments.sweeps import parts
from donorlab.experiments.sweeps.parts import Part

INDEX: Final = "index.jsonl"
ASIDE: Final = "set-aside"
FOREIGN: Final = "foreign"
_NAME: Final = re.compile(r"\d{10,}-\d{10,}-([0-9a-f]{16})")


def indexed(path: Path) -> Iterator[Part]:
    """Return the parts that an index names; there may be no index."""
    try:
        with path.open(encoding="ascii", errors="replace") as file:
            for line in file:
                with contextlib.suppress(ValueError):  # the last line of a process that was killed
                    yield parts.of_line(line)
    except OSError:
        return


def is_whole(path: Path) -> bool:
    """Return whether a file is not a damaged part: it is what its name says, or has no name of a part at all."""
    named = _NAME.fullmatch(path.stem)
    try:
        return named is None or hashlib.sha256(path.read_bytes()).hexdigest().startswith(named[1])
    except OSError:
        return False


def put(root: Path, name: str, where: str, part: Part | None = None) -> None:
    """Move a part out of a sweep's folder into its ``set-aside``.

    Parameters
    ----------
    root : folder of the sweep
    name : of the part
    where : `FOREIGN`, or the sources that made it
    part : what is known of it
    """
    folder = root / ASIDE / where
    target = folder / parts.FOLDER / name
    target.parent.mkdir(parents=True, exist_ok=True)
    if part is not None:
        with (folder / INDEX).open("a", encoding="ascii") as file:
            file.write(part.line() + "\n")
    os.replace(root / parts.FOLDER / name, target)


def waiting(root: Path, source: str, sweep: str) -> Iterator[Part]:
    """Return the whole parts of a sweep that these sources made and that were set aside.

    Parameters
    ----------
    root : folder of the sweep
    source : what makes the numbers
    sweep : digest of the plan
    """
    folder = root / ASIDE / source
    known = {part.name: part for part in indexed(folder / INDEX)}
    for path in sorted((folder / parts.FOLDER).glob("*/*.parquet")):
        name = path.relative_to(folder / parts.FOLDER).as_posix()
        part = known.get(name)
        if part is None or parts.problem_of(folder, part) is not None:
            part = parts.found(folder, name, sweep)
        if part is not None and part.source == source:
            yield part


def take_back(root: Path, part: Part) -> None:
    """Move a part back to where it was."""
    target = root / parts.FOLDER / part.name
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(root / ASIDE / part.source / parts.FOLDER / part.name, target)
