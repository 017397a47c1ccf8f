"""``donorlab robust``: which design is never far from best, under each value judgement, and what would be worth knowing."""

from __future__ import annotations

from collections.abc import Sequence

from donorlab.experiments import ensemble, figures_of_robust, report_of_robust, setting, tables, values
from donorlab.experiments.arguments import InputError
from donorlab.experiments.studies import asking, factors, information, judged, objectives, robust, robustness, study
from donorlab.experiments.studies.study import Study


def run(words: Sequence[str]) -> None:
    """Carry out ``donorlab robust WORDS``."""
    asked = asking.read("robust", words, least=2)
    keys = asked.keys
    _check(asked)
    others: dict[str, Study] = {}
    own = "as in its runs"
    if asked.reads:
        found = asked.study(lambda: study.opened(keys[asking.FROM]))
        if len(found.labels) < 2:
            raise InputError(
                f"from: the runs have one design, {found.labels[0]}; robust needs two or more to choose from"
            )
    else:
        own = values.as_set(next(iter(asked.loaded.values())))
        points, _ = factors.futures(asked.arguments, asked.loaded, keys["futures"], keys["replications"])
        found = study.made(asked.arguments, points, keys["replications"])
        if keys["values"]:
            first = points.head(keys["values_futures"])
            for name, changes in judged.allowed(asked.arguments, asked.loaded).items():
                others[name] = judged.made(asked.arguments, changes, first)
    answer = robust.answered(found, others, own, keys)
    more = {"weights": objectives.WEIGHTS, "bootstrap": [robustness.SEED, robustness.BOOTSTRAPS]}
    with asked.results([found, *others.values()], more) as (folder, stamp):
        folder.csv("regret", report_of_robust.regret_table(answer))
        folder.csv("scores", answer.scores)
        folder.csv("ranks", answer.ranks)
        folder.csv("stability", robust.stability_table(answer))
        folder.csv("pareto", answer.pareto)
        if answer.information:
            folder.csv("information", robust.information_table(answer))
        for drawn in figures_of_robust.draw_all(answer, stamp):
            folder.figure(drawn.name, drawn.figure, drawn.data, drawn.stamp.metadata(drawn.title))
        folder.sentences(report_of_robust.sentences(answer))
    screen = tables.console()
    report_of_robust.show(screen, answer, asked.reads)
    screen.print(f"\nResults, figures and their data: {folder.path}", soft_wrap=True, highlight=False)


def _check(asked: asking.Asked) -> None:
    """Refuse what cannot be answered before anything runs."""
    keys = asked.keys
    objectives.rules(keys["satisfice"])
    if not 0 < keys["far"] < 1:
        raise InputError(f"far: {keys['far']:g} is out of range; it is a share such as 0.05")
    if asked.reads:
        idle = sorted(asked.arguments.chosen & {"futures", "replications", "values", "values_futures"})
        if idle:
            raise InputError(f"{idle[0]}: does nothing with from=, which reads runs that are there; leave it out")
        return
    setting.within(keys, "futures", 1, ensemble.DRAWS_MAXIMUM)
    setting.within(keys, "replications", 1, setting.REPLICATIONS_MAXIMUM)
    robust.enough(keys["futures"], robustness.FUTURES_LEAST, "scores")
    if keys["information"]:
        robust.enough(keys["futures"], information.FUTURES_LEAST, "value of information", "information=false")
    if keys["values"]:
        robust.enough(
            keys["values_futures"],
            robustness.FUTURES_LEAST,
            "other value judgements",
            "values=false",
            key="values_futures",
        )
        if keys["values_futures"] > keys["futures"]:
            raise InputError(
                f"values_futures: {keys['values_futures']} are more than the {keys['futures']} futures; they are the first of them"
            )
