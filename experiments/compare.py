"""``donorlab compare``: architectures on the same draws; table, sentences, figures, result folder."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
from rich.console import Console

from donorlab import scenarios as catalogue
from donorlab import sim
from donorlab.experiments import figures, provenance, tables
from donorlab.experiments.arguments import Arguments, InputError, did_you_mean, parse
from donorlab.experiments.outcomes import euros
from donorlab.experiments.progress import progress
from donorlab.experiments.store import ResultFolder, default_folder, digest_of, refuse_occupied
from donorlab.sim.compiled import source_hash
from donorlab.sim.scenario import checked_seed

if TYPE_CHECKING:
    from donorlab.sim import Scenario

REPLICATIONS_MAXIMUM: Final = 1_000  # all projects of all runs are held in memory, 4 MB a replication of `world`
_TABLE_WIDTH: Final = 100  # where there is no terminal to fit


@dataclass(frozen=True)
class Comparison:
    """The tables of a paired comparison; each has columns ``architecture`` and ``seed`` first.

    Attributes
    ----------
    scenarios : one scenario an architecture, which differ in nothing else
    seeds : the replications, the same for every architecture
    runs : a row a run, with its outcomes
    steps, projects, beneficiaries, donors : the tables of each run, one under the other
    """

    scenarios: Mapping[str, Scenario]
    seeds: tuple[int, ...]
    runs: pd.DataFrame
    steps: pd.DataFrame
    projects: pd.DataFrame
    beneficiaries: pd.DataFrame
    donors: pd.DataFrame


def paired_runs(
    scenarios: Mapping[str, Scenario], seeds: Sequence[int], advance: Callable[[], None] = lambda: None
) -> Comparison:
    """Run each scenario with each seed; what a seed fixes for all of them is computed once.

    Parameters
    ----------
    scenarios : scenario by name of its architecture
    seeds : replications
    advance : called after each run

    Returns
    -------
    Comparison
        ``runs`` has the outcomes and ``relative_to_central``, gain over the gain of the paired central run (NaN
        without one).
    """
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in ("steps", "projects", "beneficiaries", "donors")}
    rows: list[dict[str, Any]] = []
    shared = next(iter(scenarios.values()))
    for seed in seeds:
        baseline = sim.baseline(shared, seed)
        for architecture, scenario in scenarios.items():
            result = sim.simulate(scenario, seed=seed, baseline=baseline)
            rows.append({"architecture": architecture, "seed": seed, **result.outcomes})
            for name, so_far in parts.items():
                so_far.append(_labelled(getattr(result, name), architecture, seed))
            advance()
    runs = pd.DataFrame(rows)
    runs["relative_to_central"] = _relative_to_central(runs)
    joined = {name: _stacked(frames, list(scenarios)) for name, frames in parts.items()}
    return Comparison(scenarios=dict(scenarios), seeds=tuple(seeds), runs=runs, **joined)


def _labelled(frame: pd.DataFrame, architecture: str, seed: int) -> pd.DataFrame:
    """Return a table of a run with architecture and seed in front, a meaningful index as a column."""
    labelled = frame.reset_index(drop=frame.index.name is None)
    labelled.insert(0, "architecture", architecture)
    labelled.insert(1, "seed", seed)
    return labelled


def _stacked(frames: list[pd.DataFrame], architectures: list[str]) -> pd.DataFrame:
    whole = pd.concat(frames, ignore_index=True)
    whole["architecture"] = pd.Categorical(whole["architecture"], categories=architectures)
    return whole


def _relative_to_central(runs: pd.DataFrame) -> pd.Series[float]:
    gain = (runs["welfare"] - runs["welfare_no_aid"]).astype("float64")
    central = gain[runs["architecture"] == "central"]
    by_seed = dict(zip(runs.loc[central.index, "seed"], central, strict=True))
    reference = runs["seed"].map(by_seed).astype("float64")
    return gain / reference.where(reference != 0)


# ---------------------------------------------------------------------- the command
def run(words: Sequence[str]) -> None:
    """Carry out ``donorlab compare WORDS``."""
    started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    arguments = parse("compare", words)
    seeds = _seeds(arguments)
    if arguments.experiment["out"] is not None:
        refuse_occupied(Path(arguments.experiment["out"]))
    loaded = _load(arguments)
    configuration = _configuration(arguments, loaded, seeds)
    digest = digest_of(configuration)
    out = arguments.experiment["out"]
    target = Path(out) if out is not None else default_folder("compare", digest, datetime.datetime.now())
    stamp = figures.Stamp(
        scenario=next(iter(loaded.values())).name,
        settings=" ".join(arguments.overrides),
        seeds=_span(seeds),
        source=source_hash(),
        configuration=digest,
        version=provenance.version(),
    )
    screen = Console()
    with ResultFolder(target, refuse_existing=out is not None) as folder:
        with progress(f"{stamp.scenario}, {' and '.join(loaded)}", len(seeds) * len(loaded)) as advance:
            comparison = paired_runs(loaded, seeds, advance)
        summary = tables.summarise(comparison.runs)
        folder.table("runs", _with_varied_parameters(comparison))
        for name in ("steps", "projects", "beneficiaries", "donors"):
            folder.table(name, getattr(comparison, name))
        folder.csv("summary", summary)
        folder.json("configuration", configuration)
        for drawn in figures.draw_all(comparison, stamp):
            folder.figure(drawn.name, drawn.figure, drawn.data, stamp.metadata(drawn.title))
        folder.manifest(
            {
                "command": "compare",
                "words": list(words),
                "configuration": _outline(configuration),
                "configuration_hash": digest,
                "seeds": list(seeds),
                "source_hash": source_hash(),
                "ranges_hash": catalogue.ranges_hash(),
                "git": provenance.git_state(),
                "packages": provenance.package_versions(),
                "platform": provenance.machine(),
                "started": started.isoformat(timespec="seconds"),
                "wall_seconds": round(time.monotonic() - clock, 3),
            }
        )
    _show(screen, comparison, summary, folder.path)


def _seeds(arguments: Arguments) -> tuple[int, ...]:
    first, count = arguments.experiment["seed"], arguments.experiment["replications"]
    if not 1 <= count <= REPLICATIONS_MAXIMUM:
        raise InputError(f"replications: {count} is out of range; it must lie between 1 and {REPLICATIONS_MAXIMUM}")
    return tuple(range(checked_seed(first), checked_seed(first + count - 1) + 1))


def _load(arguments: Arguments) -> dict[str, Scenario]:
    """Load the scenario once for each architecture."""
    chosen: list[str] = arguments.experiment["architectures"]
    known = catalogue.architectures()
    for name in chosen:
        if name not in known:
            hint = did_you_mean(name, known) or f"; there are {', '.join(known)}"
            raise InputError(f"architectures: there is no architecture '{name}'{hint}")
    twice = sorted({name for name in chosen if chosen.count(name) > 1})
    if twice:
        raise InputError(f"architectures: '{twice[0]}' is given twice")
    if any(word.startswith("architecture=") for word in arguments.overrides):
        raise InputError("architecture: compare runs several; write architectures=[fragmented,central]")
    scenario = str(arguments.experiment["scenario"])
    return {name: catalogue.load(scenario, [*arguments.overrides, f"architecture={name}"]) for name in chosen}


def _configuration(arguments: Arguments, loaded: Mapping[str, Scenario], seeds: Sequence[int]) -> dict[str, Any]:
    """Return all that determines the results: the whole scenario, and what each architecture changes in it."""
    plain = {name: provenance.as_plain(scenario) for name, scenario in loaded.items()}
    first = next(iter(plain.values()))
    return {
        "command": "compare",
        "scenario": arguments.experiment["scenario"],
        "settings": list(arguments.overrides),
        "architectures": list(loaded),
        "replications": len(seeds),
        "seed": seeds[0],
        "build": catalogue.configuration(arguments.experiment["scenario"], arguments.overrides),
        "resolved": first,
        "changed_by_architecture": {name: provenance.differences(first, other) for name, other in plain.items()},
    }


def _outline(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration without the tables of donors and beneficiaries, of which only the ids stay."""
    resolved = dict(configuration["resolved"])
    for actors in ("donors", "beneficiaries"):
        resolved[actors] = {"ids": resolved[actors]["ids"], "all": "configuration.json"}
    return {**configuration, "resolved": resolved}


