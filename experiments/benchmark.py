"""``donorlab benchmark``: speed as ratios measured in one run, and how time grows with size.

Seconds depend on the machine; ratios of times taken side by side, and exponents, hardly do.
"""

from __future__ import annotations

import functools
import importlib
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from donorlab import scenarios as catalogue
from donorlab import sim
from donorlab.experiments import provenance, switches
from donorlab.experiments.arguments import InputError, parse
from donorlab.experiments.progress import progress
from donorlab.experiments.store import canonical_json, digest_of
from donorlab.experiments.sweeps import asked, identity, worker
from donorlab.sim.scenario import Scenario, ScenarioError, checked_seed

REPEATS: Final = 15
_WIDTH: Final = 100

# The largest size of each direction is 500 donors x 1,000 beneficiaries; the other directions start from the middle.
DONORS: Final = (62, 125, 250, 500)
BENEFICIARIES: Final = (125, 250, 500, 1000)
QUARTERS: Final = (20, 40, 80, 160)
REFERENCE_WORLD: Final = ("synthetic.donors=6", "synthetic.beneficiaries=16", "money=10", "horizon=20")
QUICK: Final = 10  # sizes of the quick variant are so many times smaller
MACHINERY_AIM: Final = 1.1  # what a sweep may cost, to its bare runs
MECHANISMS_AIM: Final = 2.5  # what all mechanisms together may cost, to a run without any
MONEY: Final = 250.0  # EUR m a year where the number of projects is fixed (over 40 quarters)
MONEY_PER_DONOR: Final = 5.0  # EUR m a year where budgets per donor are fixed


@dataclass(frozen=True)
class Growth:
    """Times of one series of sizes.

    Attributes
    ----------
    direction : what grows
    money : ``fixed in total`` (as many projects whatever the size) or ``fixed per donor``
    sizes, seconds, projects : of each run
    """

    direction: str
    money: str
    sizes: tuple[int, ...]
    seconds: tuple[float, ...]
    projects: tuple[int, ...]

    @property
    def exponent(self) -> float:
        """Slope of log seconds over log size by least squares."""
        slope, _ = np.polyfit(np.log(self.sizes), np.log(self.seconds), 1)
        return float(slope)


def best_of(action: Callable[[], object], repeats: int) -> float:
    """Return the shortest time of an action, seconds; its first call is not counted."""
    action()
    return min(_seconds(action) for _ in range(repeats))


