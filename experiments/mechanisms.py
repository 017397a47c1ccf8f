"""``donorlab mechanisms``: what each mechanism does, by itself and to the difference between architectures."""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console

from donorlab.experiments import effects, ensemble, levers, provenance, report_of_mechanisms, runner, setting, switches
from donorlab.experiments.arguments import Arguments, InputError, did_you_mean, parse
from donorlab.experiments.canvas import Stamp
from donorlab.experiments.figures_of_mechanisms import mechanisms as draw
from donorlab.experiments.progress import progress
from donorlab.experiments.report import WIDTH
from donorlab.experiments.store import ResultFolder, default_folder, digest_of, refuse_occupied
from donorlab.experiments.words import span
from donorlab.sim.compiled import source_hash
from donorlab.sim.scenario import checked_seed

if TYPE_CHECKING:
    from donorlab.sim import Scenario

REPLICATIONS_MAXIMUM: Final = 1_000
ARCHITECTURES_MAXIMUM: Final = 3  # panels of the figure


@dataclass(frozen=True)
class Options:
    """Keys of the experiment, checked."""

    chosen: tuple[switches.Switch, ...]
    seeds: tuple[int, ...]
    draws: int
    smallest: float
    workers: int | None
    out: Path | None


def run(words: Sequence[str]) -> None:
    """Carry out ``donorlab mechanisms WORDS``."""
    started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    arguments = parse("mechanisms", words)
    options = _options(arguments)
    if options.out is not None:
        refuse_occupied(options.out)
    loaded = setting.load_each(arguments, "mechanisms")
    if not 2 <= len(loaded) <= ARCHITECTURES_MAXIMUM:
        raise InputError(
            f"architectures: {len(loaded)} given; name two or three, of which the first is what the others are held against"
        )
    given = {word.partition("=")[0] for word in arguments.overrides}
    levers.check(loaded, given)
    first = next(iter(loaded.values()))
    drawn = ensemble.plan(first, options.draws, given) if options.draws else None
    made = effects.plan(loaded, options.chosen, options.seeds, drawn)
    configuration = _configuration(arguments, options, loaded)
    digest = digest_of(configuration)
    screen = Console()
    if not screen.is_terminal:
        screen = Console(width=max(WIDTH, screen.width))
    screen.print(_before(made, loaded, options), highlight=False)
    target = options.out or default_folder("mechanisms", digest, datetime.datetime.now())
    stamp = Stamp(
        scenario=first.name,
        settings=" ".join(arguments.overrides),
        seeds=span(options.seeds) + (f", draws 1-{options.draws}" if options.draws else ""),
        source=source_hash(),
        configuration=digest,
        version=provenance.version(),
    )
    with ResultFolder(target, refuse_existing=options.out is not None) as folder:
        with progress(f"{first.name}, {len(made.chosen)} mechanisms", made.runs) as advance:
            frame = effects.table(made, runner.run_jobs(loaded, made.jobs, options.workers, advance))
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
    given = arguments.experiment
    count, draws, smallest = given["replications"], given["draws"], given["smallest_difference"]
    if not 1 <= count <= REPLICATIONS_MAXIMUM:
        raise InputError(f"replications: {count} is out of range; it must lie between 1 and {REPLICATIONS_MAXIMUM}")
    if not 0 <= draws <= ensemble.DRAWS_MAXIMUM:
        raise InputError(f"draws: {draws} is out of range; it must lie between 0 and {ensemble.DRAWS_MAXIMUM}")
    if not 0 < smallest < 1:
        raise InputError(f"smallest_difference: {smallest:g} is out of range; it is a share such as 0.02 (2 points)")
    first = checked_seed(given["seed"])
    return Options(
        chosen=_chosen(given["only"]),
        seeds=tuple(range(first, checked_seed(first + count - 1) + 1)),
        draws=draws,
        smallest=smallest,
        workers=runner.checked_workers(given["workers"]),
        out=Path(given["out"]) if given["out"] is not None else None,
    )


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
        "command": "mechanisms",
        "scenario": arguments.experiment["scenario"],
        "settings": list(arguments.overrides),
        "architectures": list(loaded),
        "replications": len(options.seeds),
        "seed": options.seeds[0],
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
    processes = options.workers or runner.processors()
    seconds = each * made.runs / processes
    length = f"{seconds / 60:.0f} minutes" if seconds >= 100 else f"{seconds:.0f} seconds"
    return (
        f"{len(made.chosen)} mechanisms off and on, {len(loaded)} architectures, {len(options.seeds)} seeds and "
        f"{options.draws} futures: {made.runs:,} runs, about {length} ({1000 * each:.0f} ms a run, {processes} at a time)."
    )
