"""Watch: the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from donorlab.experiments.app import shell
from donorlab.experiments.app.live import Live

if TYPE_CHECKING:
    from donorlab.experiments.app.hall import Hall


def page(hall: Hall, asked: Mapping[str, list[str]]) -> Any:
    """Return the page of a new session."""
    piece = Live(act=lambda name, value: piece.draw(f"<p>{name} {value}</p>"), html='<button data-act="x">Hi</button>')
    return shell.framed("watch", "Watch a run", "", [shell.Part("said", "Said", piece)])
