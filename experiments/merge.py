"""``donorlab merge``: several sweeps in one folder, with runs numbered anew.

The merged folder keeps the plan and the points of each sweep under ``merged/NUMBER``, so that every run can be made again.
"""

from __future__ import annotations

import contextlib
import datetime
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from donorlab.experiments import provenance
from donorlab.experiments.arguments import InputError
from donorlab.experiments.progress import progress
from donorlab.experiments.store import ResultFolder, digest_of
from donorlab.experiments.sweeps import apart, parts, spans, stored, told
from donorlab.experiments.sweeps.columns import TYPES, Column, Kind
from donorlab.experiments.sweeps.doubles import Doubles
from donorlab.experiments.sweeps.folder import State, SweepFolder, manifest_of
from donorlab.experiments.sweeps.plan import Plan
from donorlab.experiments.sweeps.worker import DESIGN, MANIFEST
from donorlab.scenarios import plugins

FOLDER = "merged"
_KINDS: Final[dict[Any, Kind]] = {TYPES["int"]: "int", TYPES["float"]: "float", TYPES["word"]: "word"}


@dataclass(frozen=True)
class Source:
    """A sweep that is merged.

    Attributes
    ----------
    root, manifest, context, state : what it is and holds
    offset : added to its run numbers; points : added to its points
    """

    root: Path
    manifest: dict[str, Any]
    context: apart.Context
    state: State
    offset: int
    points: int

    @property
    def plan(self) -> Plan:
        """Its plan."""
        return self.context.plan


def run(words: Sequence[str]) -> None:
    """Carry out ``donorlab merge WORDS``.

    Raises
    ------
    InputError
        If a folder is no sweep, is being written, or two disagree about a run.
    """
    roots, target = _words(words)
    screen = told.console()
    plugins.register()
    with contextlib.ExitStack() as held:
        sources = _sources(roots, held)
        columns = apart.told_apart_by([one.context for one in sources])
        waterfall = any(one.plan.waterfall for one in sources)
        schema = parts.schema([Column(name, kind) for name, kind in columns.items()], waterfall)
        digest = digest_of([one.plan.as_plain() for one in sources])
        doubles = Doubles([(one.root, one.state.kept) for one in sources])
        total, failed, number = 0, 0, 0
        with ResultFolder(target) as folder:
            with progress("merging", sum(one.state.parts for one in sources), "parts") as advance:
                for place, source in enumerate(sources, 1):
                    _keep(source, folder.unfinished / FOLDER / str(place))
                    for part in source.state.kept:
                        added = _add(folder.unfinished, digest, source, part, schema, doubles, number)
                        total, failed, number = total + added[0], failed + added[1], number + 1
                        advance()
            folder.manifest(_manifest(words, sources, total, failed, digest, list(columns)))
    twice = len(doubles.places)
    same = f" ({told.counted(twice, 'run')} stood in two of them and were the same)" if twice else ""
    screen.print(f"{total:,} runs of {told.counted(len(sources), 'sweep')}{same}: {folder.path}")
    if columns:
        screen.print(f"columns that tell them apart: {', '.join(columns)}")


def _keep(source: Source, place: Path) -> None:
    """Copy what makes the runs of a sweep again."""
    place.mkdir(parents=True)
    for name in (MANIFEST, DESIGN):
        if (source.root / name).exists():
            shutil.copyfile(source.root / name, place / name)


def _words(words: Sequence[str]) -> tuple[list[Path], Path]:
    roots = [Path(word) for word in words if "=" not in word]
    target = None
    for word in words:
        key, sign, value = word.partition("=")
        if sign and key != "out":
            raise InputError(f"merge: there is no key '{key}'; write donorlab merge FOLDER FOLDER out=FOLDER")
        target = Path(value) if sign else target
    if len(roots) < 2 or target is None:
        raise InputError("merge: name two folders or more, and a new one: donorlab merge FOLDER FOLDER out=FOLDER")
    if len({root.resolve() for root in roots}) < len(roots):
        raise InputError("merge: a folder is named twice")
    return roots, target


def _sources(roots: Sequence[Path], held: contextlib.ExitStack) -> list[Source]:
    found: list[Source] = []
    offset = 0
    numbering = apart.Numbering()
    for root in roots:
        if not (root / MANIFEST).is_file():
            raise InputError(f"{root}: is no folder of a sweep")
        manifest = manifest_of(root)  # before it is held: a folder of another command is left as it is
        if manifest.get("merged"):
            raise InputError(f"{root}: was merged already; merge the sweeps that it was made of")
        folder = held.enter_context(SweepFolder(root))
        plan = stored.plan_of(root, manifest := folder.manifest or manifest)
        context = apart.Context(plan)
        points = numbering.offset(root, context)
        found.append(Source(root, manifest, context, folder.unchanged(plan), offset, points))
        offset += plan.runs
    return found


def _add(
    root: Path, digest: str, source: Source, part: parts.Part, schema: Any, doubles: Doubles, number: int
) -> tuple[int, int]:
    """Add the runs of a part that no earlier sweep has; return how many they are, and how many of them failed.

    Raises
    ------
    InputError
        If one is there with other numbers.
    """
    rows = parts.read(source.root, part)
    new = doubles.new(number, rows)
    if not len(new):
        return 0, 0
    rows = rows.take(new)
    columns: dict[str, Any] = {}
    for item in schema:
        if item.name in rows.column_names and rows.schema.field(item.name).type == item.type:
            columns[item.name] = rows.column(item.name)
        elif item.name.startswith(("to_", "reverse_")) or item.name == "harm":  # of a sweep without a waterfall
            columns[item.name] = pa.nulls(rows.num_rows, item.type)
        else:
            columns[item.name] = source.context.column(rows, item.name, _KINDS[item.type])
    columns["run"] = pc.add(columns["run"], source.offset)
    columns["point"] = pc.add(columns["point"], source.points)
    held = spans.of_numbers(columns["run"].to_pylist())
    made = parts.write(root, digest, pa.table(columns, schema=schema), held, part.source)
    return made.rows, made.failed


def _manifest(
    words: Sequence[str], sources: Sequence[Source], total: int, failed: int, digest: str, columns: list[str]
) -> dict[str, Any]:
    made_by: dict[str, Any] = {}
    for one in sources:
        made_by |= one.manifest["sources"]
    return {
        "command": "sweep",
        "words": list(words),
        "configuration_hash": digest,
        "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "runs": total,
        "complete": all(one.state.done.total == one.plan.runs for one in sources),
        "failed": failed,
        "source": sources[0].manifest["source"],
        "sources": made_by,
        "packages": provenance.package_versions(),
        "platform": provenance.machine(),
        "git": provenance.git_state(),
        "columns": columns,
        "merged": [
            {"folder": f"{FOLDER}/{number}", "name": one.root.name, "runs": one.offset, "points": one.points}
            for number, one in enumerate(sources, 1)
        ],
    }
