"""The keys ``engine``, ``workers``, ``scheduler``, ``tls_*`` and ``insecure``, the same in all commands that have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from donorlab.experiments import engine_dask
from donorlab.experiments.arguments import InputError, did_you_mean
from donorlab.experiments.crew import ENGINES, Crew
from donorlab.experiments.engine_dask import Tls, checked_address
from donorlab.experiments.runner import checked_workers

TLS: Final = ("tls_ca", "tls_cert", "tls_key")
KEYS: Final = ("engine", "workers", "scheduler", *TLS, "insecure")


def crew_asked(keys: Mapping[str, Any]) -> Crew:
    """Return who works, as the keys of a command say.

    Raises
    ------
    InputError
        In one line, before anything is done: a word that there is not, keys that do not go together, an address that is none
        or not to be trusted, Dask that is not installed.
    """
    if "engine" not in keys:  # a command that knows only workers of this machine
        return Crew(checked_workers(keys["workers"]))
    if keys["engine"] not in ENGINES:
        raise InputError(
            f"engine: '{keys['engine']}' is not one of {', '.join(ENGINES)}{did_you_mean(keys['engine'], ENGINES)}"
        )
    engine, workers, scheduler, tls = (
        engine_of(keys), checked_workers(keys["workers"]), scheduler_of(keys), tls_of(keys)
    )  # fmt: skip
    if engine == "dask":
        engine_dask.needed()
    return Crew(1 if engine == "serial" else workers, engine, scheduler, tls)


def engine_of(keys: Mapping[str, Any]) -> str:
    """Return which engine is meant; an address means Dask."""
    if keys["scheduler"] and keys["engine"] == "serial":
        raise InputError("scheduler: engine=serial uses no workers; leave one of the two out")
    if not keys["scheduler"] and (keys["insecure"] or any(keys[key] for key in TLS)):
        raise InputError(
            "scheduler: insecure, tls_ca, tls_cert and tls_key go with an address; workers of this machine need none"
        )
    return "dask" if keys["scheduler"] else str(keys["engine"])


def scheduler_of(keys: Mapping[str, Any]) -> str | None:
    """Return the address of a scheduler if one is given and may be used; None if none is given."""
    return checked_address(keys["scheduler"], tls_of(keys), keys["insecure"]) if keys["scheduler"] else None


def tls_of(keys: Mapping[str, Any]) -> Tls | None:
    """Return the files of certificates; None where none are given."""
    files = [keys[key] for key in TLS]
    if not any(files):
        return None
    if not all(files):
        raise InputError("tls_ca, tls_cert and tls_key: give all three, or none")
    return Tls(*files)
