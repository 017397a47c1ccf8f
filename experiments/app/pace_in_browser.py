"""How long the pages take in a real browser: ``python -m donorlab.experiments.app.pace_in_browser [WORLD]``.

The aims: a first useful screen in under four seconds once the model is compiled, a first answer half a second after a lever moved,
a finer one within two; a quarter of a run that is watched before the next one is due. Needs the extra ``browser``, and Chromium.
"""

from __future__ import annotations

import contextlib
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from donorlab import sim
from donorlab.experiments.app.choices import Choice, ready
from donorlab.experiments.app.watch_now import SPEEDS
from donorlab.experiments.arguments import InputError
from donorlab.experiments.benchmark import best_of
from donorlab.experiments.pages import printing

OPENINGS, MOVES, QUARTERS = 4, 6, 12
SCREEN, WAIT, REFINED, FRAME = 4.0, 0.5, 2.0, SPEEDS["fast"]
"""Seconds: the aims; a quarter must be there before the next one is due."""
_ARGUMENTS: Final = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_LATEST: Final = 120_000  # milliseconds


@contextlib.contextmanager
def served() -> Iterator[tuple[str, subprocess.Popen[str], float]]:
    """Yield the address of a server of its own, its process, and the seconds until it was ready."""
    begun = time.perf_counter()
    words = [sys.executable, "-u", "-m", "donorlab.experiments.command", "app", "open=false", "port=0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout is not None
            found = next(filter(None, (re.search(r"http://\S+/", line) for line in process.stdout)))
            yield found[0], process, time.perf_counter() - begun
        finally:
            process.terminate()


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    """Yield a browser.

    Raises
    ------
    InputError
        If Playwright or Chromium is not installed.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise InputError("playwright is not installed; install the extra (pip install 'donorlab[browser]')") from None
    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=printing.chromium(), args=_ARGUMENTS)
        yield opened
        opened.close()


def openings(context: Any, address: str) -> list[float]:
    """Return seconds until the first sentence of the answer stands, a page after the other."""
    found = []
    for _ in range(OPENINGS):
        page = context.new_page()
        begun = time.perf_counter()
        page.goto(address)
        page.locator("p.answer", has_text="than").wait_for(timeout=_LATEST)
        found.append(time.perf_counter() - begun)
        page.close()
    return found


_MOVED: Final = """
([value, said]) => new Promise(done => {
  const inside = one => { for (const part of one.querySelectorAll("*")) {
    if (part.classList.contains("piece")) { return part; }
    const hit = part.shadowRoot && inside(part.shadowRoot); if (hit) { return hit; } } };
  const slider = inside(document.querySelector(".part.controls")).querySelector("input[data-act='set:overhead']");
  const answer = inside(document.querySelector(".part.answer")), begun = performance.now();
  let first = null;
  slider.value = value; slider.dispatchEvent(new Event("input", {bubbles: true}));
  const looked = setInterval(() => {
    const text = answer.innerText, now = performance.now() - begun;
    if (first === null && text.includes(said)) { first = now; }
    if (first !== null &&
        /A finer answer|An answer over futures/.test(text)) { clearInterval(looked); done([first / 1000, now / 1000]); }
  }, 5);
})
"""
"""Moves a lever and looks at the answer; in the page itself, for a driver of browsers looks only now and then."""


def moves(page: Any) -> tuple[list[float], list[float]]:
    """Return seconds from a lever's move to the first answer that is about it, and to a finer one."""
    first, finer = [], []
    for number in range(1, MOVES + 1):
        page.get_by_text("At rest.").wait_for(timeout=_LATEST)
        one, two = page.evaluate(_MOVED, [f"{number / 50:g}", f"to {100 * number / 50:g}%"])
        first.append(one)
        finer.append(two)
    return first, finer


def quarters(page: Any, address: str) -> list[float]:
    """Return seconds from a step of a run that is watched to the quarter that it shows."""
    page.goto(address)
    step = page.locator("button[data-act='step']")
    step.wait_for(timeout=_LATEST)
    found = []
    for _ in range(QUARTERS):
        before = page.locator("input[data-act='quarter']").input_value()
        begun = time.perf_counter()
        step.click()
        page.wait_for_function(
            "before => { const all = [document]; while (all.length) { const one = all.pop(); const hit = "
            "one.querySelector(\"input[data-act='quarter']\"); if (hit) { return hit.value !== before; } "
            "for (const part of one.querySelectorAll('*')) { if (part.shadowRoot) { all.push(part.shadowRoot); } } } }",
            arg=before,
            timeout=_LATEST,
        )
        found.append(time.perf_counter() - begun)
    return found


def main(words: list[str]) -> None:
    """Print the table of a world, ``world`` if none is named."""
    screen = Console(highlight=False)
    world = words[0] if words else "world"
    scenario = ready(Choice(world)).scenarios["umbrella"]
    one = best_of(lambda: sim.simulate(scenario, seed=1), 5)
    with served() as (address, process, begun), browser() as opened:
        context = opened.new_context(viewport={"width": 1400, "height": 900})
        shown = openings(context, address)
        page = context.new_page()
        page.goto(f"{address}?scenario={world}")
        first, finer = moves(page)
        frames = quarters(page, f"{address}watch?scenario={world}&quarter=1")
        screen.print(
            f"{world}: one run with its baseline {1000 * one:.0f} ms; from the command to a page that can be opened {begun:.1f} s"
        )
        for what, seconds, aim in (
            ("first useful screen", shown, SCREEN),
            ("a lever moves: first answer", first, WAIT),
            ("a lever moves: finer answer", finer, REFINED),
            ("a run that is watched: a quarter", frames, FRAME),
        ):
            middle, most = statistics.median(seconds), max(seconds)
            screen.print(
                f"  {what:<34}{middle / aim:>5.2f} of the aim of {aim:g} s (worst {most / aim:.2f}); {middle / one:.1f} runs' time"
            )
        screen.print(f"  memory of the server: {_memory(process.pid):.0f} MB")


def _memory(pid: int) -> float:
    """Return the resident memory of a process in MB; NaN where the system does not say."""
    try:
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return float("nan")
    return int(found[1]) / 1000 if found else float("nan")


if __name__ == "__main__":
    main(sys.argv[1:])
