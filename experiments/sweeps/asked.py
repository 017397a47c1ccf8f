"""What a sweep is asked to be: defaults, then a file, then words; checked and made into a plan before anything runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from donorlab import scenarios as catalogue
from donorlab.experiments import engines_asked, ensemble, levers, proposals, provenance, setting
from donorlab.experiments.arguments import Arguments, InputError, defaults, did_you_mean, parse, read_value
from donorlab.experiments.crew import ENGINES
from donorlab.experiments.engine_dask import Tls
from donorlab.experiments.engines import processors
from donorlab.experiments.runner import checked_workers
from donorlab.experiments.sweeps import columns as columns_of
from donorlab.experiments.sweeps import designs
from donorlab.experiments.sweeps.columns import Column
from donorlab.experiments.sweeps.designs import DESIGNS, Design
from donorlab.experiments.sweeps.identity import world_of
from donorlab.experiments.sweeps.plan import Plan, blocks_of, checked_seeds
from donorlab.experiments.sweeps.where import default_folder, named
from donorlab.scenarios import plain
from donorlab.scenarios.overrides import PARAMETERS, SELECTIONS, parse_overrides
from donorlab.sim.scenario import Scenario, ScenarioError

EXAMPLES: Final = Path(__file__).parent.parent / "conf" / "sweep"
VARIANTS_MAXIMUM: Final = 500  # scenarios that are composed before the sweep begins
REPLICATIONS_MAXIMUM: Final = 1_000_000
_OF_FILES: Final = ("title", "parameters", "settings")
_RANGE: Final = "range"


@dataclass(frozen=True)
class Asked:
    """A sweep that was asked for.

    Attributes
    ----------
    plan, design : runs and points
    scenarios : by label, each with the values that are not varied
    engine : one of `ENGINES`; workers : processes; scheduler, tls : where somebody else's workers are used
    chunk : seconds
    retry_failed, mix, dry : as asked
    root : folder
    title : in words
    """

    plan: Plan
    design: Design
    scenarios: Mapping[str, Scenario]
    engine: str
    workers: int
    scheduler: str | None
    tls: Tls | None
    chunk: float
    retry_failed: bool
    mix: bool
    dry: bool
    root: Path
    title: str


def examples() -> dict[str, str]:
    """Return the title of each example by name."""
    return {path.stem: str(_file(path)["title"]) for path in sorted(EXAMPLES.glob("*.yaml"))}


def read(words: Sequence[str], table: Path | None = None) -> Asked:
    """Return the sweep that words, and a file or example that they name, ask for.

    Parameters
    ----------
    words : as typed
    table : file of points, for a command that makes them itself; then the words name none

    Raises
    ------
    InputError, ScenarioError
        One line: what is wrong, where, and what would be right.
    """
    given, varied, title = _gathered(words)
    keys = given.experiment
    if table is not None:
        keys |= {"design": "table", "table": str(table)}
    _check_keys(keys)
    proposed = proposals.chosen(given)
    loaded = setting.load_each(given, "sweep", proposed)
    design = _design(given, varied, loaded)
    _check_levers(given, design, loaded)
    proposals.refuse_contradictions(proposed, loaded)
    seed = checked_seeds(keys["seed"], keys["replications"], design.points, keys["seeds"] == "own")
    builds, worlds, variants = _worlds(given, design, proposed)
    configuration = {
        "command": "sweep",
        "scenario": named(keys["scenario"]),
        "settings": list(given.overrides),
        "design": {
            "kind": design.kind,
            "columns": [  # what values a table has shows as it grows
                dataclasses.asdict(dataclasses.replace(one, values=()) if design.kind == "table" else one)
                for one in design.columns
            ],
            "seed": design.seed if design.kind in ("latin", "sobol") else None,
            "points": design.points if design.kind == "latin" else None,
        },
        "seed": seed,
        "seeds": keys["seeds"],
        "waterfall": keys["waterfall"],
    }
    plan = Plan(
        labels=tuple(loaded),
        columns=design.columns,
        variants=variants,
        builds=builds,
        worlds=worlds,
        blocks=blocks_of((design.points, keys["replications"], len(loaded))),
        seed=seed,
        own_seeds=keys["seeds"] == "own",
        waterfall=keys["waterfall"],
        configuration=configuration,
    )
    return Asked(
        plan=plan,
        design=design,
        scenarios=loaded,
        engine=engines_asked.engine_of(keys),
        workers=checked_workers(keys["workers"]) or processors(),
        scheduler=engines_asked.scheduler_of(keys),
        tls=engines_asked.tls_of(keys),
        chunk=keys["chunk"],
        retry_failed=keys["retry_failed"],
        mix=keys["mix"],
        dry=keys["dry"],
        root=Path(keys["out"]) if keys["out"] else default_folder(plan, design, next(iter(loaded.values())).name),
        title=title,
    )


# ---------------------------------------------------------------------- defaults, file, words
def _gathered(words: Sequence[str]) -> tuple[Arguments, dict[str, Any], str]:
    """Return the keys of the sweep with what is the same in all runs, what is varied, and a title."""
    typed = parse("sweep", words, bare="example")
    known = defaults("sweep")
    where, data = _of_example(typed.experiment["example"])
    keys, chosen = dict(known), set(typed.chosen)
    for key, value in data.items():
        if key in _OF_FILES:
            continue
        if key not in known or key == "example":
            hint = did_you_mean(key, [*known, *_OF_FILES])
            raise InputError(f"{where}: unknown key '{plain.one_line(key)}'{hint}; `donorlab sweep --help` lists them")
        keys[key] = read_value(f"{where}, {key}", _text(value), known[key])
        chosen.add(key)
    keys.update({key: typed.experiment[key] for key in typed.chosen})
    varied = _section(data, "parameters", where)
    fixed = _section(data, "settings", where)
    for key in varied.keys() & fixed.keys():
        raise InputError(f"{where}: {key} stands under parameters and under settings; it is either varied or not")
    for word in typed.overrides:
        key, _, text = word.partition("=")
        value = plain.parse(text, key, plain.VALUE_CHARACTERS_MAXIMUM)
        varied.pop(key, None)
        fixed.pop(key, None)
        if (isinstance(value, list) and key not in SELECTIONS) or value == _RANGE:
            varied[key] = value
        else:
            fixed[key] = text
    overrides = tuple(f"{key}={value if isinstance(value, str) else _text(value)}" for key, value in fixed.items())
    parse_overrides(overrides)
    title = data.get("title", "")
    return Arguments(keys, overrides, frozenset(chosen)), varied, plain.one_line(title)


def _of_example(name: str) -> tuple[str, dict[str, Any]]:
    """Return how a message names a file or example, and what stands in it."""
    if not name:
        return "words", {}
    if name.endswith((".yaml", ".yml")):
        return name, _file(Path(name))
    if name not in (known := examples()):
        hint = did_you_mean(name, known) or f"; there are {', '.join(known)}"
        raise InputError(
            f"example: there is none called '{plain.one_line(name)}'{hint}; a file of yours ends with .yaml"
        )
    return f"example {name}", _file(EXAMPLES / f"{name}.yaml")


def _file(path: Path) -> dict[str, Any]:
    return plain.read_file(
        path, "sweep", ("scenario", "design", "parameters"), examples() if path.parent != EXAMPLES else ()
    )


def _section(data: Mapping[str, Any], name: str, where: str) -> dict[str, Any]:
    section = data.get(name) or {}
    if not isinstance(section, dict):
        raise InputError(f"{where}, {name}: must be a mapping of names to values")
    return dict(section)


def _text(value: Any) -> str:
    """Return a value of a file as a word of the command line has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{','.join(map(_text, value))}]"
    return "" if value is None else str(value)


