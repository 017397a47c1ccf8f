"""What ``compare`` prints: three figures and never one, then tables, then sentences; every number from the runs."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import pandas as pd
from rich.console import Console

from donorlab.experiments import break_even, ensemble, falls, levers, report_of_rivals, rivals, tables, values
from donorlab.experiments.outcomes import euros, written, written_difference, written_noise
from donorlab.experiments.parameters import written as as_typed
from donorlab.experiments.tables import names_in, paired, standard_error, sure
from donorlab.experiments.words import counted, in_lines, label

if TYPE_CHECKING:
    from rich.table import Table

    from donorlab.experiments.comparison import Study

_NAMED: Final = 4  # swaps told one by one
_ROOM: Final = 13  # characters of a range of differences


def show(screen: Console, study: Study, summary: pd.DataFrame, smallest: float, settings: Sequence[str] = ()) -> None:
    """Print a study; ``settings`` are the user's own, as typed."""
    comparison = study.comparison
    scenario = next(iter(comparison.scenarios.values()))
    p = scenario.parameters
    screen.print(
        f"\n[bold]{scenario.name}[/]: {scenario.donors.count} donors, {scenario.beneficiaries.count} states, "
        f"{euros(p.money)} a year for {p.horizon} quarters, measured {p.wind_down} quarters after the money stops"
    )
    for text in _assumptions(study):
        screen.print(text, highlight=False)
    screen.print(f"You set: {', '.join(settings) or 'nothing'}.", highlight=False, markup=False)
    pessimistic = study.plan is not None and study.plan.levers
    screen.print(f"Simulated{', but for the levers in the futures (under the table)' if pessimistic else ''}:")
    _points(screen, _designs(study))
    screen.print()
    for part in tables.folded(screen, headline(study, smallest)):
        screen.print(part, highlight=False)
    screen.print(falls.harm(study), highlight=False)
    free = any(levers.free_members(item) for item in comparison.scenarios.values())
    _say(screen, "At default values", tables.rendered(summary, names_in(comparison.runs), len(comparison.seeds), free))
    _say(screen, "Where each euro went, in cents of all money given", falls.shown(study))
    if study.curves is not None and len(study.curves):
        _say(screen, _break_even_title(study), [break_even_table(study.curves, smallest)])
    if study.rankings is not None:
        _say(screen, _ranking_title(study.rankings), [ranking(study.rankings)])
        for text in swap_sentences(study, smallest):
            screen.print(text, highlight=False)
    contested = rivals.standings(study.contested, smallest) if study.contested is not None else []
    if study.contest is not None:
        head = names_in(comparison.runs)[0]
        _say(screen, report_of_rivals.title(study.contest), report_of_rivals.shown(contested))
        screen.print(f"[dim]{report_of_rivals.caption(head, smallest)}[/]", highlight=False)
        _points(screen, report_of_rivals.sentences(study.contest, contested, head))
    _say(screen, "In words", [])
    first = label(names_in(comparison.runs)[0])
    told = [
        *future_sentences(study, smallest),
        *tables.sentences(comparison.runs, scenario.beneficiaries.count, smallest),
    ]
    told += [
        f"In this scenario {label(name)} is {first} under another name: nobody uses what it offers."
        for name in levers.same_as_first(comparison.scenarios)
    ]
    _points(screen, told)


def _say(screen: Console, title: str, parts: Iterable[Table]) -> None:
    screen.print(f"\n[bold]{title}[/]")
    for part in parts:
        screen.print(part)


def _points(screen: Console, texts: Iterable[str]) -> None:
    """Print a sentence a point, its further lines under the first."""
    for text in texts:
        lines = textwrap.wrap(
            text, screen.width - 1, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False
        )
        screen.print("\n".join(lines), highlight=False, markup=False)


def _designs(study: Study) -> list[str]:
    """Return a sentence an architecture: what it is in this scenario."""
    told = {name: levers.in_words(item) for name, item in study.comparison.scenarios.items()}
    found = []
    for name, text in told.items():
        inside = [other for other, words in told.items() if text.startswith(f"{words}; ")]
        shorter = f"as {label(inside[0])}, and {text.removeprefix(told[inside[0]] + '; ')}" if inside else text
        found.append(f"{label(name)}: {shorter}.")
    return found


