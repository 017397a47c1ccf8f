"""What a worker does: the runs of a chunk, one after the other, and one part with all of them.

A worker gets a folder and run numbers; all else it reads from the folder's manifest. Before each run it notes the number in the
chunk's diary (`diaries`). Who takes over the chunk of a worker that died sees there which run it was in; a run in which workers
died three times is not tried again but recorded as failed, so that the rest of its chunk gets done.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from donorlab import sim
from donorlab.experiments.arguments import InputError, RunError
from donorlab.experiments.runner import run_one
from donorlab.experiments.store import digest_of
from donorlab.experiments.sweeps import identity, parts, spans
from donorlab.experiments.sweeps.diaries import DIARIES, POISON, TRIES, Diary
from donorlab.experiments.sweeps.plan import Place, Plan, Worlds, apply, from_plain
from donorlab.experiments.sweeps.spans import Span
from donorlab.scenarios import parameter_table, plugins
from donorlab.scenarios.plain import one_line
from donorlab.sim.outcomes.bound import Baseline
from donorlab.sim.scenario import Scenario

MANIFEST: Final = "manifest.json"
DESIGN: Final = "design.parquet"
_PATIENCE: Final = 60.0  # seconds in which a shared file system must show a manifest that was written anew
_LOCK: Final = threading.Lock()  # a worker with several threads works on one chunk at a time


@dataclass(frozen=True)
class Task:
    """A chunk.

    Attributes
    ----------
    root : folder of the sweep
    sweep, source : digest of the plan with its size, and of what makes the numbers, as the worker must find them
    spans : runs
    diary : name of its diary
    known : runs of which something else than the diary says how often workers died in them
    """

    root: str
    sweep: str
    source: str
    spans: tuple[Span, ...]
    diary: str
    known: tuple[tuple[int, int], ...] = ()


class Points:
    """The points of a sweep, read from their file one group of rows at a time."""

    def __init__(self, root: Path, plan: Plan) -> None:
        self._path = root / DESIGN
        self._names = [one.name for one in plan.columns]
        self._first, self._rows = 0, None

    def __call__(self, point: int) -> dict[str, Any]:
        """Return the values of a point, counted from 0."""
        if not self._names:
            return {}
        if self._rows is None or not self._first <= point < self._first + self._rows.num_rows:
            self._read(point)
        row = point - self._first
        return {name: self._rows.column(name)[row].as_py() for name in self._names}  # type: ignore[attr-defined]

    def _read(self, point: int) -> None:
        with pq.ParquetFile(self._path) as file:
            first = 0
            for group in range(file.num_row_groups):
                count = file.metadata.row_group(group).num_rows
                if point < first + count:
                    self._first, self._rows = first, file.read_row_group(group).combine_chunks()
                    return
                first += count
        raise RunError(f"{self._path}: has no point {point + 1}")


@dataclass(frozen=True)
class Set:
    """A point under one label: scenario, or why there is none, and what its runs share.

    Attributes
    ----------
    values : of the point
    scenario, error : one of them is None
    digest : of the resolved configuration
    ground : hash of actors and tables, without an architecture
    """

    values: dict[str, Any]
    scenario: Scenario | None
    error: str | None
    digest: str
    ground: str


class Bench:
    """All that a process needs for runs of one sweep.

    Parameters
    ----------
    root : folder of the sweep
    plan : its plan
    source : what makes the numbers, as a run's column says
    """

    def __init__(self, root: Path, plan: Plan, source: str) -> None:
        self.plan, self.source = plan, source
        self.points = Points(root, plan)
        self.worlds = Worlds(plan)
        self._point = -1
        self._sets: dict[int, Set] = {}  # of this point, by label
        self._base: tuple[Any, Baseline] | None = None

    def set_of(self, place: Place) -> Set:
        """Return what the runs of a point and label share; that of the last point is remembered."""
        if place.point != self._point:
            self._point, self._sets = place.point, {}
        if place.label not in self._sets:
            self._sets[place.label] = self._made(place)
        return self._sets[place.label]

    def _made(self, place: Place) -> Set:
        values = self.points(place.point)
        variant = self.plan.variant_of(values)
        world = self.plan.worlds[place.label][variant]
        whole = self.worlds(place.label, variant)
        ground = self.worlds.ground(place.label, variant)
        try:
            scenario = apply(whole, values)
        except Exception as error:
            return Set(values, None, told(error), identity.unresolved(world, values, self.source), ground)
        return Set(values, scenario, None, identity.resolved(world, scenario, self.source), ground)

    def base(self, made: Set, seed: int) -> Baseline:
        """Return what the runs of a point and seed share; made anew unless the last one was the same to the last bit."""
        assert made.scenario is not None
        key = (made.ground, seed, baseline_key(made.scenario))
        if self._base is None or self._base[0] != key:
            self._base = (key, sim.baseline(made.scenario, seed))
        return self._base[1]

    def row(self, run: int) -> dict[str, Any]:
        """Return what is known of a run before it is run, an error included."""
        place = self.plan.place(run)
        made = self.set_of(place)
        seed = self.plan.seed_of(place, made.values)
        return {
            "run": run,
            "point": place.point + 1,
            "architecture": self.plan.labels[place.label],
            **made.values,
            "seed": seed,
            "error": made.error,
            "id": identity.run_id(made.digest, seed),
            "source": self.source,
        }


def baseline_key(scenario: Scenario) -> tuple[Any, ...]:
    """Return the parameters that a scenario's baseline reads."""
    return tuple(getattr(scenario.parameters, name) for name in _read_by_baseline())


