"""A live piece of the page: HTML that is written here, and what a user does to it, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import panel as pn
import param

from donorlab.experiments.app import turns

HERE: Final = Path(__file__).parent
STYLE: Final = (HERE / "app.css").read_text(encoding="utf-8")
NAME_LONGEST, VALUE_LONGEST = 60, 120
"""Characters of what a browser may send at once; all else is passed over."""


class Live(pn.custom.JSComponent):
    """HTML whose buttons, levers and tiles tell what is done to them.

    Attributes
    ----------
    html : what is shown; escaped by who writes it
    marks : by ``data-mark`` of an element its class and its text, None to leave either; for large pictures of which little moves
    """

    html = param.String(default="", doc="what is shown")
    marks = param.Dict(default={}, doc="class and text by data-mark")

    _esm = (HERE / "live.js").read_text(encoding="utf-8")

    def __init__(self, act: Callable[[str, str], object] | None = None, style: str = "", **given: Any) -> None:
        super().__init__(stylesheets=[STYLE, style], sizing_mode="stretch_width", **given)  # type: ignore[no-untyped-call]
        if act is not None:
            page = pn.state.curdoc
            self.on_msg(lambda event: told(event.data, lambda name, value: turns.soon(act, name, value, page=page)))

    def draw(self, html: str, again: bool = False) -> None:
        """Show other HTML; nothing is sent where it is the same.

        Parameters
        ----------
        html : escaped by who writes it
        again : send it all the same: a browser may show a value that was refused
        """
        text = str(html)
        if text != self.html:
            self.html = text
        elif again:
            self.html = f"{text} "

    def mark(self, marks: Mapping[str, tuple[str | None, str | None]]) -> None:
        """Change classes and texts of single elements."""
        found = {key: list(value) for key, value in marks.items()}
        if found != self.marks:
            self.marks = found


def told(message: object, act: Callable[[str, str], object]) -> bool:
    """Hand on what a browser sent if it is a name and a value, both short texts; return whether it was."""
    if not isinstance(message, dict) or set(message) != {"name", "value"}:
        return False
    name, value = message["name"], message["value"]
    if not isinstance(name, str) or not isinstance(value, str):
        return False
    if len(name) > NAME_LONGEST or len(value) > VALUE_LONGEST:
        return False
    act(name, value)
    return True