def _check_keys(keys: Mapping[str, Any]) -> None:
    for key, low, high in (
        ("replications", 1, REPLICATIONS_MAXIMUM),
        ("points", 1, designs.POINTS_MAXIMUM),
        ("levels", 2, 1000),
        ("chunk", 0.01, 600),
        ("design_seed", 0, 2**32 - 1),
    ):
        setting.within(keys, key, low, high)
    for key, words in (("design", DESIGNS), ("engine", ENGINES), ("seeds", ("same", "own"))):
        if keys[key] not in words:
            raise InputError(f"{key}: '{keys[key]}' is not one of {', '.join(words)}{did_you_mean(keys[key], words)}")
    if keys["table"] and keys["design"] != "table":
        raise InputError(f"table: a table is given and design={keys['design']}; write design=table, or leave table out")
    if keys["design"] == "table" and not keys["table"]:
        raise InputError("table: design=table needs a file: table=points.csv, a column a parameter, a row a point")


# ---------------------------------------------------------------------- points
def _design(given: Arguments, varied: Mapping[str, Any], loaded: Mapping[str, Scenario]) -> Design:
    """Return the design over all that is varied."""
    keys = given.experiment
    kind = keys["design"]
    if kind == "table":
        if varied or keys["vary"]:
            name = next(iter([*varied, *keys["vary"]]))
            raise InputError(f"{name}: a table names what it varies; make it a column, or choose another design")
        path = EXAMPLES / "table.csv" if keys["table"] == "EXAMPLE" else Path(keys["table"])
        columns, points = designs.of_table(path)
        found = Design(kind, columns, points, table=str(path))
    else:
        columns = _columns(given, varied, loaded)
        points = designs.grid_points(columns) if kind == "grid" else keys["points"]
        if kind != "grid" and not columns:
            raise InputError(
                f"design: {kind} over nothing; say what is varied: money=[115,460] or vary=[uncertainties]"
            )
        found = Design(kind, columns, points, keys["design_seed"])
    most = designs.LATIN_MAXIMUM if kind == "latin" else designs.POINTS_MAXIMUM
    if found.points > most:
        raise InputError(f"design: {found.points:,} points; at most {most:,} with design={kind}")
    if columns_of.SEED in {one.name for one in columns} and {"seed", "seeds"} & given.chosen:
        raise InputError("seed: a column gives each point its seed; leave seed= and seeds= out")
    twice = sorted({one.name for one in columns} & given.given)
    if twice:
        raise InputError(f"{twice[0]}: is varied and set to one value; leave one of the two out")
    _refuse_what_cannot_be_set(given, found, next(iter(loaded.values())))
    return found


