"""``donorlab compare``: architectures and proposals on the same draws; tables, sentences, figures, result folder."""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from donorlab.experiments import (
    break_even,
    ensemble,
    falls,
    figures,
    levers,
    proposals,
    provenance,
    report_of_comparison,
    rivals,
    setting,
    tables,
)
from donorlab.experiments.arguments import Arguments, InputError, parse
from donorlab.experiments.comparison import Comparison, Study, asked, study
from donorlab.experiments.disagreements import chosen as chosen_disagreements
from donorlab.experiments.disagreements import variants
from donorlab.experiments.kept import Kept
from donorlab.experiments.progress import progress
from donorlab.experiments.store import ResultFolder, default_folder, digest_of
from donorlab.experiments.words import span

if TYPE_CHECKING:
    from donorlab.scenarios import Proposal
    from donorlab.sim import Scenario

LEVERS: Final = ("default", "pessimistic")


@dataclass(frozen=True)
class Options(setting.Keys):
    """Keys of the experiment, checked."""

    pessimistic: bool
    break_even: bool
    judgements: bool
    rivals: tuple[str, ...]
    rivals_draws: int


def run(words: Sequence[str]) -> None:
    """Carry out ``donorlab compare WORDS``."""
    started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    arguments = parse("compare", words)
    options = _options(arguments)
    proposed = proposals.chosen(arguments)
    loaded = setting.load_each(arguments, "compare", proposed)
    levers.check(loaded, arguments.given)
    proposals.refuse_contradictions(proposed, loaded)
    first = next(iter(loaded.values()))
    ends = levers.pessimistic(arguments.given) if options.pessimistic else {}
    plan = ensemble.plan(first, options.draws, arguments.given, ends) if options.draws else None
    contest = _contest(options, loaded)
    configuration = _configuration(arguments, options, loaded, plan, contest, proposed)
    digest = digest_of(configuration)
    target = options.out or default_folder("compare", digest, datetime.datetime.now())
    stamp = setting.stamp(arguments, first, span(options.seeds), digest)
    screen = tables.console()
    what = (plan, options.break_even, options.judgements, contest)
    with (
        Kept(target, configuration, _all(loaded, contest)) as kept,
        ResultFolder(target, options.out is not None) as folder,
    ):
        crew = options.crew.keeping(kept)
        with progress(
            f"{stamp.scenario}, {len(loaded)} architectures", asked(loaded, options.seeds, *what).runs
        ) as advance:
            found = study(loaded, options.seeds, *what, crew, advance, folder.part)
        folder.close_parts()
        summary = tables.summarise(found.comparison.runs, found.draws, options.smallest)
        _store(folder, found, summary, stamp, options)
        folder.json("configuration", configuration)
        folder.manifest(setting.manifest(configuration, words, options.seeds, started, clock))
    settings = (*arguments.overrides, *(["levers=pessimistic"] if options.pessimistic else []))
    report_of_comparison.show(screen, found, summary, options.smallest, settings)
    if proposed:
        asked_for = ",".join(arguments.experiment["proposals"])
        words_of_it = f'donorlab winners "proposals=[{asked_for}]" scenario={arguments.experiment["scenario"]}'
        pointer = f"\nWho wins and who loses, state by state and donor by donor: {words_of_it}"
        screen.print(pointer, soft_wrap=True, highlight=False, markup=False)
    screen.print(f"\nResults, figures and their data: {folder.path}", soft_wrap=True, highlight=False)


def _store(folder: ResultFolder, found: Study, summary: pd.DataFrame, stamp: figures.Stamp, options: Options) -> None:
    """Write tables and figures."""
    comparison = found.comparison
    folder.table("runs", _with_varied_parameters(comparison))
    if found.draws is not None:
        folder.table("ensemble", found.draws)
    folder.csv("summary", summary)
    folder.csv("designs", _designs(comparison))
    if found.plan is not None:
        folder.csv("uncertainties", _uncertainties(found.plan, comparison))
    folder.csv("waterfall", falls.summarise(comparison.waterfalls, found.draws))
    if found.curves is not None:
        folder.csv("break_even", found.curves)
    if found.rankings is not None:
        folder.csv("values", found.rankings)
    if found.contested is not None:
        folder.table("rivals", found.contested)
        folder.csv("rivals", rivals.summary(rivals.standings(found.contested, options.smallest)))
    for drawn in figures.draw_all(found, stamp, options.smallest):
        folder.figure(drawn.name, drawn.figure, drawn.data, drawn.stamp.metadata(drawn.title))


