"""Which conclusions survive rival submodels: a section out of the comparison itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd
from markupsafe import Markup

from donorlab.experiments import rivals as rules
from donorlab.experiments.pages import blocks, gathered
from donorlab.experiments.pages import claims_of_conditions as told
from donorlab.experiments.pages import claims_of_studies as said
from donorlab.experiments.pages.blocks import Section
from donorlab.experiments.pages.case import Case
from donorlab.experiments.words import counted

_ABREAST: Final = 3  # architectures beside each other in a table


def rivals(case: Case) -> Section | None:
    """Return which conclusions survive rival submodels; nothing where the comparison tried none."""
    table = case.optional("rivals")
    if table is None or table.empty:
        return None
    columns = [
        "form",
        "architecture",
        "same_as",
        "better",
        "same",
        "worse",
        "undefined",
        "median_difference",
        "verdict",
    ]
    gathered.needs(table, columns, case.compare.path / "rivals.csv")
    found = told.standings_of(table)
    order = [*case.candidates, *(name for name in case.others if name not in case.candidates)]
    ends = sorted(
        rules.conclusions(found),
        key=lambda one: order.index(one.architecture) if one.architecture in order else len(order),
    )
    futures = found[0].futures.count
    claims = [said.started(told.fate(one, case.called(case.first), case.called)) for one in ends]
    body = [blocks.points([*claims, *said.spoken([told.idle(rules.inert(found))])], "claims")]
    names = [one.architecture for one in ends]
    body += [_forms(case, found, names[at : at + _ABREAST], futures) for at in range(0, len(names), _ABREAST)]
    if any(one.futures.undefined for one in found):
        body.append(blocks.note(_UNDEFINED))
    body.append(
        blocks.note(f"{rules.RULE.format(points=case.points)} {_RIVALS.format(futures=counted(futures, 'future'))}")
    )
    return Section("rivals", told.rivals_title(ends), tuple(body))


_RIVALS: Final = (
    "Rival submodels are forms of a part of the model on which sources disagree; the first {futures} of the comparison were run "
    "again with one form at a time, all else equal."
)


_UNDEFINED: Final = "Not defined are futures in which there is nothing to gain, so that there is no efficiency."


def _forms(case: Case, found: Sequence[rules.Standing], names: Sequence[str], futures: int) -> Markup:
    cells = {(one.form, one.architecture): one for one in found}
    forms = {rules.AS_SET: rules.AS_SET} | {form: rules.joined(forms) for form, forms in rules.merged(found).items()}
    records = [
        {"form": said.started(told.form_in_words(joined)), **{name: _verdict(cells[form, name]) for name in names}}
        for form, joined in forms.items()
    ]
    heads = {"form": "Form", **{name: case.called(name) for name in names}}
    caption = (
        f"In how many of {counted(futures, 'future')} better / about the same / worse than {case.called(case.first)} by "
        f"{case.points}, and what follows"
    )
    return blocks.table(pd.DataFrame(records), caption, heads=heads)


def _verdict(one: rules.Standing) -> str:
    count = one.futures
    acts = one.acts or one.form == rules.AS_SET
    undefined = f" ({count.undefined} not defined)" if count.undefined else ""
    return f"{count.better} / {count.same} / {count.worse}{undefined}, {one.verdict}{'' if acts else ' (no change)'}"
