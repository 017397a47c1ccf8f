"""The one place where Hydra is called: choose a file of each configuration group and merge them.

Hydra keeps global state and two threads that compose at once disturb each other. `compose` therefore holds a lock,
gives Hydra state of its own and puts back what was there before, so that it can be called inside somebody else's
Hydra application. Only names of our own configuration files reach Hydra, never a text from outside.
"""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from donorlab.scenarios import plain
from donorlab.sim.scenario import ScenarioError, suggest

CONF: Final = Path(__file__).parent / "conf"
GROUPS: Final = ("scenario", "architecture", "mechanism")
NONE: Final = "none"  # choice of a group: no file of it

_LOCK: Final = threading.RLock()


def options(group: str) -> tuple[str, ...]:
    """Return the names of the configuration files of a group, sorted."""
    return tuple(sorted(path.stem for path in (CONF / group).glob("*.yaml")))


def compose(**choices: str) -> dict[str, Any]:
    """Return the merged configuration, as plain data that belongs to the caller.

    Parameters
    ----------
    **choices : str
        Group to name of its file; `NONE` for no file. A group that is left out takes its default.

    Raises
    ------
    ScenarioError
        If a group or a name is unknown, or a file cannot be merged.
    """
    for group, choice in choices.items():
        if group not in GROUPS:
            raise ScenarioError(f"{group}: no such group{suggest(group, GROUPS)}; there are {', '.join(GROUPS)}")
        known = options(group)
        if choice not in (*known, NONE):
            shown = plain.one_line(choice)
            raise ScenarioError(f"{group}: '{shown}' is not one of {', '.join(known)}{suggest(shown, known)}")
    text = _composed(CONF, tuple(sorted(choices.items())), _stamp(CONF))
    return dict(json.loads(text))


def _stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Return what changes when a file of the folder does."""
    files = sorted(folder.rglob("*.yaml"))
    return tuple((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in files)


@functools.lru_cache(maxsize=64)
def _composed(folder: Path, choices: tuple[tuple[str, str], ...], _: object) -> str:
    """Return the configuration as a JSON text: cached, and impossible to change."""
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    with _LOCK, _own_hydra_state():
        try:
            with initialize_config_dir(str(folder.resolve()), job_name="donorlab", version_base="1.3"):
                config = hydra_compose(
                    "config",
                    overrides=[f"~{group}" if choice == NONE else f"{group}={choice}" for group, choice in choices],
                )
        except (HydraException, OmegaConfBaseException, ValueError) as error:
            shown = " ".join(f"{group}={choice}" for group, choice in choices)
            raise ScenarioError(f"conf ({shown}): cannot be merged: {plain.one_line(error, 160)}") from error
        data = OmegaConf.to_container(config, resolve=False)
    text = json.dumps(data)
    plain.refuse_code(text, "conf")
    plain.refuse_keys(data, "conf")
    return text


@contextmanager
def _own_hydra_state() -> Iterator[None]:
    """Set what Hydra knows of a running application aside, and put the same objects back.

    Its registries (plug-ins, config sources, config store) hold no run and stay.
    """
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.core.singleton import Singleton
    from hydra.core.utils import JobRuntime
    from hydra.version import VersionBase
    from omegaconf.basecontainer import BaseContainer

    kinds = (GlobalHydra, HydraConfig, JobRuntime, VersionBase)
    instances: dict[Any, Any] = Singleton._instances
    before = {kind: instances.pop(kind) for kind in kinds if kind in instances}
    resolvers = dict(BaseContainer._resolvers)
    try:
        yield
    finally:
        for kind in kinds:
            instances.pop(kind, None)
        instances.update(before)
        BaseContainer._resolvers.clear()
        BaseContainer._resolvers.update(resolvers)
