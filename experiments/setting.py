"""What a command that compares architectures runs on, and what its manifest says."""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from donorlab import scenarios as catalogue
from donorlab.experiments import provenance
from donorlab.experiments.arguments import Arguments, InputError, did_you_mean
from donorlab.experiments.store import digest_of
from donorlab.sim.compiled import source_hash

if TYPE_CHECKING:
    from donorlab.sim import Scenario


def load_each(arguments: Arguments, command: str) -> dict[str, Scenario]:
    """Load the scenario once for each architecture of the key ``architectures``.

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
    return {name: catalogue.load(scenario, [*arguments.overrides, f"architecture={name}"]) for name in chosen}


def resolved(arguments: Arguments, loaded: Mapping[str, Scenario]) -> dict[str, Any]:
    """Return what decides the scenario, as plain data: the whole of it, and what each architecture changes in it."""
    plain = {name: provenance.as_plain(scenario) for name, scenario in loaded.items()}
    first = next(iter(plain.values()))
    return {
        "build": catalogue.configuration(arguments.experiment["scenario"], arguments.overrides),
        "resolved": first,
        "changed_by_architecture": {name: provenance.differences(first, other) for name, other in plain.items()},
    }


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
