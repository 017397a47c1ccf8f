"""``donorlab sweep``: a design x architectures x replications, in a folder where the same command goes on after anything."""

from __future__ import annotations

import contextlib
import datetime
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from donorlab import scenarios as catalogue
from donorlab.experiments import engine_dask, provenance
from donorlab.experiments.arguments import InputError, Stopped, ToldToEnd
from donorlab.experiments.engines import WORTHWHILE, Ended, Engine, Serial, sigterm_like_ctrl_c
from donorlab.experiments.store import digest_of
from donorlab.experiments.sweeps import asked, identity, told
from donorlab.experiments.sweeps.asked import Asked
from donorlab.experiments.sweeps.drive import Pace, drive
from donorlab.experiments.sweeps.folder import State, SweepFolder, manifest_of
from donorlab.experiments.sweeps.parts import Part
from donorlab.experiments.sweeps.plan import Plan, blocks_of
from donorlab.experiments.sweeps.probe import seconds_a_run
from donorlab.experiments.sweeps.worker import MANIFEST, Bench, sources_here

_MUCH: Final = 600.0  # seconds of work that are not set aside without a word before


@dataclass
class Session:
    """One call of the command on one folder, as the manifest keeps it."""

    words: list[str]
    started: str
    clock: float
    engine: str = ""
    workers: int = 1
    runs: int = 0
    seconds: float = 0.0
    simulated: float = 0.0

    def as_plain(self) -> dict[str, Any]:
        """Return it for the manifest."""
        return {
            "words": self.words,
            "started": self.started,
            "engine": self.engine,
            "workers": self.workers,
            "runs": self.runs,
            "seconds_of_work": round(self.seconds, 3),
            "seconds_in_simulations": round(self.simulated, 3),
            "wall_seconds": round(time.monotonic() - self.clock, 3),
            "packages": provenance.package_versions(),
            "platform": provenance.machine(),
            "git": provenance.git_state(),
        }


def run(words: Sequence[str], client: Any = None, table: Path | None = None) -> Path:
    """Carry out ``donorlab sweep WORDS``.

    Parameters
    ----------
    words : as typed
    client : of Dask, already connected, for a script that starts its own cluster; it is left open
    table : file of points, for a command that makes them itself

    Returns
    -------
    Path
        The folder of the sweep.

    Raises
    ------
    InputError, ScenarioError
        For a mistake, in one line.
    Stopped
        After Ctrl-C or SIGTERM; what is complete is kept.
    """
    started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    session = Session(list(words), started, time.monotonic())
    with sigterm_like_ctrl_c():
        wanted = asked.read(words, table)
        if client is None and wanted.engine == "dask" and not wanted.dry:
            engine_dask.needed()
        made_by = sources_here(Bench(wanted.root, wanted.plan, ""))
        screen = told.console()
        if wanted.dry:
            _foretell(wanted, identity.short(made_by), screen)
            return wanted.root
        try:
            with SweepFolder(wanted.root) as folder:
                _run(folder, wanted, session, made_by, screen, client)
        except KeyboardInterrupt as error:
            kept = f"what is complete is kept in {wanted.root}; the same command goes on"
            raise _stopped(error, kept if wanted.root.exists() else "nothing was done yet") from None
    return wanted.root


def _stopped(error: KeyboardInterrupt, what: str) -> Stopped:
    if isinstance(error, Ended):
        return ToldToEnd(f"told to end (SIGTERM); {what}")
    return Stopped(f"interrupted; {what}")


def _foretell(wanted: Asked, source: str, screen: Any) -> None:
    """Say what a sweep would do and touch nothing; of a folder that is there, what its index says."""
    folder = SweepFolder(wanted.root)
    plan, state = wanted.plan, State()
    if (folder.root / MANIFEST).exists():
        folder.manifest = manifest_of(folder.root)
        plan, state = _plan(folder, wanted), folder.glance(plan, source, wanted.mix)
    told.before(screen, wanted, plan, state, state.each or seconds_a_run(wanted), workers=wanted.workers)


def _run(
    folder: SweepFolder, wanted: Asked, session: Session, made_by: Mapping[str, Any], screen: Any, client: Any
) -> None:
    source = identity.short(made_by)
    plan = _plan(folder, wanted)
    new = folder.manifest is None
    with _told_errors(folder):
        state = State() if new else _looked(folder, wanted, plan, source, screen)
        missing = plan.runs - state.done.total
        each = state.each or seconds_a_run(wanted)
        engine = _engine(wanted, missing * each, client, screen)
        ours = client is None and wanted.scheduler is None
        session.engine = type(engine).__name__.lower()
        told.before(screen, wanted, plan, state, each, engine.workers if ours else None)
        with engine if missing else contextlib.nullcontext():
            if new:  # nothing is written before there is somebody to do the work
                state = _looked(folder, wanted, plan, source, screen)
            _work(folder, wanted, plan, source, engine, state, Pace(each, wanted.chunk), session, made_by)
    told.after(screen, folder, wanted, plan, state, session)


