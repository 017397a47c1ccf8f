"""Rows of the frozen file that are about a published model.

What decides is the ``judge`` of the model's own module, which `donorlab reproduce` asks too.
"""

from __future__ import annotations

from donorlab.experiments.literature import (
    annen_moers,
    halonen_akatwijuka,
    hernandez_rival,
    kanbur_conditions,
    knack_rahman_poaching,
    roodman_absorption,
    roodman_project_size,
    roodman_proliferation,
    svensson_tournament,
)
from donorlab.experiments.literature.rules import finding, seeds_of
from donorlab.experiments.validation.frame import Finding, Requirement, interval


def c3(need: Requirement, quick: bool) -> Finding:
    """C3: conditions without commitment are met by few, and nearly all money is released."""
    seeds = seeds_of(need, quick)
    found = kanbur_conditions.at(0.0, seeds)
    lines = kanbur_conditions.judge(need, found)
    return finding(
        lines,
        kanbur_conditions.compliance(found),
        unit="share of conditional projects that comply",
        sentence=kanbur_conditions.words(found),
        seeds=seeds,
    )


def p1_literature(need: Requirement, quick: bool) -> Finding:
    """P1: duplication rises with similarity where little is seen, and not where all is seen."""
    seeds = seeds_of(need, quick)
    shares = halonen_akatwijuka.by_sight(need, seeds)
    lines = halonen_akatwijuka.judge(need, shares)
    return finding(
        lines,
        halonen_akatwijuka.slope(need, shares[min(need.numbers["sight"])]),
        unit="share of task money paid twice, from no to full similarity (slope where nothing is seen)",
        sentence=halonen_akatwijuka.words(need, shares),
        seeds=seeds,
        beside=halonen_akatwijuka.beside(need, shares),
    )


def p2_literature(need: Requirement, quick: bool) -> Finding:
    """P2: donors that want relative impact lose without any friction, most where budgets are equal."""
    seeds = seeds_of(need, quick)
    plays = annen_moers.all_plays(need, seeds)
    lines = annen_moers.judge(need, plays)
    return finding(
        lines,
        annen_moers.loss(plays, "relative_impact"),
        unit="share of the best lost where budgets are equal",
        sentence=annen_moers.words(plays),
        seeds=seeds,
        beside=annen_moers.beside(plays),
    )


def p4_literature(need: Requirement, quick: bool) -> Finding:
    """P4: the slope of welfare on money kinks, and larger projects move the kink out."""
    seeds = seeds_of(need, quick)
    small, large = roodman_absorption.both_sizes(need, seeds)
    lines = roodman_absorption.judge(need, small, large)
    return finding(
        lines,
        roodman_absorption.later_share(small),
        unit="later slope over first slope",
        sentence=roodman_absorption.words(small, large),
        seeds=seeds,
        beside=(roodman_absorption.collapse(small), *roodman_absorption.closer(small, large, seeds)),
    )


def p3(need: Requirement, quick: bool) -> Finding:
    """P3: donors that choose the size of their projects choose it too small; what moves the planner's best size."""
    seeds = seeds_of(need, quick)
    found = roodman_project_size.plays(seeds)
    sizes = roodman_proliferation.statics(roodman_project_size.NAME, seeds)
    lines = roodman_project_size.judge(need, found, sizes)
    return finding(
        lines,
        roodman_project_size.smaller(found),
        unit="tasks a project: the planner's size less the donors'",
        sentence=roodman_project_size.words(lines, found),
        seeds=seeds,
        beside=roodman_project_size.beside(found, seeds),
    )


def p5(need: Requirement, quick: bool) -> Finding:
    """P5: poaching is linear in altruism + (1 - altruism) * concentration."""
    seeds = seeds_of(need, quick)
    found = knack_rahman_poaching.by_altruism(need, seeds)
    lines = knack_rahman_poaching.judge(need, found)
    return finding(
        lines,
        interval([one.slope for one in found[min(found)]]),
        unit=f"task-quarters a quarter, from no to full concentration (slope at altruism {min(found):g})",
        sentence=knack_rahman_poaching.words(found),
        seeds=seeds,
        beside=knack_rahman_poaching.beside(found),
    )


def p7(need: Requirement, quick: bool) -> Finding:
    """P7: a rival without conditions lowers the number of conditions that others set, and how many are met."""
    seeds = seeds_of(need, quick)
    found = hernandez_rival.erosion(need, seeds)
    lines = hernandez_rival.judge(need, found)
    return finding(
        lines,
        hernandez_rival.fall(need, found),
        unit="share of conditions lost per point of the rival's share",
        sentence=hernandez_rival.words(need, found),
        seeds=seeds,
        beside=hernandez_rival.beside(need, found),
    )


def p6(need: Requirement, quick: bool) -> Finding:
    """P6: a tournament moves more effort than individual conditions, and a shock to all does not change it."""
    seeds = seeds_of(need, quick)
    tournament = svensson_tournament.rounds(seeds, svensson_tournament.TOURNAMENT)
    individual = svensson_tournament.rounds(seeds, svensson_tournament.INDIVIDUAL)
    under_shock = svensson_tournament.shocked(svensson_tournament.TOURNAMENT, seeds)
    lines = svensson_tournament.judge(need, tournament, individual, under_shock)
    return finding(
        lines,
        svensson_tournament.gain(tournament, individual),
        unit="share of reforms adopted: tournament less individual conditions",
        sentence=svensson_tournament.words(tournament, individual, under_shock),
        seeds=seeds,
    )
