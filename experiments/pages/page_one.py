"""Page one: the question, the answer in calibrated words, one picture, break-even, what would change it, and the words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from markupsafe import Markup

from donorlab.experiments.pages import (
    amounts,
    blocks,
    charts,
    claims,
    claims_of_break_even,
    claims_of_studies,
    gathered,
)
from donorlab.experiments.pages.blocks import Section
from donorlab.experiments.pages.case import CENTRAL, Case
from donorlab.experiments.pages.chart import Chart
from donorlab.experiments.words import counted

_ROWS: Final = 5  # of the picture, so that page one is a page in print too


def first(case: Case, titles: Mapping[str, str]) -> Section:
    """Return page one.

    Parameters
    ----------
    case : what is reported
    titles : of the sections that follow, by their keys: what they found of who gains and pays is told here too
    """
    parts = [_answer(case), _under_answer(case)]
    made: list[Chart] = []
    if case.draws is not None and case.others:
        shown = case.draws[case.draws["architecture"].astype(str).isin([case.first, *case.ranked[:_ROWS]])]
        made.append(
            charts.futures(shown.assign(architecture=shown["architecture"].astype(str)), case.first, case.smallest)
        )
        parts.append(
            blocks.picture(
                made[0],
                f"Each row: how much better or worse than {case.called(case.first)}, over the futures considered{_rest(case)}.",
            )
        )
    parts += [_who(titles), _prices(case), _change(case), _words(case)]
    return Section("answer", question(case), tuple(parts), tuple(made))


def _rest(case: Case) -> str:
    """Return how many designs the picture leaves out."""
    more = len(case.ranked) - _ROWS
    return f" (the first {_ROWS} of {len(case.ranked)}; section 1 has all)" if more > 0 else ""


def question(case: Case) -> str:
    """Return what is asked, as a question; one donor with all the money is a benchmark and not asked about beside others."""
    who, of = case.candidates, case.called(case.first)
    if not case.others:
        return f"What do {of} achieve?"
    if not who:
        return f"How far are {of} from one donor with all the money?"
    thing = "proposals" if case.proposals else "architectures"
    if len(who) == 1:
        return f"Would {case.called(who[0])} serve states better than {of}?"
    return f"Which of {len(who)} {thing} would serve states better than {of}?"


def _answer(case: Case) -> Markup:
    of = case.called(case.first)
    if not case.others:
        return blocks.say(
            "One design alone was simulated: there is nothing to hold it against, and nothing is claimed.", "answer"
        )
    if not case.candidates and case.counts:
        count = case.counts[CENTRAL]
        return blocks.say(
            f"One donor with all the money is a benchmark and no proposal; it is better than {of} by at least {case.points} in "
            f"{count.better} of {counted(count.count, 'future')} considered, about the same in {count.same}, worse in "
            f"{count.worse}.",
            "answer",
        )
    called = {name: case.called(name) for name in case.names}
    return blocks.say(claims.answer(case.candidate_counts, called, of, case.points), "answer")


def best_of(case: Case) -> str | None:
    """Return the design that page one speaks of: the only candidate, or the first that is shown to be better; None without one."""
    if len(case.candidates) == 1:
        return case.candidates[0]
    better = claims.shown_better(case.candidate_counts)
    return better[0] if better else None


def _under_answer(case: Case) -> Markup:
    """Return what that design buys and costs, each a sentence."""
    best = best_of(case)
    if best is None or case.draws is None or not case.counts:
        return Markup("")
    called, of = case.called(best), case.called(case.first)
    texts = [
        claims.size(case.differences[best]),
        claims.other_draws(case.counts[best]),
        claims.tasks(case.ends, case.first, best, called, of),
        claims.twice(case.draws, case.first, best, called, of),
        _costs(case, best),
    ]
    head = blocks.say(f"What {called} buys and costs:") if len(case.candidates) > 1 else Markup("")
    return head + blocks.points([text for text in texts if text], "claims")


def _costs(case: Case, name: str) -> str:
    """Return what coordinating costs; nothing where it is not known, or the reference costs more."""
    found = claims.cost(case.runs, case.first, name, case.years)
    if found is None or found[1] < -5e-5:
        return ""
    more, share = found
    if share < 5e-5:
        return "To coordinate costs nothing of its own, at default values."
    return (
        f"To coordinate costs {100 * share:.1f}% of all money, {amounts.euros(more, 'a year')}, paid by its members "
        "out of what they have; this is at default values and taken off in all that is said here."
    )


def _who(titles: Mapping[str, str]) -> Markup:
    """Return who gains, who pays and who would join, as far as there are results, each with a way to its section."""
    found = [(key, titles[key]) for key in ("states", "donors", "membership") if key in titles]
    if not found:
        return Markup("")
    items = Markup("").join(Markup('<li><a href="#s-{}">{}</a></li>').format(key, text) for key, text in found)
    return blocks.heading("Who gains, who pays, who would join?", 2) + Markup('<ul class="claims">{}</ul>').format(
        items
    )


def _prices(case: Case) -> Markup:
    """Return the break-even lines of the best one."""
    curves = case.optional("break_even")
    best = best_of(case)
    if curves is None and case.candidates:
        return blocks.note("Up to which price it pays was not asked for (donorlab compare break_even=true).")
    if curves is None or best is None:
        return Markup("")
    texts = claims_of_break_even.sentences(curves, best, case.smallest)
    if not texts:
        return Markup("")
    head = f"When does {case.called(best)} pay?"
    return (
        blocks.heading(head, 2)
        + blocks.points(texts, "claims")
        + blocks.note("One setting at a time, all else at default values; over the assumptions these limits move.")
    )


def _change(case: Case) -> Markup:
    """Return what evidence would change the answer."""
    head = blocks.heading("What evidence would change this?", 2)
    robust = case.one("robust")
    table = gathered.csv(robust, "information") if robust is not None else None
    if table is None:
        return head + blocks.note(
            "Not asked: donorlab robust tells which assumption, if it were known, would change the choice, and what "
            "that would be worth."
        )
    scores = gathered.csv(robust, "scores") if robust is not None else None
    futures = int(scores["futures"].iloc[0]) if scores is not None and len(scores) and "futures" in scores else 0
    texts = claims_of_studies.would_change(table, case.called, futures, case.smallest)
    return head + blocks.points(texts, "claims")


def _words(case: Case) -> Markup:
    """Return what the words of page one mean."""
    drawn = (
        f" {counted(case.drawn, 'uncertain number')} {'is' if case.drawn == 1 else 'are'} drawn evenly over their ranges "
        "in each."
    )
    if case.ensemble is None:
        drawn = ""
    of = case.called(case.first)
    entries = [
        (
            "Future",
            f"one way in which the world may be.{drawn} All designs meet the same futures. They are no forecasts, and "
            "shares of them no "
            "probabilities: the ranges are assumptions themselves, listed below with their sources.",
        ),
        (
            "Points",
            "of efficiency: 100 points are the most that the same money could do for states if it met no obstacle at "
            "all, which nobody "
            f"need be able to reach. {_level(case)} A difference below {case.points} counts as none.",
        ),
    ]
    if case.first == "fragmented":
        entries.append((of.capitalize(), _REFERENCE))
    entries += [(case.called(name).capitalize(), text) for name, text in _described(case)]
    items = Markup("").join(Markup("<dt>{}:</dt> <dd>{}</dd>").format(head, text) for head, text in entries)
    return Markup('<div class="words"><dl>{}</dl><p>{}</p></div>').format(items, _world(case))


_REFERENCE: Final = (
    "the field as it is. Each donor decides by itself whom to help with what, sees only some of what others do, and "
    "so pays at times for "
    "what is already paid for."
)


def _level(case: Case) -> str:
    row = case.summary[case.summary["outcome"] == "efficiency"]
    if row.empty or row[case.first].isna().all():
        return ""
    return f"{case.called(case.first).capitalize()} reach {100 * float(row[case.first].iloc[0]):.0f} at default values."


def _described(case: Case) -> list[tuple[str, str]]:
    """Return what the best proposal is, in its own words."""
    found = []
    best = best_of(case)
    for name in [best] if best is not None else []:
        own = case.proposals.get(name)
        if own and own.get("description"):
            found.append((name, " ".join(str(own["description"]).split())))
    return found


def _world(case: Case) -> str:
    return (
        f"The scenario: {counted(case.donors, 'donor')}, {counted(case.states, 'state')}, "
        f"{amounts.euros(case.money, 'a year')} for {_years(case.years)}, measured "
        f"{_years(float(case.parameters['wind_down']) / 4)} after the "
        "money stops."
    )


def _years(number: float) -> str:
    return "1 year" if number == 1 else f"{number:g} years"
