"""What a run is made of: projects, race groups, the state of the world, and what is written down."""

from __future__ import annotations

from dataclasses import dataclass, field

from donorlab.sim.scenario import Scenario
from oracle.derived import Derived
from oracle.design import Design

Cells = list[list[frozenset[int]]]  # [beneficiary][pillar] -> tasks


@dataclass
class RaceGroup:
    """The payments of one slot for one task that nobody else held: one is useful, the others are not."""

    task: int
    members: list[OracleProject]
    useful: OracleProject | None  # None: a payment outside the group took over after a loss
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
    fixed: float  # without monitoring; of a joiner: its share
    relation: float
    base_cost: float
    due: int = 0  # the quarter in which it is to start
    start: int = 0  # the quarter in which it started; 0 until then
    end: int = 0
    status: str = "contracted"  # then running; then completed, failed, withheld or stalled
    progress: float = 0.0
    delivered: set[int] = field(default_factory=set)
    duplicated: set[int] = field(default_factory=set)
    race: set[int] = field(default_factory=set)  # the duplicated payments whose kind is race
    objective_overlap: bool = False
    method_overlap: set[int] = field(default_factory=set)
    task_overlap: set[int] = field(default_factory=set)
    joined: bool = False
    reported: bool = False
    conditional: bool = False  # a condition is set (or would be, if it held reforms)
    demanded: int | None = None  # reforms that its donor demands, where donors that set conditions ask
    complied: bool = True  # its reform tasks are willing, or it has none
    blocked: set[int] = field(default_factory=set)  # reform tasks that are never worked on
    monitoring: float = 0.0
    returned: float = 0.0  # money that went back to the donor when it was withheld
    # What follows is not part of a comparison.
    kappa: float = 0.0
    for_money: bool = False  # its reforms are willing because of the condition alone
    kind: dict[int, str] = field(default_factory=dict)  # task -> 'race' or 'ignorance', kept for ever
    group: dict[int, RaceGroup] = field(default_factory=dict)  # task -> its race group
    seen_by: set[int] = field(default_factory=set)  # donors that see it by themselves (ignorance = project)
    registered_for: set[int] = field(default_factory=set)  # members that see all of it through the register
    stalled: int = 0  # the quarter in which only blocked tasks were left
    stops_after: int | None = None  # it fails after so many tasks

    @property
    def live(self) -> bool:
        """From its contract until it is completed, failed, withheld or has stalled long enough."""
        return self.status in ("contracted", "running")

    @property
    def remaining(self) -> set[int]:
        """Tasks contracted and not yet delivered."""
        return set(self.tasks) - self.delivered

    @property
    def workable(self) -> list[int]:
        """The tasks that it can deliver, rising."""
        return [task for task in self.tasks if task not in self.blocked]

    @property
    def workload(self) -> int:
        """How many tasks it works on before it ends, or has nothing left to work on."""
        return len(self.workable) if self.stops_after is None else min(len(self.workable), self.stops_after)


@dataclass
class OracleRun:
    """What one run leaves behind; lists over quarters begin with quarter 1."""

    projects: list[OracleProject]
    donor_ids: tuple[str, ...]  # with POOL where there is a pooled fund
    yearly_budget: list[float]  # the scenario's
    standing: list[Cells] = field(default_factory=list)
    standing_start: Cells = field(default_factory=list)
    cash: list[list[float]] = field(default_factory=list)
    own_effort: list[list[list[int]]] = field(default_factory=list)
    delivered: list[int] = field(default_factory=list)
    lapsed: list[list[list[int]]] = field(default_factory=list)
    welfare: list[float] = field(default_factory=list)
    overhead: list[list[float]] = field(default_factory=list)  # [t][d] overhead and negotiation paid
    pooled: list[list[float]] = field(default_factory=list)  # [t][d] paid into the pooled fund
    leads: list[list[list[list[float]]] | None] = field(default_factory=list)  # [year][d][j][k] multipliers of value
    accounts: list[list[float]] = field(default_factory=list)  # [year][d] gains that a donor can claim
    yearly_budgets: list[list[float]] = field(default_factory=list)  # [year][d]; empty without budget response
    saved: int = 0
    queued: int = 0


@dataclass
class World:
    """The state of a run between two quarters, and what is fixed about it."""

    scenario: Scenario  # with POOL where there is a pooled fund
    design: Design
    seed: int
    derived: Derived
    largest_score: float
    standing: list[list[set[int]]]  # [j][k]
    owner: list[list[dict[int, OracleProject]]]  # [j][k] task -> project that owns it
    owned_since: list[list[dict[int, int]]]  # [j][k] task -> quarter of delivery
    budget: list[float]  # [d] yearly budget of the running year
    cash: list[float]
    multiplier: list[list[list[float]]]  # [d][j][k] 1, or less outside a lead or a pledge
    shunned_until: dict[tuple[int, int], int]  # (d, j) -> last quarter in which the donor contracts nothing there
    ledger: list[OracleProject]
    run: OracleRun
    paired: OracleRun | None  # the fragmented run, where budgets respond to it
    merit: list[list[float]] = field(default_factory=list)  # [d][j] what a state's record makes of a donor's value
    mean_record: float = 0.0  # over states, as of the last Observe

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
