"""The runs that an analysis rests on: made by a sweep, which goes on where it stopped, or read from sweeps that are there.

Analyses need a table of points, what came out at each under each architecture, and how much of that is the luck of a seed.
A failed run is never left out in silence: its point is set apart, counted and told.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from donorlab.experiments import sweep
from donorlab.experiments.arguments import Arguments, InputError, did_you_mean
from donorlab.experiments.opened import Opened
from donorlab.experiments.studies.factors import SIZES
from donorlab.experiments.sweeps.columns import SEED
from donorlab.experiments.sweeps.told import counted
from donorlab.sim.outcomes.catalogue import CATALOGUE

ENGINE_KEYS: Final = (
    "engine",
    "workers",
    "scheduler",
    "tls_ca",
    "tls_cert",
    "tls_key",
    "insecure",
    "chunk",
    "retry_failed",
    "mix",
)
"""Keys of `donorlab sweep` that a command which makes its own points hands on."""
POINT: Final = "point"


@dataclass(frozen=True)
class Study:
    """Runs of several architectures at the same points.

    Attributes
    ----------
    labels : architectures and proposals; the first is what the others are held against
    factors : names of what is varied
    points : a row a point (index `point`, from 1), a column a factor; only points at which every run ended well
    runs : a row a run of these points: point, architecture, seed, outcomes
    failed : a row a failed run, wherever it stands: point, architecture, seed, error
    replications : runs of each architecture at a point
    folders : of the sweeps
    sources : what made the numbers, see `donorlab.experiments.sweeps.identity`
    asked : number of points, failed ones included
    """

    labels: tuple[str, ...]
    factors: tuple[str, ...]
    points: pd.DataFrame
    runs: pd.DataFrame
    failed: pd.DataFrame
    replications: int
    folders: tuple[Path, ...]
    sources: tuple[str, ...]
    asked: int

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Names of the outcomes that the runs have."""
        return tuple(name for name in CATALOGUE if name in self.runs.columns)

    def each(self, outcome: str) -> pd.DataFrame:
        """Return an outcome with a row a point and seed (in order) and a column an architecture.

        Raises
        ------
        InputError
            If there is no such outcome.
        """
        self.check(outcome)
        wide = self.runs.pivot(index=[POINT, "seed"], columns="architecture", values=outcome)  # noqa: PD010  (no product)
        return wide.reindex(columns=list(self.labels))

    def mean(self, outcome: str) -> pd.DataFrame:
        """Return an outcome with a row a point and a column an architecture: the mean over the seeds."""
        found: pd.DataFrame = self.each(outcome).groupby(level=POINT).mean()
        return found

    def difference(self, outcome: str, one: str, other: str) -> pd.Series[float]:
        """Return by how much ``one`` is above ``other`` at each point: the mean of paired differences over the seeds."""
        wide = self.mean(outcome)
        return wide[one] - wide[other]

    def noise(self, outcome: str, one: str, other: str | None = None) -> float:
        """Return the variance between seeds at the same point, of an architecture or of a paired difference; NaN with one seed."""
        wide = self.each(outcome)
        values = wide[one] - wide[other] if other is not None else wide[one]
        return float(values.groupby(level=POINT).var().mean())

    def check(self, outcome: str) -> None:
        """Refuse an outcome that the runs do not have."""
        if outcome not in self.outcomes:
            raise InputError(
                f"outcome: there is none called '{outcome}'{did_you_mean(outcome, self.outcomes)}; sim/ODD.md lists them"
            )

    def told_failures(self) -> list[str]:
        """Return what a report must say of failed runs: nothing where there are none."""
        if self.failed.empty:
            return []
        gone = self.asked - len(self.points)
        first = self.failed.iloc[0]
        return [
            f"{counted(len(self.failed), 'run')} failed, so that {counted(gone, 'point')} of {self.asked:,} are left out of what "
            f"follows; the first: point {first[POINT]} under {first['architecture']}: {first['error']}"
        ]


def check_labels(labels: Sequence[str], names: Sequence[str]) -> None:
    """Refuse an architecture that the runs do not have."""
    for name in names:
        if name not in labels:
            raise InputError(
                f"architectures: '{name}' has no runs here{did_you_mean(name, labels)}; there are {', '.join(labels)}"
            )


# ---------------------------------------------------------------------- made
def made(given: Arguments, points: pd.DataFrame, replications: int, more: Sequence[str] = ()) -> Study:
    """Run a table of points under all architectures and proposals that the user named, or go on with it.

    Parameters
    ----------
    given : keys of the command; `scenario`, `architectures`, `proposals` and those of `ENGINE_KEYS` go to the sweep
    points : a row a point, a column a parameter; a column ``seed`` gives each point the first of its seeds
    replications : runs of each architecture at a point
    more : further words for the sweep

    Returns
    -------
    Study
        In the order of the rows of ``points``, numbered from 1.
    """
    keys = given.experiment
    words = [
        f"{key}={_word(keys[key])}"
        for key in ("scenario", "architectures", "proposals", *ENGINE_KEYS)
        if key in given.chosen
    ]
    if "architectures" in keys and "architectures" not in given.chosen and not keys.get("proposals"):
        words.append(f"architectures={_word(keys['architectures'])}")
    words += [f"replications={replications}", *more, *given.overrides]
    with tempfile.TemporaryDirectory(prefix="donorlab-") as folder:
        table = Path(folder) / "points.parquet"
        points.to_parquet(table, index=False)
        root = sweep.run(words, table=table)
    return opened([root], mix=bool(keys.get("mix", False)))


