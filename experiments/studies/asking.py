"""What the commands that analyse runs are asked, and where their answers go; the same for all of them."""

from __future__ import annotations

import datetime
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from donorlab import scenarios as catalogue
from donorlab.experiments import levers, proposals, provenance, setting
from donorlab.experiments.arguments import Arguments, InputError, parse
from donorlab.experiments.canvas import Stamp
from donorlab.experiments.opened import Opened
from donorlab.experiments.store import ResultFolder, default_folder, digest_of
from donorlab.experiments.studies.study import ENGINE_KEYS, Study, opened
from donorlab.sim.compiled import source_hash
from donorlab.sim.outcomes.catalogue import CATALOGUE

if TYPE_CHECKING:
    from donorlab.sim import Scenario

FROM = "from"


@dataclass
class Asked:
    """What a command was asked.

    Attributes
    ----------
    command, words : its name, and what was typed
    arguments : keys of the command and of the scenario
    loaded : scenario by architecture or proposal; empty where runs are read (``from=``)
    out : folder of the results, None for the default
    """

    command: str
    words: tuple[str, ...]
    arguments: Arguments
    loaded: Mapping[str, Scenario]
    out: Path | None
    started: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.UTC))
    clock: float = field(default_factory=time.monotonic)

    @property
    def keys(self) -> dict[str, Any]:
        """Keys of the command."""
        return self.arguments.experiment

    @property
    def reads(self) -> bool:
        """Whether runs are read and none is made."""
        return bool(self.keys[FROM])

    def study(self, make: Callable[[], Study]) -> Study:
        """Return the runs: of the folders that were named, or those that ``make`` makes.

        Raises
        ------
        InputError
            If a folder cannot be analysed, or lacks an architecture.
        """
        if not self.reads:
            return make()
        chosen = self.keys["architectures"] if "architectures" in self.arguments.chosen else None
        return opened(self.keys[FROM], bool(self.keys["mix"]), chosen)

    @contextmanager
    def results(self, study: Sequence[Study], more: Mapping[str, Any]) -> Iterator[tuple[ResultFolder, Stamp]]:
        """Yield the folder of the results and where its figures come from; the manifest is written at the end.

        Parameters
        ----------
        study : whose runs were analysed
        more : what determines the results besides the runs and the keys of the command
        """
        runs = [
            {"configuration": Opened(root).manifest["configuration_hash"], "folder": root.name, "sources": one.sources}
            for one in study
            for root in one.folders
        ]
        kept = {key: value for key, value in self.keys.items() if key not in (*ENGINE_KEYS, "out")}
        configuration = {
            "command": self.command,
            "keys": kept,
            "settings": list(self.arguments.overrides),
            "sweeps": [{key: value for key, value in one.items() if key != "folder"} for one in runs],
            **more,
        }
        digest = digest_of(configuration)
        target = self.out or default_folder(self.command, digest, datetime.datetime.now())
        seeds: dict[int, int] = {}
        for one in study:
            seeds[one.replications] = seeds.get(one.replications, 0) + len(one.points)
        swept = Opened(study[0].folders[0]).manifest["plan"]["configuration"]
        stamp = Stamp(
            scenario=str(swept["scenario"]),
            settings=" ".join(swept["settings"]),
            seeds=" and ".join(f"{points} points x {each}" for each, points in seeds.items()),
            source=source_hash(),
            configuration=digest,
            version=provenance.version(),
        )
        with ResultFolder(target, refuse_existing=self.out is not None) as folder:
            yield folder, stamp
            folder.json("configuration", configuration)
            folder.manifest(
                {
                    "command": self.command,
                    "words": list(self.words),
                    "configuration": configuration,
                    "configuration_hash": digest,
                    "runs_of": [{**one, "folder": str(one["folder"])} for one in runs],
                    "source_hash": source_hash(),
                    "ranges_hash": catalogue.ranges_hash(),
                    "git": provenance.git_state(),
                    "packages": provenance.package_versions(),
                    "platform": provenance.machine(),
                    "started": self.started.isoformat(timespec="seconds"),
                    "wall_seconds": round(time.monotonic() - self.clock, 3),
                }
            )


def read(command: str, words: Sequence[str], bare: str = "scenario", least: int = 1) -> Asked:
    """Return what a command was asked, checked.

    Parameters
    ----------
    command : its name; ``conf/COMMAND.yaml`` has its keys
    words : as typed
    bare : key of a word without ``=``
    least : architectures and proposals that it needs

    Raises
    ------
    InputError, ScenarioError
        One line.
    """
    arguments = parse(command, words, bare)
    keys = arguments.experiment
    unit = CATALOGUE.get(str(keys.get("outcome")), ("share", ""))[0]  # a command with one outcome counts in its unit
    if not 0 < keys["smallest_difference"] < (1 if unit == "share" else math.inf):
        raise InputError(
            f"smallest_difference: {keys['smallest_difference']:g} is out of range; it is a share such as 0.02"
        )
    out = setting.folder(keys)
    if keys[FROM]:
        idle = sorted((arguments.chosen & {"scenario", "proposals", *ENGINE_KEYS} - {"mix"}) | arguments.given)
        if idle:
            raise InputError(
                f"{idle[0]}: does nothing with from=, which reads runs that are there; leave one of the two out"
            )
        return Asked(command, tuple(words), arguments, {}, out)
    proposed = proposals.chosen(arguments)
    loaded = setting.load_each(arguments, command, proposed)
    if len(loaded) < least:
        raise InputError(f"architectures: {command} needs {least} or more; write architectures=[fragmented,umbrella]")
    levers.check(loaded, arguments.given)
    proposals.refuse_contradictions(proposed, loaded)
    return Asked(command, tuple(words), arguments, loaded, out)
