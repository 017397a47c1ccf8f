"""Boxes in words: what is limited, with its unit, and how far a box can be trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from donorlab.experiments.levers import WHOLE
from donorlab.experiments.studies.boxes import Counted, Limits
from donorlab.experiments.studies.discovery import HALVES, Box
from donorlab.experiments.studies.findings import Finding, amount, short
from donorlab.experiments.studies.trees import Leaf, by_chance, tells
from donorlab.experiments.sweeps.columns import rows
from donorlab.experiments.words import label

_BARE: Final = ("-", "share", "probability")  # units that are not written
_SURE: Final = 0.001  # probabilities below it are not written out


def number(value: float) -> str:
    """Return a number with three figures."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def condition(name: str, low: float, high: float) -> str:
    """Return one limited dimension in words, for example ``decision lag 3 quarters or more``.

    Parameters
    ----------
    name : of a parameter, or of anything else that a sweep varied
    low, high : limits; infinite where there is none
    """
    row = rows().get(name)
    unit = "" if row is None or row.unit in _BARE else f" {row.unit}"
    if name in WHOLE:
        least, most = math.ceil(low) if math.isfinite(low) else None, math.floor(high) if math.isfinite(high) else None
        if least is not None and most is not None:
            return f"{label(name)} {least}{unit}" if least == most else f"{label(name)} {least} to {most}{unit}"
        return f"{label(name)} {least}{unit} or more" if least is not None else f"{label(name)} {most}{unit} or less"
    if math.isfinite(low) and math.isfinite(high):
        return f"{label(name)} from {number(low)} to {number(high)}{unit}"
    return (
        f"{label(name)} above {number(low)}{unit}"
        if math.isfinite(low)
        else f"{label(name)} below {number(high)}{unit}"
    )


def edge(name: str, value: float, end: int) -> str:
    """Return one limit as a number; of whole numbers the last one inside; ``end`` 0 for the lower limit, 1 for the upper one."""
    if name in WHOLE:
        return str(math.ceil(value) if end == 0 else math.floor(value))
    return number(value)


def axis(name: str) -> str:
    """Return a parameter with its unit, for an axis."""
    row = rows().get(name)
    return label(name) if row is None or row.unit == "-" else f"{label(name)} [{row.unit}]"


def short_p(value: float) -> str:
    """Return a quasi-p value for a figure."""
    return f"<{_SURE:g}" if value < _SURE else f"{value:.2g}"


def conditions(limits: Limits) -> str:
    """Return all conditions of a box, joined by *and*."""
    return " and ".join(condition(name, *pair) for name, pair in limits.items()) or "anywhere"


def meanings(limits: Limits) -> Mapping[str, str]:
    """Return what each limited parameter means, with its unit and range, by its name."""
    found = {}
    for name in limits:
        row = rows().get(name)
        if row is not None:
            span = f", {number(float(row.range[0]))} to {number(float(row.range[-1]))}" if row.range else ""
            scale = " on a logarithmic scale" if row.distribution == "log_uniform" else ""
            found[name] = f"{row.meaning} [{row.unit}{span}{scale}; default {row.default}]"
    return found


def percent(share: float) -> str:
    """Return a share in percent; one figure behind the point below 10."""
    if math.isnan(share):
        return "-"
    return f"{100 * share:.0f}%" if share >= 0.0995 or share == 0 else f"{100 * share:.1f}%"


def probability(value: float) -> str:
    """Return ``p = .03`` or ``p < .001``."""
    return f"p < {_SURE:g}" if value < _SURE else f"p = {value:.2g}"


def of(counted: Counted) -> str:
    """Return ``150 of 200 (75%)``: cases among what lies in a box."""
    return f"{counted.hits:,} of {counted.inside:,} ({percent(counted.density)})"


# ---------------------------------------------------------------------- sentences
def headline(finding: Finding) -> str:
    """Return how often the case occurs, in the futures of the search and in those that were kept back."""
    own, fresh = finding.all, finding.all_fresh
    text = f"{finding.claim} in {own.cases:,} of {own.futures:,} futures ({percent(own.rate)})"
    if fresh.futures:
        text += f", and in {fresh.cases:,} of {fresh.futures:,} fresh ones ({percent(fresh.rate)})"
        text += " that were kept back from all searching"
    return text + "."