def _options(arguments: Arguments) -> Options:
    given = arguments.experiment
    if given["levers"] not in LEVERS:
        raise InputError(f"levers: '{given['levers']}' is not one of {', '.join(LEVERS)}")
    if not 1 <= given["rivals_draws"] <= ensemble.DRAWS_MAXIMUM:
        raise InputError(
            f"rivals_draws: {given['rivals_draws']} is out of range; it must lie between 1 and {ensemble.DRAWS_MAXIMUM}"
        )
    return Options(
        **vars(setting.keys(arguments)),
        pessimistic=given["levers"] == "pessimistic",
        break_even=given["break_even"],
        judgements=given["values"],
        rivals=tuple(given["rivals"]),
        rivals_draws=given["rivals_draws"],
    )


def _contest(options: Options, loaded: Mapping[str, Scenario]) -> rivals.Contest | None:
    """Return which rival submodels are run on which futures; None where none is asked for."""
    disagreements = chosen_disagreements(options.rivals)
    if not disagreements:
        return None
    if not options.draws:
        raise InputError("rivals: they are run on futures, and draws=0 has none; give draws=40 or leave rivals out")
    if len(loaded) < 2:
        raise InputError("rivals: each architecture is held against the first; name two or more")
    draws = range(1, min(options.draws, options.rivals_draws) + 1)
    return rivals.Contest(tuple(variants(loaded, disagreements)), tuple(draws))


def _all(loaded: Mapping[str, Scenario], contest: rivals.Contest | None) -> dict[str, Scenario]:
    """Return all scenarios that are run."""
    return {**loaded, **(rivals.scenarios(contest) if contest is not None else {})}


def _configuration(
    arguments: Arguments,
    options: Options,
    loaded: Mapping[str, Scenario],
    plan: ensemble.Plan | None,
    contest: rivals.Contest | None,
    proposed: Sequence[Proposal],
) -> dict[str, Any]:
    """Return all that determines the results: the whole scenario, what each architecture changes in it, proposals."""
    return {
        **setting.asked("compare", arguments, options.seeds, tuple(loaded)),
        "smallest_difference": options.smallest,
        "break_even": {name: break_even.grid(name) for name in break_even.PARAMETERS} if options.break_even else None,
        "values": options.judgements,
        "ensemble": _ensemble(plan) if plan is not None else None,
        **({} if contest is None else {"rivals": rivals.outline(contest)}),
        **({"proposals": {item.name: provenance.as_plain(item) for item in proposed}} if proposed else {}),
        **setting.resolved(arguments, loaded),
    }


def _designs(comparison: Comparison) -> pd.DataFrame:
    """Return a row an architecture or proposal: what it is here, and whether it runs exactly like the first."""
    same = levers.same_as_first(comparison.scenarios)
    return pd.DataFrame(
        {"design": name, "architecture": one.architecture, "what": levers.in_words(one), "as_first": name in same}
        for name, one in comparison.scenarios.items()
    )


def _uncertainties(plan: ensemble.Plan, comparison: Comparison) -> pd.DataFrame:
    """Return a row a number that was drawn: its range and source, and whether it can do anything under any architecture."""
    idle = {row.name for row in ensemble.idle(plan, comparison.scenarios)}
    return pd.DataFrame(
        {
            "name": row.name, "low": row.range[0], "high": row.range[-1], "default": row.default, "distribution": row.distribution,
            "acts": row.name not in idle, "source": row.source,
        }
        for row in plan.varied
        if row.range is not None
    )  # fmt: skip


def _ensemble(plan: ensemble.Plan) -> dict[str, Any]:
    """Return what makes the draws."""
    return {
        "draws": len(plan.draws),
        "sequence": "scrambled Sobol",
        "seed": ensemble.SEED,
        "varied": {row.name: {"range": list(row.range or ()), "distribution": row.distribution} for row in plan.varied},
        "held": plan.held,
        "levers": plan.levers,
    }


def _with_varied_parameters(comparison: Comparison) -> pd.DataFrame:
    """Return the runs with a column for each parameter that differs between the architectures, and for no other."""
    plain = {name: provenance.as_plain(item.parameters) for name, item in comparison.scenarios.items()}
    runs = comparison.runs.copy()
    first = next(iter(plain.values()))
    varied = [name for name, value in first.items() if any(other[name] != value for other in plain.values())]
    for position, name in enumerate(varied):
        runs.insert(2 + position, name, runs["architecture"].map({key: item[name] for key, item in plain.items()}))
    return runs
