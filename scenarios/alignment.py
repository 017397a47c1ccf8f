"""Builder ``alignment``: the world of January 2013, and who of the United Nations has law in line with the Budapest Convention.

Scores of 2013 are those of the first Global Cybersecurity Index (2014), which publishes a total only: it stands for each
pillar. All else is as in ``world``, whose columns are of later years; what that means is said in the scenario's YAML.

A member of the United Nations is *in line* on a kind of law if its legal score reaches a threshold and its votes in the
General Assembly lie no further from the West than those of the farthest party of January 2013: what a state far from
that camp writes into its laws follows other treaties. The two thresholds are those at which, in January 2013, as many
members were in line as the Council of Europe published. States that were parties then had both kinds of law.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from donorlab.scenarios import world
from donorlab.scenarios.builders import Builder, Parts, register
from donorlab.sim.scenario import FloatArray

BEGIN: Final = 2013
"""The run begins on 1 January of this year."""
IN_LINE_AT_BEGIN: Final = {"substantive": 67, "procedural": 49}
"""Members of the United Nations in January 2013: the middle of 65-70, and of 48-50.

Source: Council of Europe, "The global state of cybercrime legislation 2013-2023" ("nearly 100% increase over the ten
years"): derived from its text, since the numbers of 2013 themselves were not found.
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


def law() -> Law:
    """Read the tables and find the two thresholds.

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
        thresholds={kind: threshold(judged, count) for kind, count in IN_LINE_AT_BEGIN.items()},
    )


def threshold(scores: npt.ArrayLike, count: int) -> float:
    """Return the score at and above which the number of ``scores`` is nearest to ``count``; of two, the higher score."""
    values = np.asarray(scores, dtype=float)
    candidates = np.unique(values[np.isfinite(values)])[::-1]
    reached = np.array([(values >= candidate).sum() for candidate in candidates])
    return float(candidates[int(np.abs(reached - count).argmin())])


def build(data: Mapping[str, Any]) -> Parts:
    """Return the world with the scores of January 2013."""
    parts, known = world.build(data), law()
    rows = [known.ids.index(iso3) for iso3 in parts.beneficiaries.ids]
    score = np.repeat(known.scores[0, rows][:, None], len(parts.pillars), axis=1)
    score[:, parts.pillars.index("legal")] = known.legal(BEGIN)[rows]
    return dataclasses.replace(parts, beneficiaries=dataclasses.replace(parts.beneficiaries, initial_score=score))


register("alignment", Builder(build))
