"""``donorlab robust``: what it writes, what it says, what it refuses."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from donorlab.experiments import figures_of_robust, report_of_robust, robust
from donorlab.experiments.arguments import InputError, defaults
from donorlab.experiments.studies import objectives, study
from donorlab.experiments.studies import robust as answers
from donorlab.experiments.studies.robust import Answer
from donorlab.scenarios import load
from experiments.conftest import Shell

WORDS = ("toy", "architectures=[fragmented,umbrella,central]", "futures=100", "replications=2", "engine=serial")
ONLY = ("user_weight_exponent=0.5", "value_concavity=2")  # of the other value judgements poorest first is left


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("robust")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(where)
        robust.run([*WORDS, *ONLY, "values_futures=50", "out=found"])
    return where


@pytest.fixture(scope="module")
def folder(made: Path) -> Path:
    """The sweep with two seeds a future."""
    return next(path for path in sorted((made / "results").iterdir()) if study.opened([path]).replications == 2)


@pytest.fixture(scope="module")
def answer(folder: Path) -> Answer:
    return answers.answered(study.opened([folder]), {}, "by users^0.5", defaults("robust"))


def test_tables_and_figures_are_there(made: Path) -> None:
    names = {path.name for path in (made / "found").rglob("*") if path.is_file()}
    assert {f"{name}.csv" for name in ("regret", "scores", "ranks", "stability", "pareto", "information")} <= names
    assert {f"{name}.png" for name in ("regret", "judgements", "objectives", "information")} <= names
    assert {"manifest.json", "configuration.json", "report.txt"} <= names


def test_scores_follow_from_the_table_of_regret(made: Path) -> None:
    lost = pd.read_csv(made / "found" / "regret.csv")
    table = pd.read_csv(made / "found" / "scores.csv")
    by = lost.groupby(["judgement", "design"])
    for row in table.to_dict("records"):
        own = by.get_group((row["judgement"], row["design"]))
        assert len(own) == row["futures"]
        assert own["regret"].max() == pytest.approx(row["regret_maximum"])
        assert own["regret"].quantile(0.95) == pytest.approx(row["regret_95"])
        assert own["value"].mean() == pytest.approx(row["mean"])
        assert own["good_enough"].mean() == pytest.approx(row["good_share"])
    kinds = table.groupby("kind")["judgement"].nunique()
    assert kinds["who counts"] == 1
    assert kinds["what counts"] == len(objectives.WEIGHTS)


def test_runs_that_are_there_give_the_same(made: Path, answer: Answer) -> None:
    table = pd.read_csv(made / "found" / "scores.csv")
    own = table[table["kind"] == answers.OWN].set_index("design")
    for name in ("mean", "regret_95", "best_share", "good_share"):
        assert np.allclose(answer.of(answer.own.name)[name], own[name])


def test_objectives_are_what_their_formulas_say(folder: Path) -> None:
    runs = study.opened([folder])
    found = objectives.measured(runs)
    assert found.futures == 100
    assert np.allclose(found.mean["coverage"], 1 - runs.mean("coverage_gini"))
    cost = runs.mean("transaction_cost_share") + runs.mean("overhead_share")
    assert np.allclose(found.mean["cost"], cost)
    assert np.allclose(found.utility("cost"), -cost)
    assert (found.mean["autonomy"]["fragmented"] == 1).all()
    assert (found.mean["autonomy"]["central"] == 0).all()
    assert found.mean["autonomy"]["umbrella"].between(0, 1, inclusive="neither").all()


def test_what_binds_a_member() -> None:
    """By hand, overhead .1, discipline .5: .1 + .9 * .5; with half of the rest in a fund .1 + .9 * (.5 + .5 * .5)."""
    points = pd.DataFrame({"money": [1.0]}, index=[1])
    words = ["architecture=umbrella", "overhead=0.1", "discipline=0.5"]
    assert objectives.bound_share(load("toy", words), points).item() == pytest.approx(0.55)
    fund = load("toy", [*words, "pooled_fund=on", "pool_share=0.5"])
    assert objectives.bound_share(fund, points).item() == pytest.approx(0.775)
    free = load("toy", ["architecture=umbrella", "overhead=0", "division=none"])
    assert objectives.bound_share(free, points).item() == 0
    varied = pd.DataFrame({"overhead": [0.0, 0.2]}, index=[1, 2])
    assert objectives.bound_share(load("toy", words), varied).tolist() == pytest.approx([0.5, 0.6])


# ---------------------------------------------------------------------- what it says
def test_a_name_stands_in_a_claim_only_where_it_is_sure(answer: Answer) -> None:
    nearest = answer.of(answer.own.name)["regret_95"].idxmin()
    for chance, word in ((0.999, "virtually certainly"), (0.92, "very likely"), (0.7, "likely"), (0.5, "open")):
        scores = answer.scores.copy()
        own = (scores["judgement"] == answer.own.name) & (scores["design"] == nearest)
        scores.loc[own, "chance_nearest"] = chance
        told = dataclasses.replace(answer, scores=scores)
        assert word in report_of_robust.spread(told)
        assert ("may be as near" in figures_of_robust.regret_claim(told)) == (chance < report_of_robust.SURE)


def test_the_value_of_information_is_claimed_only_beyond_chance(answer: Answer) -> None:
    name = answer.own.name
    one = answer.information[name]
    none = dataclasses.replace(one, table=one.table.assign(told=False))
    said = report_of_robust.known(dataclasses.replace(answer, information={name: none}))
    assert said[0].startswith("No single assumption")
    table = one.table.assign(told=[True] + [False] * (len(one.table) - 1), value=0.031, changes=0.4, to="umbrella")
    said = report_of_robust.known(
        dataclasses.replace(answer, information={name: dataclasses.replace(one, table=table)})
    )
    assert "3.1 points" in said[0]
    assert "in 40% of futures" in said[0]
    assert f"The other {len(table) - 1} are not told from chance" in said[0]


def test_dominance_is_told(answer: Answer) -> None:
    none = answer.pareto.assign(dominated_by="")
    assert "none of the 3 is dominated" in report_of_robust.many(dataclasses.replace(answer, pareto=none))[0]
    one = none.assign(dominated_by=["", "fragmented", ""])
    told = dataclasses.replace(answer, pareto=one)
    assert "umbrella (by fragmented)" in report_of_robust.many(told)[0]
    assert figures_of_robust.objectives_claim(told).startswith("umbrella: another design")


# ---------------------------------------------------------------------- what it refuses
def test_the_benchmark_is_no_choice_unless_named() -> None:
    assert "central" not in defaults("robust")["architectures"]


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["futures=20"], ["20 futures are too few", "futures=50"]),
        (["futures=60", "values=false"], ["60 futures are too few", "futures=100", "information=false"]),
        (["values_futures=10"], ["10 futures are too few", "values_futures=50"]),
        (["futures=100", "values_futures=200"], ["values_futures: 200 are more"]),
        (["architectures=[umbrella]"], ["needs 2 or more"]),
        (["satisfice=[efficiency=1]"], ["satisfice: 'efficiency=1' cannot be read"]),
        (["far=5"], ["far: 5 is out of range"]),
        (["from=[nowhere]", "futures=200"], ["futures: does nothing with from="]),
        (["from=[nowhere]"], ["nowhere"]),
    ],
)
def test_bad_input_is_told_in_one_line(shell: Shell, words: list[str], parts: list[str]) -> None:
    result = shell("robust", *(["toy"] if not words[0].startswith("from") else []), *words)
    assert result.exit_code == 2
    assert len(result.stderr.strip().splitlines()) == 1
    for part in parts:
        assert part in result.stderr


def test_runs_of_one_design_are_no_choice(folder: Path) -> None:
    with pytest.raises(InputError, match="two or more"):
        robust.run([f"from=[{folder}]", "architectures=[umbrella]"])


def test_a_rule_about_nothing_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="no objective or outcome 'eficiency'"):
        robust.run([f"from=[{folder}]", "satisfice=[eficiency>=1]"])


def test_a_design_off_the_front_is_not_said_to_buy_anything(answer: Answer) -> None:
    """Worse in the means of all five, but not beyond noise."""
    free = answer.pareto.assign(dominated_by="")
    assert figures_of_robust.objectives_claim(dataclasses.replace(answer, pareto=free.assign(on_front=True))).endswith(
        "each buys something with something"
    )
    behind = dataclasses.replace(answer, pareto=free.assign(on_front=[True, False, True]))
    assert "buys" not in figures_of_robust.objectives_claim(behind)


def test_the_number_that_would_do_counts_what_is_left_out(folder: Path) -> None:
    with pytest.raises(InputError, match=r"scores: 49 futures are too few; it needs 50: futures=52"):
        answers.enough(49, 50, "scores", "", 50)
    with pytest.raises(InputError, match=r"sweeps with 100 points or more, or information=false"):
        answers.enough(60, 100, "value of information", "information=false", 60, None)


def test_where_a_rule_speaks_of_what_is_undefined_that_is_told(folder: Path) -> None:
    runs = study.opened([folder])
    assert not runs.mean("release_rate")["fragmented"].notna().all()
    found = answers.answered(
        runs, {}, "own", {**defaults("robust"), "satisfice": ["release_rate>=0.5"], "information": False}
    )
    assert any("release_rate" in line and "not good enough" in line for line in found.told)
