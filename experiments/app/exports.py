"""A choice as a report: the two commands that a user would type, run aside, so that numbers are those of the command line."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from donorlab.experiments import report
from donorlab.experiments.app import saved
from donorlab.experiments.app.choices import Choice
from donorlab.experiments.arguments import InputError

SEEDS, DRAWS = 20, 100
SECONDS_MOST: Final = 1_800
"""After so long a report is given up."""


def commands(choice: Choice, folder: Path, named: bool = False) -> list[list[str]]:
    """Return the words of the two commands; all of them come from a checked choice.

    Parameters
    ----------
    choice : what is reported
    folder : where results and page go
    named : whether states are named
    """
    return [
        [*saved.words(choice, seeds=SEEDS, draws=DRAWS), f"out={folder / 'compare'}"],
        ["report", str(folder / "compare"), f"out={folder / 'page'}", f"names={str(named).lower()}"],
    ]


async def made(choice: Choice, folder: Path, named: bool, tell: Callable[[str], None]) -> Path:
    """Make the report of a choice and return where it is. Cancelled, it ends the command that runs.

    Parameters
    ----------
    choice : what is reported
    folder : an own one, which must not be there yet; afterwards it holds the page alone
    named : whether states are named
    tell : called with a line on how far it is

    Raises
    ------
    InputError
        If a command refuses, in its one line.
    """
    folder.mkdir()
    page = folder.with_suffix(".html")
    try:
        for words, said in zip(
            commands(choice, folder, named), ("Making the runs …", "Making the page …"), strict=True
        ):
            tell(said)
            await _run(words, folder)
        shutil.move(folder / "page" / report.PAGE, page)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return page


async def _run(words: list[str], folder: Path) -> None:
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "donorlab.experiments.command", *words,
        cwd=folder, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(SECONDS_MOST):
            _, errors = await started.communicate()
    except TimeoutError:
        raise InputError(f"report: given up after {SECONDS_MOST // 60} minutes") from None
    finally:
        if started.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                started.terminate()
            await started.wait()
    if started.returncode:
        last = errors.decode(errors="replace").strip().splitlines()
        raise InputError(f"report: {last[-1] if last else 'the command failed'}")
