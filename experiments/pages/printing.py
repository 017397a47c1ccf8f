"""The page as a PDF, printed by Chromium where there is one."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from donorlab.experiments.arguments import InputError, RunError

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_SECONDS: Final = 180


def chromium() -> str:
    """Return the path of a Chromium.

    Raises
    ------
    InputError
        If there is none.
    """
    for name in _NAMES:
        if (found := shutil.which(name)) is not None:
            return found
    raise InputError(
        "pdf: no Chromium is found (looked for chromium, google-chrome, msedge on the PATH); install one, or leave pdf=true out "
        "and print report.html from a browser"
    )


def printed(page: Path, target: Path) -> None:
    """Print a page to a PDF file.

    Parameters
    ----------
    page : the HTML file
    target : of the PDF

    Raises
    ------
    InputError
        If there is no Chromium.
    RunError
        If it prints nothing.
    """
    program = chromium()
    with tempfile.TemporaryDirectory(prefix="donorlab-chromium-") as profile:
        try:
            done = subprocess.run(
                [
                    program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
                    "--disable-component-update", "--disable-sync", "--disable-extensions",
                    f"--user-data-dir={profile}", "--no-pdf-header-footer",
                    f"--print-to-pdf={target}", page.resolve().as_uri(),
                ],
                capture_output=True, text=True, timeout=_SECONDS, check=False,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            raise RunError(f"pdf: {program} could not print the page ({error})") from None
    if not target.exists() or target.stat().st_size == 0:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise RunError(f"pdf: {program} printed nothing ({last[:160]})")
