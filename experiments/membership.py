"""``donorlab membership``: would donors join a proposal, and stay; what payments between members would make it stable."""

from __future__ import annotations

import datetime
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from donorlab import scenarios as catalogue
from donorlab.experiments import coalitions, free_members, report_of_membership, reporters, setting, tables
from donorlab.experiments.arguments import Arguments, InputError, parse
from donorlab.experiments.crew import Crew
from donorlab.experiments.engines_asked import crew_asked
from donorlab.experiments.figures_of_membership import free_members as draw
from donorlab.experiments.kept import Kept
from donorlab.experiments.progress import progress
from donorlab.experiments.store import ResultFolder, default_folder, digest_of
from donorlab.experiments.words import span
from donorlab.sim.scenario import checked_seed

if TYPE_CHECKING:
    from donorlab.scenarios import Proposal
    from donorlab.sim import Scenario

PLAYERS_MAXIMUM: Final = 60
NONE: Final = "none"


@dataclass(frozen=True)
class Options:
    """Keys of the experiment, checked."""

    proposal: Proposal | None
    players: int
    seeds: tuple[int, ...]
    sequence: bool
    free: bool
    crew: Crew
    out: Path | None


def run(words: Sequence[str]) -> None:
    """Carry out ``donorlab membership WORDS``."""
    started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    arguments = parse("membership", words, bare="proposal")
    options = _options(arguments)
    world = catalogue.load(str(arguments.experiment["scenario"]), arguments.overrides, options.proposal)
    coalitions.refuse_impossible(world)
    who = tuple(reporters.players(world, options.players, everybody=True))
    if len(who) < 2:
        raise InputError("players: fewer than two donors have a budget here; there is nothing to join")
    configuration = _configuration(arguments, options, world)
    digest = digest_of(configuration)
    target = options.out or default_folder("membership", digest, datetime.datetime.now())
    name = options.proposal.name if options.proposal else world.architecture
    with (
        Kept(target, configuration, {world.architecture: world}) as kept,
        ResultFolder(target, options.out is not None) as folder,
    ):
        crew = options.crew.keeping(kept)
        donors = sum(len(one.ids) for one in who)
        with progress(
            f"{name} on {world.name}, {donors} donors who may join", len(options.seeds) * (donors + 1)
        ) as advance:
            payoffs = coalitions.Payoffs(world, who, options.seeds, crew, advance)
            singly = payoffs.singly()
            standing = coalitions.stands(singly, coalitions.start(singly))
        single = donor_table(singly, standing)
        found = table(who, singly, standing, single)
        paths: dict[str, list[coalitions.Step]] = {}
        if options.sequence:
            most = len(options.seeds) * len(who) ** 2
            with progress("orders of joining (at most)", most) as advance:
                payoffs.advance = advance
                paths = {
                    key: coalitions.sequence(payoffs, key == "with payments")
                    for key in ("without payments", "with payments")
                }
        histories, end = None, None
        if options.free:
            with progress("runs with free members", 2 * len(options.seeds) * len(free_members.FOUNDED)) as advance:
                histories = free_members.histories(world, options.seeds, crew, advance)
                chance = free_members.histories(free_members.idle(world), options.seeds, crew, advance)
            term = world.parameters.membership_term
            end = free_members.ends(free_members.by_year(histories), free_members.by_year(chance), term)
            stamp = setting.stamp(arguments, world, span(options.seeds), digest)
            drawing = draw(name, histories, end, who, stamp)
            folder.figure(drawing.name, drawing.figure, drawing.data, drawing.stamp.metadata(drawing.title))
            folder.table("histories", histories)
            folder.csv("free_members", free_members.by_player(histories, who))
        folder.csv("membership", found)
        folder.csv("membership_by_donor", single)
        folder.csv("sequence", sequence_table(payoffs, paths))
        folder.table("payoffs", _payoffs(payoffs))
        folder.sentences(_told(name, single, standing, paths, found, histories, who, end, len(options.seeds)))
        folder.json("configuration", configuration)
        folder.manifest(setting.manifest(configuration, words, options.seeds, started, clock))
    screen = tables.console()
    report_of_membership.show(screen, name, payoffs, found, single, together(standing), paths, arguments.overrides)
    if histories is not None and end is not None:
        players = free_members.by_player(histories, who)
        report_of_membership.show_free(screen, name, players, end, len(options.seeds), found)
    screen.print(f"\nResults: {folder.path}", soft_wrap=True, highlight=False)


def _told(
    name: str,
    single: pd.DataFrame,
    standing: Sequence[coalitions.Stand],
    paths: Mapping[str, Sequence[coalitions.Step]],
    found: pd.DataFrame,
    histories: pd.DataFrame | None,
    who: Sequence[reporters.Player],
    end: free_members.Ends | None,
    seeds: int,
) -> list[str]:
    """Return what was found in words."""
    told = report_of_membership.sentences(name, single, together(standing), paths, len(found))
    if histories is not None and end is not None:
        told += report_of_membership.sentences_of_free(free_members.by_player(histories, who), end, seeds, found)
    return told


def _options(arguments: Arguments) -> Options:
    given = arguments.experiment
    setting.within(given, "players", 0, PLAYERS_MAXIMUM)
    setting.within(given, "replications", 1, setting.REPLICATIONS_MAXIMUM)
    first = checked_seed(given["seed"])
    chosen = str(given["proposal"])
    return Options(
        proposal=None if chosen == NONE else catalogue.load_proposal(chosen),
        players=given["players"],
        seeds=tuple(range(first, checked_seed(first + given["replications"] - 1) + 1)),
        sequence=given["sequence"],
        free=given["free"],
        crew=crew_asked(given),
        out=setting.folder(given),
    )


