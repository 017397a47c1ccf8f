"""The runs that an analysis rests on: made by a sweep, which goes on where it stopped, or read from sweeps that are there.

Analyses need a table of points, what came out at each under each architecture, and how much of that is the luck of a seed.
A failed run is never left out in silence: its point is set apart, counted and told.
"""

from __future__ import annotations

import contextlib
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from donorlab.experiments import sweep
from donorlab.experiments.arguments import Arguments, InputError, did_you_mean
from donorlab.experiments.opened import Opened
from donorlab.experiments.store import digest_of
from donorlab.experiments.studies.factors import SIZES
from donorlab.experiments.sweeps import asked, identity, told
from donorlab.experiments.sweeps.columns import SEED
from donorlab.experiments.sweeps.plan import from_plain
from donorlab.experiments.sweeps.told import counted
from donorlab.experiments.sweeps.worker import DESIGN, Bench, sources_here
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
    twice : points of further sweeps that are left out, because an earlier one has the same values at the same seed
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
    twice: int = 0

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
            hint = did_you_mean(outcome, self.outcomes) or f"; there are {', '.join(self.outcomes)}"
            raise InputError(f"outcome: there is none called '{outcome}'{hint}")

    def told_failures(self) -> list[str]:
        """Return what a report must say of failed runs: nothing where there are none."""
        found = []
        if self.twice:
            found.append(
                f"{counted(self.twice, 'point')} of further sweeps {'is' if self.twice == 1 else 'are'} in an earlier one too, at "
                "the same seed, and counted once"
            )
        if self.failed.empty:
            return found
        gone = self.asked - len(self.points)
        first = self.failed.iloc[0]
        return [
            *found,
            f"{counted(len(self.failed), 'run')} failed, so that {counted(gone, 'point')} of {self.asked:,} are left out of what "
            f"follows; the first: point {first[POINT]} under {first['architecture']}: {first['error']}",
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
        wanted = asked.read(words, table)
        longer = _longer(points, wanted.root / DESIGN)
        if longer is not None:
            if _made_here(wanted) and not wanted.retry_failed:
                with contextlib.suppress(InputError):  # some of the first points are missing
                    found = opened([wanted.root], upto=len(points))
                    told.console().print(
                        f"{counted(len(points), 'point')}: all there, the first of those in {wanted.root}"
                    )
                    return found
            longer.to_parquet(table, index=False)
        root = sweep.run(words, table=table)
    return opened([root], mix=bool(keys.get("mix", False)), upto=len(points))


def _made_here(wanted: asked.Asked) -> bool:
    """Return whether the sweep that is there is of the same worlds, and was made by the sources that are here."""
    manifest = Opened(wanted.root).manifest
    new, old = wanted.plan, from_plain(manifest["plan"])
    same = [digest_of([one.configuration, one.labels, one.worlds, one.builds]) for one in (new, old)]
    source = identity.short(sources_here(Bench(wanted.root, old, "")))
    return same[0] == same[1] and manifest["source"] == source and len(manifest["sources"]) == 1


def _longer(points: pd.DataFrame, design: Path) -> pd.DataFrame | None:
    """Return the points of a sweep that is there, if it has more of them and begins with these: nothing is taken from it."""
    if not design.exists():
        return None
    there = pd.read_parquet(design)
    if len(there) <= len(points) or set(there.columns) != set(points.columns):
        return None
    same = there.head(len(points))[list(points.columns)].to_numpy() == points.to_numpy()
    return there if bool(same.all()) else None


def _word(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(str, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


# ---------------------------------------------------------------------- opened
def opened(
    folders: Sequence[str | Path], mix: bool = False, chosen: Sequence[str] | None = None, upto: int | None = None
) -> Study:
    """Return the runs of one or more sweeps over the same factors.

    Parameters
    ----------
    folders : of sweeps; points of further ones are numbered on
    mix : accept runs that different sources made
    chosen : architectures, in the order in which they are wanted; None for all, in the order of the sweep
    upto : only so many points, the first; a sweep that has these need not be complete

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
    offset = twice = 0
    worlds: list[Any] = []
    for folder in map(Path, folders):
        one = Opened(folder)
        if upto is None:
            _refuse_incomplete(one)
        own_factors, own_labels = _of_manifest(one)
        if frames and (set(own_factors) != set(factors) or set(own_labels) != set(labels)):
            raise InputError(
                f"{folder}: varies {_some(own_factors)} under {_some(own_labels)}, and {folders[0]} {_some(factors)} under "
                f"{_some(labels)}; only sweeps of the same kind can be taken together"
            )
        factors, labels = factors or own_factors, labels or own_labels
        worlds.append(_world(one, labels))
        if worlds[-1] != worlds[0]:
            raise InputError(
                f"{folder}: is of another world than {folders[0]} ({_settings(one)}, and {_settings(Opened(folders[0]))}); only "
                "sweeps that differ in nothing but their points can be taken together"
            )
        frame = one.frame("runs", where=None if upto is None else [(POINT, "<=", upto)])
        if upto is not None:
            _, replications, count = from_plain(one.manifest["plan"]).size
            if len(frame) < upto * replications * count:
                _refuse_incomplete(one)
        if frames:
            again = _again(frames, frame, factors)
            twice += len(again)
            frame = frame[~frame[POINT].isin(again)]
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
        twice=twice,
    )


def _world(one: Opened, labels: Sequence[str]) -> list[Any]:
    """Return what a sweep's points do not change, by architecture: what is built, and the hash of what no column changes."""
    plan = from_plain(one.manifest["plan"])
    return [[plan.builds[at], plan.worlds[at]] for at in map(plan.labels.index, labels)]


def _settings(one: Opened) -> str:
    asked_for = one.manifest["plan"]["configuration"]
    return " ".join(map(str, [asked_for["scenario"], *asked_for["settings"]]))


def _again(before: Sequence[pd.DataFrame], frame: pd.DataFrame, factors: Sequence[str]) -> set[int]:
    """Return points of a sweep that an earlier one has: the same values of all factors, and a seed in common."""
    key = [*factors, "seed"]
    there = set(pd.concat([one[key] for one in before]).itertuples(index=False, name=None))
    rows = zip(frame[POINT], frame[key].itertuples(index=False, name=None), strict=True)
    return {int(point) for point, row in rows if row in there}


def _refuse_incomplete(one: Opened) -> None:
    if (
        one.manifest.get("command") == "sweep"
        and "merged" not in one.manifest
        and not one.manifest.get("complete", False)
    ):
        raise InputError(f"{one.path}: is not complete; the sweep's own command goes on with it")


def _of_manifest(one: Opened) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what a sweep varies, and its architectures.

    Raises
    ------
    InputError
        If it is no sweep, or was merged.
    """
    if one.manifest.get("command") != "sweep":
        raise InputError(
            f"{one.path}: holds results of `{one.manifest.get('command')}`; an analysis needs a sweep's folder"
        )
    if "merged" in one.manifest:
        raise InputError(f"{one.path}: was merged; name the sweeps that it was made of: from=[A,B]")
    plan = one.manifest["plan"]
    factors = tuple(item["name"] for item in plan["columns"] if item["name"] != SEED)
    if set(SIZES) <= set(factors):
        factors = tuple(name for name in factors if name != SIZES[1])  # it only follows, see `ensemble`
    return factors, tuple(plan["labels"])


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def enough(study: Study, least: int, method: str, key: str | None) -> None:
    """Refuse too few points for a method; the message has the number that would do.

    Parameters
    ----------
    study : runs
    least : number of points that the method needs
    method : its name
    key : of the command, that has more of them; None where runs are read
    """
    if len(study.points) < least:
        more = would_do(len(study.points), study.asked, least, key)
        raise InputError(f"{method}: {len(study.points):,} points are too few; it needs {least:,}: {more}")


def would_do(left: int, asked: int, least: int, key: str | None) -> str:
    """Return what to write to have ``least`` points, if as large a share of them is left as of those that there are.

    Parameters
    ----------
    left, asked : points that can be used, of so many
    least : that are needed
    key : of the command; None where runs are read
    """
    needed = math.ceil(least * asked / left) if left else least
    return f"{key}={needed}" if key else f"sweeps with {needed:,} points or more"
