"""Row C6: how many members of the United Nations have law in line with the Budapest Convention, 2013 to 2023."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from donorlab import scenarios
from donorlab.experiments.literature.rules import holds, information, seeds_of
from donorlab.experiments.validation.frame import Finding, Line, Requirement, interval
from donorlab.experiments.words import span
from donorlab.scenarios.alignment import BEGIN, IN_LINE_AT_BEGIN, Law, at_begin, law
from donorlab.sim import CoordinationModel
from donorlab.sim.scenario import Scenario
from donorlab.sim.value import bit_counts

MEMBERS: Final = 193
YEARS: Final = (2021, 2022, 2023)
KINDS: Final = ("substantive", "procedural")
Counts = dict[str, dict[int, int]]
OTHER_READING: Final[Mapping[str, int]] = {**IN_LINE_AT_BEGIN, "procedural": 35}
"""Members in line in January 2013 by another reading of the source; told only. All 37 parties have both kinds of law, so that
the threshold nearest to it is a full score."""
PUBLISHED: Final[Mapping[str, Mapping[float, int]]] = {
    "substantive": {2013.0: IN_LINE_AT_BEGIN["substantive"], 2021.5: 124, 2023.0: 130, 2024.0: 131},
    "procedural": {2013.0: IN_LINE_AT_BEGIN["procedural"], 2021.5: 92, 2023.0: 96, 2024.0: 99},
}
"""Members in line at a time (2021.5: June 2021); those of 2013 are what the thresholds are made from.