def _looked(folder: SweepFolder, wanted: Asked, plan: Plan, source: str, screen: Any) -> State:
    """Write the points and return what the folder holds, after a look at every part."""

    def leaving(gone: Sequence[Part]) -> None:
        if sum(part.seconds for part in gone) > _MUCH:
            told.leaving(screen, wanted, gone)

    folder.keep_design(wanted.design)
    state = folder.look(plan, source, wanted.mix, leaving)
    if not (wanted.retry_failed and state.failed):
        return state
    folder.drop_failed(plan, state)
    again = folder.look(plan, source, wanted.mix)
    return replace(
        again, redone=state.redone, foreign=state.foreign, aside=state.aside, back=state.back, suspect=state.suspect
    )


def _work(
    folder: SweepFolder,
    wanted: Asked,
    plan: Plan,
    source: str,
    engine: Engine,
    state: State,
    pace: Pace,
    session: Session,
    made_by: Mapping[str, Any],
) -> None:
    """Run what is missing, and keep the session however it ends."""
    before = dict(folder.manifest or {})
    base = _manifest(before, wanted, plan, session, source, made_by)
    folder.keep(base)
    begun = (state.done.total, state.seconds, state.simulated)
    try:
        if state.done.total < plan.runs:
            with told.progress(wanted, plan, state) as advance:
                drive(folder, plan, source, engine, state, pace, advance)
            folder.sweep_up()
    except KeyboardInterrupt as error:
        kept = f"{state.done.total:,} of {plan.runs:,} runs are kept in {wanted.root}; the same command goes on"
        raise _stopped(error, kept) from None
    finally:
        folder.clear_diaries()
        session.runs, session.workers = state.done.total - begun[0], engine.workers
        session.seconds, session.simulated = state.seconds - begun[1], state.simulated - begun[2]
        with contextlib.suppress(OSError):  # a full disk, which is being told
            sessions = [*before.get("sessions", []), session.as_plain()]
            complete = state.done.total == plan.runs
            folder.keep({**base, "sessions": sessions, "complete": complete, "failed": state.failed})


class _told_errors(contextlib.AbstractContextManager[None]):  # noqa: N801  (reads like a word)
    """Say of errors of the disk that what is complete is kept."""

    def __init__(self, folder: SweepFolder) -> None:
        self._root = folder.root

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, OSError) and error.errno is not None:
            raise InputError(
                f"{self._root}: {error.strerror or error}; the runs that are complete are kept, and the same command goes on"
            ) from error


def _plan(folder: SweepFolder, wanted: Asked) -> Plan:
    """Return the plan: the one that was asked for, as an extension of what the folder has.

    Raises
    ------
    InputError
        If the folder holds another sweep.
    """
    if (folder.manifest or {}).get("merged"):
        raise InputError(
            f"{folder.root}: was merged from other sweeps and cannot go on; go on with those, and merge them again"
        )
    new, old = wanted.plan, folder.plan
    if old is None:
        return new
    there, here = old.configuration, new.configuration
    for key in here:
        if digest_of(there.get(key)) != digest_of(here[key]):
            raise InputError(
                f"{folder.root}: holds another sweep (its {key} is another); choose another folder with out="
            )
    if old.labels != new.labels[: len(old.labels)]:
        raise InputError(
            f"{folder.root}: holds a sweep of {', '.join(old.labels)}; further architectures and proposals come after them, or "
            "choose another folder with out="
        )
    if old.worlds != new.worlds[: len(old.worlds)] and old.variants == new.variants[: len(old.variants)]:
        common = [one == other[: len(one)] for one, other in zip(old.worlds, new.worlds, strict=False)]
        if not all(common):
            raise InputError(
                f"{folder.root}: holds a sweep in another world; the data of its scenario changed; choose out="
            )
    for label, earlier, now in zip(old.labels, old.builds, new.builds, strict=False):
        same = [digest_of(one) == digest_of(other) for one, other in zip(earlier, now, strict=False)]
        if old.variants == new.variants[: len(old.variants)] and not all(same):
            raise InputError(
                f"{folder.root}: holds runs of another {label}: its scenario's file, a proposal or a default of ranges.yaml has "
                "changed since; choose another folder with out="
            )
    return replace(new, blocks=blocks_of(new.size, old.blocks))


def _manifest(
    before: dict[str, Any], wanted: Asked, plan: Plan, session: Session, source: str, made_by: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "command": "sweep",
        "title": wanted.title,
        "words": before.get("words", session.words),
        "configuration_hash": plan.digest,
        "ranges_hash": catalogue.ranges_hash(),
        "started": before.get("started", session.started),
        "runs": plan.runs,
        "complete": False,
        "failed": 0,
        "source": source,
        "sources": {**before.get("sources", {}), source: made_by},
        "sessions": before.get("sessions", []),
        "plan": plan.as_plain(),
    }


def _engine(wanted: Asked, seconds: float, client: Any, screen: Any) -> Engine:
    """Return where the work is done."""
    if client is not None:
        return engine_dask.Dask(client=client)
    if wanted.scheduler is not None:
        return engine_dask.Dask(address=wanted.scheduler, tls=wanted.tls)
    if wanted.engine == "dask":
        return engine_dask.Dask(wanted.workers)
    if wanted.engine == "auto" and wanted.workers > 1 and seconds > WORTHWHILE:
        try:
            return engine_dask.Dask(wanted.workers)
        except InputError as error:
            screen.print(f"{error.message}; until then there is one process", soft_wrap=True, highlight=False)
    return Serial()
