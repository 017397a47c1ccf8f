"""``donorlab new``: a template of a file to fill in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from rich.console import Console

from donorlab.experiments.arguments import InputError, did_you_mean
from donorlab.scenarios.proposals import NAME_LONGEST, TEMPLATE
from donorlab.sim.architectures import architecture_names

KINDS: Final = ("proposal", "sweep")
_PLACE: Final = "THIS_FILE"
_NAME: Final = "my-proposal"
_SWEEP: Final = Path(__file__).parent / "conf" / "sweep" / "grid.yaml"
_SWEEP_DEFAULTS: Final = Path(__file__).parent / "conf" / "sweep.yaml"


def run(kind: str, path: str) -> None:
    """Carry out ``donorlab new KIND PATH``.

    Raises
    ------
    InputError
        If there is no such kind, the file exists, or its folder cannot be written to.
    """
    if kind not in KINDS:
        hint = did_you_mean(kind, KINDS) or f"; there is {', '.join(KINDS)}"
        raise InputError(f"new: there is no template of '{kind}'{hint}")
    target = Path(path)
    if target.suffix not in (".yaml", ".yml"):
        raise InputError(f"{path}: the name must end with .yaml, so that other commands know it for a file")
    text = filled(TEMPLATE.read_text(encoding="utf-8"), target) if kind == "proposal" else _sweep(target)
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(f"{path}: exists already and is not overwritten; choose another name") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be written ({getattr(error, 'strerror', None) or error})") from None
    then = "check" if kind == "proposal" else "sweep"
    Console().print(f"{path}: change it, then `donorlab {then} {path}`.", soft_wrap=True, highlight=False, markup=False)


def _sweep(target: Path) -> str:
    """Return the example of a grid as a file of the user's own, with all keys that it leaves at their defaults."""
    own = _SWEEP.read_text(encoding="utf-8").replace("donorlab sweep grid", f"donorlab sweep {target}")
    have = {line.partition(":")[0] for line in own.splitlines() if line and line[0].isalpha()}
    others = [
        f"# {line}"
        for line in _SWEEP_DEFAULTS.read_text(encoding="utf-8").splitlines()[1:]
        if line.partition(":")[0] not in {*have, "example"}
    ]
    return own + "\n# All other keys, with their defaults:\n" + "\n".join(others) + "\n"


def filled(text: str, target: Path) -> str:
    """Return the template with the name of the file in it; as the proposal's own name too, where it is one."""
    stem = target.stem
    good = re.fullmatch(rf"[A-Za-z][A-Za-z0-9_\-]{{0,{NAME_LONGEST - 1}}}", stem) and stem not in architecture_names()
    return text.replace(_PLACE, target.name).replace(f"name: {_NAME}", f"name: {stem if good else _NAME}")
