"""What a run is made of: projects, race groups, the state of the world, and what is written down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from donorlab.sim.scenario import Scenario
from oracle.derived import Derived
from oracle.design import Design

if TYPE_CHECKING:
    from oracle.membership import Voluntary

Cells = list[list[frozenset[int]]]  # [beneficiary][pillar] -> tasks
LIVE = (
    "contracted",
    "running",
)  # from its contract until a project is completed, failed, withheld or has stalled long enough


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
    spoiled: set[int] = field(default_factory=set)  # of these the ones that did not take
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
    for_money: bool = False  # its reforms are willing because of the condition alone
    chosen: bool = False  # another donor offered the state too (looked at where ownership moves)
    credit: float = 0.0  # its part of its donor's accounts
    kappa: float = 0.0  # base price of one of its tasks at the contract
    # What follows is not part of a comparison.
    delivered_in: dict[int, int] = field(default_factory=dict)  # task -> quarter
    kind: dict[int, str] = field(default_factory=dict)  # task -> 'race' or 'ignorance', kept for ever
    group: dict[int, RaceGroup] = field(default_factory=dict)  # task -> its race group
    seen_by: set[int] = field(default_factory=set)  # donors that see it by themselves (ignorance = project)
    registered_for: set[int] = field(default_factory=set)  # members that see all of it through the register
    stalled: int = 0  # the quarter in which only blocked tasks were left
    stops_after: int | None = None  # it fails after so many tasks

    @property
    def live(self) -> bool:
        """Whether it is neither completed nor failed, withheld or stalled."""
        return self.status in LIVE

    @property
    def imposed(self) -> bool:
        """Whether its reforms are none of the state's own will."""
        return self.for_money

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
    ownership_start: list[float] = field(default_factory=list)  # [j]
    cash: list[list[float]] = field(default_factory=list)
    own_effort: list[list[list[int]]] = field(default_factory=list)
    delivered: list[int] = field(default_factory=list)
    lapsed: list[list[list[int]]] = field(default_factory=list)
    welfare: list[float] = field(default_factory=list)
    obsolete: list[list[list[int]]] = field(default_factory=list)  # [t][j][k] tasks that stood and went out of date
    poached: list[list[float]] = field(default_factory=list)  # [t][j] administration lost to donors' hiring
    incidents: list[list[int]] = field(default_factory=list)  # [t][j] drawn
    ownership: list[list[float]] = field(default_factory=list)  # [t][j]
    norm_position: list[list[float]] = field(default_factory=list)  # [t][j]
    users: list[list[float]] = field(default_factory=list)  # [t][j] million
    state_weight: list[list[float]] = field(default_factory=list)  # [t][j] of the year
    price: list[list[list[float]]] = field(default_factory=list)  # [t][j][k] of the next quarter, EUR m a task
    haven: list[list[int]] = field(default_factory=list)  # [t][j]
    exposure: list[list[float]] = field(default_factory=list)  # [t][j]
    alarm_until: list[list[int]] = field(default_factory=list)  # [t][j] last quarter that remembers an incident
    influence: list[float] = field(default_factory=list)  # [d] gross pull on norms, weighed by states
    gross_pull: list[float] = field(default_factory=list)  # [j]
    trials: list[list[list[int]]] = field(default_factory=list)  # [d][c][m] at the end
    successes: list[list[list[int]]] = field(default_factory=list)  # [d][c][m] at the end
    obsolete_funded: int = 0  # of the obsolete tasks the ones that stood because of a project
    outcomes: dict[str, float] = field(default_factory=dict)
    overhead: list[list[float]] = field(default_factory=list)  # [t][d] overhead and negotiation paid
    pooled: list[list[float]] = field(default_factory=list)  # [t][d] paid into the pooled fund
    leads: list[list[list[list[float]]] | None] = field(default_factory=list)  # [year][d][j][k] multipliers of value
    accounts: list[list[float]] = field(default_factory=list)  # [year][d] gains that a donor can claim
    yearly_budgets: list[list[float]] = field(default_factory=list)  # [year][d]; empty without budget response
    member: list[list[bool]] = field(default_factory=list)  # [t][d]
    moves: list[tuple[int, int, bool]] = field(default_factory=list)  # quarter, donor, whether it joins
    means: list[dict[bool, float]] = field(
        default_factory=list
    )  # [d] running means of what a euro brings, by side, at the end
    arrived_inside: list[float] = field(default_factory=list)  # [d] income that arrived as a member
    saved: int = 0
    queued: int = 0


@dataclass
class World:
    """The state of a run between two quarters, and what is fixed about it."""

    given: Scenario
    scenario: Scenario  # with POOL where there is a pooled fund
    design: Design
    seed: int
    derived: Derived
    largest_score: float
    standing: list[list[set[int]]]  # [j][k]
    owner: list[list[dict[int, OracleProject]]]  # [j][k] task -> project that owns it
    endured: list[list[dict[int, float]]]  # [j][k] task -> hazard since its delivery
    ownership: list[float]  # [j]
    norm_position: list[float]  # [j]
    users: list[float]  # [j] million, of the running year
    state_weight: list[float]  # [j] of the running year
    peers: list[set[int]]  # [j]
    price: list[list[float]]  # [j][k] base price of a task
    haven: list[int]  # [j] as found in the last Evolve
    alarm_until: list[int]  # [j]
    trials: list[list[list[int]]]  # [d][c][m] tasks of a method that a donor saw delivered in a context
    successes: list[list[list[int]]]  # [d][c][m] of these the ones that took
    budget: list[float]  # [d] yearly budget of the running year
    cash: list[float]
    multiplier: list[list[list[float]]]  # [d][j][k] 1, or less outside a lead or a pledge
    shunned_until: dict[tuple[int, int], int]  # (d, j) -> last quarter in which the donor contracts nothing there
    ledger: list[OracleProject]
    run: OracleRun
    paired: OracleRun | None  # the fragmented run, where budgets respond to it
    voluntary: Voluntary | None = None
    merit: list[list[float]] = field(default_factory=list)  # [d][j] what a state's record makes of a donor's value
    mean_record: float = 0.0  # over states, as of the last Observe
    quarter: int = 1  # the running one
    income_of_year: list[float] = field(default_factory=list)  # [d] of the last four quarters with income, at their end
    wish: list[list[list[float]]] = field(default_factory=list)  # [d][j][k] omega0 of the running year
    crowd: list[list[float]] = field(default_factory=list)  # [d][j] factor from the presence of others this quarter
    owned_at_horizon: dict[tuple[int, int, int], OracleProject] = field(default_factory=dict)

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
        return [project for project in self.ledger if project.status in LIVE]

    def owned_tasks(self) -> dict[tuple[int, int, int], OracleProject]:
        """The tasks (j, k, l) that stand because of a project, and the project."""
        return {
            (j, k, task): project
            for j in self.beneficiaries
            for k in self.pillars
            for task, project in self.owner[j][k].items()
        }
