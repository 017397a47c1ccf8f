"""The plan of a sweep: which run has which values, architecture and seed. Plain data, from which alone any run can be made again.

Runs are numbered from 1. A plan is a list of blocks; in a block all points are run with all replications under all
architectures, the architectures innermost, because they share what the seed fixes. A sweep that is extended gets more
blocks, so that no number moves.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from donorlab import scenarios as catalogue
from donorlab.experiments.arguments import InputError
from donorlab.experiments.store import digest_of
from donorlab.experiments.sweeps.columns import SEED, Column
from donorlab.experiments.sweeps.identity import ground_of, world_of
from donorlab.experiments.sweeps.spans import Span
from donorlab.scenarios.overrides import PARAMETERS, is_option
from donorlab.sim.scenario import Scenario, checked_seed

RUNS_MAXIMUM: Final = 1_000_000_000
OWN_SEEDS_APART: Final = 1_000  # seeds of two neighbouring points, where each point has its own


@dataclass(frozen=True)
class Block:
    """Runs from ``start`` on: points x replications x labels, each from the first to before the second, counted from 0."""

    start: int
    points: Span
    replications: Span
    labels: Span

    @property
    def shape(self) -> tuple[int, int, int]:
        """How many points, replications and labels."""
        sizes = [end - first for first, end in (self.points, self.replications, self.labels)]
        return sizes[0], sizes[1], sizes[2]

    @property
    def end(self) -> int:
        """The number after the last run."""
        points, replications, labels = self.shape
        return self.start + points * replications * labels


@dataclass(frozen=True)
class Place:
    """Where a run stands: point, replication and label, counted from 0."""

    point: int
    replication: int
    label: int


@dataclass(frozen=True)
class Plan:
    """A sweep's runs.

    Attributes
    ----------
    labels : names of architectures and proposals
    columns : what is varied
    variants : values that mean another world, one set of them a variant
    builds : by label and variant: what `donorlab.scenarios.build` makes the scenario of
    worlds : by label and variant: hash of what no column changes
    blocks : of runs
    seed : of the first replication
    own_seeds : whether each point has seeds of its own
    waterfall : whether where the money went is kept besides the outcomes
    configuration : what was asked for, without sizes: the same for a sweep and its extension
    """

    labels: tuple[str, ...]
    columns: tuple[Column, ...]
    variants: tuple[dict[str, Any], ...]
    builds: tuple[tuple[dict[str, Any], ...], ...]
    worlds: tuple[tuple[str, ...], ...]
    blocks: tuple[Block, ...]
    seed: int
    own_seeds: bool
    waterfall: bool
    configuration: dict[str, Any]

    @property
    def runs(self) -> int:
        """Number of runs."""
        return self.blocks[-1].end - 1

    @property
    def size(self) -> tuple[int, int, int]:
        """How many points, replications and labels all blocks together have."""
        return (
            max(block.points[1] for block in self.blocks),
            max(block.replications[1] for block in self.blocks),
            max(block.labels[1] for block in self.blocks),
        )

    @property
    def digest(self) -> str:
        """Hash of the configuration, which names the sweep."""
        return digest_of(self.configuration)

    def place(self, run: int) -> Place:
        """Return where a run stands.

        Raises
        ------
        InputError
            If there is no such run.
        """
        for block in self.blocks:
            if block.start <= run < block.end:
                _, replications, labels = block.shape
                rest, label = divmod(run - block.start, labels)
                point, replication = divmod(rest, replications)
                return Place(block.points[0] + point, block.replications[0] + replication, block.labels[0] + label)
        raise InputError(f"run {run}: there are runs 1 to {self.runs}")

    def seed_of(self, place: Place, values: Mapping[str, Any] | None = None) -> int:
        """Return the seed of a run; ``values`` of its point, where these may have seeds among them."""
        if values is not None and SEED in values:
            return int(values[SEED]) + place.replication
        return self.seed + place.replication + (OWN_SEEDS_APART * place.point if self.own_seeds else 0)

    def variant_of(self, values: Mapping[str, Any]) -> int:
        """Return the number of the variant that a point's values mean."""
        return self.variants.index({one.name: values[one.name] for one in self.columns if one.composed})

    def as_plain(self) -> dict[str, Any]:
        """Return the plan as a manifest has it; `from_plain` reads it."""
        return dataclasses.asdict(self)


