"""The arrays of one run: task bits, beliefs, the project ledger.

Everything that changes during a run stands here; what is fixed before the first quarter stands in ``setup.py``.
Compiled phases read and write these arrays in place. The ledger grows between quarters if it must, never inside
a phase.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from donorlab.sim import streams
from donorlab.sim.compiled import compiled
from donorlab.sim.scenario import FloatArray, Parameters
from donorlab.sim.setup import BeneficiarySetup, DonorSetup, WordArray

Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]

CONTRACTED: Final = 0
RUNNING: Final = 1
COMPLETED: Final = 2
FAILED: Final = 3
WITHHELD: Final = 4
STALLED: Final = 5
STATUS_NAMES: Final = ("contracted", "running", "completed", "failed", "withheld", "stalled")
DOMESTIC: Final = -1
NO_OFFER: Final = -1
SEVERAL: Final = -2

# columns of State.flow: what happened in one quarter
DELIVERED, OWN, LAPSED, PROGRESS, QUEUED, OBSOLETE, SPOILED_TASKS, POACHED = range(8)
FLOW_NAMES: Final = (
    "delivered_tasks", "own_effort_tasks", "lapsed_tasks", "progress_tasks", "queued", "obsolete_tasks", "spoiled_tasks",
    "poached",
)  # fmt: skip
FLOW_REAL: Final = ("progress_tasks", "poached")  # of these the ones that are no whole numbers


# columns of the ledger's whole numbers ...
(
    DONOR, BENEFICIARY, PILLAR, QUARTER, SLOT, SERIAL, SIZE, START, END, STATUS, DELIVERED_TASKS, STOP, NEXT, STALL, FLAGS,
    DEMANDED,
) = range(16)  # fmt: skip
# ... of its words (one bit a task) ...
TASKS, REMAINING, DUPLICATED, RACE, OTHERS, BLOCKED, SPOILED = range(7)
# ... and of its real numbers
COST, RELATION, WORKED, FIXED, MONITORING, RETURNED, PRICE, CREDIT = range(8)
# bits of FLAGS: a joiner; reported to the register; with conditions; holds reform tasks; these are willing; only because
# of conditions; picked from two or more offers
JOINED, REPORTED, CONDITIONAL, REFORM, WILLING, IMPOSED, CHOSEN = 1, 2, 4, 8, 16, 32, 64


@dataclass(eq=False)
class Ledger:
    """Projects in the order of their contracts; row p is one project (the first ``size`` rows are in use).

    Attributes
    ----------
    whole : (P, 16) DONOR, BENEFICIARY, PILLAR rows; QUARTER, SLOT and SERIAL of the contract (serial counts within
        donor and quarter); SIZE tasks contracted; START and END quarter (0: not yet); STATUS (index into STATUS_NAMES);
        DELIVERED_TASKS; STOP, the number of tasks after which it ends (fewer than SIZE: it fails); NEXT, the next live
        project of the same beneficiary (-1 at the end); STALL, the quarter in which only blocked tasks were left (0: not yet);
        FLAGS, see the bits above; DEMANDED, reform tasks that its donor demands (-1 where no donor that sets conditions asks)
    words : (P, 7) TASKS contracted; REMAINING, of these not yet delivered; DUPLICATED, payments classed so; RACE, of
        these by race; OTHERS, contracted tasks of other donors' projects live in the cell at the contract;
        BLOCKED, reform tasks that the state does not want; SPOILED, delivered tasks that did not take
    reals : (P, 8) COST, all of it, EUR m; RELATION, FIXED and MONITORING cost in it; WORKED, progress in tasks; RETURNED,
        EUR m given back when it was withheld; PRICE, base price of one of its tasks at the contract, EUR m; CREDIT, its part of
        its donor's accounts, where they are kept
    seen : (P, ceil(D / 64)) words: donors who see the project
    """

    whole: Int32Array
    words: WordArray
    reals: FloatArray
    seen: WordArray
    size: int = 0

    @staticmethod
    def empty(capacity: int, donors: int) -> Ledger:
        """Return a ledger without projects, with room for ``capacity``."""
        return Ledger(
            whole=np.zeros((capacity, 16), dtype=np.int32),
            words=np.zeros((capacity, 7), dtype=np.uint64),
            reals=np.zeros((capacity, 8)),
            seen=np.zeros((capacity, (donors + 63) // 64), dtype=np.uint64),
        )

    @property
    def capacity(self) -> int:
        """Number of rows allocated."""
        return len(self.whole)

    def reserve(self, rows: int) -> None:
        """Make room for ``rows`` further projects."""
        if self.size + rows <= self.capacity:
            return
        capacity = max(2 * self.capacity, self.size + rows)
        for name in ("whole", "words", "reals", "seen"):
            old = getattr(self, name)
            new = np.zeros((capacity, old.shape[1]), dtype=old.dtype)
            new[: len(old)] = old
            setattr(self, name, new)


@dataclass(eq=False)
class State:
    """What changes in a run, by beneficiary (J), donor (D), pillar (K) and task (L).

    Attributes
    ----------
    standing : (J, K) words: tasks that stand
    funded : (J, K) words: of these the ones that a project of the run owns (they can lapse)
    owner : (J, K, L) ledger row that owns a task, DOMESTIC for first tasks and own effort
    deadline : (J, K, L) value of ``hazard`` beyond which a funded task lapses; next_deadline : (J, K) smallest
    hazard : (1, J) lapse hazard summed since the start; (D, J), a clock of each donor, where tasks lapse after its exit
    delivered : (4, J, K + 1) tasks that projects delivered in the quarters t % 4, by pillar; last: reform tasks of imposed ones
    offered : (J,) row of the donor that offered a project this quarter, NO_OFFER or SEVERAL; empty where ownership stands still
    known : (D + 1, J, K) words: tasks of live projects that a donor knows; the last row sees all. Bits of tasks that
        stand may be stale: they are believed taken anyway, and are mended when the task opens again
    visible : (D, J, K) words: tasks whose funding a donor can see (`ignorance = task`), else an empty array
    ownership : (J,) share; norm_position : (J,); state_weight : (J,) of the year; price : (J, K) EUR m a task, base price
    haven : (J,) 1 where the state is a safe haven, else 0; alarm_until : (J,) last quarter in which an incident is remembered
    attraction : (D, J, K) what draws a donor to a cell, visibility and mandate aside (see ``motives``)
    crowd : (D, J) factor on a donor's value from the presence of others, else an empty array
    delivered_by : (D, J) tasks delivered this quarter, else an empty array
    influence, pulled, pulled_net : (D,) and (J,) how far donors drew states' norms, see ``norms``
    own_running : (D, J) own live projects
    undelivered, room : (J,) remaining tasks of live projects; room for work after the last Deliver
    attenuation : (J,) exp(-impatience * wait); closed : (J,) queue beyond its limit
    oversight, progressed : (J,) of the last Deliver, tasks a quarter; administration : (J,) what poaching left of it then
    skill : (D, C, M) weights by context and instrument with which tasks are picked; trials, successes : (D, C, M) deliveries
        that a donor saw, and those of them that took
    first, last : (J,) first and last live project, -1 if none
    cash, appropriated : (D,) EUR m
    serial : (D,) contracts of this quarter
    own_tasks : (J, K) own tasks done since the start; own_drawn : (J, K) drawn
    lapsed : (J, K) tasks lapsed since the start
    outdated : (K,) words: items that became obsolete at least once; obsolete : (J, K) tasks that stood and became so, of
        these obsolete_funded : (J, K) those that a project owned
    agreed : (D, J, K) factor on a donor's value from leads or pledges, else an empty array
    weight : (D, J, K) factor on a donor's value in all: ``agreed``, or that times a factor of a mechanism
    shun_until : (D, J) last quarter in which a donor stays away after it withheld, else an empty array
    overhead_paid, pool_paid : (D,) EUR m since the start; under_umbrella : (D,) EUR m that arrived while a member
    withdrawn : (D,) cash of donors that left, EUR m
    account : (D,) credit of this year
    slot_of : (D,) planning slot of this quarter; order : (D,) donors by slot, then index
    flow : (8,) what happened this quarter, see FLOW_NAMES
    """

    ledger: Ledger
    standing: WordArray
    funded: WordArray
    owner: Int32Array
    deadline: FloatArray
    next_deadline: FloatArray
    hazard: FloatArray
    delivered: Int32Array
    offered: Int32Array
    known: WordArray
    visible: WordArray
    ownership: FloatArray
    norm_position: FloatArray
    state_weight: FloatArray
    price: FloatArray
    haven: FloatArray
    alarm_until: Int32Array
    attraction: FloatArray
    crowd: FloatArray
    delivered_by: Int32Array
    influence: FloatArray
    pulled: FloatArray
    pulled_net: FloatArray
    own_running: Int32Array
    undelivered: Int32Array
    room: FloatArray
    attenuation: FloatArray
    closed: npt.NDArray[np.bool_]
    oversight: FloatArray
    progressed: FloatArray
    administration: FloatArray
    skill: FloatArray
    trials: Int64Array
    successes: Int64Array
    first: Int32Array
    last: Int32Array
    cash: FloatArray
    appropriated: FloatArray
    serial: Int32Array
    own_tasks: Int32Array
    own_drawn: Int32Array
    lapsed: Int32Array
    outdated: WordArray
    obsolete: Int32Array
    obsolete_funded: Int32Array
    agreed: FloatArray
    weight: FloatArray
    shun_until: Int32Array
    overhead_paid: FloatArray
    pool_paid: FloatArray
    under_umbrella: FloatArray
    withdrawn: FloatArray
    account: FloatArray
    slot_of: Int64Array
    order: Int64Array
    flow: FloatArray


@compiled
def _visible_tasks(seed, q, donor_keys, state_keys, tasks, out):  # type: ignore[no-untyped-def]
    for d in range(out.shape[0]):
        for j in range(out.shape[1]):
            for k in range(out.shape[2]):
                word = np.uint64(0)
                for task in range(tasks):
                    cell = 64 * k + task
                    u = streams.uniform(streams.TASK_OBSERVATION, seed, 0, donor_keys[d], state_keys[j], cell, 0)
                    if u < q:
                        word |= np.uint64(1) << np.uint64(task)
                out[d, j, k] = word


def expected_projects(parameters: Parameters, land: BeneficiarySetup) -> int:
    """Return a generous guess of the number of projects of a run, for the first allocation only."""
    size = (parameters.project_tasks_minimum + parameters.project_tasks_maximum) / 2
    price = parameters.fixed_cost + size * float(np.median(land.task_price))
    return int(parameters.money * parameters.horizon / 4 / price) + 64


def initial_state(parameters: Parameters, seed: int, land: BeneficiarySetup, giving: DonorSetup) -> State:
    """Return the state at the start of quarter 1."""
    states, pillars = land.standing.shape
    donors, tasks = len(giving.keys), parameters.tasks_per_pillar
    shape = (donors, states, pillars) if parameters.ignorance == "task" else (0, 0, 0)
    visible = np.zeros(shape, dtype=np.uint64)
    if parameters.ignorance == "task":
        _visible_tasks(seed, parameters.observation_probability, giving.keys, land.keys, tasks, visible)
    return State(
        ledger=Ledger.empty(min(expected_projects(parameters, land), 1_000_000), donors),
        standing=land.standing.copy(),
        funded=np.zeros((states, pillars), dtype=np.uint64),
        owner=np.full((states, pillars, tasks), DOMESTIC, dtype=np.int32),
        deadline=np.full((states, pillars, tasks), np.inf),
        next_deadline=np.full((states, pillars), np.inf),
        hazard=np.zeros((1, states)),
        delivered=np.zeros((4, states, pillars + 1), dtype=np.int32),
        offered=np.full(states if parameters.ownership_rate > 0 else 0, NO_OFFER, dtype=np.int32),
        known=np.zeros((donors + 1, states, pillars), dtype=np.uint64),
        visible=visible,
        ownership=land.ownership.copy(),
        norm_position=land.norm_position.copy(),
        state_weight=land.state_weight.copy(),
        price=np.repeat(land.task_price[:, None], pillars, axis=1),
        haven=np.zeros(states),
        alarm_until=np.zeros(states, dtype=np.int32),
        attraction=np.zeros((donors, states, pillars)),
        crowd=np.ones((donors, states) if parameters.herding > 0 else (0, 0)),
        delivered_by=np.zeros((donors, states) if parameters.norm_pull > 0 else (0, 0), dtype=np.int32),
        influence=np.zeros(donors),
        pulled=np.zeros(states),
        pulled_net=np.zeros(states),
        own_running=np.zeros((donors, states), dtype=np.int32),
        undelivered=np.zeros(states, dtype=np.int32),
        room=np.maximum(parameters.room_floor, land.administration),
        attenuation=np.ones(states),
        closed=np.zeros(states, dtype=np.bool_),
        oversight=np.zeros(states),
        progressed=np.zeros(states),
        administration=land.administration.copy(),
        skill=np.repeat(giving.skill[:, None, :], len(land.method_success), axis=1),
        trials=np.zeros((donors, *land.method_success.shape), dtype=np.int64),
        successes=np.zeros((donors, *land.method_success.shape), dtype=np.int64),
        first=np.full(states, -1, dtype=np.int32),
        last=np.full(states, -1, dtype=np.int32),
        cash=np.zeros(donors),
        appropriated=np.zeros(donors),
        serial=np.zeros(donors, dtype=np.int32),
        own_tasks=np.zeros((states, pillars), dtype=np.int32),
        own_drawn=np.zeros((states, pillars), dtype=np.int32),
        lapsed=np.zeros((states, pillars), dtype=np.int32),
        outdated=np.zeros(pillars, dtype=np.uint64),
        obsolete=np.zeros((states, pillars), dtype=np.int32),
        obsolete_funded=np.zeros((states, pillars), dtype=np.int32),
        agreed=np.ones((0, 0, 0)),
        weight=np.ones((0, 0, 0)),
        shun_until=np.zeros((0, 0), dtype=np.int32),
        overhead_paid=np.zeros(donors),
        pool_paid=np.zeros(donors),
        under_umbrella=np.zeros(donors),
        withdrawn=np.zeros(donors),
        account=np.zeros(donors),
        slot_of=np.zeros(donors, dtype=np.int64),
        order=np.arange(donors, dtype=np.int64),
        flow=np.zeros(len(FLOW_NAMES)),
    )
