"""``donorlab report``: result folders as one page that a policy team reads, and as a PDF."""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from donorlab.experiments import provenance, setting, tables
from donorlab.experiments.arguments import InputError, parse
from donorlab.experiments.pages import page, printing
from donorlab.experiments.pages.case import Case
from donorlab.experiments.pages.chart import needed
from donorlab.experiments.pages.gathered import Gathered, gathered
from donorlab.experiments.store import ResultFolder, default_folder, digest_of

PAGE: Final = "report.html"
PRINTED: Final = "report.pdf"


def run(words: Sequence[str]) -> None:
    """Carry out ``donorlab report WORDS``."""
    started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    folders = [word for word in words if "=" not in word]
    arguments = parse("report", [word for word in words if "=" in word])
    if arguments.overrides:
        raise InputError(
            f"{arguments.overrides[0].partition('=')[0]}: a report runs nothing and has no such key; it has names, pdf and out"
        )
    keys = arguments.experiment
    target = setting.folder(keys)
    if keys["pdf"]:
        printing.chromium()
    needed()
    case = Case(gathered(folders), keys["names"])
    configuration = _configuration(case)
    digest = digest_of(configuration)
    now = datetime.datetime.now()
    target = target or default_folder("report", digest, now)
    screen = tables.console()
    with ResultFolder(target, refuse_existing=keys["out"] is not None) as folder:
        text = page.written(case, now)
        folder.text(PAGE, text)
        if keys["pdf"]:
            printing.printed(folder.unfinished / PAGE, folder.unfinished / PRINTED)
        folder.manifest(_manifest(configuration, words, started, clock))
    _tell(screen, case.gathered, len(text.encode()), folder.path)


def _tell(screen: Any, found: Gathered, size: int, path: Path) -> None:
    """Say where the page is, what it lacks, and what of it does not go together."""
    for text in found.notes:
        screen.print(f"- {text}", soft_wrap=True, highlight=False, markup=False)
    if found.missing:
        screen.print(
            f"Left out, for want of results: {', '.join(found.missing)} (each a command).",
            soft_wrap=True,
            highlight=False,
        )
    if size > page.LARGEST:
        screen.print(
            f"The page has {size / 1e6:.1f} MB, more than the {page.LARGEST / 1e6:g} MB it should have.",
            highlight=False,
        )
    screen.print(f"\nThe page, {size / 1e6:.1f} MB: {path / PAGE}", soft_wrap=True, highlight=False)


def _configuration(case: Case) -> dict[str, Any]:
    """Return all that determines the page."""
    return {
        "command": "report",
        "names": case.named,
        "folders": [
            {"command": one.manifest.get("command"), "configuration_hash": one.manifest.get("configuration_hash")}
            for one in case.gathered.folders
        ],
    }


def _manifest(
    configuration: dict[str, Any], words: Sequence[str], started: datetime.datetime, clock: float
) -> dict[str, Any]:
    return {
        "command": "report",
        "words": list(words),
        "configuration": configuration,
        "configuration_hash": digest_of(configuration),
        "git": provenance.git_state(),
        "packages": provenance.package_versions(),
        "platform": provenance.machine(),
        "started": started.isoformat(timespec="seconds"),
        "wall_seconds": round(time.monotonic() - clock, 3),
    }
