"""The folder of a sweep: one process writes it, and what stands in it is always true.

========================  ======================================================================================
``manifest.json``         the plan, what made the numbers, and each session; enough to make any run again
``design.parquet``        the points, a row each, in their order
``runs/*/*.parquet``      the table `runs`, a part a chunk
``index.jsonl``           a line for each part that is complete: runs, rows, bytes, checksum
``set-aside/``            parts that other sources made
``.running/``             diaries of chunks in work
``.lock``                 held while a process works here; it dies with the process
========================  ======================================================================================
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TextIO

import filelock
import pyarrow.parquet as pq

from donorlab.experiments.arguments import InputError
from donorlab.experiments.store import SCHEMA_VERSION, plain_json
from donorlab.experiments.sweeps import parts, spans
from donorlab.experiments.sweeps.designs import BLOCK, Design
from donorlab.experiments.sweeps.parts import Part
from donorlab.experiments.sweeps.plan import Plan, from_plain
from donorlab.experiments.sweeps.worker import DESIGN, DIARIES, MANIFEST, deaths_in

INDEX: Final = "index.jsonl"
LOCK: Final = ".lock"
ASIDE: Final = "set-aside"


@dataclass
class State:
    """What a folder holds.

    Attributes
    ----------
    done : runs that are complete, failed ones included
    failed : of these, how many failed; with_failed : parts that hold some
    kept : parts that were there when the folder was looked at
    bytes, seconds, simulated : of all parts
    parts : how many
    redone : why parts were thrown away, by name
    adopted : parts that were whole but not in the index
    aside : runs set aside because other sources made them
    others : runs that other sources made and that are kept
    deaths : runs in which workers died, and how often
    """

    done: spans.Growing = field(default_factory=spans.Growing)
    failed: int = 0
    with_failed: list[Part] = field(default_factory=list)
    kept: list[Part] = field(default_factory=list)
    bytes: int = 0
    seconds: float = 0.0
    simulated: float = 0.0
    parts: int = 0
    redone: dict[str, str] = field(default_factory=dict)
    adopted: int = 0
    aside: int = 0
    others: int = 0
    deaths: Counter[int] = field(default_factory=Counter)

    def add(self, part: Part) -> None:
        """Count a part."""
        for span in part.spans:
            self.done.add(span)
        self.failed += part.failed
        if part.failed:
            self.with_failed.append(part)
        self.bytes += part.bytes
        self.seconds += part.seconds
        self.simulated += part.simulated
        self.parts += 1


def manifest_of(root: Path) -> dict[str, Any]:
    """Return the manifest of a sweep's folder.

    Raises
    ------
    InputError
        If there is none, or it is no sweep's.
    """
    try:
        data = json.loads((root / MANIFEST).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{root}: holds no results ({MANIFEST}: {error.strerror})") from None
    except ValueError:
        raise InputError(f"{root / MANIFEST}: is not whole") from None
    if not isinstance(data, dict) or data.get("command") != "sweep":
        raise InputError(f"{root}: is no folder of a sweep")
    return data


class SweepFolder:
    """A sweep's folder, held by this process; use it in a ``with`` statement.

    Parameters
    ----------
    root : the folder; it is made if it is not there

    Attributes
    ----------
    manifest : what it holds already; None for a new one

    Raises
    ------
    InputError
        On entering, if another process holds it, it cannot be written, or it holds something else.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.abspath(root))
        self.manifest: dict[str, Any] | None = None
        self._lock = filelock.FileLock(self.root / LOCK)
        self._index: TextIO | None = None
        self._made: list[Path] = []

    def __enter__(self) -> Self:
        try:
            self._make()
            if not (self.root / MANIFEST).exists():
                self._refuse_strangers()
            self._lock.acquire(blocking=False)
        except filelock.Timeout:
            raise InputError(
                f"{self.root}: another sweep is writing it; wait for it, or choose another folder with out="
            ) from None
        except OSError as error:
            self._unmake()
            raise InputError(f"{self.root}: cannot write there ({error.strerror or error})") from None
        try:
            if (self.root / MANIFEST).exists():
                self.manifest = manifest_of(self.root)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._index is not None:
            with contextlib.suppress(OSError):  # a full disk, which has been told already
                self._index.close()
            self._index = None
        self._lock.release()
        self._unmake()

    def _make(self) -> None:
        missing = []
        folder = self.root
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        if not folder.is_dir():
            raise InputError(f"{folder}: is not a folder; choose another place with out=")
        for folder in reversed(missing):
            folder.mkdir(exist_ok=True)
            self._made.append(folder)

    def _unmake(self) -> None:
        """Remove the folder again if this process made it and nothing was written."""
        if self._made and not (self.root / MANIFEST).exists():
            with contextlib.suppress(OSError):
                (self.root / LOCK).unlink(missing_ok=True)
                for folder in reversed(self._made):
                    folder.rmdir()

    def _refuse_strangers(self) -> None:
        others = [path.name for path in self.root.iterdir() if not path.name.startswith(".")]
        if set(others) - {
            DESIGN,
            INDEX,
        }:  # a sweep that was killed before its manifest was there left no more than its points
            raise InputError(
                f"{self.root}: holds something else ({sorted(others)[0]}); choose another folder with out="
            )

    # ------------------------------------------------------------------ plan
    @property
    def plan(self) -> Plan | None:
        """The plan that the folder has; None for a new one."""
        return None if self.manifest is None else from_plain(self.manifest["plan"])

    def keep(self, manifest: Mapping[str, Any]) -> None:
        """Write the manifest, whole or not at all."""
        self.manifest = {"schema_version": SCHEMA_VERSION, **manifest}
        text = json.dumps(plain_json(self.manifest), indent=1, ensure_ascii=False, allow_nan=False)
        self._replace(MANIFEST, (text + "\n").encode())

    def keep_design(self, design: Design) -> None:
        """Write the points, or as many more as there are now.

        Raises
        ------
        InputError
            If the first points are not those that the folder has.
        """
        if not design.columns:
            return
        path = self.root / DESIGN
        old = pq.ParquetFile(path) if path.exists() and self.manifest is not None else None
        group = 0
        unfinished = path.with_name(f".{DESIGN}.tmp")
        try:
            with pq.ParquetWriter(unfinished, design.schema, compression="zstd") as writer:
                for block in design.blocks():
                    if old is not None and group < old.num_row_groups:
                        before = old.read_row_group(group)
                        if not block.slice(0, before.num_rows).equals(before):
                            raise InputError(
                                f"{self.root}: holds a sweep over other points; choose another folder with out= (a sobol sequence "
                                "or a table can be made longer, a grid or a latin hypercube cannot)"
                            )
                        group += 1
                    writer.write_table(block, row_group_size=BLOCK)
            with unfinished.open("rb+") as file:
                os.fsync(file.fileno())
            os.replace(unfinished, path)
        finally:
            with contextlib.suppress(OSError):
                unfinished.unlink(missing_ok=True)

    def _replace(self, name: str, data: bytes) -> None:
        unfinished = self.root / f".{name}.tmp"
        try:
            with unfinished.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, self.root / name)
            parts.flush_folder(self.root)
        finally:
            with contextlib.suppress(OSError):
                unfinished.unlink(missing_ok=True)

    # ------------------------------------------------------------------ parts
    def look(self, plan: Plan, source: str, mix: bool) -> State:
        """Look at every part, throw away what is damaged, set aside what other sources made, and begin a new index.

        Parameters
        ----------
        plan : of the sweep
        source : what makes the numbers now
        mix : keep parts that other sources made
        """
        state = State()
        self._read_diaries(state)
        known = {part.name: part for part in self._indexed()}
        with (self.root / f".{INDEX}.tmp").open("w", encoding="ascii") as file:
            for name in self._names():
                part = known.pop(name, None)
                problem = parts.problem_of(self.root, part) if part is not None else None
                if part is None:  # written as this process's predecessor died
                    part = parts.found(self.root, name, plan.digest)
                    state.adopted += part is not None
                if part is None or problem is not None or part.spans[-1][1] - 1 > plan.runs:
                    state.redone[name] = problem or "cannot be read, or is of another sweep"
                    (self.root / parts.FOLDER / name).unlink()
                    continue
                if part.source != source and not mix:
                    self._set_aside(part)
                    state.aside += part.rows
                    continue
                if any(state.done.overlaps(span) for span in part.spans):
                    state.redone[name] = "its runs stand in another part, too"
                    (self.root / parts.FOLDER / name).unlink()
                    continue
                state.others += part.rows if part.source != source else 0
                state.add(part)
                state.kept.append(part)
                file.write(part.line() + "\n")
            for name, part in known.items():
                if not mix and part.source != source:
                    continue
                state.redone[name] = "is gone"
            file.flush()
            os.fsync(file.fileno())
        os.replace(self.root / f".{INDEX}.tmp", self.root / INDEX)
        return state

    def unchanged(self, plan: Plan) -> State:
        """Return what the folder of a sweep with this plan holds after a look at every part, and change nothing.

        Raises
        ------
        InputError
            If a part is damaged, gone, or of another sweep: the sweep's own command mends that.
        """
        state = State()
        known = {part.name: part for part in self._indexed()}
        for name in sorted({*known, *self._names()}):
            part = known.get(name) or parts.found(self.root, name, plan.digest)  # its process died as it was written
            problem = (
                parts.problem_of(self.root, part) if part is not None else "cannot be read, or is of another sweep"
            )
            if part is None or problem is not None:
                raise InputError(
                    f"{self.root}: part {name}: {problem}; the sweep's own command mends that, run it again first"
                )
            state.add(part)
            state.kept.append(part)
        return state

    def glance(self) -> State:
        """Return what the index says, without a look at the parts and without holding the folder."""
        state = State()
        for part in self._indexed():
            if not any(state.done.overlaps(span) for span in part.spans):
                state.add(part)
        return state

    def _read_diaries(self, state: State) -> None:
        folder = self.root / DIARIES
        if folder.is_dir():
            for path in folder.iterdir():
                state.deaths.update(deaths_in(path))

    def clear_diaries(self) -> None:
        """Forget which runs were in work."""
        shutil.rmtree(self.root / DIARIES, ignore_errors=True)

    def _indexed(self) -> Iterator[Part]:
        try:
            with (self.root / INDEX).open(encoding="ascii", errors="replace") as file:
                for line in file:
                    with contextlib.suppress(ValueError):  # the last line of a process that was killed
                        yield parts.of_line(line)
        except OSError:
            return

    def _names(self) -> Iterator[str]:
        """Return the names of all parts, in the order of their first runs; what was left unfinished is removed."""
        top = self.root / parts.FOLDER
        for folder in sorted(path for path in top.glob("*") if path.is_dir()):
            for path in sorted(folder.iterdir()):
                if path.suffix == ".parquet" and not path.name.startswith("."):
                    yield f"{folder.name}/{path.name}"
                elif path.suffix == ".tmp":
                    path.unlink(missing_ok=True)

    def _set_aside(self, part: Part) -> None:
        target = self.root / ASIDE / part.source / part.name
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(self.root / parts.FOLDER / part.name, target)

    def complete(self, part: Part) -> None:
        """Add a part to the index."""
        if self._index is None:
            self._index = (self.root / INDEX).open("a", encoding="ascii")
        self._index.write(part.line() + "\n")
        self._index.flush()  # not to the disk: a part that the index does not know is found again

    def drop_failed(self, plan: Plan, state: State) -> None:
        """Take failed runs out of their parts, so that they are missing and will be run again."""
        for part in list(state.with_failed):
            rows = parts.read(self.root, part)
            good = rows.filter(rows.column("error").is_null())
            if good.num_rows:
                held = spans.of_numbers(good.column("run").to_pylist())
                parts.write(self.root, plan.digest, good, held, part.source, part.seconds, part.simulated)
            (self.root / parts.FOLDER / part.name).unlink()

    def sweep_up(self) -> None:
        """Remove parts that nobody knows of: a worker that had been given up may have finished after all."""
        known = {part.name for part in self._indexed()}
        for name in list(self._names()):
            if name not in known:
                (self.root / parts.FOLDER / name).unlink()
