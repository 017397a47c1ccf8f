"""Where a sweep stands if nobody says so: the same command finds its folder again, another sweep gets another one.

Neither depends on how a path is spelled or on the folder one stands in, nor on the machine: of a scenario's file the content
counts, not its place. Of a table the points count: one that was made longer goes on where its first points stand.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from donorlab.experiments.store import digest_of
from donorlab.experiments.sweeps.designs import Design
from donorlab.experiments.sweeps.plan import Plan
from donorlab.experiments.sweeps.worker import DESIGN, MANIFEST

RESULTS: Final = Path("results")
_SHORT: Final = 8


def named(scenario: str) -> str:
    """Return a scenario's name as a sweep's configuration has it: of a file, its own name without its place."""
    return Path(scenario).name if scenario.endswith((".yaml", ".yml")) else scenario


def default_folder(plan: Plan, design: Design, name: str) -> Path:
    """Return the folder of a sweep, whatever its size.

    Parameters
    ----------
    plan, design : of the sweep
    name : of its scenario
    """
    beginning = f"sweep-{name.replace('/', '-')}-"
    what = [plan.configuration, plan.labels, plan.builds[0][0], plan.worlds[0][0]]
    if design.kind != "table":
        return RESULTS / f"{beginning}{digest_of(what)[:_SHORT]}"
    there = [folder for folder in sorted(RESULTS.glob(f"{beginning}*")) if _goes_on(folder, plan, design)]
    if there:
        return max(there, key=lambda folder: pq.read_metadata(folder / DESIGN).num_rows)
    return RESULTS / f"{beginning}{digest_of([what, _digest_of_points(design)])[:_SHORT]}"


def _digest_of_points(design: Design) -> str:
    digest = hashlib.sha256()
    for block in design.blocks():
        for name in block.column_names:
            digest.update(repr((name, block.column(name).to_pylist())).encode())
    return digest.hexdigest()


def _goes_on(folder: Path, plan: Plan, design: Design) -> bool:
    """Return whether a folder holds this sweep over the first of these points, or over these points and more."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["configuration_hash"] != plan.digest or manifest.get("merged"):
            return False
        there = manifest["plan"]
        if digest_of([there["labels"], there["worlds"][0][0], there["builds"][0][0]]) != digest_of(
            [plan.labels[: len(there["labels"])], plan.worlds[0][0], plan.builds[0][0]]
        ):
            return False
        with pq.ParquetFile(folder / DESIGN) as file:
            if not file.schema_arrow.equals(design.schema):
                return False
            for group, block in zip(range(file.num_row_groups), design.blocks(), strict=False):
                before = file.read_row_group(group)
                common = min(before.num_rows, block.num_rows)
                if not block.slice(0, common).equals(before.slice(0, common)):
                    return False
    except (OSError, ValueError, KeyError, IndexError, TypeError, pa.ArrowException):
        return False
    return True