def _columns(given: Arguments, varied: Mapping[str, Any], loaded: Mapping[str, Scenario]) -> tuple[Column, ...]:
    keys = given.experiment
    kind, found = keys["design"], {}
    for name, values in varied.items():
        if values == _RANGE:
            found[name] = columns_of.over_its_range(name, kind, keys["levels"], name)
            continue
        if not isinstance(values, list) or not values:
            raise InputError(
                f"{name}: is varied; give a list of its values, such as {name}=[...], or the word {_RANGE}"
            )
        found[name] = columns_of.column(name, values, name)
        if kind != "grid" and found[name].scaled and found[name].values[0] > found[name].values[1]:
            raise InputError(f"{name}: two numbers are the ends of a range here; write the lower one first")
    for name in _named(given, loaded):
        if name not in found and name not in given.given:
            found[name] = columns_of.over_its_range(name, kind, keys["levels"], "vary")
    return tuple(found.values())


def _named(given: Arguments, loaded: Mapping[str, Scenario]) -> list[str]:
    """Return the names of parameters that the key ``vary`` means; of a group those that can do something here."""
    found: dict[str, None] = {}
    for word in given.experiment["vary"]:
        if word == "uncertainties":
            names = that_can_act(given, loaded, [row.name for row in ensemble.drawable()])
        elif word == "levers":
            names = levers_that_act(loaded)
        else:
            names = [word]
        found.update(dict.fromkeys(names))
    return list(found)


def levers_that_act(loaded: Mapping[str, Scenario]) -> list[str]:
    """Return the levers over a range of numbers that one of the architectures uses."""
    return [
        row.name
        for row in columns_of.rows().values()
        if row.kind == "lever"
        and row.range is not None
        and not row.choices
        and any(levers.uses(one, row.name, row.range) for one in loaded.values())
    ]


def that_can_act(given: Arguments, loaded: Mapping[str, Scenario], names: Sequence[str]) -> list[str]:
    """Return those of these parameters that would not be refused as without effect, if the user had set them."""
    first = next(iter(loaded.values()))
    idle = [one for one in names if all(levers.without_effect(scenario, [one]) for scenario in loaded.values())]
    left = [name for name in names if name not in idle]

    def taken(some: Sequence[str]) -> bool:
        texts = [f"{name}={getattr(first.parameters, name)}" for name in some if name not in given.given]
        try:
            catalogue.load(
                given.experiment["scenario"], [*given.overrides, *texts, f"architecture={first.architecture}"]
            )
        except ScenarioError:
            return False
        return True

    return left if taken(left) else [name for name in left if taken([name])]


def _check_levers(given: Arguments, design: Design, loaded: Mapping[str, Scenario]) -> None:
    """Refuse levers that can do nothing; one that another varied lever may switch on is not looked at."""
    names = {one.name for one in design.columns}
    switched = {name for name in names if levers.needs(name) in names}
    levers.check(loaded, (given.given | names) - switched)


def _refuse_what_cannot_be_set(given: Arguments, design: Design, first: Scenario) -> None:
    """Refuse to vary what a builder decides, or what can have no effect: set to what it is, it would be refused, too."""
    texts = [f"{one.name}={getattr(first.parameters, one.name)}" for one in design.columns if one.name in PARAMETERS]
    if texts:
        catalogue.load(given.experiment["scenario"], [*given.overrides, *texts, f"architecture={first.architecture}"])


def _worlds(
    given: Arguments, design: Design, proposed: Sequence[catalogue.Proposal]
) -> tuple[tuple[tuple[dict[str, Any], ...], ...], tuple[tuple[str, ...], ...], tuple[dict[str, Any], ...]]:
    """Compose each label once for each set of values that means another world."""
    keys = given.experiment
    labels: list[tuple[list[str], catalogue.Proposal | None]] = [
        ([f"architecture={name}"], None) for name in keys["architectures"]
    ] + [([], item) for item in proposed]
    variants = tuple(islice(designs.variants(design), VARIANTS_MAXIMUM + 1))
    if len(variants) * len(labels) > VARIANTS_MAXIMUM:
        named = ", ".join(one.name for one in design.columns if one.composed)
        raise InputError(f"{named}: would mean more than {VARIANTS_MAXIMUM} different worlds; vary fewer values")
    builds, worlds = [], []
    for words, item in labels:
        made = []
        for variant in variants:
            texts = [*given.overrides, *words, *(f"{key}={value}" for key, value in variant.items())]
            try:
                data = provenance.as_plain(catalogue.configuration(keys["scenario"], texts, item))
                made.append((data, world_of(catalogue.build(data))))
            except ScenarioError as error:
                at = " ".join(f"{key}={value}" for key, value in variant.items())
                raise InputError(f"{at}: {error}" if at else str(error)) from None
        builds.append(tuple(data for data, _ in made))
        worlds.append(tuple(world for _, world in made))
    return tuple(builds), tuple(worlds), variants
