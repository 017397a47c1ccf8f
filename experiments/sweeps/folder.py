"""The folder of a sweep: one process writes it, and what stands in it is always true.

========================  ======================================================================================
``manifest.json``         the plan, what made the numbers, and each session; enough to make any run again
``design.parquet``        the points, a row each, in their order
``runs/*/*.parquet``      the table `runs`, a part a chunk
``index.jsonl``           a line for each part that is complete: runs, rows, bytes, checksum
``set-aside/SOURCE/``     parts that other sources made, with an index; they are taken back when those sources return
``set-aside/foreign/``    whole parts of another sweep that stood here
``.running/``             diaries of chunks in work
``.lock``                 held while a process works here; it dies with the process
========================  ======================================================================================
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

import pyarrow.parquet as pq

from donorlab.experiments.arguments import InputError
from donorlab.experiments.store import SCHEMA_VERSION, plain_json
from donorlab.experiments.sweeps import aside, parts, spans
from donorlab.experiments.sweeps.aside import INDEX, indexed
from donorlab.experiments.sweeps.designs import BLOCK, Design
from donorlab.experiments.sweeps.diaries import DIARIES, suspect_in
from donorlab.experiments.sweeps.held import Held
from donorlab.experiments.sweeps.parts import Part
from donorlab.experiments.sweeps.plan import Plan, from_plain
from donorlab.experiments.sweeps.worker import DESIGN, MANIFEST


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
    timed : runs of which it is known how long they took, those of an adopted part not
    redone : why parts were thrown away, by name
    foreign : names of parts of another sweep
    adopted : parts that were whole but not in the index
    aside : runs set aside because other sources made them
    back : runs that these sources made before, taken back
    others : runs that other sources made and that are kept
    suspect : the run in which the last three starts of one process ended
    """

    done: spans.Growing = field(default_factory=spans.Growing)
    failed: int = 0
    with_failed: list[Part] = field(default_factory=list)
    kept: list[Part] = field(default_factory=list)
    bytes: int = 0
    seconds: float = 0.0
    simulated: float = 0.0
    parts: int = 0
    timed: int = 0
    redone: dict[str, str] = field(default_factory=dict)
    foreign: list[str] = field(default_factory=list)
    adopted: int = 0
    aside: int = 0
    back: int = 0
    others: int = 0
    suspect: int | None = None

    @property
    def each(self) -> float | None:
        """Seconds of work a run; None if nothing is known of it."""
        return self.seconds / self.timed if self.timed else None

    def add(self, part: Part) -> None:
        """Count a part."""
        for span in part.spans:
            self.done.add(span)
        self.failed += part.failed
        if part.failed:
            self.with_failed.append(part)
        self.bytes += part.bytes
        self.seconds += part.seconds
        self.timed += part.rows if part.seconds else 0
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
        self._held = Held(self.root, MANIFEST)
        self._index: TextIO | None = None

    def __enter__(self) -> Self:
        self._held.take(self._refuse_strangers)
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
        self._held.release()

    def _refuse_strangers(self) -> None:
        if (self.root / MANIFEST).exists():
            return
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
    def look(
        self, plan: Plan, source: str, mix: bool, leaving: Callable[[Sequence[Part]], None] = lambda _: None
    ) -> State:
        """Look at every part and begin a new index.

        What is damaged is thrown away; what other sources made, or another sweep, is set aside; what these sources made before
        is taken back.

        Parameters
        ----------
        plan : of the sweep
        source : what makes the numbers now
        mix : keep parts that other sources made
        leaving : called before anything happens with the parts that will be set aside because other sources made them
        """
        known = {part.name: part for part in self._indexed()}
        if gone := [part for part in known.values() if part.source != source and not mix]:
            leaving(gone)
        state = State(suspect=suspect_in(self.root / DIARIES))
        with (self.root / f".{INDEX}.tmp").open("w", encoding="ascii") as file:
            for name in self._names(clean=True):
                part = known.pop(name, None)
                problem = parts.problem_of(self.root, part) if part is not None else None
                if part is None:  # written as this process's predecessor died
                    part = parts.found(self.root, name, plan.digest)
                    state.adopted += part is not None
                if part is None or problem is not None or part.spans[-1][1] - 1 > plan.runs:
                    if aside.is_whole(self.root / parts.FOLDER / name):
                        aside.put(self.root, name, aside.FOREIGN)
                        state.foreign.append(name)
                        continue
                    state.redone[name] = problem or "cannot be read"
                    (self.root / parts.FOLDER / name).unlink()
                    continue
                if part.source != source and not mix:
                    aside.put(self.root, name, part.source, part)
                    state.aside += part.rows
                    continue
                if any(state.done.overlaps(span) for span in part.spans):
                    state.redone[name] = "its runs stand in another part, too"
                    (self.root / parts.FOLDER / name).unlink()
                    continue
                state.others += part.rows if part.source != source else 0
                self._keep_part(state, part, file)
            for name, part in known.items():
                if not mix and part.source != source:
                    continue
                state.redone[name] = "is gone"
            for part in aside.waiting(self.root, source, plan.digest):
                if part.spans[-1][1] - 1 > plan.runs or any(state.done.overlaps(span) for span in part.spans):
                    continue
                aside.take_back(self.root, part)
                state.back += part.rows
                self._keep_part(state, part, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(self.root / f".{INDEX}.tmp", self.root / INDEX)
        return state

    @staticmethod
    def _keep_part(state: State, part: Part, index: TextIO) -> None:
        state.add(part)
        state.kept.append(part)
        index.write(part.line() + "\n")

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

    def glance(self, plan: Plan, source: str, mix: bool) -> State:
        """Return what `look` would find if no part is damaged; change nothing, and do not hold the folder.

        Parameters
        ----------
        plan, source, mix : as `look` has them
        """
        state = State()
        for part in self._indexed():
            if part.source != source and not mix:
                state.aside += part.rows
            elif not any(state.done.overlaps(span) for span in part.spans):
                state.others += part.rows if part.source != source else 0
                state.add(part)
        for part in aside.waiting(self.root, source, plan.digest):
            if part.spans[-1][1] - 1 <= plan.runs and not any(state.done.overlaps(span) for span in part.spans):
                state.back += part.rows
                state.add(part)
        return state

    def clear_diaries(self) -> None:
        """Forget which runs were in work."""
        shutil.rmtree(self.root / DIARIES, ignore_errors=True)

    def _indexed(self) -> Iterator[Part]:
        return indexed(self.root / INDEX)

    def _names(self, clean: bool = False) -> Iterator[str]:
        """Return the names of all parts, in the order of their first runs; ``clean`` removes what was left unfinished."""
        top = self.root / parts.FOLDER
        for folder in sorted(path for path in top.glob("*") if path.is_dir()):
            for path in sorted(folder.iterdir()):
                if path.suffix == ".parquet" and not path.name.startswith("."):
                    yield f"{folder.name}/{path.name}"
                elif clean and path.suffix == ".tmp":
                    path.unlink(missing_ok=True)

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
        for name in list(self._names(clean=True)):
            if name not in known:
                (self.root / parts.FOLDER / name).unlink()