def _assumptions(study: Study) -> list[str]:
    """Return what default values are, what was drawn and what was not."""
    who = "the scenario, a proposal" if _proposed(study) else "the scenario"
    default = f"Default values: each parameter's own (`donorlab parameters`), but for what {who} or you set."
    if study.plan is None:
        return [
            default,
            "No ensemble: seed noise only. How much the assumptions matter is another question (draws=200).",
        ]
    plan = study.plan
    idle = ensemble.idle(plan, study.comparison.scenarios)
    count = f"{len(plan.varied) - len(idle)} uncertainties" + (
        f" (and {len(idle)} that can do nothing here)" if idle else ""
    )
    text = f"Ensemble: {counted(len(plan.draws), 'future')}, {count} drawn over their ranges, the "
    text += "same draws for every architecture; "
    text += "levers at pessimistic ends, value judgements" if plan.levers else "levers and value judgements"
    text += " at default values"
    if plan.held:
        text += "; held at " + ", ".join(f"{name}={as_typed(value)}" for name, value in plan.held.items())
    found = [default, text + "."]
    raised = int((plan.draws[ensemble.RAISED] > 0).sum())
    if raised:
        found.append(
            f"In {raised} of them projects were made larger, so that a run has at most about "
            f"{ensemble.PROJECTS_MAXIMUM:,} projects."
        )
    return found


def _proposed(study: Study) -> bool:
    """Return whether any of the scenarios goes by a name of its own, as those of proposals do."""
    return any(name != item.architecture for name, item in study.comparison.scenarios.items())


def levers_sentence(study: Study) -> str:
    """Return at which values the levers stand in all futures; empty where no architecture uses any."""
    if study.plan is None:
        return ""
    used = levers.in_use(study.comparison.scenarios, study.plan.levers)
    if not used:
        return ""
    values_of = ", ".join(f"{name}={'/'.join(map(as_typed, found))}" for name, found in used.items())
    if any(len(found) > 1 for found in used.values()):
        values_of += " (from one architecture or proposal to another)"
    if study.plan.levers:
        return f"Levers, not drawn, in all futures at the end that is worse for coordination: {values_of}."
    return f"Levers, not drawn, in all futures at default values: {values_of}; levers=pessimistic tries the worse ends."


# ---------------------------------------------------------------------- headline
def headline(study: Study, smallest: float) -> Table:
    """Return a row an architecture: efficiency and its difference with their ranges, futures, duplication, cost."""
    runs, draws = study.comparison.runs, study.draws
    first, *others = names_in(runs)
    table = tables.table()
    table.add_column("", no_wrap=True)
    heads = ["effi-\nciency", "seed\nnoise"]
    if draws is not None:
        heads.append("range\nover as-\nsumptions")
    if others:
        heads.append(f"against\n{in_lines(first)}")
    if draws is not None and others:
        heads += ["range of the\ndifference\nin futures", "better/\nsame/\nworse"]
    for head in [*heads, "paid\ntwice", "trans-\naction\ncost", "or-\nphans"]:
        table.add_column(head, justify="right", no_wrap=True, vertical="bottom")
    differences = ensemble.differences(draws) if draws is not None else pd.DataFrame()
    efficiency = paired(runs, "efficiency")
    for name in names_in(runs):
        own = runs[runs["architecture"] == name]

        def mean(outcome: str, own: pd.DataFrame = own) -> float:
            return float(own[outcome].mean(skipna=False)) if outcome in own else math.nan

        noise = float(own["efficiency"].std(ddof=1, skipna=False)) if len(own) > 1 else math.nan
        cells = [in_lines(name), written(mean("efficiency"), "share"), written_noise(noise, "share")]
        if draws is not None:
            cells.append(_span(draws, "efficiency", name))
        if others:
            cells.append("" if name == first else against(efficiency[name] - efficiency[first]))
        if draws is not None and others:
            count = ensemble.futures(differences[name], smallest) if name != first else None
            cells.append(_points_between(differences[name]) if count else "")
            cells.append(f"{count.better}/{count.same}/{count.worse}" if count else "")
        cells.append(written(mean("duplication_share"), "share"))
        table.add_row(*cells, written(mean("transaction_cost_share"), "share"), _whole(mean("orphans")))
    table.caption_justify = "left"
    table.caption = _caption(study, smallest, bool(others))
    return table


