"""What ``discover`` prints: how often, under which conditions, and how far that can be trusted."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import pandas as pd
from rich.console import Console

from donorlab.experiments import conditions_in_words as said
from donorlab.experiments.studies.findings import Finding
from donorlab.experiments.words import label


def show(screen: Console, findings: Sequence[Finding], told: Sequence[str], drawn: Sequence[str]) -> None:
    """Print everything; ``told`` of failures, ``drawn`` the levers."""
    for text in told:
        _line(screen, text)
    if drawn:
        _line(
            screen,
            f"Drawn besides the uncertainties: {', '.join(map(label, drawn))}, each evenly over its declared range.",
        )
    for finding in findings:
        screen.print(f"\n[bold]{label(finding.other)} against {label(finding.first)}[/]")
        for text in lines(finding):
            _line(screen, text)
    screen.print(f"\n[dim]{notes()}[/]", highlight=False)


def lines(finding: Finding) -> list[str]:
    """Return all that is said of a pair; what belongs to the line before begins with a space."""
    if finding.why is not None:
        return [f"{finding.why}."]
    found = [said.headline(finding), said.verdict(finding)]
    for place, box in enumerate(finding.boxes, 1):
        found.append(said.of_box(finding, box, place))
        found += [f" {text}" for text in said.of_limits(box)]
    found.append(said.of_tree(finding))
    if len(finding.leaves) > 1:
        found += [f" {said.of_leaf(finding, leaf)}" for leaf in finding.leaves]
    return found + said.caveats(finding)


def told(findings: Sequence[Finding]) -> list[str]:
    """Return all that is said of all pairs, each under a line with its names."""
    found = []
    for finding in findings:
        found.append(f"{label(finding.other)} against {label(finding.first)}:")
        found += [f" {text.strip()}" for text in lines(finding)]
    return found


def _line(screen: Console, text: str) -> None:
    first, rest = ("    - ", "      ") if text.startswith(" ") else ("- ", "  ")
    wrapped = textwrap.wrap(
        text.strip(), screen.width - 1, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    )
    screen.print("\n".join(wrapped), highlight=False, markup=False)


def notes() -> str:
    """Return how to read it."""
    return (
        "Density: share of cases in the box. Coverage: share of all cases that it holds. Size: share of all futures. "
        "Quasi-p: how likely the box's cases were without that limit; it was chosen by the same futures, so a guide only. "
        "What counts is the fresh futures. Conditions are where cases gather in this model, not causes by themselves."
    )


# ---------------------------------------------------------------------- tables
def box_table(findings: Sequence[Finding]) -> pd.DataFrame:
    """Return a row a limit of a box."""
    rows = [
        {
            "architecture": finding.other, "against": finding.first, "box": place, "name": name,
            "end": ("low", "high")[end], "limit": box.limits[name][end], "quasi_p": box.quasi[name, end],
            "halves": box.again[name, end], **box.found.as_plain(),
            **{f"fresh_{key}": value for key, value in box.fresh.as_plain().items()},
            "fresh_p": box.fresh.by_chance, "lot": box.lot, "beyond_chance": box.beyond_chance,
        }
        for finding in findings
        for place, box in enumerate(finding.boxes, 1)
        for name, end in sorted(box.quasi)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def tree_table(findings: Sequence[Finding]) -> pd.DataFrame:
    """Return a row a leaf."""
    rows = [
        {
            "architecture": finding.other, "against": finding.first, "leaf": place, "conditions": said.conditions(leaf.limits),
            **leaf.found.as_plain(), **{f"fresh_{key}": value for key, value in leaf.fresh.as_plain().items()},
        }
        for finding in findings
        for place, leaf in enumerate(finding.leaves, 1)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def case_table(finding: Finding) -> pd.DataFrame:
    """Return a row a future that was searched: what was varied, the difference, and whether it is a case."""
    return finding.points.assign(difference=finding.difference, case=finding.cases)
