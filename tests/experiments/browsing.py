"""A real Chromium for tests of pages, where there is one: opened pages, what they ask for, and what axe-core finds."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

WIDTHS = (400, 900, 1400)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    """Yield a browser; the test is passed over where Playwright or Chromium is missing."""
    playwright = pytest.importorskip("playwright.sync_api")
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=program, args=ARGUMENTS)
        try:
            yield opened
        finally:
            opened.close()


def watched(opened: Any, address: str, width: int, **context: Any) -> tuple[Any, list[str], list[str]]:
    """Open an address; return the page, what it asks for beyond itself, and its errors."""
    page = opened.new_page(viewport={"width": width, "height": 900}, **context)
    asked: list[str] = []
    errors: list[str] = []
    page.on(
        "request",
        lambda one: None if one.url.startswith(("data:", "blob:")) or one.url == address else asked.append(one.url),
    )
    page.on("console", lambda one: errors.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda one: errors.append(str(one)))
    page.goto(address)
    return page, asked, errors


def serious(page: Any) -> list[str]:
    """Return what axe-core calls serious or critical."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {node['html'][:160]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"][:3]
    ]


def kept(page: Any, name: str, folder: Path | None) -> None:
    """Store a screenshot of the whole page where a folder was asked for."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{name}.png", full_page=True)