def _with_varied_parameters(comparison: Comparison) -> pd.DataFrame:
    """Return the runs with a column for each parameter that differs between the architectures, and for no other."""
    plain = {name: provenance.as_plain(item.parameters) for name, item in comparison.scenarios.items()}
    runs = comparison.runs.copy()
    first = next(iter(plain.values()))
    varied = [name for name, value in first.items() if any(other[name] != value for other in plain.values())]
    for position, name in enumerate(varied):
        runs.insert(2 + position, name, runs["architecture"].map({key: item[name] for key, item in plain.items()}))
    return runs


def _span(seeds: Sequence[int]) -> str:
    return f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]}-{seeds[-1]}"


def _show(screen: Console, comparison: Comparison, summary: pd.DataFrame, path: Path) -> None:
    """Print the table, the sentences and where the results are."""
    if not screen.is_terminal:
        screen = Console(width=max(_TABLE_WIDTH, screen.width))
    scenario = next(iter(comparison.scenarios.values()))
    p = scenario.parameters
    screen.print(
        f"\n[bold]{scenario.title}[/]: {scenario.donors.count} donors, {scenario.beneficiaries.count} states, "
        f"{euros(p.money)} a year for {p.horizon} quarters, measured {p.wind_down} quarters after the money stops\n"
    )
    screen.print(tables.rendered(summary, list(comparison.scenarios), len(comparison.seeds)))
    screen.print()
    for text in tables.sentences(comparison.runs, scenario.beneficiaries.count):
        screen.print(f"- {text}", highlight=False)
    screen.print("\n[bold]Seed noise only: how much the assumptions matter is another question.[/]")
    screen.print(f"Results, figures and their data: {path}", soft_wrap=True, highlight=False)