Source: Council of Europe, "The global state of cybercrime legislation", updates of June 2021, January and December 2023.
"""


def published(kind: str, year: int) -> float:
    """Return the published share of members at the end of a year, a straight line between the dates."""
    known = PUBLISHED[kind]
    return float(np.interp(year + 1, list(known), list(known.values()))) / MEMBERS


def in_line(scenario: Scenario, seed: int, known: Law) -> Counts:
    """Return the members in line by kind of law and year, counted at the end of each year and at the begin (2012).

    Adds the kinds ``others`` (those of substantive law that the scenario does not simulate) and ``held back`` (members
    with enough substantive law that vote farther from the West than any party of 2013).
    """
    model = CoordinationModel(scenario, rng=seed)
    p, legal = model.parameters, scenario.pillars.index("legal")
    rows = np.array([known.ids.index(iso3) for iso3 in scenario.beneficiaries.ids])
    counted = known.member[rows]
    outside = known.member.copy()
    outside[rows] = False
    least = {kind: known.tasks(kind, p) for kind in KINDS}
    found: Counts = {name: {} for name in (*KINDS, "others", "held back")}

    def count(year: int) -> None:
        tasks = bit_counts(model.state.standing[:, legal])
        score = known.legal(year + 1)
        near, near_outside = model.state.norm_position >= known.farthest, known.norm_position >= known.farthest
        others = {kind: outside & (score >= known.thresholds[kind]) for kind in KINDS}
        for kind in KINDS:
            inside = counted & (tasks >= least[kind])
            found[kind][year] = int((inside & near).sum() + (others[kind] & near_outside).sum())
        law_of_all = int((counted & (tasks >= least[KINDS[0]])).sum() + others[KINDS[0]].sum())
        found["others"][year] = int((others[KINDS[0]] & near_outside).sum())
        found["held back"][year] = law_of_all - found[KINDS[0]][year]

    count(BEGIN - 1)
    while model.quarter < p.quarters:
        model.step()
        if model.quarter % 4 == 0:
            count(BEGIN - 1 + model.quarter // 4)
    return found


def c6(need: Requirement, quick: bool, scenario: Scenario | None = None) -> Finding:
    """Check the shares of members that are in line, and how far procedural law is behind.

    How the row is read: `legal-alignment` with its defaults, under `fragmented`. When a state is in line is said in
    ``scenarios/alignment.py``: enough law, and votes no farther from the West than any party of 2013. The two thresholds
    follow from numbers of members in January 2013, derived from a report of 2023; votes, the score that Canada lacks in 2014
    and the fit of own effort are of 2020 and later. No published number of members after 2013 enters.
    A beneficiary's law are the tasks of the pillar `legal` that stand, its votes the position that the run moves; members
    that the scenario does not simulate are counted by the same two thresholds from their observed scores (editions of 2014,
    2020 and 2024, straight lines between them). Published numbers are of June 2021, January 2023 and December 2023, straight
    lines between them; all are shares of 193. Means over the seeds are judged. Told beside it: the same with the money of
    `world`, without any, without own effort, with `OTHER_READING` of how many had procedural law in 2013, and whether the
    rise slows down.
    """
    seeds, known = seeds_of(need, quick), law()
    world = scenario or scenarios.load("legal-alignment")
    runs = [in_line(world, seed, known) for seed in seeds]
    judged = _judged(need, runs)
    today = float(scenarios.load("world").parameters.money)
    others_told = {
        what: sum(line.agrees is True for line in _judged(need, [in_line(one, seed, reading) for seed in seeds]))
        for what, one, reading in variants(world, known, today)
    }
    shares = {kind: interval([run[kind][YEARS[-1]] / MEMBERS for run in runs]) for kind in KINDS}
    least = ", ".join(f"{kind} {value:.1%}" for kind, value in known.thresholds.items())
    others, back = (_mean(runs, name, YEARS[-1]) for name in ("others", "held back"))
    lines = (
        *judged,
        *(
            information(
                f"substantive and procedural, end of {year}",
                " and ".join(f"{_mean(runs, kind, year) / MEMBERS:.1%}" for kind in KINDS),
            )
            for year in (BEGIN - 1, 2015, 2017, 2019)
        ),
        information(
            "rise of substantive a year, to 2021 and after", _rises(lambda year: _mean(runs, KINDS[0], year) / MEMBERS)
        ),
        information("published rise of substantive a year", _rises(lambda year: published(KINDS[0], year))),
        *(information(f"the same {what}", f"{count} of {len(judged)} agree") for what, count in others_told.items()),
        information("members that are not simulated, end of 2023", f"{others:.0f} of those in line on substance"),
        information("held back by their votes, end of 2023", f"{back:.1f} with enough substantive law"),
        information("thresholds, share of the full score", f"{least}; votes from {known.farthest:.2f}"),
    )
    last, procedural = (shares[kind] for kind in KINDS)
    wanted = " and ".join(f"{published(kind, YEARS[-1]):.0%}" for kind in KINDS)
    return Finding(
        passed=holds(lines),
        found=last[0],
        unit="share of UN members in line on substantive law, end of 2023",
        sentence=f"at the end of 2023 {last[0]:.0%} of members are in line on substance and {procedural[0]:.0%} on procedure "
        f"(published: {wanted}); {sum(line.agrees is True for line in judged)} of {len(judged)} numbers agree, "
        + ", ".join(f"{what} {count}" for what, count in others_told.items()),
        basis=span(seeds),
        low=last[1],
        high=last[2],
        lines=lines,
    )


def variants(world: Scenario, known: Law, today: float) -> list[tuple[str, Scenario, Law]]:
    """Return what is told beside the judged runs: words, scenario, law; ``today`` is the money of `world`."""
    other = law(OTHER_READING)
    begun = at_begin(world.beneficiaries, world.pillars, other)
    return [
        (f"with EUR {today:g}m a year", world.replace(money=today), known),
        ("without aid", world.replace(money=0.0), known),
        ("without own effort", world.replace(own_effort=0.0), known),
        (
            f"with {OTHER_READING['procedural']} members on procedure in 2013",
            dataclasses.replace(world, beneficiaries=begun),
            other,
        ),
    ]


def _judged(need: Requirement, runs: Sequence[Counts]) -> tuple[Line, ...]:
    """Return the nine lines that decide."""
    margin = float(need.numbers["points"])
    low, high = (float(value) for value in need.numbers["behind"])
    share = {(kind, year): _mean(runs, kind, year) / MEMBERS for kind in KINDS for year in YEARS}
    behind = {year: share["substantive", year] - share["procedural", year] for year in YEARS}
    return (
        *(
            Line(
                f"{kind}, end of {year}",
                f"{published(kind, year):.1%} +-{margin:.0%}",
                f"{found:.1%}",
                bool(abs(found - published(kind, year)) <= margin),
            )
            for (kind, year), found in share.items()
        ),
        *(
            Line(
                f"procedural behind, end of {year}",
                f"{low:.0%} to {high:.0%}",
                f"{found:.1%}",
                bool(low <= found <= high),
            )
            for year, found in behind.items()
        ),
    )


def _rises(share: Callable[[int], float]) -> str:
    """Return the rise a year from January 2013 to the end of 2021 and from there to that of 2023."""
    begin, middle, end = BEGIN - 1, YEARS[0], YEARS[-1]
    early, late = (share(middle) - share(begin)) / (middle - begin), (share(end) - share(middle)) / (end - middle)
    return f"{100 * early:.1f} and {100 * late:.1f} points"


def _mean(runs: Sequence[Counts], kind: str, year: int) -> float:
    return float(np.mean([run[kind][year] for run in runs]))