def _caption(study: Study, smallest: float, several: bool) -> str:
    """Return what the columns of the headline are."""
    seeds, first = len(study.comparison.seeds), label(names_in(study.comparison.runs)[0])
    lines = ["Efficiency: share of a proven upper bound of the gain (a frictionless purchase, not attainable)."]
    noise = f"Seed noise: standard deviation of {counted(seeds, 'replication')}, chance only."
    if several:
        noise += f" Against {first}: mean paired difference in points of efficiency ± its standard error, chance only."
    lines.append(noise if seeds > 1 else "One replication: seed noise is not known.")
    if study.draws is not None:
        worth = "Range: 5% to 95% of the futures, in %"
        if several:
            count = counted(study.draws["draw"].nunique(), "future")
            worth += (
                f"; of the paired difference in points. Better/same/worse: of {count}, by {100 * smallest:g} points"
            )
        lines.append(f"{worth}.")
    lines.append("Paid twice: share of the money for tasks. Orphans: states with under half their share by need.")
    lines += [text] if (text := levers_sentence(study)) else []
    if study.plan is not None and study.plan.levers:
        lines.append(
            "Ranges and counts are of these futures; all other columns are at default values, levers included."
        )
    return "\n".join(lines)


def against(difference: pd.Series[float]) -> str:
    """Return the mean of a paired difference in points and its standard error."""
    mean = float(difference.mean(skipna=False))
    noise = written_noise(standard_error(difference), "share") if not math.isnan(mean) else ""
    return f"{written_difference(mean, 'share')} {noise}".rstrip()


def _span(draws: pd.DataFrame, outcome: str, name: str) -> str:
    low, high = ensemble.span(draws, outcome, name)
    return "-" if math.isnan(low) else f"{100 * low:.0f} to {100 * high:.0f}"


def _points_between(difference: pd.Series[float]) -> str:
    """Return 5% and 95% of the futures' differences in points, in no more characters than there is room for."""
    low, high = (float(difference.quantile(share)) for share in (0.05, 0.95))
    if math.isnan(low):
        return "-"
    text = f"{written_difference(low, 'share')} to {written_difference(high, 'share')}"
    return text if len(text) <= _ROOM else f"{100 * low:+.0f} to {100 * high:+.0f}"


def _whole(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.0f}"


def future_sentences(study: Study, smallest: float) -> list[str]:
    """Return what the ensemble says of each architecture against the first."""
    if study.draws is None:
        return []
    named = names_in(study.comparison.runs)[0]
    first, efficiency = label(named), paired(study.comparison.runs, "efficiency")
    found = []
    for name, difference in ensemble.differences(study.draws).items():
        who = label(str(name))
        count = ensemble.futures(difference, smallest)
        text = f"{who} is better than {first} by at least {100 * smallest:g} points in {count.better} of {count.count} "
        text += f"futures considered, worse in {count.worse}, about the same in {count.same}"
        if count.undefined:
            text += f", not defined in {count.undefined}"
        if count.undefined < count.count:
            low, middle, high = difference.quantile([0.05, 0.5, 0.95])
            text += f"; the middle future is {100 * middle:+.1f} points, nine of ten lie between {100 * low:+.1f} and "
            text += f"{100 * high:+.1f}"
            default = float((efficiency[name] - efficiency[named]).mean(skipna=False))
            if default < low or default > high:
                text += f"; the {100 * default:+.1f} points at default values lie {'below' if default < low else 'above'} them, so "
                text += "that default values are no typical future here"
        found.append(text + ".")
    return found


# ---------------------------------------------------------------------- break-even
def _break_even_title(study: Study) -> str:
    first = label(names_in(study.comparison.runs)[0])
    seeds = counted(len(study.comparison.seeds[: break_even.SEEDS]), "paired replication")
    return f"Break-even against {first}: one setting at a time, all else at default values, {seeds}"


def break_even_table(curves: pd.DataFrame, smallest: float) -> Table:
    """Return a row for each setting and architecture."""
    table = tables.table()
    table.add_column("setting", no_wrap=True)
    table.add_column("architecture", no_wrap=True)
    table.add_column("at the ends", justify="right", no_wrap=True)
    table.add_column(f"where it changes sign or is below {100 * smallest:g} points", ratio=1)
    before = ""
    for line in break_even.lines(curves).to_dict("records"):
        setting = f"{_SHORT.get(line['parameter'], label(line['parameter']))} {line['low']:g}..{line['high']:g}"
        ends = " to ".join(written_difference(float(line[end]), "share") for end in ("at_low", "at_high"))
        reading = break_even.reading(line, smallest)
        table.add_row(setting if setting != before else "", label(str(line["architecture"])), ends, reading)
        before = setting
    table.caption_justify = "left"
    table.caption = (
        "Points of efficiency above or below; straight lines between the values tried. In brackets and 'not told from 0': "
        f"{_told_from_chance(curves['seed'].nunique())}. q: observation_probability, the chance to see another's project."
    )
    return table


