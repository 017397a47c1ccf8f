"""What a sweep's folder holds, for commands that did not write it: plan and points, and one line where they are damaged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from donorlab.experiments.arguments import InputError
from donorlab.experiments.sweeps.plan import Plan, from_plain
from donorlab.experiments.sweeps.worker import DESIGN, MANIFEST


def plan_of(root: Path, manifest: Mapping[str, Any]) -> Plan:
    """Return the plan of a sweep's folder.

    Raises
    ------
    InputError
        If the manifest has none, or it lacks something.
    """
    data = manifest.get("plan")
    if data is None:
        raise InputError(
            f"{root / MANIFEST}: has no plan, without which no run can be made again; put a copy of it back"
        )
    try:
        plan = from_plain(data)
        sound = plan.runs > 0 and all(
            len(one) == len(plan.variants) > 0 and len(plan.labels) == len(both)
            for both in (plan.builds, plan.worlds)
            for one in both
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else "is damaged"
        raise InputError(f"{root / MANIFEST}: its plan {what}; put a copy of it back") from None
    if not sound:
        raise InputError(f"{root / MANIFEST}: its plan is damaged; put a copy of it back")
    return plan


def points_of(root: Path, plan: Plan) -> Any:
    """Return the file of a sweep's points, opened; None where nothing is varied.

    Raises
    ------
    InputError
        If it is damaged, or has not all points of the plan.
    """
    if not plan.columns:
        return None
    mend = f"remove it and run the sweep's own command again, which writes it anew ({DESIGN} follows from the command)"
    try:
        file = pq.ParquetFile(root / DESIGN)
    except (OSError, pa.ArrowException):
        raise InputError(f"{root / DESIGN}: cannot be read; {mend}") from None
    names = [one.name for one in plan.columns]
    if file.metadata.num_rows < plan.size[0] or file.schema_arrow.names != names:
        raise InputError(f"{root / DESIGN}: does not hold the points of this sweep; {mend}")
    return file
