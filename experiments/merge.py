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
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from donorlab.experiments import provenance
from donorlab.experiments.arguments import InputError
from donorlab.experiments.progress import progress
from donorlab.experiments.store import ResultFolder, digest_of
from donorlab.experiments.sweeps import parts, spans, told
from donorlab.experiments.sweeps.folder import State, SweepFolder
from donorlab.experiments.sweeps.plan import Plan
from donorlab.experiments.sweeps.worker import DESIGN, MANIFEST
from donorlab.sim.outcomes.catalogue import CATALOGUE

FOLDER = "merged"


@dataclass(frozen=True)
class Source:
    """A sweep that is merged.

    Attributes
    ----------
    root, manifest, plan, state : what it is and holds
    offset : added to its run numbers; points : added to its points
    """

    root: Path
    manifest: dict[str, Any]
    plan: Plan
    state: State
    offset: int
    points: int


def run(words: Sequence[str]) -> None:
    """Carry out ``donorlab merge WORDS``.

    Raises
    ------
    InputError
        If a folder is no sweep, is being written, or two disagree about a run.
    """
    roots, target = _words(words)
    screen = told.console()
    with contextlib.ExitStack() as held:
        sources = _sources(roots, held)
        schema = pa.unify_schemas([parts.schema(one.plan.columns, one.plan.waterfall) for one in sources])
        schema = pa.schema(sorted(schema, key=lambda item: item.name in ("error", "id", "source")))
        digest = digest_of([one.plan.as_plain() for one in sources])
        seen: dict[str, int] = {}
        with ResultFolder(target) as folder:
            total = 0
            with progress("merging", sum(one.state.parts for one in sources), "parts") as advance:
                for number, source in enumerate(sources, 1):
                    place = folder.unfinished / FOLDER / str(number)
                    place.mkdir(parents=True)
                    for name in (MANIFEST, DESIGN):
                        if (source.root / name).exists():
                            shutil.copyfile(source.root / name, place / name)
                    for part in source.state.kept:
                        total += _add(folder.unfinished, digest, source, part, schema, seen)
                        advance()
            folder.manifest(_manifest(words, sources, total, digest))
    doubles = sum(one.state.done.total for one in sources) - total
    twice = f" ({told.counted(doubles, 'run')} stood in two of them and were the same)" if doubles else ""
    screen.print(f"{total:,} runs of {told.counted(len(sources), 'sweep')}{twice}: {folder.path}")


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
    offset, points = 0, 0
    designs: dict[str, int] = {}
    for root in roots:
        if not (root / MANIFEST).is_file():
            raise InputError(f"{root}: is no folder of a sweep")
        folder = held.enter_context(SweepFolder(root))
        manifest = folder.manifest
        if manifest is None or manifest.get("merged") or (plan := folder.plan) is None:
            raise InputError(f"{root}: was merged already; merge the sweeps that it was made of")
        state = folder.unchanged(plan)
        key = _key_of_points(root, plan)
        if key not in designs:
            designs[key] = points
            points += plan.size[0]
        found.append(Source(root, manifest, plan, state, offset, designs[key]))
        offset += plan.runs
    return found


def _key_of_points(root: Path, plan: Plan) -> str:
    """Return what is equal for two sweeps over the same points."""
    table = pq.read_table(root / DESIGN) if plan.columns else None
    values = [table.column(name).to_pylist() for name in table.column_names] if table is not None else []
    return digest_of([[one.name for one in plan.columns], values, plan.own_seeds])


def _add(root: Path, digest: str, source: Source, part: parts.Part, schema: Any, seen: dict[str, int]) -> int:
    """Add the runs of a part that are not there yet and return how many they are.

    Raises
    ------
    InputError
        If one is there with other numbers.
    """
    rows = parts.read(source.root, part)
    numbers = [name for name in CATALOGUE if name in rows.column_names]
    values = [rows.column(name).to_numpy() for name in numbers]
    new = []
    for place, (name, error) in enumerate(
        zip(rows.column("id").to_pylist(), rows.column("error").to_pylist(), strict=True)
    ):
        content = hash((error, b"".join(column[place : place + 1].tobytes() for column in values)))
        if name not in seen:
            seen[name] = content
            new.append(place)
        elif seen[name] != content:
            run = rows.column("run")[place].as_py()
            raise InputError(f"{source.root}: run {run} stands in another folder with other numbers ({name})")
    if not new:
        return 0
    rows = rows.take(new)
    columns = {
        name: rows.column(name) if name in rows.column_names else pa.nulls(rows.num_rows, schema.field(name).type)
        for name in schema.names
    }
    columns["run"] = pc.add(columns["run"], source.offset)
    columns["point"] = pc.add(columns["point"], source.points)
    held = spans.of_numbers(columns["run"].to_pylist())
    parts.write(root, digest, pa.table(columns, schema=schema), held, part.source)
    return len(new)


def _manifest(words: Sequence[str], sources: Sequence[Source], total: int, digest: str) -> dict[str, Any]:
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
        "failed": sum(one.state.failed for one in sources),
        "source": sources[0].manifest["source"],
        "sources": made_by,
        "packages": provenance.package_versions(),
        "platform": provenance.machine(),
        "git": provenance.git_state(),
        "merged": [
            {"folder": f"{FOLDER}/{number}", "name": one.root.name, "runs": one.offset, "points": one.points}
            for number, one in enumerate(sources, 1)
        ],
    }