def _told_from_chance(seeds: int) -> str:
    if seeds < 2:
        return "one seed tells nothing from chance"
    return f"less than {sure(seeds):.2g} standard errors of the mean away from 0 (95%, Student's t; chance only)"


_SHORT: Final = {"observation_probability": "q"}


# ---------------------------------------------------------------------- value judgements
def _ranking_title(frame: pd.DataFrame) -> str:
    seeds = counted(frame["seed"].nunique(), "paired replication")
    return f"Value judgements: who and what counts how much, all else at default values, {seeds}"


def ranking(frame: pd.DataFrame) -> Table:
    """Return mean efficiency and rank, under it the paired difference to the first, a column a value judgement."""
    mean = values.means(frame)
    first, *others = names_in(frame)
    table = tables.table()
    table.add_column("", no_wrap=True)
    for judgement in mean.index:
        table.add_column(in_lines(str(judgement)), justify="right", no_wrap=True, vertical="bottom")
    ranks = mean.rank(axis=1, ascending=False, method="min")
    apart = {judgement: paired(part, "efficiency") for judgement, part in frame.groupby("judgement", observed=True)}
    for name in mean.columns:
        cells = [
            f"{written(float(share), 'share')} {_whole(float(place)):>3}."
            for share, place in zip(mean[name], ranks[name], strict=True)
        ]
        if name in others:
            below = (against(apart[judgement][name] - apart[judgement][first]) for judgement in mean.index)
            cells = [f"{cell}\n[dim]{text}[/]" for cell, text in zip(cells, below, strict=True)]
        table.add_row(in_lines(str(name)), *cells)
    table.caption_justify = "left"
    table.caption = (
        "Mean efficiency and rank; each column has a bound of its own. Concavity: how much less a further task of a "
    )
    table.caption += "pillar is worth than the first one, at 1 not at all; all other columns are at the scenario's own."
    if others:
        table.caption += f" Below: mean paired difference to {label(first)} in points"
        table.caption += ", ± its standard error (chance only)." if len(set(frame["seed"])) > 1 else "."
    return table


def swap_sentences(study: Study, smallest: float) -> list[str]:
    """Return where the ranking depends on the value judgement beyond noise."""
    assert study.rankings is not None
    _, refused = values.possible(next(iter(study.comparison.scenarios.values())))
    notes = [f"Not possible here: {name} ({reason})." for name, reason in refused.items()]
    return [*notes, *swaps_in(study.rankings, smallest)]


def swaps_in(rankings: pd.DataFrame, smallest: float) -> list[str]:
    """Return which pairs change places between value judgements beyond noise.

    Parameters
    ----------
    rankings : judgement, architecture, seed, efficiency
    smallest : least difference in efficiency that matters
    """
    found, within = values.swaps(rankings)
    if values.means(rankings).isna().any(axis=None):
        return ["Efficiency is not defined under every value judgement."]
    if not found:
        same = "The ranking is the same under every one of them"
        if within:
            same += f" beyond noise: {counted(within, 'pair')} of architectures change places, but "
            seeds = rankings["seed"].nunique()
            same += (
                f"by less than {sure(seeds):.2g} standard errors" if seeds > 1 else "one seed tells nothing from chance"
            )
        return [same + "."]
    large = [swap for swap in found if min(swap.by, swap.minus) >= smallest]
    points = f"{100 * smallest:g} points"
    told = [
        "The ranking depends on it."
        if large
        else f"The ranking depends on it only where less than {points} lie between two architectures, one way or the other."
    ]
    told += [
        f"{label(swap.one)} is ahead of {label(swap.other)} by {100 * swap.by:.1f} points ({swap.ahead}) and behind by "
        f"{100 * swap.minus:.1f} ({swap.behind})."
        for swap in (large or found)[:_NAMED]
    ]
    if len(large) > _NAMED:
        told.append(f"Further pairs that change places by as much as {points}: {len(large) - _NAMED}.")
    return told
