"""``donorlab ignorance``: what is not paid twice if a donor reports its plans, or its projects, donor by donor."""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from donorlab import scenarios as catalogue
from donorlab.experiments import levers, report_of_ignorance, reporters, setting, tables
from donorlab.experiments.arguments import Arguments, InputError, parse
from donorlab.experiments.crew import Crew
from donorlab.experiments.engines_asked import crew_asked
from donorlab.experiments.figures_of_ignorance import ignorance as draw
from donorlab.experiments.kept import Kept
from donorlab.experiments.progress import progress
from donorlab.experiments.store import ResultFolder, default_folder, digest_of
from donorlab.experiments.words import span
from donorlab.sim.scenario import checked_seed

if TYPE_CHECKING:
    from donorlab.sim import Scenario

PERMUTATIONS_MAXIMUM: Final = 10_000
PLAYERS_MAXIMUM: Final = 200


@dataclass(frozen=True)
class Options:
    """Keys of the experiment, checked."""

    report: str
    players: int
    permutations: int
    replications: int
    seed: int
    crew: Crew
    out: Path | None


def run(words: Sequence[str]) -> None:
    """Carry out ``donorlab ignorance WORDS``."""
    started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    arguments = parse("ignorance", words)
    options = _options(arguments)
    world = _game(arguments, options)
    who = reporters.players(world, options.players)
    if len(who) < 2:
        raise InputError("players: fewer than two members have a budget here; there is nobody to compare")
    sample = reporters.sample(who, options.permutations, options.seed)
    seeds = tuple(range(sample.seeds[-1] + 1, sample.seeds[-1] + 1 + options.replications))
    checked_seed(seeds[-1])
    configuration = _configuration(arguments, options, world)
    digest = digest_of(configuration)
    target = options.out or default_folder("ignorance", digest, datetime.datetime.now())
    stamp = setting.stamp(arguments, world, f"seeds {span((*sample.seeds, *seeds)).removeprefix('seeds ')}", digest)
    total = len(sample.jobs) + len(seeds) * (len(who) + 1)
    with (
        Kept(target, configuration, {world.architecture: world}) as kept,
        ResultFolder(target, options.out is not None) as folder,
    ):
        crew = options.crew.keeping(kept)
        with progress(f"{world.name}, {len(who)} who may report", total) as advance:
            contributions = reporters.values(sample, reporters.run(world, sample.jobs, crew, advance))
            found = reporters.table(sample, contributions, world)
            order = [[one.name for one in who].index(name) for name in found["player"]]
            jobs = reporters.curve_jobs(who, order, seeds)
            curve = reporters.curve(who, order, seeds, reporters.run(world, jobs, crew, advance))
        folder.csv("reporters", found)
        folder.csv("curve", curve)
        folder.table("contributions", _long(sample, contributions))
        folder.sentences(report_of_ignorance.sentences(found, curve, options.report))
        drawing = draw(found, curve, options.report, stamp)
        folder.figure(drawing.name, drawing.figure, drawing.data, drawing.stamp.metadata(drawing.title))
        folder.json("configuration", configuration)
        folder.manifest(setting.manifest(configuration, words, (*sample.seeds, *seeds), started, clock))
    screen = tables.console()
    report_of_ignorance.show(screen, found, curve, options.report, len(sample.pairs), len(seeds), arguments.overrides)
    screen.print(f"\nResults, the figure and its data: {folder.path}", soft_wrap=True, highlight=False)


def _long(sample: reporters.Sample, contributions: Any) -> pd.DataFrame:
    """Return a row a pair of orders and player."""
    pairs, count = contributions.shape[:2]
    return pd.DataFrame(
        {
            "seed": [seed for seed in sample.seeds for _ in range(count)],
            "player": [one.name for one in sample.players] * pairs,
            "saved_m": contributions[..., 0].ravel(),
            "efficiency": contributions[..., 1].ravel(),
        }
    )


def _game(arguments: Arguments, options: Options) -> Scenario:
    """Load the scenario as the game has it; what the game fixes cannot be set."""
    fixed = {"architecture", "register", "reporters", *reporters.FREE}
    for name in sorted(fixed & arguments.given):
        raise InputError(
            f"{name}: cannot be set here; the register is free, in time and for {options.report}, and donors act apart otherwise"
        )
    scenario = str(arguments.experiment["scenario"])
    loaded = catalogue.load(scenario, [*arguments.overrides, "architecture=umbrella"])
    world = reporters.game(loaded, options.report)
    levers.composition(world)  # refuses a world without members
    return world


def _options(arguments: Arguments) -> Options:
    given = arguments.experiment
    if given["report"] not in reporters.REPORTS:
        raise InputError(f"report: '{given['report']}' is not one of {', '.join(reporters.REPORTS)}")
    setting.within(given, "players", 0, PLAYERS_MAXIMUM)
    setting.within(given, "permutations", 2, PERMUTATIONS_MAXIMUM)
    setting.within(given, "replications", 1, setting.REPLICATIONS_MAXIMUM)
    if given["permutations"] % 2:
        raise InputError(
            f"permutations: {given['permutations']} is odd; each order is run with its reverse, give an even number"
        )
    return Options(
        report=given["report"],
        players=given["players"],
        permutations=given["permutations"],
        replications=given["replications"],
        seed=checked_seed(given["seed"]),
        crew=crew_asked(given),
        out=setting.folder(given),
    )


def _configuration(arguments: Arguments, options: Options, world: Scenario) -> dict[str, Any]:
    """Return all that determines the results."""
    return {
        "command": "ignorance",
        "scenario": arguments.experiment["scenario"],
        "settings": list(arguments.overrides),
        "report": options.report,
        "players": options.players,
        "permutations": options.permutations,
        "replications": options.replications,
        "seed": options.seed,
        **setting.resolved(arguments, {reporters.NAME: world}),
    }
