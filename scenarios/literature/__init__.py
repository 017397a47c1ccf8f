"""Published models as scenarios: one YAML file each, and at most one plug-in beside it.

Each is run by the same ``CoordinationModel`` and ``step()`` as any other scenario. Where the ordinary mechanisms cannot
say what a published model says, the module of the same name registers one mechanism or architecture, as a third party
would. It is imported when its scenario is loaded.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
PREFIX: Final = "literature/"


def names() -> tuple[str, ...]:
    """Return the names of the published models as `load` knows them, sorted: ``literature/covering-games`` and so on."""
    return tuple(f"{PREFIX}{path.stem}" for path in sorted(FOLDER.glob("*.yaml")))


def file_of(name: str) -> Path:
    """Return the YAML file of a published model."""
    return FOLDER / f"{name.removeprefix(PREFIX)}.yaml"


def plugin_of(name: str) -> str | None:
    """Return the name of the module that is a published model's plug-in, or None if it has none."""
    module = name.removeprefix(PREFIX).replace("-", "_")
    return f"{__name__}.{module}" if (FOLDER / f"{module}.py").is_file() else None


def register(name: str | None = None) -> None:
    """Import the plug-in of one published model, or of all: importing it registers it, and a second time changes nothing."""
    for one in (name,) if name is not None else names():
        module = plugin_of(one)
        if module is not None:
            importlib.import_module(module)
