"""Builder ``alignment``: the world of January 2013, and who of the United Nations has law in line with the Budapest Convention.

Scores of 2013 are those of the first Global Cybersecurity Index (2014), which publishes a total only: it stands for each
pillar. All else is as in ``world``, whose columns are of later years; what that means is said in the scenario's YAML.

A member of the United Nations is *in line* on a kind of law if its legal score reaches a threshold and its votes in the
General Assembly lie no further from the West than those of the farthest party of January 2013: what a state far from
that camp writes into its laws follows other treaties. The two thresholds are those at which, in January 2013, as many
members were in line as the Council of Europe says there were. States that were parties then had both kinds of law.

Not everything of this is knowledge of 2013: votes are those of the newest year since 2020; how many members were in line in
2013 is derived from a report of 2023 (`IN_LINE_AT_BEGIN`); a state without a score of 2014 has that of 2020 (Canada; it is
no beneficiary); and own effort is fitted on the rise of scores from 2020 to 2024. No published number of members in line after
2013 is used.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from donorlab.scenarios import world
from donorlab.scenarios.builders import Builder, Parts, register
from donorlab.sim.scenario import Beneficiaries, FloatArray, Parameters

BEGIN: Final = 2013
"""The run begins on 1 January of this year."""
IN_LINE_AT_BEGIN: Final = {"substantive": 67, "procedural": 49}
"""Members of the United Nations in January 2013: the middle of 65-70, and of 48-50.

Source: Council of Europe, "The global state of cybercrime legislation 2013-2023" ("nearly 100% increase over the ten
years"): derived from its text of 2023, since the numbers of 2013 themselves were not found. Another reading gives 35 members on
procedure; what row C6 finds with it is told beside it.
"""
EDITIONS: Final = {2013.0: "gci2014_total", 2020.5: "gci2020_legal", 2024.0: "gci2024_legal"}
"""When a score is taken to hold (assumption), and its column."""
FULL: Final = {"gci2014_total": 100.0, "gci2020_legal": 20.0, "gci2024_legal": 20.0}


@dataclass(frozen=True, eq=False)
class Law:
    """What is known of N states: the members of the United Nations, and beneficiaries that are none.

    Attributes
    ----------
    ids : (N,) ISO3 codes, sorted
    member : (N,) of the United Nations; beneficiary : (N,) simulated by the scenario
    norm_position : (N,) votes in the General Assembly; high is Western
    editions : (E,) years
    scores : (E, N) score at these, 0 to 1: that of all pillars in the first, of law in the others
    joined : (N,) year in which the convention entered into force, NaN where it has not
    farthest : least position of a party of January 2013
    thresholds : kind of law to the least legal score that is in line
    """

    ids: tuple[str, ...]
    member: npt.NDArray[np.bool_]
    beneficiary: npt.NDArray[np.bool_]
    norm_position: FloatArray
    editions: FloatArray
    scores: FloatArray
    joined: FloatArray
    farthest: float
    thresholds: Mapping[str, float]

    def legal(self, year: float) -> FloatArray:
        """Return legal scores (N,) at a time: straight lines between editions; parties of 2013 begin with both kinds of law."""
        scores = self.scores.copy()
        parties = self.joined < BEGIN
        scores[0, parties] = np.maximum(scores[0, parties], max(self.thresholds.values()))
        return np.array([np.interp(year, self.editions, column) for column in scores.T])

    def tasks(self, kind: str, parameters: Parameters) -> int:
        """Return how many legal tasks a state needs for one kind of law in line: the rule by which scores become first tasks."""
        return math.floor(self.thresholds[kind] * parameters.headroom * parameters.tasks_per_pillar + 0.5)


def law(in_line: Mapping[str, int] = IN_LINE_AT_BEGIN) -> Law:
    """Read the tables and find the two thresholds at which ``in_line`` members were in line in January 2013, by kind of law.

    A score that an edition lacks is that of the next one, or of the last one where no later one has it.
    """
    states = pd.read_csv(world.DATA / "alignment.csv", keep_default_na=False, na_values=[""])
    treaty = pd.read_csv(world.DATA / "budapest.csv", keep_default_na=False, na_values={"year_in_force": [""]})
    parties = treaty[treaty["status"] == "party"].set_index("iso3")["year_in_force"]
    scores = pd.DataFrame({column: states[column] / FULL[column] for column in EDITIONS.values()})
    scores = scores.bfill(axis=1).ffill(axis=1)
    joined = states["iso3"].map(parties).to_numpy(dtype=float)
    position = states["norm_position"].to_numpy(dtype=float)
    member = states["un_member"].to_numpy(dtype=bool)
    party = joined < BEGIN
    farthest = float(position[party].min())
    judged = np.where(party, np.inf, scores["gci2014_total"])[member & (position >= farthest)]
    return Law(
        ids=tuple(states["iso3"]),
        member=member,
        beneficiary=states["beneficiary"].to_numpy(dtype=bool),
        norm_position=position,
        editions=np.array(list(EDITIONS)),
        scores=scores.to_numpy(dtype=float).T,
        joined=joined,
        farthest=farthest,
        thresholds={kind: threshold(judged, count) for kind, count in in_line.items()},
    )


def threshold(scores: npt.ArrayLike, count: int) -> float:
    """Return the score at and above which the number of ``scores`` is nearest to ``count``; of two, the higher score."""
    values = np.asarray(scores, dtype=float)
    candidates = np.unique(values[np.isfinite(values)])[::-1]
    reached = np.array([(values >= candidate).sum() for candidate in candidates])
    return float(candidates[int(np.abs(reached - count).argmin())])


def build(data: Mapping[str, Any]) -> Parts:
    """Return the world with the scores of January 2013."""
    parts = world.build(data)
    return dataclasses.replace(parts, beneficiaries=at_begin(parts.beneficiaries, parts.pillars, law()))


def at_begin(states: Beneficiaries, pillars: Sequence[str], known: Law) -> Beneficiaries:
    """Return beneficiaries with the scores of January 2013; parties have the law that ``known`` calls in line."""
    rows = [known.ids.index(iso3) for iso3 in states.ids]
    score = np.repeat(known.scores[0, rows][:, None], len(pillars), axis=1)
    score[:, pillars.index("legal")] = known.legal(BEGIN)[rows]
    return dataclasses.replace(states, initial_score=score)


register("alignment", Builder(build))