# of the levers, what a baseline reads; a test tries all of them
NO_LEVERS_BUT: Final = ("joint_programming", "joiner_fixed_share")


def _read_by_baseline() -> tuple[str, ...]:
    global _READ
    if not _READ:
        _READ = tuple(row.name for row in parameter_table() if row.kind != "lever" or row.name in NO_LEVERS_BUT)
    return _READ


_READ: tuple[str, ...] = ()


def told(error: BaseException) -> str:
    """Return an error as the column ``error`` has it."""
    return one_line(f"{type(error).__name__}: {error}", 300)


# ---------------------------------------------------------------------- a chunk
def work(task: Task) -> parts.Part:
    """Run a chunk, write its part, and return what is known of it.

    Raises
    ------
    InputError
        If this process has other sources than the sweep.
    OSError
        If the part cannot be written.
    """
    with _LOCK:
        bench = _bench(task)
        root = Path(task.root)
        begun = time.perf_counter()
        rows: list[dict[str, Any]] = []
        spent = 0.0
        with Diary(root / DIARIES / task.diary, task.known) as diary:
            for run in spans.numbers(task.spans):
                if diary.deaths[run] >= TRIES:
                    rows.append(bench.row(run) | {"error": POISON})
                    continue
                diary.begin(run)
                row, seconds = row_of(bench, run)
                rows.append(row)
                spent += seconds
            table = as_table(bench.plan, rows)
            seconds = time.perf_counter() - begun
            return parts.write(root, bench.plan.digest, table, task.spans, task.source, seconds, spent)


def row_of(bench: Bench, run: int) -> tuple[dict[str, Any], float]:
    """Run one run; return its row, and how many seconds were spent inside the simulation."""
    row = bench.row(run)
    made = bench.set_of(bench.plan.place(run))
    if made.scenario is None:
        return row, 0.0
    seed = int(row["seed"])
    begun = time.perf_counter()
    try:
        found = run_one(made.scenario, str(row["architecture"]), seed, bench.base(made, seed), bench.plan.waterfall)
    except Exception as error:
        return row | {"error": told(error)}, time.perf_counter() - begun
    spent = time.perf_counter() - begun
    row |= found.outcomes
    if found.waterfall is not None:
        from donorlab.experiments.ensemble import flat  # slow to import, and most sweeps need it not

        row |= flat(found.waterfall)
    return row, spent


def as_table(plan: Plan, rows: list[dict[str, Any]]) -> Any:
    """Return rows as a table; what a failed run lacks is empty."""
    fields = parts.schema(plan.columns, plan.waterfall)
    columns = [pa.array([row.get(item.name) for row in rows], item.type, from_pandas=False) for item in fields]
    return pa.table(columns, schema=fields)


# ---------------------------------------------------------------------- what a process keeps
_benches: dict[tuple[str, str, str], Bench] = {}


def _bench(task: Task) -> Bench:
    key = (task.root, task.sweep, task.source)
    if key not in _benches:
        plugins.register()
        root = Path(task.root)
        plan = _plan_of(task)
        bench = Bench(root, plan, task.source)
        found = identity.short(sources_here(bench))
        if found != task.source:
            raise InputError(
                f"a worker has other sources ({found}) than the sweep ({task.source}): the same donorlab, plug-ins, numba and "
                "numpy are needed everywhere"
            )
        _benches.clear()
        _benches[key] = bench
    return _benches[key]


def _plan_of(task: Task) -> Plan:
    """Return the plan of a task's sweep; a shared file system may show the manifest as it was for a while."""
    begun = time.monotonic()
    while True:
        try:
            manifest = json.loads((Path(task.root) / MANIFEST).read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError(
                f"{task.root}: a worker cannot read it ({error.strerror}); all workers need the folder under the same name"
            ) from None
        plan = from_plain(manifest["plan"])
        if digest_of(plan.as_plain()) == task.sweep:
            return plan
        if time.monotonic() - begun > _PATIENCE:
            raise InputError(
                f"{task.root}: a worker finds the manifest of another sweep there than the one it works for; all workers need the "
                "same folder under the same name"
            )
        time.sleep(1.0)


def sources_here(bench: Bench) -> Mapping[str, Any]:
    """Return what makes the numbers of a sweep in this installation."""
    plan = bench.plan
    varied = [
        (one.name.partition(".")[2], str(value))
        for one in plan.columns
        if one.name.startswith("mechanism.") and one.name.count(".") == 1
        for value in one.values
    ]
    return identity.sources([bench.worlds(label, 0) for label in range(len(plan.labels))], varied)
