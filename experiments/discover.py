"""``donorlab discover``: under which conditions an architecture loses to another, in words and as boxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from donorlab.experiments import ensemble, figures_of_discover, report_of_discover, setting, tables
from donorlab.experiments.arguments import InputError
from donorlab.experiments.progress import progress
from donorlab.experiments.studies import asking, discovery, factors, findings, levers_drawn
from donorlab.experiments.studies.study import Study, enough, made

_ONLY_MADE: Final = ("futures", "fresh", "replications", "levers")  # keys that mean nothing for runs that are read
LEAST: Final = 2 * discovery.CASES  # futures below which there is nothing to search, whatever came out


def run(words: Sequence[str]) -> None:
    """Carry out ``donorlab discover WORDS``."""
    asked = asking.read("discover", words, least=2)
    keys = asked.keys
    question = findings.question(keys)
    _check(asked)
    discovery.workbench()
    drawn = levers_drawn.rows(keys["levers"], asked.arguments, asked.loaded) if keys["levers"] else ()
    study = asked.study(lambda: _made(asked, drawn))
    study.check(question.outcome)
    if len(study.labels) < 2:
        raise InputError(f"architectures: discover needs two; the runs have {', '.join(study.labels)}")
    enough(study, LEAST, "discover", None if asked.reads else "futures")
    futures = None if asked.reads else keys["futures"]
    others = study.labels[1:]
    steps = len(others) * keys["boxes"] * (1 + keys["permutations"] + discovery.HALVES)
    with progress(f"searching, {', '.join(others)}", steps, "searches at most", "") as advance:
        found = [
            findings.found(study, other, question, keys, ensemble.DRAWS_MAXIMUM, futures, advance) for other in others
        ]
    if all(one.why is not None for one in found):
        raise InputError("; ".join(str(one.why) for one in found))
    more = {
        "constants": _constants(),
        "levers": [row.name for row in drawn],
        "seeds": [ensemble.SEED, levers_drawn.SEED, discovery.SEED],
    }
    with asked.results([study], more) as (folder, stamp):
        folder.csv("boxes", report_of_discover.box_table(found))
        folder.csv("tree", report_of_discover.tree_table(found))
        folder.csv("failed", study.failed)
        folder.sentences([*study.told_failures(), *report_of_discover.told(found)])
        for one in found:
            folder.csv(f"futures_{one.other}", report_of_discover.case_table(one))
            for picture in figures_of_discover.draw_all(one, stamp):
                folder.figure(picture.name, picture.figure, picture.data, picture.stamp.metadata(picture.title))
    screen = tables.console()
    report_of_discover.show(screen, found, study.told_failures(), [row.name for row in drawn])
    screen.print(f"\nResults, figures and their data: {folder.path}", soft_wrap=True, highlight=False)


def _check(asked: asking.Asked) -> None:
    keys = asked.keys
    for key, low, high in (
        ("density", 0.01, 1),
        ("boxes", 1, 10),
        ("permutations", 19, 999),
        ("futures", 1, ensemble.DRAWS_MAXIMUM),
        ("fresh", 1, ensemble.DRAWS_MAXIMUM),
        ("replications", 1, setting.REPLICATIONS_MAXIMUM),
    ):
        setting.within(keys, key, low, high)
    if asked.reads:
        idle = [key for key in _ONLY_MADE if key in asked.arguments.chosen]
        if idle:
            raise InputError(f"{idle[0]}: does nothing with from=, which reads runs that are there; leave one out")
        return
    if keys["futures"] < LEAST:
        raise InputError(f"futures: {keys['futures']} are too few to search; {LEAST} is the least, 1000 is the default")
    if keys["futures"] + keys["fresh"] > ensemble.DRAWS_MAXIMUM:
        raise InputError(
            f"futures: {keys['futures']} and {keys['fresh']} fresh ones are more than the {ensemble.DRAWS_MAXIMUM:,} that "
            "can be drawn"
        )


def _made(asked: asking.Asked, drawn: Sequence[Any]) -> Study:
    """Run all futures, those that are kept back after those that are searched."""
    keys = asked.keys
    points, _ = factors.futures(asked.arguments, asked.loaded, keys["futures"] + keys["fresh"], keys["replications"])
    return made(asked.arguments, levers_drawn.added(points, drawn), keys["replications"])


def _constants() -> dict[str, float]:
    """Return the constants of the search, for the manifest."""
    from donorlab.experiments.studies import boxes, trees

    names = {
        boxes: ("WORTH", "DIMENSIONS", "HITS"),
        discovery: ("ALPHA", "MASS", "INSIDE", "CASES", "HALF", "HALVES", "SCREENED", "CHANCE"),
        trees: ("LEAVES", "DEPTH"),
    }
    return {name.lower(): getattr(module, name) for module, some in names.items() for name in some}
