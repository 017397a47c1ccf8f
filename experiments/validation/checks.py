"""Which check answers which row of ``tolerances.yaml``, and how all of them are run."""

from __future__ import annotations

import importlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from donorlab.experiments.calls import called_in_order
from donorlab.experiments.crew import Workers
from donorlab.experiments.validation.frame import Finding, Requirement, requirement

PACKAGE: Final = "donorlab.experiments.validation"
CHECKS: Final[Mapping[str, str]] = {
    "T1/core": "theorems_of_games:t1",
    "T2/core": "theorems_of_games:t2",
    "T3/core": "theorems_of_games:t3",
    "T4/core": "theorems_of_games:t4",
    "T5/core": "theorems:t5",
    "T6/core": "theorems:t6",
    "T7/core": "theorems:t7",
    "T8/core": "theorems_of_games:t8",
    "T9/core": "theorems:t9",
    "C1/world": "patterns:c1",
    "C2/world": "allocation:c2",
    "C3/literature": "published:c3",
    "C4/world": "presence:c4",
    "C5/world": "allocation:c5",
    "C6/world": "alignment:c6",
    "P1/literature": "published:p1_literature",
    "P1/world": "patterns:p1_world",
    "P2/literature": "published:p2_literature",
    "P3/literature": "published:p3",
    "P4/literature": "published:p4_literature",
    "P4/world": "patterns:p4_world",
    "P5/literature": "published:p5",
    "P7/literature": "published:p7",
    "P6/literature": "published:p6",
    "P8/world": "failures:p8",
    "P9/world": "patterns:p9",
}
"""Row to ``module:function`` of this package; the function takes the requirement and whether to be quick."""

PASS, FAIL, NOT_YET = "pass", "fail", "not yet"


@dataclass(frozen=True)
class Answer:
    """One row of the report.

    Attributes
    ----------
    need : what was demanded; verdict : ``pass``, ``fail`` or ``not yet``
    finding : None where the row cannot be checked yet or the check broke
    seconds : of work; problem : why the check broke, one line
    """

    need: Requirement
    verdict: str
    finding: Finding | None = None
    seconds: float = 0.0
    problem: str = ""


def check_of(need: Requirement) -> Callable[[Requirement, bool], Finding]:
    """Return the function that checks a requirement."""
    module, _, name = CHECKS[need.key].partition(":")
    found: Callable[[Requirement, bool], Finding] = getattr(importlib.import_module(f"{PACKAGE}.{module}"), name)
    return found


def answer(key: str, quick: bool) -> Answer:
    """Check one row, for example ``answer("T5/core", quick=True)``; a check that breaks counts as failed."""
    need = requirement(*key.split("/"))
    if need.waits_for:
        return Answer(need, NOT_YET)
    begun = time.perf_counter()
    try:
        finding = check_of(need)(need, quick)
    except MemoryError:
        raise
    except Exception as error:
        problem = " ".join(f"{type(error).__name__}: {error}".split())
        return Answer(need, FAIL, seconds=time.perf_counter() - begun, problem=problem)
    spent = time.perf_counter() - begun
    if finding.passed and not math.isfinite(finding.found):
        return Answer(need, FAIL, finding, spent, problem="what was found is not a number")
    return Answer(need, PASS if finding.passed else FAIL, finding, spent)


def run_all(
    needs: Sequence[Requirement], quick: bool, workers: Workers = None, advance: Callable[[], None] = lambda: None
) -> list[Answer]:
    """Check all rows, in processes, and return their answers in the same order.

    Parameters
    ----------
    needs : rows
    quick : smaller sizes
    workers : a crew, or a number of processes; 1 for this one only, None for as many as processors
    advance : called after each row
    """
    asked = [(need.key, quick) for need in needs]
    # compiles, or loads, what all others use before they start
    return called_in_order(answer, asked, workers, advance, lambda: answer("T9/core", True), unit="rows")