def _seconds(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def growth(direction: str, fixed_projects: bool, quick: bool, seed: int, advance: Callable[[], None]) -> Growth:
    """Measure whole runs on ``synthetic`` while one size grows.

    Parameters
    ----------
    direction : ``donors``, ``beneficiaries`` or ``quarters``
    fixed_projects : whether the money of the whole run stays the same; otherwise each donor's yearly budget does
    quick : smaller sizes
    seed : replication
    advance : called after each size
    """
    shrink = QUICK if quick else 1
    series = {"donors": DONORS, "beneficiaries": BENEFICIARIES, "quarters": QUARTERS}[direction]
    sizes, seconds, projects = [], [], []
    for size in series:
        at = {"donors": DONORS[-1] // shrink, "beneficiaries": BENEFICIARIES[-1] // shrink, "quarters": 40}
        if direction == "quarters":  # from the middle, for the longest runs are long enough there
            at.update(donors=DONORS[1] // shrink, beneficiaries=BENEFICIARIES[1] // shrink)
        at[direction] = size if direction == "quarters" else size // shrink
        overrides = [f"synthetic.donors={at['donors']}", f"synthetic.beneficiaries={at['beneficiaries']}"]
        overrides.append(f"horizon={at['quarters']}")
        if fixed_projects:
            overrides.append(f"money={MONEY * 40 / at['quarters']:g}")
        else:
            overrides.append(f"synthetic.money_per_donor={MONEY_PER_DONOR:g}")
        scenario = catalogue.load("synthetic", overrides)
        count = len(sim.simulate(scenario, seed=seed).projects)
        shortest = best_of(_whole_run(scenario, seed), 1 if at["donors"] * at["beneficiaries"] > 100_000 else 3)
        sizes.append(at[direction])
        seconds.append(shortest)
        projects.append(count)
        advance()
    money = "fixed in total" if fixed_projects else "fixed per donor"
    return Growth(direction, money, tuple(sizes), tuple(seconds), tuple(projects))


def _whole_run(scenario: Scenario, seed: int) -> Callable[[], object]:
    return lambda: sim.simulate(scenario, seed=seed)


def oracle() -> Callable[[Scenario, int], Any] | None:
    """Return the slow reference model's ``run``, or None outside a checkout."""
    root = provenance.checkout()
    if root is None or not (root / "tests" / "oracle" / "model.py").is_file():
        return None
    sys.path.insert(0, str(root / "tests"))  # it is no part of the installed packages
    try:
        found: Callable[[Scenario, int], Any] = importlib.import_module("oracle.model").run
    finally:
        sys.path.remove(str(root / "tests"))
    return found


def run(words: Sequence[str]) -> None:
    """Carry out ``donorlab benchmark WORDS``."""
    arguments = parse("benchmark", words)
    seed, quick = checked_seed(arguments.experiment["seed"]), bool(arguments.experiment["quick"])
    scenario = catalogue.load(arguments.experiment["scenario"], list(arguments.overrides))
    screen = Console()
    if not screen.is_terminal:
        screen = Console(width=_WIDTH)
    _ratios(screen, scenario, seed, 5 if quick else REPEATS)
    _architectures(screen, scenario, seed, 5 if quick else REPEATS)
    _mechanisms(screen, scenario, seed, 5 if quick else REPEATS)
    _sweep(screen, str(arguments.experiment["scenario"]), arguments.overrides, seed, 10 if quick else 40)
    _reference(screen, seed)
    with progress("growth on synthetic", 2 * (len(DONORS) + len(BENEFICIARIES) + len(QUARTERS)), "sizes") as advance:
        series = [
            growth(direction, fixed, quick, seed, advance)
            for fixed in (True, False)
            for direction in ("donors", "beneficiaries", "quarters")
        ]
    _growth(screen, series)


def _ratios(screen: Console, scenario: Scenario, seed: int, repeats: int) -> None:
    first = _seconds(_whole_run(scenario, seed))
    base = sim.baseline(scenario, seed)
    wholes, shared, sums, parts = [], [], [], []
    for _ in range(repeats):  # side by side, so that a busy moment of the machine hits both
        wholes.append(_seconds(_whole_run(scenario, seed)))
        shared.append(_seconds(lambda: sim.simulate(scenario, seed=seed, baseline=base)))
        parts.append(sim.profile(scenario, seed, 1))
        sums.append(math.fsum(parts[-1].values()))
    whole, paired, inside = map(statistics.median, (wholes, shared, sums))
    phases = {name: statistics.median(part[name] for part in parts) for name in parts[0]}
    ratio = statistics.median(one / other for one, other in zip(wholes, sums, strict=True))
    table = _table(f"Scenario {scenario.name}, seed {seed}, median of {repeats}, warm", "", "ms", "ratio")
    table.add_row("a whole run through the public API", f"{1000 * whole:.1f}", "1")
    table.add_row("... with a shared baseline", f"{1000 * paired:.1f}", f"{paired / whole:.2f}")
    for name, seconds in phases.items():
        table.add_row(f"  phase {name}", f"{1000 * seconds:.1f}", f"{seconds / whole:.2f}")
    table.add_row("sum of the phases", f"{1000 * inside:.1f}", f"{inside / whole:.2f}")
    screen.print(table)
    screen.print(f"whole run / sum of its phases: [bold]{ratio:.2f}[/] (median of the ratios of neighbours in time)")
    screen.print(f"runs per second on one core: [bold]{1 / whole:.1f}[/] (fastest run {1000 * min(wholes):.1f} ms)")
    screen.print(f"first run of this process, with compiling or loading of compiled code: {first:.1f} s")


def _architectures(screen: Console, scenario: Scenario, seed: int, repeats: int) -> None:
    """Print what an umbrella run costs beside a fragmented one, as ratios of neighbours in time."""
    apart, under = (scenario.replace(architecture=name) for name in ("fragmented", "umbrella"))
    try:
        base = sim.baseline(apart, seed)
        sim.simulate(under, seed=seed, baseline=base)  # not counted: its compiled code
    except ScenarioError as error:
        screen.print(f"umbrella run / fragmented run: not measured ({error})")
        return
    ratios: dict[str, list[float]] = {"whole runs": [], "runs with a shared baseline, as compare makes them": []}
    for _ in range(repeats):
        for what, shared in zip(ratios, (None, base), strict=True):
            spent = [
                _seconds(functools.partial(sim.simulate, one, seed=seed, baseline=shared)) for one in (apart, under)
            ]
            ratios[what].append(spent[1] / spent[0])
    for what, values in ratios.items():
        screen.print(f"umbrella run / fragmented run, {what}: [bold]{statistics.median(values):.2f}[/]")


def _mechanisms(screen: Console, scenario: Scenario, seed: int, repeats: int) -> None:
    """Print what a run with every mechanism costs beside a run with none, as ratios of neighbours in time.

    On and off as in `switches`; levers stay as they are. The aim is 2.5, but a ratio depends on what is simulated, so that
    it is printed and never demanded.
    """
    try:
        core, whole = (scenario.replace(**changes) for changes in (switches.all_off(), switches.all_on(scenario)))
        for one in (core, whole):
            sim.simulate(one, seed=seed)  # not counted: its compiled code
    except ScenarioError as error:
        screen.print(f"run with all mechanisms / core run: not measured ({error})")
        return
    pairs = [(_seconds(_whole_run(core, seed)), _seconds(_whole_run(whole, seed))) for _ in range(repeats)]
    ratio = statistics.median(full / bare for bare, full in pairs)
    bare, full = (1000 * statistics.median(side) for side in zip(*pairs, strict=True))
    screen.print(
        f"run with all mechanisms on / core run, all off: [bold]{ratio:.2f}[/] ({full:.1f} and {bare:.1f} ms; aim: at most "
        f"{MECHANISMS_AIM:g})"
    )


def _sweep(screen: Console, name: str, overrides: Sequence[str], seed: int, runs: int) -> None:
    """Print what a chunk of a sweep, with all that goes with it, costs beside its bare runs, as ratios of neighbours in time."""
    words = [
        f"scenario={name}",
        *overrides,
        "architectures=[fragmented,umbrella]",
        f"seed={seed}",
        f"replications={runs // 2}",
    ]
    try:
        wanted = asked.read(words)
    except (InputError, ScenarioError) as error:
        screen.print(f"sweep / its bare runs: not measured ({error})")
        return
    with tempfile.TemporaryDirectory() as place:
        bench = worker.Bench(Path(place), wanted.plan, "")
        source = identity.short(worker.sources_here(bench))
        (Path(place) / worker.MANIFEST).write_text(canonical_json({"plan": wanted.plan.as_plain()}), encoding="utf-8")
        ratios, shares = [], []
        for turn in range(4):
            task = worker.Task(
                place, digest_of(wanted.plan.as_plain()), source, ((1, wanted.plan.runs + 1),), f"{turn}"
            )
            pair = [_seconds(functools.partial(_bare, wanted)), _seconds(functools.partial(worker.work, task))]
            if turn:  # the first one loads compiled code
                ratios.append(pair[1] / pair[0])
                shares.append(pair[0])
    screen.print(
        f"chunk of a sweep, stored / its {wanted.plan.runs} bare runs: [bold]{statistics.median(ratios):.3f}[/] "
        f"({statistics.median(shares):.1f} s; aim: at most {MACHINERY_AIM:g})"
    )


def _bare(wanted: asked.Asked) -> None:
    """Simulate all runs of a sweep and keep nothing; a baseline is shared as the sweep shares it."""
    plan = wanted.plan
    base = None
    for run in range(1, plan.runs + 1):
        place = plan.place(run)
        scenario, seed = wanted.scenarios[plan.labels[place.label]], plan.seed_of(place)
        if base is None or base.seed != seed:
            base = sim.baseline(scenario, seed)
        sim.simulate(scenario, seed=seed, baseline=base)


def _reference(screen: Console, seed: int) -> None:
    """Compare with the slow model on a world small enough for it: on the real one it would take an hour."""
    reference = oracle()
    if reference is None:
        screen.print("the slow reference model is only in a checkout: not measured")
        return
    scenario = catalogue.load("synthetic", REFERENCE_WORLD)
    fast = best_of(_whole_run(scenario, seed), 5)
    slow = _seconds(lambda: reference(scenario, seed))
    screen.print(
        f"slow reference model, on a small world ({' '.join(REFERENCE_WORLD)}): {1 / slow:.2g} runs per second; "
        f"this one {1 / fast:.0f}, [bold]{slow / fast:,.0f}[/] times as fast"
    )


def _growth(screen: Console, series: Sequence[Growth]) -> None:
    for money in dict.fromkeys(item.money for item in series):
        title = f"\nGrowth on synthetic, money {money}: time ~ size ^ exponent"
        table = _table(title, "what grows", "sizes", "ms", "projects", "exponent")
        for item in series:
            if item.money == money:
                table.add_row(
                    item.direction,
                    " ".join(map(str, item.sizes)),
                    " ".join(f"{1000 * seconds:.0f}" for seconds in item.seconds),
                    " ".join(map(str, item.projects)),
                    f"[bold]{item.exponent:.2f}[/]",
                )
        screen.print(table)


def _table(title: str, *columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place and column in ("ms", "ratio", "exponent") else "left")
    return table
