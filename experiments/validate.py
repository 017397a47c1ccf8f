"""``donorlab validate``: what the model must reproduce, checked, as a page and tables."""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from donorlab import scenarios as catalogue
from donorlab.experiments import provenance, tables
from donorlab.experiments.arguments import InputError, did_you_mean, parse
from donorlab.experiments.engines_asked import KEYS, crew_asked
from donorlab.experiments.kept import Kept
from donorlab.experiments.progress import progress
from donorlab.experiments.runner import processors
from donorlab.experiments.store import ResultFolder, default_folder, digest_of, refuse_occupied
from donorlab.experiments.validation import page
from donorlab.experiments.validation.checks import FAIL, PASS, Answer, run_all
from donorlab.experiments.validation.frame import Requirement, tolerances
from donorlab.sim.compiled import source_hash

_STYLES: Final = {PASS: "green", FAIL: "bold red"}


def run(words: Sequence[str]) -> bool:
    """Carry out ``donorlab validate WORDS``; return whether all that must hold exactly does."""
    started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    arguments = parse("validate", words)
    if arguments.overrides:
        key = arguments.overrides[0].partition("=")[0]
        raise InputError(
            f"{key}: validate checks the model at its defaults and takes no settings of a scenario; its keys are only, "
            f"quick, {', '.join(KEYS)}, out"
        )
    given = arguments.experiment
    needs, quick, crew = _chosen(given["only"]), bool(given["quick"]), crew_asked(given)
    out = Path(given["out"]) if given["out"] is not None else None
    if out is not None:
        refuse_occupied(out)
    configuration = {
        "command": "validate",
        "rows": [need.key for need in needs],
        "quick": quick,
        "tolerances": tolerances().digest,
        "ranges": catalogue.ranges_hash(),
        "sources": source_hash(),
    }
    digest = digest_of(configuration)
    target = out or default_folder("validate", digest, datetime.datetime.now())
    with Kept(target, configuration, {}) as kept, ResultFolder(target, out is not None) as folder:
        with progress("validation", len(needs), "rows") as advance:
            answers = run_all(needs, quick, crew.keeping(kept), advance)
        wall, work = time.monotonic() - clock, sum(answer.seconds for answer in answers)
        facts = {
            "version": provenance.version(),
            "made": f"{started:%Y-%m-%d %H:%M} UTC",
            "command": " ".join(["donorlab", "validate", *words]),
            "ranges": catalogue.ranges_hash(),
            "sources": source_hash(),
            "wall": f"{wall:.0f} s",
            "work": f"{work:.0f} s",
            "workers": crew.workers or processors(),
        }
        folder.text("validation.html", page.page(answers, quick, facts))
        folder.csv("validation", page.table(answers))
        folder.csv("lines", page.lines_table(answers))
        folder.manifest(
            {
                "command": "validate",
                "words": list(words),
                "configuration": configuration,
                "configuration_hash": digest,
                "git": provenance.git_state(),
                "packages": provenance.package_versions(),
                "platform": provenance.machine(),
                "started": started.isoformat(timespec="seconds"),
                "wall_seconds": round(wall, 3),
            }
        )
    screen = tables.console()
    show(screen, answers)
    screen.print(f"\nThe report: {folder.path / 'validation.html'}", soft_wrap=True, highlight=False)
    return not any(answer.verdict == FAIL and answer.need.level == "V" for answer in answers)


def _chosen(only: Sequence[str]) -> list[Requirement]:
    """Return the requirements asked for: ``all``, ids such as ``P1``, or single rows such as ``P1/world``."""
    rows = tolerances().rows
    if list(only) == ["all"]:
        return list(rows)
    known = [*dict.fromkeys(need.id for need in rows), *(need.key for need in rows)]
    for name in only:
        if name not in known:
            hint = did_you_mean(name, known) or f"; there are {', '.join(dict.fromkeys(need.id for need in rows))}"
            raise InputError(f"only: there is no row '{name}'{hint}")
    return [need for need in rows if need.id in only or need.key in only]


def show(screen: Console, answers: Sequence[Answer]) -> None:
    """Print a row for each row of the report, and the verdict of the whole."""
    shown = tables.table()
    for name in ("row", "where", "", "found"):
        shown.add_column(name, no_wrap=name != "found", ratio=1 if name == "found" else None)
    before = ""
    for answer in answers:
        if before and answer.need.level != before:
            shown.add_section()
        before = answer.need.level
        verdict = f"{page.MARKS[answer.verdict]} {answer.verdict}"
        style = _STYLES.get(answer.verdict, "dim")
        words = f"{answer.need.title}: {page.found_words(answer)}"
        shown.add_row(answer.need.id, answer.need.where, f"[{style}]{verdict}[/]", words)
    screen.print(shown)
    screen.print(page.summary(answers), highlight=False)
