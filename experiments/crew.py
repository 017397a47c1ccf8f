"""Who does the work of a command, and who keeps what is done: passed on to wherever runs are made."""

from __future__ import annotations

import contextlib
import functools
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from donorlab.experiments import engine_dask, engines
from donorlab.experiments.arguments import InputError
from donorlab.experiments.store import digest_of
from donorlab.experiments.sweeps import identity
from donorlab.sim.scenario import Scenario

if TYPE_CHECKING:
    from donorlab.experiments.kept import Kept

ENGINES: Final = ("auto", "serial", "dask")
_PACKAGES: Final = ("donorlab.experiments", "donorlab.scenarios")


@dataclass(frozen=True)
class Crew:
    """Who works, and who keeps.

    Attributes
    ----------
    workers : number of processes; 1 for none besides this one; None: as many as processors where it is worth while
    engine : one of `ENGINES`; ``auto`` stands for processes of this machine
    scheduler, tls : of somebody else's workers of Dask
    kept : keeps finished work until the command is through; None: nobody does
    """

    workers: int | None = None
    engine: str = "auto"
    scheduler: str | None = None
    tls: engine_dask.Tls | None = None
    kept: Kept | None = None

    @property
    def by_dask(self) -> bool:
        """Whether Dask does the work, on this machine or elsewhere."""
        return self.engine == "dask"

    def keeping(self, kept: Kept) -> Crew:
        """Return the same crew with somebody who keeps what it does."""
        return replace(self, kept=kept)

    @contextlib.contextmanager
    def opened(self, tasks: int, scenarios: Mapping[str, Scenario] | None = None) -> Iterator[Team]:
        """Start workers for a number of tasks and end them; the scenarios that all tasks share travel once a worker."""
        token = uuid.uuid4().hex
        given = (token, digest_of(made_by(scenarios or {})) if self.by_dask else None, dict(scenarios or {}))
        count = max(1, min(self.workers or engines.processors(), tasks))
        made: engines.Engine
        if self.scheduler is not None:
            made = engine_dask.Dask(address=self.scheduler, tls=self.tls, prepare=take, given=given)
        elif self.by_dask:
            made = engine_dask.Dask(count, prepare=take, given=given)
        else:
            made = engines.Processes(count, take, given)
        with made as engine:
            yield Team(engine, token)


@dataclass(frozen=True)
class Team:
    """Workers that were started.

    Attributes
    ----------
    engine : hands work to them
    token : names what they share, see `taken`
    """

    engine: engines.Engine
    token: str


def made_by(scenarios: Mapping[str, Scenario]) -> dict[str, Any]:
    """Return what makes the numbers of a command: what makes those of a sweep, and the sources of the commands themselves.

    Raises
    ------
    InputError
        As `identity.sources`.
    """
    return {**identity.sources(scenarios.values()), **{name: identity.sources_of(name) for name in _PACKAGES}}


Workers = int | Crew | None
"""A crew, or only its number of workers."""


def crew_of(workers: Workers) -> Crew:
    """Return the crew, of which only the number of workers may be given."""
    if isinstance(workers, Crew):
        return workers
    return Crew(workers=workers)


# ---------------------------------------------------------------------- in a worker
_shared: dict[str, tuple[str | None, dict[str, Scenario]]] = {}  # by the token of a team
_ONE_AT_A_TIME: Final = threading.Lock()  # a worker of Dask may have several threads


def take(token: str, sources: str | None, scenarios: dict[str, Scenario]) -> Callable[[], object]:
    """Keep what all tasks of a team share; return what forgets it.

    Parameters
    ----------
    token : of the team
    sources : hash of what must make the numbers here as well; None where the engine sees to that
    scenarios : that all tasks share
    """
    wrong = None
    if sources is not None and (found := digest_of(made_by(scenarios))) != sources:
        wrong = (
            f"a worker has other sources ({found[:16]}) than this command ({sources[:16]}): the same donorlab, plug-ins, numba and "
            "numpy are needed everywhere"
        )
    _shared[token] = (wrong, scenarios)
    return functools.partial(_shared.pop, token, None)


@contextlib.contextmanager
def taken(token: str) -> Iterator[dict[str, Scenario]]:
    """Give what the tasks of a team share to one task at a time.

    Raises
    ------
    InputError
        If this worker has other sources.
    """
    with _ONE_AT_A_TIME:
        wrong, scenarios = _shared[token]
        if wrong is not None:
            raise InputError(wrong)
        yield scenarios