def of_box(finding: Finding, box: Box, place: int) -> str:
    """Return what a box is, what it holds, and whether it holds in fresh futures and against noise."""
    of_these = "" if place == 1 else " of those outside the boxes before"
    text = (
        f"Box {place}: where {conditions(box.limits)}, it {_short(finding)} in {of(box.found)}: density "
        f"{percent(box.found.density)} where it {_short(finding)} in {percent(box.found.rate)} of all{of_these}, coverage "
        f"{percent(box.found.coverage)} of the futures in which it {_short(finding)}{of_these}, size {percent(box.found.mass)}."
    )
    fresh = box.fresh
    text += (
        f" In fresh futures: {of(fresh)} where {percent(fresh.rate)} would be no news, coverage {percent(fresh.coverage)} "
        f"({probability(fresh.by_chance)} by chance)."
    )
    return f"{text} {of_luck(box)}"


def _short(finding: Finding) -> str:
    return short(finding.question)


def of_luck(box: Box) -> str:
    """Return what the same search finds in noise, and the verdict that follows."""
    densities = box.luck[:, 1][~(box.luck[:, 1] != box.luck[:, 1])]
    searches = f"{len(box.luck)} searches with cases dealt out by lot"
    most = f"reached densities up to {percent(float(densities.max()))}" if len(densities) else "found no box at all"
    beaten = round(box.lot * (1 + len(box.luck))) - 1
    better = (
        "none did as well, density and coverage taken together" if not beaten else f"{beaten} did as well or better"
    )
    verdict = "Better than chance." if box.beyond_chance else "Not told from chance: do not rely on it."
    return f"{searches} {most}; {better}. {verdict}"


def of_limits(box: Box) -> list[str]:
    """Return a line a limit: quasi-p value, in how many random halves it came again, and what the parameter means."""
    means = meanings(box.limits)
    found = []
    for name, pair in box.limits.items():
        ends = [end for end in (0, 1) if math.isfinite(pair[end])]
        worth = " and ".join(probability(box.quasi[name, end]).replace("p", "quasi-p", 1) for end in ends)
        again = " and ".join(f"{box.again[name, end]}" for end in ends)
        text = f"{condition(name, *pair)}: {worth}; limited in the same direction in {again} of {HALVES} random halves"
        found.append(text + (f". {label(name)}: {means[name]}" if name in means else ""))
    return found


def of_leaf(finding: Finding, leaf: Leaf) -> str:
    """Return a leaf of the tree in a sentence."""
    return (
        f"{conditions(leaf.limits)}: {_short(finding)} in {of(leaf.found)}, coverage {percent(leaf.found.coverage)}, "
        f"size {percent(leaf.found.mass)}; in fresh futures in {of(leaf.fresh)}"
    )


def of_tree(finding: Finding) -> str:
    """Return whether the tree tells anything."""
    if len(finding.leaves) == 1:
        return "The tree does not split: no single limit sets enough of the cases apart."
    found = f"{probability(by_chance(finding.leaves))} by chance"
    if tells(finding.leaves):
        return f"A tree with {len(finding.leaves)} leaves, which differ in fresh futures too ({found}):"
    return (
        f"A tree with {len(finding.leaves)} leaves, which tells nothing: they do not differ in fresh futures ({found}):"
    )


def verdict(finding: Finding) -> str:
    """Return what boxes there are beyond chance, in a sentence."""
    held = finding.held
    if not held:
        where = f"under which conditions {label(finding.other)} {_short(finding)}"
        if tells(finding.leaves):
            return f"No box is better than chance; what can be said of {where} stands in the tree below."
        return f"No box is better than chance: {where} cannot be said from {finding.all.futures:,} futures."
    inside = sum(box.found.hits for box in held)
    fresh, cases = sum(box.fresh.hits for box in held), finding.all_fresh.cases
    kind = "One box is" if len(held) == 1 else f"{len(held)} boxes are"
    together = (
        f"holds {percent(inside / finding.all.cases)}"
        if len(held) == 1
        else f"together they hold {percent(inside / finding.all.cases)}"
    )
    joined = "; it" if len(held) == 1 else ";"
    text = f"{kind} better than chance{joined} {together} of the futures in which it {_short(finding)}"
    return text + (f" ({percent(fresh / cases)} of the fresh ones)." if cases else ".")


def caveats(finding: Finding) -> list[str]:
    """Return what a reader must know of the numbers."""
    found = []
    if finding.replications == 1:
        found.append(
            f"One seed a future: which futures pass {amount(finding.question)} is partly luck of the seed, which no condition can "
            "foretell, so that densities stay below 100%; replications=5 would take most of it out."
        )
    elif finding.noise == finding.noise:
        spread = math.sqrt(finding.noise / finding.replications)
        found.append(
            f"The luck of the seed: the mean difference of a future has a standard error of {number(spread)} with "
            f"{finding.replications} seeds, where {number(finding.question.smallest)} matters."
        )
    if finding.undefined:
        found.append(
            f"{finding.undefined:,} futures are left out, where {label(finding.question.outcome)} is undefined."
        )
    return found
