"""What a sweep prints: before it starts, while it runs, and at the end."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Console

from donorlab.experiments.sweeps import parts
from donorlab.experiments.sweeps.aside import ASIDE, FOREIGN
from donorlab.experiments.sweeps.asked import Asked
from donorlab.experiments.sweeps.folder import State, SweepFolder
from donorlab.experiments.sweeps.parts import Part
from donorlab.experiments.sweeps.plan import Plan

if TYPE_CHECKING:
    from donorlab.experiments.sweep import Session

_LINES: Final = 8  # so many lines of progress where there is no terminal
_FAILURES: Final = 5  # so many failed runs are named
_A_NUMBER: Final = 7.5  # bytes that one number of a run takes, compressed
_A_COLUMN: Final = 230  # bytes that one column takes in each part


def console() -> Console:
    """Return where the command prints."""
    return Console(soft_wrap=True, highlight=False, markup=False)


def before(screen: Console, wanted: Asked, plan: Plan, state: State, each: float, workers: int | None) -> None:
    """Say what stands in the folder, how many runs are missing, how long they take and how large all will be.

    ``workers`` is None where they are a scheduler's: how many it will have nobody knows.
    """
    for name, why in list(state.redone.items())[:_FAILURES]:
        screen.print(f"damaged part, its runs are done again: {name} ({why})")
    if len(state.redone) > _FAILURES:
        screen.print(f"... and {len(state.redone) - _FAILURES} more")
    if state.foreign:
        screen.print(f"{counted(len(state.foreign), 'part')} of another sweep stood here: now in {ASIDE}/{FOREIGN}")
    if state.aside:
        how = "would be set aside and done again" if wanted.dry else "set aside and done again"
        screen.print(f"{counted(state.aside, 'run')} of other sources {how} (mix=true would keep such runs)")
    if state.back:
        how = "would be taken back" if wanted.dry else "taken back"
        screen.print(f"{counted(state.back, 'run')} that these sources made before {how}")
    if state.others:
        screen.print(
            f"{counted(state.others, 'run')} of other sources kept, as mix=true says; the column source tells them apart"
        )
    points, replications, _ = plan.size
    what = f"{counted(points, 'point')} x {counted(replications, 'seed')} x {', '.join(plan.labels)}"
    missing = plan.runs - state.done.total
    if wanted.title:
        screen.print(wanted.title)
    done = f", {state.done.total:,} of them done" if state.done.total else ""
    screen.print(f"{what}: {counted(plan.runs, 'run')}{done}")
    if missing:
        shared = f"{workers} at a time" if workers else "shared by the scheduler's workers"
        how = f"{1000 * each:.3g} ms a run here, {shared}"
        screen.print(
            f"about {duration(missing * each / (workers or 1))}{'' if workers else ' of work'} ({how}) and "
            f"{size(_bytes(wanted, plan, state, each))} in {wanted.root}"
        )

    if wanted.dry and state.parts:
        screen.print("this is what the index says; a part that is damaged is found when the sweep goes on")


def leaving(screen: Console, wanted: Asked, gone: Sequence[Part]) -> None:
    """Say before much work is set aside that it will be, and what would keep it."""
    runs, seconds = sum(part.rows for part in gone), sum(part.seconds for part in gone)
    sources = ", ".join(sorted({part.source for part in gone}))
    screen.print(
        f"{wanted.root}: {counted(runs, 'run')} ({duration(seconds)} of work) are of other sources ({sources}) than are installed "
        f"now: they go to {ASIDE}/ and come back with those sources; mix=true would keep them here"
    )


def _bytes(wanted: Asked, plan: Plan, state: State, each: float) -> float:
    """Return how large all parts will be."""
    if state.done.total:
        return plan.runs * state.bytes / state.done.total
    columns = len(parts.schema(plan.columns, plan.waterfall))
    chunks = max(1.0, plan.runs * each / wanted.chunk)
    return plan.runs * columns * _A_NUMBER + chunks * columns * _A_COLUMN


@contextlib.contextmanager
def progress(wanted: Asked, plan: Plan, state: State) -> Iterator[Callable[[Part], None]]:
    """Show progress on standard error while the block runs; call what it yields with each finished part."""
    screen = Console(stderr=True)
    start, had = time.monotonic(), state.done.total

    def rate() -> str:
        seconds = max(1e-9, time.monotonic() - start)
        each = seconds / max(1, state.done.total - had)
        failed = f", {state.failed:,} failed" if state.failed else ""
        return f"{1 / each:,.1f} runs/s, about {duration((plan.runs - state.done.total) * each)} left{failed}"

    if screen.is_terminal:
        from rich import progress as bars

        columns = (
            bars.TextColumn("{task.description}"),
            bars.BarColumn(),
            bars.MofNCompleteColumn(),
            bars.TextColumn("{task.fields[rate]}"),
        )
        with bars.Progress(*columns, console=screen, transient=True) as bar:
            task = bar.add_task("runs", total=plan.runs, completed=had, rate="")
            yield lambda _: bar.update(task, completed=state.done.total, rate=rate())
        return
    told = had * _LINES // plan.runs

    def line(_: Part) -> None:
        nonlocal told
        now = state.done.total * _LINES // plan.runs
        if now > told:
            told = now
            screen.print(f"{state.done.total:,} of {plan.runs:,} runs, {rate()}", soft_wrap=True, highlight=False)

    yield line


def after(screen: Console, folder: SweepFolder, wanted: Asked, plan: Plan, state: State, session: Session) -> None:
    """Say what is complete, how fast it was, what failed, and where it is."""
    seconds = time.monotonic() - session.clock
    if session.runs:
        share = 100 * (1 - session.simulated / session.seconds) if session.seconds else 0.0
        screen.print(
            f"{counted(session.runs, 'run')} in {duration(seconds)}: {session.runs / seconds:,.1f} runs/s; of the workers' time "
            f"{share:.1f}% outside the simulations"
        )
    else:
        screen.print("complete already: nothing was missing")
    if state.failed:
        screen.print(f"{counted(state.failed, 'run')} failed; retry_failed=true runs them again:")
        for run, label, seed, error in _failures(folder, state):
            screen.print(f"  run {run} ({label}, seed {seed}): {error}")
    screen.print(f"{plan.runs:,} runs, {size(state.bytes)}: {wanted.root}")


def _failures(folder: SweepFolder, state: State) -> Iterator[tuple[int, str, int, str]]:
    """Return the first failed runs."""
    left = _FAILURES
    for part in sorted(state.with_failed, key=lambda one: one.spans):
        rows = parts.read(folder.root, part).select(["run", "architecture", "seed", "error"])
        rows = rows.filter(rows.column("error").is_valid())
        for row in rows.slice(0, left).to_pylist():
            yield row["run"], row["architecture"], row["seed"], row["error"]
        left -= min(left, rows.num_rows)
        if not left:
            return


def counted(number: int, what: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """Return a length of time as a person says it."""
    if seconds < 100:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"


def size(count: float) -> str:
    """Return a number of bytes as a person says it."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{max(1.0, count / 1e3):.0f} kB"
