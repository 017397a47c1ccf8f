"""``donorlab winners``: who wins and who loses under a proposal, state by state and donor by donor."""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from donorlab.experiments import (
    chances,
    ensemble,
    figures_of_winners,
    gains,
    levers,
    proposals,
    provenance,
    report_of_winners,
    setting,
    tables,
)
from donorlab.experiments.arguments import Arguments, InputError, parse
from donorlab.experiments.kept import Kept
from donorlab.experiments.progress import progress
from donorlab.experiments.store import ResultFolder, default_folder, digest_of
from donorlab.experiments.winnings import Answer, answered
from donorlab.experiments.words import span

if TYPE_CHECKING:
    from donorlab.scenarios import Proposal
    from donorlab.sim import Scenario

NONE: Final = "none"


def run(words: Sequence[str]) -> None:
    """Carry out ``donorlab winners WORDS``."""
    started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    arguments = parse("winners", words, bare="proposals")
    options = setting.keys(arguments)
    if arguments.experiment["proposals"] == [NONE]:
        arguments.experiment["proposals"] = []
    proposed = proposals.chosen(arguments)
    loaded = setting.load_each(arguments, "winners", proposed)
    if len(loaded) < 2:
        raise InputError(
            "proposals: there is nothing to hold against the reference; name a proposal, or two architectures"
        )
    levers.check(loaded, arguments.given)
    proposals.refuse_contradictions(proposed, loaded)
    first = next(iter(loaded.values()))
    plan = ensemble.plan(first, options.draws, arguments.given) if options.draws else None
    configuration = _configuration(arguments, options, loaded, proposed)
    digest = digest_of(configuration)
    target = options.out or default_folder("winners", digest, datetime.datetime.now())
    seeds = span(options.seeds) + (f", draws 1-{options.draws}" if options.draws else "")
    stamp = setting.stamp(arguments, first, seeds, digest)
    with Kept(target, configuration, loaded) as kept, ResultFolder(target, options.out is not None) as folder:
        crew = options.crew.keeping(kept)
        count = len(loaded) * (len(options.seeds) + options.draws)
        with progress(f"{first.name}, {', '.join(loaded)}", count) as advance:
            found = gains.study(loaded, options.seeds, plan, crew, advance)
        answers = answered(found, loaded, options.smallest)
        for name in ("states", "donors", "groups"):
            folder.csv(name, pd.concat([getattr(one, name) for one in answers], ignore_index=True))
        folder.csv("chance", chance_table(answers))
        folder.table("states", found.states)
        folder.table("donors", found.donors)
        folder.table("runs", found.runs)
        for drawn in figures_of_winners.draw_all(answers, stamp):
            folder.figure(drawn.name, drawn.figure, drawn.data, drawn.stamp.metadata(drawn.title))
        folder.json("configuration", configuration)
        folder.manifest(setting.manifest(configuration, words, options.seeds, started, clock))
    screen = tables.console()
    report_of_winners.show(screen, answers, arguments.overrides)
    screen.print(f"\nResults, figures and their data: {folder.path}", soft_wrap=True, highlight=False)


def chance_table(answers: Sequence[Answer]) -> pd.DataFrame:
    """Return a row a proposal: what was found of the states, and what chance alone would make."""
    return pd.DataFrame(
        {
            "proposal": one.name,
            "states": len(one.states),
            **{verdict.replace(" ", "_"): one.count(one.states, verdict) for verdict in chances.VERDICTS},
            **{f"chance_{key}": value for key, value in vars(one.chance).items()},
            "efficiency_change": one.efficiency.mean[0],
            "efficiency_change_low": one.efficiency.low[0],
            "efficiency_change_high": one.efficiency.high[0],
        }
        for one in answers
    )


def _configuration(
    arguments: Arguments, options: setting.Keys, loaded: Mapping[str, Scenario], proposed: Sequence[Proposal]
) -> dict[str, Any]:
    """Return all that determines the results."""
    return {
        **setting.asked("winners", arguments, options.seeds, tuple(loaded)),
        "draws": options.draws,
        "ensemble_seed": ensemble.SEED,
        "smallest_difference": options.smallest,
        "proposals": {item.name: provenance.as_plain(item) for item in proposed},
        **setting.resolved(arguments, loaded),
    }