def from_plain(data: Mapping[str, Any]) -> Plan:
    """Return the plan that a manifest holds."""
    return Plan(
        labels=tuple(data["labels"]),
        columns=tuple(Column(one["name"], one["kind"], tuple(one["values"])) for one in data["columns"]),
        variants=tuple(map(dict, data["variants"])),
        builds=tuple(map(tuple, data["builds"])),
        worlds=tuple(map(tuple, data["worlds"])),
        blocks=tuple(
            Block(one["start"], *(_span(one[name]) for name in ("points", "replications", "labels")))
            for one in data["blocks"]
        ),
        seed=data["seed"],
        own_seeds=data["own_seeds"],
        waterfall=data["waterfall"],
        configuration=dict(data["configuration"]),
    )


def _span(pair: Sequence[int]) -> Span:
    return int(pair[0]), int(pair[1])


def blocks_of(size: tuple[int, int, int], before: Sequence[Block] = ()) -> tuple[Block, ...]:
    """Return the blocks of a sweep of so many points, replications and labels; those it had before come first.

    Raises
    ------
    InputError
        If it had more of something before: nothing is taken away from a sweep.
    """
    found = list(before)
    old = (0, 0, 0)
    if before:
        old = (
            max(block.points[1] for block in before),
            max(block.replications[1] for block in before),
            max(block.labels[1] for block in before),
        )
        for what, had, now in zip(("points", "replications", "architectures"), old, size, strict=True):
            if now < had:
                raise InputError(
                    f"the folder holds a sweep with {had} {what}, not {now}; choose another folder with out="
                )
    points, replications, labels = size
    parts: list[tuple[Span, Span, Span]] = [
        ((0, old[0]), (0, old[1]), (old[2], labels)),
        ((0, old[0]), (old[1], replications), (0, labels)),
        ((old[0], points), (0, replications), (0, labels)),
    ]
    for part in parts:
        block = Block(found[-1].end if found else 1, *part)
        if block.end > block.start:
            found.append(block)
    if found[-1].end > RUNS_MAXIMUM:
        raise InputError(f"{found[-1].end - 1:,} runs; at most {RUNS_MAXIMUM - 1:,}")
    return tuple(found)


def apply(scenario: Scenario, values: Mapping[str, Any]) -> Scenario:
    """Return the scenario with the values of a point that need no other world.

    Raises
    ------
    ScenarioError
        If they cannot be simulated together.
    """
    changes: dict[str, Any] = {name: value for name, value in values.items() if name in PARAMETERS}
    phases = {
        name.partition(".")[2]: str(value)
        for name, value in values.items()
        if name.startswith("mechanism.") and not is_option(name)
    }
    if phases:
        changes["mechanisms"] = dataclasses.replace(scenario.mechanisms, **phases)
    options = {name: value for name, value in values.items() if is_option(name)}
    if options:
        changes["options"] = {**scenario.options, **options}
    return scenario.replace(**changes) if changes else scenario


class Worlds:
    """The scenarios of a plan, each built when it is first asked for, and checked to be the plan's.

    Parameters
    ----------
    plan : the plan
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._built: dict[tuple[int, int], Scenario] = {}
        self._grounds: dict[tuple[int, int], str] = {}

    def __call__(self, label: int, variant: int) -> Scenario:
        """Return the scenario of a label and variant.

        Raises
        ------
        InputError
            If this installation makes another world of it, because its data differ.
        """
        key = (label, variant)
        if key not in self._built:
            scenario = catalogue.build(self._plan.builds[label][variant])
            if world_of(scenario) != self._plan.worlds[label][variant]:
                raise InputError(
                    f"{self._plan.labels[label]}: the data of this installation make another world than the sweep's; "
                    "use the version that its manifest names"
                )
            self._built[key], self._grounds[key] = scenario, ground_of(scenario)
        return self._built[key]

    def ground(self, label: int, variant: int) -> str:
        """Return the hash of what architectures share."""
        self(label, variant)
        return self._grounds[label, variant]


def checked_seeds(seed: int, replications: int, points: int, own: bool) -> int:
    """Return the first seed, after a look at whether the last one can be addressed."""
    first = checked_seed(seed)
    if own and replications > OWN_SEEDS_APART:
        raise InputError(f"replications: at most {OWN_SEEDS_APART} with seeds=own; or take seeds=same")
    checked_seed(first + replications - 1 + (OWN_SEEDS_APART * (points - 1) if own else 0))
    return first
