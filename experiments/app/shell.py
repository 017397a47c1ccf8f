"""What all pages share: the frame with headings and landmarks, into which live pieces are set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import panel as pn

from donorlab.experiments.app import watch_asked
from donorlab.experiments.pages.chart import NOTICE

HERE: Final = Path(__file__).parent
PAGES: Final = (
    {"name": "explore", "title": "Explore a proposal", "address": "./", "own": ""},
    {"name": "watch", "title": "Watch a run", "address": "./watch", "own": " ".join(watch_asked.OWN)},
)
"""All pages; ``own`` are the keys of an address that no other page has."""


@dataclass(frozen=True)
class Part:
    """A live piece and where it stands.

    Attributes
    ----------
    name : a word; its place in the style sheet
    title : what it is, for those who do not see it
    view : of Panel
    tag : the HTML element around it: ``section``, or ``aside`` for what is set rather than found
    """

    name: str
    title: str
    view: Any
    tag: str = "section"


def framed(here: str, heading: str, lead: str, parts: Sequence[Part]) -> pn.Template:
    """Return a page.

    Parameters
    ----------
    here : of `PAGES`
    heading, lead : its title, and a sentence on what it is for
    parts : in their order
    """
    page = pn.Template((HERE / "shell.html").read_text(encoding="utf-8"))
    page.location = True
    for name, value in {
        "here": here,
        "heading": heading,
        "lead": lead,
        "pages": PAGES,
        "notice": NOTICE,
        "page_style": (HERE / "shell.css").read_text(encoding="utf-8"),
        "parts": [{"name": part.name, "title": part.title, "tag": part.tag} for part in parts],
    }.items():
        page.add_variable(name, value)
    for part in parts:
        page.add_panel(part.name, part.view)
    return page