def donor_table(singly: coalitions.Payoffs, standing: Sequence[coalitions.Stand]) -> pd.DataFrame:
    """Return a row a donor: whether a member, its money, what being in is worth to it (EUR m a year), and what it is paid.

    Parameters
    ----------
    singly : of `Payoffs.singly`
    standing : of `coalitions.stands` of it

    Returns
    -------
    pandas.DataFrame
        ``donor``, ``member``, ``budget_m``, ``gain_m`` with ``gain_low`` and ``gain_high`` (95%, Student's t), ``moves`` (whether
        by the mean it would leave, or join, alone), ``told`` (whether its gain or loss is told from chance, among all on its side),
        ``stays`` (whether its interval leaves it where it is), ``payment_m`` (received above 0; NaN for outsiders, and for all
        if no payments make the coalition stable, by the means).
    """
    members = [one for one in standing if one.member]
    paid = coalitions.side_payments([one.worth.mean for one in members])
    payment = dict(zip((one.player for one in members), paid, strict=True)) if paid is not None else {}
    return pd.DataFrame(
        {
            "donor": [singly.players[one.player].name for one in standing],
            "member": [one.member for one in standing],
            "budget_m": [singly.players[one.player].budget_m for one in standing],
            "gain_m": [one.worth.mean for one in standing],
            "gain_low": [one.worth.low for one in standing],
            "gain_high": [one.worth.high for one in standing],
            "moves": [one.moves for one in standing],
            "told": [one.told for one in standing],
            "stays": [one.stays for one in standing],
            "payment_m": [float(payment.get(one.player, math.nan)) for one in standing],
        }
    )


def table(
    who: Sequence[reporters.Player],
    singly: coalitions.Payoffs,
    standing: Sequence[coalitions.Stand],
    single: pd.DataFrame,
) -> pd.DataFrame:
    """Return a row a donor or group, the sums over its donors, each of which moves alone.

    Returns
    -------
    pandas.DataFrame
        ``player``, ``donors`` (ids), ``count`` (of them), ``member``, ``budget_m``, ``gain_m`` with ``gain_low`` and
        ``gain_high`` of the sum, ``moving`` (how many of its donors would move by the mean), ``moving_told`` and ``staying_told``
        (how many are told from chance to gain, or to lose, by it), ``payment_m``.
    """
    values = {singly.players[one.player].name: one.by_seed for one in standing}
    worth = coalitions.worths([np.sum([values[name] for name in one.ids], axis=0) for one in who])
    rows = single.set_index("donor")
    own = [rows.loc[list(one.ids)] for one in who]
    return pd.DataFrame(
        {
            "player": [one.name for one in who],
            "donors": [" ".join(one.ids) for one in who],
            "count": [len(one.ids) for one in who],
            "member": [bool(some["member"].all()) for some in own],
            "budget_m": [one.budget_m for one in who],
            "gain_m": [one.mean for one in worth],
            "gain_low": [one.low for one in worth],
            "gain_high": [one.high for one in worth],
            "moving": [int(some["moves"].sum()) for some in own],
            "moving_told": [int((some["moves"] & some["told"]).sum()) for some in own],
            "staying_told": [int((~some["moves"] & some["told"]).sum()) for some in own],
            "payment_m": [float(some["payment_m"].sum(skipna=False)) for some in own],
        }
    )


def together(standing: Sequence[coalitions.Stand]) -> coalitions.Worth:
    """Return what being in is worth to all members in sum, each against leaving alone: what they could pay each other."""
    values = [one.by_seed for one in standing if one.member]
    return coalitions.worths([np.sum(values, axis=0)])[0] if values else coalitions.Worth(0.0, 0.0, 0.0)


def sequence_table(payoffs: coalitions.Payoffs, paths: dict[str, list[coalitions.Step]]) -> pd.DataFrame:
    """Return a row a step of each order of joining; ``_low`` and ``_high`` are of 95% intervals over paired seeds."""
    rows = [
        {
            "order": name,
            "step": number,
            "player": payoffs.players[step.player].name,
            "joining_is_worth_m": step.gain.mean,
            "joining_low": step.gain.low,
            "joining_high": step.gain.high,
            "least_of_members_m": step.least.mean,
            "least_low": step.least.low,
            "least_high": step.least.high,
            "whose": payoffs.players[step.whose].name,
            "payments_m": step.paid,
        }
        for name, steps in paths.items()
        for number, step in enumerate(steps, start=1)
    ]
    columns = ["order", "step", "player", "joining_is_worth_m", "joining_low", "joining_high"]
    columns += ["least_of_members_m", "least_low", "least_high", "whose", "payments_m"]
    return pd.DataFrame(rows, columns=columns)


def _payoffs(payoffs: coalitions.Payoffs) -> pd.DataFrame:
    """Return a row a coalition, seed and donor: its account a year."""
    ids = payoffs.scenario.donors.ids
    rows = [
        (" ".join(members), seed, name, float(value))
        for (members, seed), found in payoffs.known.items()
        for name, value in zip(ids, found, strict=True)
    ]
    return pd.DataFrame(rows, columns=["members", "seed", "donor", "account"])


def _configuration(arguments: Arguments, options: Options, world: Scenario) -> dict[str, Any]:
    """Return all that determines the results."""
    name = options.proposal.name if options.proposal else NONE
    return {
        "command": "membership",
        "scenario": arguments.experiment["scenario"],
        "proposal": name,
        "settings": list(arguments.overrides),
        "players": options.players,
        "replications": len(options.seeds),
        "seed": options.seeds[0],
        "sequence": options.sequence,
        "free": options.free,
        **setting.resolved(arguments, {world.architecture: world}),
    }
