"""What a run is made of: projects, race groups, the state of the world, and what is written down."""

from __future__ import annotations

from dataclasses import dataclass, field

from donorlab.sim.scenario import Scenario

from oracle.derived import Derived

Cells = list[list[frozenset[int]]]  # [beneficiary][pillar] -> tasks


@dataclass
class RaceGroup:
    """The payments of one slot for one task that nobody else held: one is useful, the others are not."""

    task: int
    members: list[OracleProject]
    useful: OracleProject | None  # None: a payment outside the group took over after a failure
    finished: bool = False  # a member has finished the task; nothing changes hands any more


@dataclass(eq=False)
class OracleProject:
    """One project, and how each of its payments (tasks) was judged in the end."""

    donor: int
    beneficiary: int
    pillar: int
    quarter: int  # of contract
    slot: int
    serial: int  # 0, 1, ... within donor and quarter
    tasks: tuple[int, ...]  # rising
    cost: float
    fixed: float
    relation: float
    base_cost: float
    start: int = 0
    end: int = 0
    status: str = "contracted"
    progress: float = 0.0
    delivered: set[int] = field(default_factory=set)
    duplicated: set[int] = field(default_factory=set)
    race: set[int] = field(default_factory=set)  # the duplicated payments whose kind is race
    objective_overlap: bool = False
    method_overlap: set[int] = field(default_factory=set)
    task_overlap: set[int] = field(default_factory=set)
    # What follows is not part of a comparison.
    kappa: float = 0.0
    kind: dict[int, str] = field(default_factory=dict)  # task -> 'race' or 'ignorance', kept for ever
    group: dict[int, RaceGroup] = field(default_factory=dict)  # task -> its race group
    seen_by: set[int] = field(default_factory=set)  # donors that see it (ignorance = project)
    stops_after: int | None = None  # it fails after so many tasks

    @property
    def live(self) -> bool:
        """From its contract until it is completed or failed."""
        return self.status in ("contracted", "running")

    @property
    def remaining(self) -> set[int]:
        """Tasks contracted and not yet delivered."""
        return set(self.tasks) - self.delivered

    @property
    def workload(self) -> int:
        """How many tasks it works on before it ends, one way or the other."""
        return len(self.tasks) if self.stops_after is None else self.stops_after


@dataclass
class OracleRun:
    """What one run leaves behind; lists over quarters begin with quarter 1."""

    projects: list[OracleProject]
    yearly_budget: list[float]
    standing: list[Cells] = field(default_factory=list)
    standing_start: Cells = field(default_factory=list)
    cash: list[list[float]] = field(default_factory=list)
    own_effort: list[list[list[int]]] = field(default_factory=list)
    delivered: list[int] = field(default_factory=list)
    lapsed: list[list[list[int]]] = field(default_factory=list)
    welfare: list[float] = field(default_factory=list)
    saved: int = 0
    queued: int = 0


@dataclass
class World:
    """The state of a run between two quarters, and what is fixed about it."""

    scenario: Scenario
    seed: int
    derived: Derived
    largest_score: float
    standing: list[list[set[int]]]  # [j][k]
    owner: list[list[dict[int, OracleProject]]]  # [j][k] task -> project that owns it
    owned_since: list[list[dict[int, int]]]  # [j][k] task -> quarter of delivery
    cash: list[float]
    ledger: list[OracleProject]
    run: OracleRun

    @property
    def donors(self) -> range:
        return range(self.scenario.donors.count)

    @property
    def beneficiaries(self) -> range:
        return range(self.scenario.beneficiaries.count)

    @property
    def pillars(self) -> range:
        return range(len(self.scenario.pillars))

    def live(self) -> list[OracleProject]:
        """Live projects in ledger order."""
        return [project for project in self.ledger if project.live]
