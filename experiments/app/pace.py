"""How long answers take, as ratios to one run: ``python -m donorlab.experiments.app.pace [WORLD]``.

Seconds depend on the machine, ratios hardly do. The aim: a first answer half a second after a change, a refined one within two.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

from rich.console import Console

from donorlab import sim
from donorlab.experiments.app.answers import STAGES, Explorer
from donorlab.experiments.app.choices import Choice, ready
from donorlab.experiments.app.levers_shown import shown
from donorlab.experiments.benchmark import best_of

WAIT, REFINED = 0.5, 2.0  # seconds: the aims


@dataclass(frozen=True)
class Lap:
    """One stage of one answer: what was asked, the stage, seconds since the change, runs made for it."""

    what: str
    stage: str
    seconds: float
    runs: int


def laps(explorer: Explorer, what: str, choice: Choice) -> list[Lap]:
    """Return the stages of the answer to a choice."""
    begun, before = time.perf_counter(), explorer.runs
    return [
        Lap(what, step.stage.name, time.perf_counter() - begun, explorer.runs - before)
        for step in explorer.refine(choice)
        if step.answer is not None and len(step.answer.summary) > 0  # with the table that a page shows
    ]


def measure(world: str) -> tuple[float, float, list[Lap]]:
    """Return seconds of one run with its baseline, of listing the levers, and the stages of four answers.

    Parameters
    ----------
    world : of `settable.WORLDS`
    """
    choice = Choice(world, ("fragmented", "umbrella"))
    scenario = ready(choice).scenarios["umbrella"]
    one = best_of(lambda: sim.simulate(scenario, seed=1), 5)
    Explorer().answer(choice)  # not counted: compiled code
    explorer = Explorer()
    found = laps(explorer, "nothing known yet", choice)
    found += laps(explorer, "a lever of one design moves", choice.with_value("overhead", 0.1))
    found += laps(explorer, "what is the world's moves", choice.with_value("lapse", 0.02))
    found += laps(explorer, "back to a choice seen before", choice)
    listing = best_of(lambda: shown(choice), 3)
    return one, listing, found


def main(words: list[str]) -> None:
    """Print the table of a world, ``world`` if none is named."""
    screen = Console(highlight=False)
    world = words[0] if words else "world"
    one, listing, found = measure(world)
    screen.print(f"{world}: one run with its baseline {1000 * one:.0f} ms; listing the levers {listing / one:.1f} runs")
    screen.print(
        f"stages: {', '.join(f'{stage.name} {stage.seeds} seeds {stage.futures} futures' for stage in STAGES[world])}"
    )
    for lap in found:
        screen.print(
            f"  {lap.what:<30}{lap.stage:<9}{lap.runs:>4} runs made {lap.seconds / one:>7.1f} runs' time "
            f"({1000 * lap.seconds:.0f} ms)"
        )
    screen.print(
        f"Aims: first within {WAIT / one:.1f} runs' time here, more within {REFINED / one:.1f}, where a lever moves."
    )


if __name__ == "__main__":
    main(sys.argv[1:])