def _word(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(str, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


# ---------------------------------------------------------------------- opened
def opened(folders: Sequence[str | Path], mix: bool = False, chosen: Sequence[str] | None = None) -> Study:
    """Return the runs of one or more sweeps over the same factors.

    Parameters
    ----------
    folders : of sweeps; points of further ones are numbered on
    mix : accept runs that different sources made
    chosen : architectures, in the order in which they are wanted; None for all, in the order of the sweep

    Raises
    ------
    InputError
        If one is no sweep or not complete, sweeps differ in what they vary or in their architectures, sources differ, or an
        architecture that was chosen has no runs.
    """
    if not folders:
        raise InputError("from: name the folder of a sweep")
    frames: list[pd.DataFrame] = []
    factors: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    offset = 0
    for folder in map(Path, folders):
        one = Opened(folder)
        own_factors, own_labels = _of_manifest(one)
        if frames and (set(own_factors) != set(factors) or set(own_labels) != set(labels)):
            raise InputError(
                f"{folder}: varies {_some(own_factors)} under {_some(own_labels)}, and {folders[0]} {_some(factors)} under "
                f"{_some(labels)}; only sweeps of the same kind can be taken together"
            )
        factors, labels = factors or own_factors, labels or own_labels
        frame = one.frame("runs")
        frame[POINT] += offset
        offset = int(frame[POINT].max()) if len(frame) else offset
        frames.append(frame)
    runs = pd.concat(frames, ignore_index=True)
    sources = tuple(runs["source"].unique())
    if len(sources) > 1 and not mix:
        raise InputError(
            f"{', '.join(map(str, folders))}: runs of {len(sources)} versions of the model ({', '.join(sources)}); "
            "run the sweep again, or say mix=true to take them together"
        )
    check_labels(labels, chosen or ())
    labels = tuple(chosen or labels)
    runs = runs[runs["architecture"].isin(labels)]
    bad = runs["error"].notna()
    failed = runs.loc[bad, [POINT, "architecture", "seed", "error"]].reset_index(drop=True)
    whole = runs[~runs[POINT].isin(failed[POINT].unique())].reset_index(drop=True)
    if whole.empty:
        raise InputError(
            f"{folders[0]}: every run failed ({failed['error'].iloc[0] if len(failed) else 'it holds none'})"
        )
    points = whole.drop_duplicates(POINT).set_index(POINT)[list(factors)].sort_index()
    replications = int(whole.groupby([POINT, "architecture"]).size().max())
    outcomes = [name for name in CATALOGUE if name in whole.columns]
    kept = [
        POINT,
        "architecture",
        "seed",
        *outcomes,
        *(name for name in whole.columns if name.startswith(("to_", "reverse_"))),
    ]
    return Study(
        labels=labels,
        factors=tuple(factors),
        points=points,
        runs=whole[list(dict.fromkeys(kept))],
        failed=failed,
        replications=replications,
        folders=tuple(map(Path, folders)),
        sources=sources,
        asked=int(runs[POINT].nunique()),
    )


def _of_manifest(one: Opened) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what a sweep varies, and its architectures.

    Raises
    ------
    InputError
        If it is no sweep, was merged, or is not complete.
    """
    if one.manifest.get("command") != "sweep":
        raise InputError(
            f"{one.path}: holds results of `{one.manifest.get('command')}`; an analysis needs a sweep's folder"
        )
    if "merged" in one.manifest:
        raise InputError(f"{one.path}: was merged; name the sweeps that it was made of: from=[A,B]")
    if not one.manifest.get("complete", False):
        raise InputError(f"{one.path}: is not complete; the sweep's own command goes on with it")
    plan = one.manifest["plan"]
    factors = tuple(item["name"] for item in plan["columns"] if item["name"] != SEED)
    if set(SIZES) <= set(factors):
        factors = tuple(name for name in factors if name != SIZES[1])  # it only follows, see `ensemble`
    return factors, tuple(plan["labels"])


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def enough(study: Study, least: int, method: str, command: str) -> None:
    """Refuse too few points for a method; the message has the number that would do.

    Parameters
    ----------
    study : runs
    least : number of points that the method needs
    method : its name
    command : what to write to have them
    """
    if len(study.points) < least:
        raise InputError(f"{method}: {len(study.points):,} points are too few; it needs {least:,}: {command}")
