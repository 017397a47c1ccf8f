"""``donorlab mechanisms``: what each mechanism does, by itself and to the difference between architectures."""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from donorlab.experiments import (
    effects,
    ensemble,
    levers,
    report_of_mechanisms,
    runner,
    setting,
    switches,
    tables,
)
from donorlab.experiments.arguments import Arguments, InputError, did_you_mean, parse
from donorlab.experiments.figures_of_mechanisms import mechanisms as draw
from donorlab.experiments.kept import Kept
from donorlab.experiments.progress import progress
from donorlab.experiments.store import ResultFolder, default_folder, digest_of
from donorlab.experiments.words import span

if TYPE_CHECKING:
    from donorlab.sim import Scenario

ARCHITECTURES_MAXIMUM: Final = 3  # panels of the figure


@dataclass(frozen=True)
class Options(setting.Keys):
    """Keys of the experiment, checked."""

    chosen: tuple[switches.Switch, ...]


def run(words: Sequence[str]) -> None:
    """Carry out ``donorlab mechanisms WORDS``."""
    started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    arguments = parse("mechanisms", words)
    options = _options(arguments)
    loaded = setting.load_each(arguments, "mechanisms")
    if not 2 <= len(loaded) <= ARCHITECTURES_MAXIMUM:
        raise InputError(
            f"architectures: {len(loaded)} given; name two or three, of which the first is what the others are held against"
        )
    levers.check(loaded, arguments.given)
    first = next(iter(loaded.values()))
    drawn = ensemble.plan(first, options.draws, arguments.given) if options.draws else None
    made = effects.plan(loaded, options.chosen, options.seeds, drawn)
    configuration = _configuration(arguments, options, loaded)
    digest = digest_of(configuration)
    screen = tables.console()
    screen.print(_before(made, loaded, options), highlight=False)
    target = options.out or default_folder("mechanisms", digest, datetime.datetime.now())
    seeds = span(options.seeds) + (f", draws 1-{options.draws}" if options.draws else "")
    stamp = setting.stamp(arguments, first, seeds, digest)
    with Kept(target, configuration, loaded) as kept, ResultFolder(target, options.out is not None) as folder:
        crew = options.crew.keeping(kept)
        with progress(f"{first.name}, {len(made.chosen)} mechanisms", made.runs) as advance:
            frame = effects.table(made, runner.run_jobs(loaded, made.jobs, crew, advance))
        found = effects.summary(frame, options.smallest)
        folder.table("mechanisms", frame)
        folder.csv("effects", found)
        drawing = draw(found, options.smallest, len(options.seeds), stamp)
        folder.figure(drawing.name, drawing.figure, drawing.data, drawing.stamp.metadata(drawing.title))
        folder.json("configuration", configuration)
        folder.manifest(setting.manifest(configuration, words, options.seeds, started, clock))
    report_of_mechanisms.show(screen, frame, found, first, options.chosen, options.smallest, arguments.overrides)
    screen.print(f"\nResults, the figure and its data: {folder.path}", soft_wrap=True, highlight=False)


def _options(arguments: Arguments) -> Options:
    return Options(**vars(setting.keys(arguments)), chosen=_chosen(arguments.experiment["only"]))


def _chosen(only: Sequence[str]) -> tuple[switches.Switch, ...]:
    """Return the switches asked for, in their order."""
    if list(only) == ["all"]:
        return switches.SWITCHES
    for name in only:
        if name not in switches.BY_NAME:
            hint = did_you_mean(name, switches.BY_NAME) or f"; there are {', '.join(switches.BY_NAME)}"
            raise InputError(f"only: there is no mechanism '{name}'{hint}")
    return tuple(one for one in switches.SWITCHES if one.name in only)


def _configuration(arguments: Arguments, options: Options, loaded: Mapping[str, Scenario]) -> dict[str, Any]:
    """Return all that determines the results."""
    first = next(iter(loaded.values()))
    return {
        **setting.asked("mechanisms", arguments, options.seeds, tuple(loaded)),
        "draws": options.draws,
        "ensemble_seed": ensemble.SEED,
        "smallest_difference": options.smallest,
        "mechanisms": {
            one.name: {
                "off": switches.off_values(one),
                "on": switches.on_values(one, first),
                "with": switches.needed(one, first),
            }
            for one in options.chosen
        },
        **setting.resolved(arguments, loaded),
    }


def _before(made: effects.Plan, loaded: Mapping[str, Scenario], options: Options) -> str:
    """Return how long it will take: measured on one job, after everything is compiled."""
    job = made.jobs[0]
    runner.run_job(loaded, job)
    begun = time.perf_counter()
    runner.run_job(loaded, job)
    each = (time.perf_counter() - begun) / len(loaded)
    processes = options.crew.workers or runner.processors()
    seconds = each * made.runs / processes
    length = f"{seconds / 60:.0f} minutes" if seconds >= 100 else f"{seconds:.0f} seconds"
    return (
        f"{len(made.chosen)} mechanisms off and on, {len(loaded)} architectures, {len(options.seeds)} seeds and "
        f"{options.draws} futures: {made.runs:,} runs, about {length} ({1000 * each:.0f} ms a run, {processes} at a time)."
    )
