"""What a command that compares architectures runs on, and what its manifest says."""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from donorlab import scenarios as catalogue
from donorlab.experiments import ensemble, provenance
from donorlab.experiments.arguments import Arguments, InputError, did_you_mean
from donorlab.experiments.canvas import Stamp
from donorlab.experiments.crew import Crew
from donorlab.experiments.engines_asked import crew_asked
from donorlab.experiments.store import digest_of, refuse_occupied
from donorlab.sim.compiled import source_hash
from donorlab.sim.scenario import checked_seed

if TYPE_CHECKING:
    from donorlab.sim import Scenario

REPLICATIONS_MAXIMUM: Final = 1_000  # what the figures need of each run is held in memory


@dataclass(frozen=True)
class Keys:
    """Keys of the experiment that these commands share, checked.

    Attributes
    ----------
    seeds : of the replications; draws : number of futures, 0 for none
    smallest : difference in efficiency below which two architectures are the same
    crew : who works
    out : folder of the results, None for the default
    """

    seeds: tuple[int, ...]
    draws: int
    smallest: float
    crew: Crew
    out: Path | None


def keys(arguments: Arguments) -> Keys:
    """Return the keys that these commands share.

    Raises
    ------
    InputError, ScenarioError
        If one is out of range, or the folder for the results is taken.
    """
    given = arguments.experiment
    count, draws, smallest = given["replications"], given["draws"], given["smallest_difference"]
    within(given, "replications", 1, REPLICATIONS_MAXIMUM)
    within(given, "draws", 0, ensemble.DRAWS_MAXIMUM)
    if not 0 < smallest < 1:
        raise InputError(f"smallest_difference: {smallest:g} is out of range; it is a share such as 0.02 (2 points)")
    first = checked_seed(given["seed"])
    seeds = tuple(range(first, checked_seed(first + count - 1) + 1))
    return Keys(seeds, draws, smallest, crew_asked(given), folder(given))


def within(given: Mapping[str, Any], key: str, low: float, high: float) -> None:
    """Refuse a number of the experiment that is out of its range.

    Raises
    ------
    InputError
        In one line.
    """
    if not low <= given[key] <= high:
        raise InputError(f"{key}: {given[key]} is out of range; it must lie between {low} and {high}")


def folder(given: Mapping[str, Any]) -> Path | None:
    """Return the folder for the results, None for the default.

    Raises
    ------
    InputError
        If it is taken.
    """
    if given["out"] is None:
        return None
    out = Path(given["out"])
    refuse_occupied(out)
    return out


def load_each(arguments: Arguments, command: str, proposals: Sequence[catalogue.Proposal] = ()) -> dict[str, Scenario]:
    """Load the scenario once for each architecture of the key ``architectures``, and once under each proposal.

    Raises
    ------
    InputError
        If an architecture is unknown or given twice.
    """
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
        raise InputError(f"architecture: {command} runs several; write architectures=[fragmented,central]")
    scenario = str(arguments.experiment["scenario"])
    found = {name: catalogue.load(scenario, [*arguments.overrides, f"architecture={name}"]) for name in chosen}
    return found | {item.name: catalogue.load(scenario, arguments.overrides, item) for item in proposals}


def asked(command: str, arguments: Arguments, seeds: Sequence[int], architectures: Sequence[str]) -> dict[str, Any]:
    """Return what a configuration begins with: what was asked for."""
    return {
        "command": command,
        "scenario": arguments.experiment["scenario"],
        "settings": list(arguments.overrides),
        "architectures": list(architectures),
        "replications": len(seeds),
        "seed": seeds[0],
    }


def resolved(arguments: Arguments, loaded: Mapping[str, Scenario]) -> dict[str, Any]:
    """Return what decides the scenario, as plain data: the whole of it, and what each architecture changes in it."""
    plain = {name: provenance.as_plain(scenario) for name, scenario in loaded.items()}
    first = next(iter(plain.values()))
    return {
        "build": catalogue.configuration(arguments.experiment["scenario"], arguments.overrides),
        "resolved": first,
        "changed_by_architecture": {name: provenance.differences(first, other) for name, other in plain.items()},
    }


def stamp(arguments: Arguments, scenario: Scenario, seeds: str, digest: str) -> Stamp:
    """Return where the figures come from; ``seeds`` in words, ``digest`` of the configuration."""
    return Stamp(
        scenario=scenario.name,
        settings=" ".join(arguments.overrides),
        seeds=seeds,
        source=source_hash(),
        configuration=digest,
        version=provenance.version(),
    )


def manifest(
    configuration: Mapping[str, Any],
    words: Sequence[str],
    seeds: Sequence[int],
    started: datetime.datetime,
    clock: float,
) -> dict[str, Any]:
    """Return what a manifest says of a finished command.

    Parameters
    ----------
    configuration : all that determines the results, with the name of the command
    words : as typed
    seeds : of the replications
    started, clock : when it began, by the calendar and by ``time.monotonic``
    """
    return {
        "command": configuration["command"],
        "words": list(words),
        "configuration": _outline(configuration),
        "configuration_hash": digest_of(configuration),
        "seeds": list(seeds),
        "source_hash": source_hash(),
        "ranges_hash": catalogue.ranges_hash(),
        "git": provenance.git_state(),
        "packages": provenance.package_versions(),
        "platform": provenance.machine(),
        "started": started.isoformat(timespec="seconds"),
        "wall_seconds": round(time.monotonic() - clock, 3),
    }


def _outline(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration without the tables of donors and beneficiaries, of which only the ids stay."""
    whole = dict(configuration["resolved"])
    for actors in ("donors", "beneficiaries"):
        whole[actors] = {"ids": whole[actors]["ids"], "all": "configuration.json"}
    return {**configuration, "resolved": whole}
