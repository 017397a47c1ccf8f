"""The validation report as one page that opens from disk, and as tables."""

from __future__ import annotations

import importlib.resources
import math
from collections.abc import Sequence
from typing import Any, Final

import jinja2
import pandas as pd

from donorlab.experiments.validation.checks import FAIL, NOT_YET, PASS, Answer
from donorlab.experiments.validation.frame import LEVELS, tolerances

_NAMES: Final = {
    "V": ("Theorems (level V)", "must hold exactly", "Verification: a failure here is an error of the program."),
    "C": (
        "Anchors (level C)",
        "may be used for tuning",
        "Calibration: facts that defaults may be tuned on; passing is no evidence, failing tells what the defaults miss.",
    ),
    "P": (
        "Patterns (level P)",
        "never tuned on",
        "Prediction: found in the literature, never tuned on, reported as they fall; on the real world by sign only.",
    ),
}
_READ: Final = {
    "text": "read in full",
    "abstract": "known from its abstract",
    "review": "known from reviews",
    "derived": "derived for this report",
}
MARKS: Final = {PASS: "✓", FAIL: "✗", NOT_YET: "…"}
_STYLES: Final = {PASS: "pass", FAIL: "fail", NOT_YET: "wait"}


def number(value: float) -> str:
    """Write a number as a reader wants it: three digits, none for what is nothing."""
    if math.isnan(value):
        return ""
    if value != 0 and (abs(value) < 1e-3 or abs(value) >= 1e6):
        return f"{value:.1e}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def found_words(answer: Answer) -> str:
    """Return what was found in one sentence, or what the row waits for, or why its check broke."""
    if answer.verdict == NOT_YET:
        return f"waits for: {answer.need.waits_for}"
    if answer.finding is None:
        return f"the check itself broke: {answer.problem}"
    return answer.finding.sentence + (f" ({answer.problem})" if answer.problem else "")


def _row(answer: Answer) -> dict[str, Any]:
    need, finding = answer.need, answer.finding
    has_interval = finding is not None and not (math.isnan(finding.low) or math.isnan(finding.high))
    lines = finding.lines if finding is not None else ()
    judged = [line for line in lines if line.agrees is not None]
    return {
        "id": need.id,
        "where": need.where,
        "anchor": need.key.replace("/", "-"),
        "verdict": answer.verdict,
        "mark": MARKS[answer.verdict],
        "style": _STYLES[answer.verdict],
        "title": _capital(need.title),
        "prediction": _capital(need.prediction),
        "source": need.source,
        "read": "" if need.read == "derived" and "derived" in need.source else _READ[need.read],
        "passes": _capital(need.passes),
        "number": number(finding.found) if finding is not None else "",
        "interval": f"{number(finding.low)} to {number(finding.high)}" if finding is not None and has_interval else "",
        "unit": finding.unit if finding is not None else "",
        "sentence": _capital(found_words(answer)),
        "basis": finding.basis if finding is not None else "",
        "seconds": ""
        if answer.verdict == NOT_YET
        else f"{answer.seconds:.0f} s"
        if answer.seconds >= 0.5
        else "under 1 s",
        "lines": lines,
        "agreeing": f"{sum(bool(line.agrees) for line in judged)} of {len(judged)} agree",
    }


def counted(answers: Sequence[Answer]) -> str:
    """Return ``7 pass, 2 fail, 1 not yet``, without what is 0."""
    counts = [(sum(answer.verdict == verdict for answer in answers), verdict) for verdict in (PASS, FAIL, NOT_YET)]
    return ", ".join(f"{count} {verdict}" for count, verdict in counts if count) or "none asked"


def summary(answers: Sequence[Answer]) -> str:
    """Return the verdict of the whole in a sentence or two."""
    failed = [answer.need.key for answer in answers if answer.verdict == FAIL]
    exact = [key for answer, key in ((a, a.need.key) for a in answers if a.verdict == FAIL) if answer.need.level == "V"]
    text = f"Of {len(answers)} rows: {counted(answers)}."
    if exact:
        text += f" What must hold exactly does not: {', '.join(exact)}. Do not use the numbers before this is mended."
    elif any(answer.need.level == "V" for answer in answers):
        complete = len(answers) == len(tolerances().rows)
        text += f" All that must hold exactly{'' if complete else ', of the rows asked for,'} does."
    if len(failed) > len(exact):
        text += f" Reported as failing: {', '.join(key for key in failed if key not in exact)}."
    return text


def page(answers: Sequence[Answer], quick: bool, facts: dict[str, Any]) -> str:
    """Return the report as HTML that needs nothing else.

    Parameters
    ----------
    answers : rows
    quick : whether sizes were small
    facts : version, made, command, ranges, sources, wall, work, workers
    """
    levels = []
    for level in LEVELS:
        chosen = [answer for answer in answers if answer.need.level == level]
        if chosen:
            name, meaning, long = _NAMES[level]
            rows = [_row(answer) for answer in chosen]
            levels.append({"name": name, "meaning": meaning, "long": long, "score": counted(chosen), "rows": rows})
    source = importlib.resources.files("donorlab.experiments.validation").joinpath("page.html").read_text("utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return environment.from_string(source).render(
        levels=levels,
        detailed=[_row(answer) for answer in answers if answer.finding is not None and answer.finding.lines],
        summary=summary(answers),
        quick=quick,
        frozen=tolerances().frozen,
        digest=tolerances().digest,
        **facts,
    )


def table(answers: Sequence[Answer]) -> pd.DataFrame:
    """Return a row for each row of the report: what the CSV holds."""
    return pd.DataFrame(
        [
            {
                "row": answer.need.id,
                "level": answer.need.level,
                "where": answer.need.where,
                "title": answer.need.title,
                "source": answer.need.source,
                "prediction": answer.need.prediction,
                "found": answer.finding.found if answer.finding else math.nan,
                "low": answer.finding.low if answer.finding else math.nan,
                "high": answer.finding.high if answer.finding else math.nan,
                "unit": answer.finding.unit if answer.finding else "",
                "sentence": found_words(answer),
                "passes": answer.need.passes,
                "frozen": tolerances().frozen,
                "verdict": answer.verdict,
                "basis": answer.finding.basis if answer.finding else "",
                "seconds": round(answer.seconds, 1),
            }
            for answer in answers
        ]
    )


def lines_table(answers: Sequence[Answer]) -> pd.DataFrame:
    """Return every expectation beside what was found."""
    return pd.DataFrame(
        [
            {"row": answer.need.id, "where": answer.need.where, "what": line.what, "expected": line.expected,
             "found": line.found, "agrees": "" if line.agrees is None else "yes" if line.agrees else "no"}
            for answer in answers
            if answer.finding is not None
            for line in answer.finding.lines
        ],
        columns=["row", "where", "what", "expected", "found", "agrees"],
    )  # fmt: skip
