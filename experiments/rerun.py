"""``donorlab rerun``: runs of a stored result again, from its manifest alone, and whether the numbers are the same."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from donorlab import scenarios as catalogue
from donorlab import sim
from donorlab.experiments import store
from donorlab.experiments.arguments import InputError
from donorlab.experiments.opened import Opened
from donorlab.experiments.progress import progress
from donorlab.experiments.runner import run_one
from donorlab.experiments.sweeps import apart, identity, told
from donorlab.experiments.sweeps.folder import manifest_of
from donorlab.experiments.sweeps.plan import Plan
from donorlab.experiments.sweeps.stored import plan_of, points_of
from donorlab.experiments.sweeps.worker import DESIGN, Bench, row_of, sources_here
from donorlab.scenarios import Proposal, plugins
from donorlab.scenarios.proposals import Fact
from donorlab.sim.compiled import source_hash
from donorlab.sim.outcomes.catalogue import CATALOGUE
from donorlab.sim.scenario import Scenario

SAMPLE: Final = 10
RERUNNABLE: Final = ("sweep", "compare")
_SHOWN: Final = 5


@dataclass(frozen=True)
class Pair:
    """A stored row and the same run again."""

    name: str
    stored: dict[str, Any]
    again: dict[str, Any]

    @property
    def different(self) -> list[str]:
        """Names of the numbers that are not the same to the last bit."""
        return [name for name in self.stored if name != "source" and not same(self.stored[name], self.again.get(name))]


def same(one: Any, other: Any) -> bool:
    """Return whether two values are the same; a number that is missing is equal to one that is missing."""
    if isinstance(one, float) and isinstance(other, (float, int)):
        return one == other or (math.isnan(one) and math.isnan(other))
    return bool(one == other)


def run(words: Sequence[str]) -> bool:
    """Carry out ``donorlab rerun WORDS``; return whether all numbers are the same.

    Raises
    ------
    InputError
        If the folder holds no runs, or there is no such run.
    """
    folder, which = _words(words)
    opened = store.open(folder)
    plugins.register()
    screen = told.console()
    command = opened.manifest.get("command")
    if command not in RERUNNABLE:
        raise InputError(
            f"{folder}: holds results of `{command}`, whose runs cannot be made again one by one; rerun takes the folder of a "
            f"{' or '.join(RERUNNABLE)}"
        )
    rows = opened.frame("runs", where=_condition(opened, which))
    if which is None and len(rows) > SAMPLE:
        rows = rows.iloc[[round(i * (len(rows) - 1) / (SAMPLE - 1)) for i in range(SAMPLE)]]
    if which not in (None, "all") and "run" not in rows.columns:
        rows = rows.iloc[max(0, int(which) - 1) : int(which)] if int(which) else rows.iloc[:0]
    if rows.empty:
        raise InputError(f"{folder}: has no run '{which}'")
    stored = [{str(name): _value(value) for name, value in row.items()} for row in rows.to_dict("records")]
    made = (
        _of_sweep(opened, list(_sweeps(opened)), stored, screen)
        if command == "sweep"
        else _of_command(opened, stored, screen)
    )
    wrong, count = 0, 0
    with progress(f"{folder}", len(stored)) as advance:
        for pair in made:
            advance()
            count += 1
            if pair.different:
                wrong += 1
                for name in pair.different[:_SHOWN]:
                    screen.print(f"{pair.name}: {name} was {pair.stored[name]!r} and is {pair.again.get(name)!r}")
    what = "the same numbers to the last bit" if not wrong else f"{wrong} with OTHER numbers"
    screen.print(f"{told.counted(count, 'run')} again: {what}")
    return wrong == 0


def _words(words: Sequence[str]) -> tuple[Path, str | None]:
    folder, which = None, None
    for word in words:
        if word.startswith("run="):
            which = word.removeprefix("run=")
            if not which:
                raise InputError("run: is empty; give the number or the id of a run, or all")
        elif "=" in word:
            raise InputError(f"rerun: there is no key '{word.partition('=')[0]}'; write donorlab rerun FOLDER run=17")
        elif folder is None:
            folder = Path(word)
        else:
            raise InputError(f"rerun: '{word}' is a second folder; name one")
    if folder is None:
        raise InputError("rerun: name a result folder: donorlab rerun FOLDER")
    return folder, which


def _condition(opened: Opened, which: str | None) -> Any:
    """Return which rows are meant: a sample is taken later, and of a large sweep only its run numbers are read for it."""
    names = opened.dataset("runs").schema.names
    if which == "all":
        return None
    if which is None:
        if "run" not in names:
            return None
        there = opened.frame("runs", ["run"])["run"].to_numpy()
        places = {round(i * (len(there) - 1) / (SAMPLE - 1)) for i in range(SAMPLE)} if len(there) else set()
        return [("run", "in", [int(there[place]) for place in sorted(places)])]
    if "run" not in names:
        if not which.isdecimal():
            raise InputError(
                f"run: '{which}' is no number; runs of this folder have the numbers of their rows, from 1 on"
            )
        return pc.field("seed") >= 0
    if which.isdecimal() and len(which) < identity.LENGTH // 2:
        return [("run", "==", int(which))]
    return pc.starts_with(pc.field("id"), which)


def _value(value: Any) -> Any:
    """Return a cell as Python has it; pandas has NaN for a word that is missing."""
    return value.item() if hasattr(value, "item") else value


# ---------------------------------------------------------------------- of a sweep
def _of_sweep(
    opened: Opened, sweeps: Sequence[tuple[Path, Plan, int, int]], stored: Sequence[dict[str, Any]], screen: Any
) -> Iterator[Pair]:
    contexts: dict[Path, apart.Context] = {}
    benches: dict[tuple[Path, str], Bench] = {}
    told_of: set[str] = set()
    for row in stored:
        root, plan, runs, points = next(one for one in reversed(sweeps) if int(row["run"]) > one[2])
        source = str(row["source"])
        if (root, source) not in benches:
            bench = benches[root, source] = Bench(root, plan, source)
            here = identity.short(sources_here(bench))
            if here != source and source not in told_of:
                told_of.add(source)
                screen.print(f"the sources here ({here}) are not those of the runs ({source}): numbers may differ")
        try:
            again, _ = row_of(benches[root, source], int(row["run"]) - runs)
        except (pa.ArrowException, OSError) as error:
            why = getattr(error, "strerror", None) or "is damaged"
            raise InputError(f"{root / DESIGN}: {why}; without its points no run can be made again") from None
        if "merged" in opened.manifest:  # columns that tell merged sweeps apart
            if root not in contexts:
                contexts[root] = apart.Context(plan)
            place = plan.place(int(row["run"]) - runs)
            variant = plan.variant_of(again)
            for name in opened.manifest.get("columns", ()):
                if name not in again:
                    again[name] = contexts[root].value(name, place.label, variant)
                if isinstance(row[name], str) and again[name] is not None:
                    again[name] = str(again[name])
        again |= {"run": row["run"], "point": again["point"] + points}
        plain = {name: _missing(value) for name, value in row.items()}
        yield Pair(f"run {row['run']}", plain, {name: _missing(again.get(name)) for name in row})


def _sweeps(opened: Opened) -> Iterator[tuple[Path, Plan, int, int]]:
    """Return folder and plan of each sweep, and what was added to its runs and points; one, unless sweeps were merged."""
    if "merged" not in opened.manifest:
        found = [(opened.path, opened.manifest, 0, 0)]
    else:
        found = [
            (root, manifest_of(root), int(one["runs"]), int(one["points"]))
            for one in opened.manifest["merged"]
            for root in [opened.path / str(one["folder"])]
        ]
    for root, manifest, runs, points in found:
        plan = plan_of(root, manifest)
        points_of(root, plan)
        yield root, plan, runs, points


def _missing(value: Any) -> Any:
    """Return NaN for None: what a failed run lacks."""
    return float("nan") if value is None else value


# ---------------------------------------------------------------------- of another command
def _of_command(opened: Opened, stored: Sequence[dict[str, Any]], screen: Any) -> Iterator[Pair]:
    """Make runs of `compare` again: default values, by architecture or proposal and seed."""
    configuration = opened.manifest.get("configuration") or {}
    if not {"scenario", "settings", "architectures"} <= configuration.keys():
        raise InputError(
            f"{opened.path}: holds runs of `{opened.manifest.get('command')}`, which cannot be run again one by one"
        )
    if opened.manifest.get("source_hash") != source_hash():
        screen.print("the sources of the model here are not those of the folder: numbers may differ")
    proposed = {name: _proposal(data) for name, data in (configuration.get("proposals") or {}).items()}

    @functools.cache
    def loaded(label: str) -> Scenario:
        words = list(configuration["settings"])
        if label not in proposed:
            words.append(f"architecture={label}")
        return catalogue.load(configuration["scenario"], words, proposed.get(label))

    first = str(configuration["architectures"][0])  # all are measured against its bound
    for row in stored:
        label, seed = str(row["architecture"]), int(row["seed"])
        again = run_one(loaded(label), label, seed, sim.baseline(loaded(first), seed)).outcomes
        kept = {name: value for name, value in row.items() if name in CATALOGUE}
        yield Pair(f"{label}, seed {seed}", kept, {name: float(value) for name, value in again.items()})


def _proposal(data: dict[str, Any]) -> Proposal:
    """Return a proposal that a manifest keeps."""
    lists = {
        name: tuple(data[name]) if isinstance(data[name], list) else data[name] for name in ("members", "reporters")
    }
    facts = tuple(Fact(**item) for item in data["facts"])
    return Proposal(
        **{**data, **lists, "facts": facts, "sources": tuple(data["sources"]), "assumed": tuple(data["assumed"])}
    )
