"""The command line: help, errors in one line, exit status, nothing left behind."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import donorlab.sim
from donorlab.experiments import arguments, command, progress
from donorlab.experiments.arguments import InputError, parse
from donorlab.experiments.listing import of_docstring, told
from donorlab.scenarios import plugins
from donorlab.sim.mechanisms import get_mechanism, mechanism_names, phases
from experiments.conftest import Shell

COMMANDS = (
    "app", "benchmark", "bundle", "buys", "check", "compare", "describe", "discover", "ignorance", "list", "mechanisms",
    "membership", "merge", "new", "parameters", "report", "reproduce", "rerun", "robust", "sensitivity", "sweep", "trace",
    "validate", "winners",
)  # fmt: skip


def test_help_lists_every_command_with_one_line(shell: Shell) -> None:
    result = shell("--help")
    assert result.exit_code == 0
    listed = result.stdout.split("Commands:")[1].strip().splitlines()
    assert tuple(line.split()[0] for line in listed) == COMMANDS
    assert all(len(line.split()) > 3 and not line.endswith("...") for line in listed)


@pytest.mark.parametrize("width", ["80", "100"])
def test_no_summary_of_a_command_is_cut_off(shell: Shell, monkeypatch: pytest.MonkeyPatch, width: str) -> None:
    monkeypatch.setenv("COLUMNS", width)
    listed = shell("--help").stdout.split("Commands:")[1].strip().splitlines()
    assert tuple(line.split()[0] for line in listed) == COMMANDS
    assert all(line.endswith(".") and not line.endswith("..") for line in listed)


def test_no_command_shows_the_help(shell: Shell) -> None:
    assert "Commands:" in shell().stdout


@pytest.mark.parametrize(
    "name",
    [
        "buys",
        "compare",
        "describe",
        "benchmark",
        "discover",
        "ignorance",
        "mechanisms",
        "membership",
        "reproduce",
        "robust",
        "sensitivity",
        "sweep",
        "trace",
        "winners",
    ],
)
def test_help_of_a_command_names_every_key_of_its_configuration(shell: Shell, name: str) -> None:
    text = shell(name, "--help").stdout
    for key in arguments.defaults(name):
        assert f"{key}=" in text


def test_version(shell: Shell) -> None:
    result = shell("--version")
    assert result.exit_code == 0
    assert result.stdout.startswith("donorlab ")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from donorlab.experiments.command import program\n"
        "try:\n    program.main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('numba', 'mesa', 'pandas', 'matplotlib', 'numpy', 'hydra') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["comprae"], ["no command 'comprae'", "did you mean 'compare'"]),
        (["--debgu"], ["--debgu", "--debug"]),
        (["compare", "--replications=3"], ["--replications", "key=value"]),
        (["parameters", "--jsn"], ["--json"]),
        (["parameters", "surplus"], ["surplus"]),
        (["compare", "nowhere"], ["'nowhere'", "toy", "world"]),
        (["compare", "wrld"], ["'wrld'", "did you mean 'world'"]),
        (["compare", "toy", "architectures=[fragmented,centrl]"], ["centrl", "did you mean 'central'"]),
        (["compare", "toy", "architectures=[central,central]"], ["central", "twice"]),
        (["compare", "toy", "architectures=[a,[b]]"], ["not a list"]),
        (["compare", "toy", "architecture=central"], ["architectures=["]),
        (["compare", "toy", "replicatons=3"], ["replicatons", "did you mean 'replications'"]),
        (["compare", "toy", "montey=3"], ["montey", "did you mean 'money'"]),
        (["compare", "toy", "money=-1"], ["money", "-1", "at least 0"]),
        (["compare", "toy", "money=nan"], ["money", "nan"]),
        (["compare", "toy", "money=inf"], ["money", "inf"]),
        (["compare", "toy", "money="], ["money"]),
        (["compare", "toy", "replications=0"], ["replications", "between 1 and"]),
        (["compare", "toy", "replications=2.5"], ["replications", "whole number"]),
        (["compare", "toy", "draws=-1"], ["draws", "between 0 and"]),
        (["compare", "toy", "smallest_difference=0"], ["smallest_difference", "0.02"]),
        (["compare", "toy", "smallest_difference=much"], ["smallest_difference", "not a number"]),
        (["compare", "toy", "levers=worst"], ["levers", "default, pessimistic"]),
        (["compare", "toy", "workers=0"], ["workers", "auto"]),
        (["compare", "toy", "workers=many"], ["workers", "auto"]),
        (["compare", "toy", "break_even=perhaps"], ["break_even", "neither true nor false"]),
        (["compare", "toy", "register=projects", "discipline=1", "division=none"], ["discipline", "division=cell"]),
        (["compare", "toy", "pillar_weights=[0.5,0.5]"], ["pillar_weights: a fixed table", "in a scenario file"]),
        (["compare", "toy", "calendar=serial"], ["calendar", "one after the other already", "planning_slots=13"]),
        (["compare", "toy", "register_lag=2"], ["register_lag", "register=projects"]),
        (["compare", "toy", "pooled_fund=on", "pool_share=0"], ["pool_share", "no money", "pooled_fund to off"]),
        (["compare", "toy", "joint_programming=on", "register=none"], ["joint_programming", "register to projects"]),
        (["compare", "toy", "donors=[FUND,SURIA]"], ["declares conditions", "conditional_donors=all"]),
        (["compare", "world", "donors=[CHN,TUR]"], ["umbrella has no members", "not a rival"]),
        (["compare", "world", "rival_share=1"], ["umbrella has no members", "not a rival"]),
        (
            ["compare", "world", "rival_share=1", "architectures=[conditional]"],
            ["nobody sets conditions", "not a rival"],
        ),
        (["compare", "toy", "architectures=[fragmented,credit]", "credit=none"], ["credit: none", "marginal or equal"]),
        (["compare", "toy", "pool_share=1"], ["pool_share", "pooled_fund=on"]),
        (["compare", "toy", "joiner_fixed_share=0"], ["joiner_fixed_share", "joint_programming=on"]),
        (["compare", "toy", "architectures=[fragmented,central]", "overhead=0.1"], ["overhead", "umbrella"]),
        (["compare", "toy", "reporting_rate=1", "register=none"], ["reporting_rate", "register=plans"]),
        (["compare", "toy", "seed=-1"], ["seed", "-1"]),
        (["compare", "toy", "seed=4294967295"], ["seed"]),
        (["compare", "toy", "toy"], ["scenario", "twice"]),
        (["compare", "toy", "money=1", "money=2"], ["money", "twice"]),
        (["compare", "toy", "+money=1"], ["+money=1", "key=value"]),
        (["compare", "toy", "out="], ["out", "missing"]),
        (["describe", "wrld"], ["did you mean 'world'"]),
        (["describe", "toy", "money=-1"], ["money"]),
        (["benchmark", "quick=maybe"], ["quick", "maybe"]),
        (["compare", "nothing.yaml"], ["nothing.yaml"]),
        (["compare", "toy", "rivals=[ignorence]"], ["rivals", "ignorence", "did you mean 'ignorance'"]),
        (["compare", "toy", "rivals=xyz"], ["rivals", "xyz", "write true, or some of", "ignorance"]),
        (["compare", "toy", "rivals=[ignorance,ignorance]"], ["rivals", "twice"]),
        (["compare", "toy", "rivals=true", "draws=0"], ["rivals", "futures", "draws=0"]),
        (["compare", "toy", "rivals=true", "rivals_draws=0"], ["rivals_draws", "between 1 and"]),
        (["compare", "toy", "rivals=true", "architectures=[central]"], ["rivals", "two or more"]),
        (["compare", "toy", "rivlas=true"], ["rivlas", "did you mean 'rivals'"]),
        (["mechanisms", "wrld"], ["did you mean 'world'"]),
        (["mechanisms", "toy", "only=[herdin]"], ["only", "herdin", "did you mean 'herding'"]),
        (["mechanisms", "toy", "only=xyz"], ["only", "xyz", "there are narrative, herding"]),
        (["mechanisms", "toy", "architectures=[fragmented]"], ["architectures", "two or three"]),
        (["mechanisms", "toy", "architectures=[fragmented,pledge,credit,central]"], ["architectures", "two or three"]),
        (["mechanisms", "toy", "architectures=[fragmented,umbrela]"], ["umbrela", "did you mean 'umbrella'"]),
        (["mechanisms", "toy", "architecture=central"], ["mechanisms runs several"]),
        (["mechanisms", "toy", "replications=0"], ["replications", "between 1 and"]),
        (["mechanisms", "toy", "draws=-1"], ["draws", "between 0 and"]),
        (["mechanisms", "toy", "smallest_difference=1"], ["smallest_difference", "0.02"]),
        (["mechanisms", "toy", "seed=-1"], ["seed", "-1"]),
        (["mechanisms", "toy", "workers=many"], ["workers", "auto"]),
        (["mechanisms", "toy", "herding=-1"], ["herding", "-1"]),
        (["mechanisms", "toy", "register_lag=2"], ["register_lag", "register=projects"]),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(shell: Shell, words: list[str], parts: list[str]) -> None:
    line = shell.refused(*words)
    for part in parts:
        assert part in line


@pytest.mark.parametrize("place", [0, 1, 2])
def test_debug_shows_the_traceback_wherever_it_stands(shell: Shell, place: int) -> None:
    words = ["compare", "nowhere"]
    words.insert(place, "--debug")
    result = shell(*words)
    assert result.exit_code == 2
    assert "Traceback" in result.stderr
    assert result.stderr.splitlines()[-1].startswith("donorlab: ")


def test_a_fault_of_ours_is_one_line_with_status_1(shell: Shell, model: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("of all\nthings")

    monkeypatch.setattr(donorlab.sim, "simulate", broken)
    result = shell("compare", "fake", "replications=1")
    assert result.exit_code == 1
    last = result.stderr.splitlines()[-1]
    assert last.startswith("donorlab: replication 1 under fragmented failed: ZeroDivisionError: of all things")
    assert "--debug" in last
    assert "Traceback" not in result.stderr
    assert shell.left() == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_what_the_user_can_mend_is_status_2(number: int) -> None:
    message, status = command.explain(OSError(number, "why", "/some/where"))
    assert status == 2
    assert "/some/where" in message
    assert "why" in message


def test_parameters_as_json(shell: Shell) -> None:
    result = shell("parameters", "--json")
    assert result.exit_code == 0
    table = json.loads(result.stdout)
    assert len(table["ranges_hash"]) == 64
    money = table["parameters"][0]
    assert {"name", "unit", "meaning", "default", "range", "distribution", "kind", "source"} <= set(money)
    assert money["name"] == "money"
    assert {row["name"] for row in table["tables"]} >= {"pillar_weights", "instrument_mix"}
    assert all(row["source"] for row in table["parameters"])


def test_parameters_table_has_every_parameter(shell: Shell) -> None:
    result = shell("parameters")
    assert result.exit_code == 0
    for row in json.loads(shell("parameters", "--json").stdout)["parameters"]:
        assert row["name"] in result.stdout


def test_parameters_can_be_read_at_a_hundred_columns(shell: Shell) -> None:
    text = shell("parameters").stdout
    assert max(len(line) for line in text.splitlines()) <= 100
    assert "…" not in text
    words = " ".join(text.split())
    for row in json.loads(shell("parameters", "--json").stdout)["parameters"]:
        assert f"{row['meaning']} [{row['unit']}] {' '.join(row['source'].split())}" in words, row["name"]
    headings = [line for line in text.splitlines() if line[:1].isupper()]
    assert headings[:3] == ["Who and how much", "Herding and attention", "Value"]
    assert text.index("Levers of an umbrella") < text.index("  overhead ") < text.index("Levers of conditions")


def test_every_assumption_says_why(shell: Shell) -> None:
    for row in json.loads(shell("parameters", "--json").stdout)["parameters"]:
        assert row["source"].strip(" .").lower() != "assumption", row["name"]


def test_list_names_scenarios_and_architectures(shell: Shell) -> None:
    result = shell("list")
    assert result.exit_code == 0
    for name in ("world", "toy", "synthetic", "fragmented", "central", "Plug-ins", "donorlab "):
        assert name in result.stdout


def test_describe_says_who_how_much_and_what_is_assumed(shell: Shell) -> None:
    result = shell("describe", "world", "money=300")
    assert result.exit_code == 0
    for text in ("134 states", "48 donors", "EUR 300m", "EUR 3,000m", "United States", "of the fit", "Rule of the fit"):
        assert text in result.stdout
    for text in ("money = 300 (default 250)", "Assumptions", "observation_probability", "0 to 0.6", "Value judgements"):
        assert text in result.stdout


def test_describe_keeps_levers_and_values_apart_from_uncertainties(shell: Shell) -> None:
    text = shell("describe", "world").stdout
    assumptions, _, rest = text.partition("Levers:")
    levers, _, values = rest.partition("Value judgements")
    assert "overhead" in levers
    assert "overhead " not in assumptions
    assert "user_weight_exponent" in values
    assert "user_weight_exponent" not in levers
    assert "observation_probability" in assumptions


def test_describe_fits_the_width_that_is_asked_for(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert max(len(line) for line in shell("describe", "world").stdout.splitlines()) <= 100


def test_list_says_what_a_mechanism_is_and_where_it_comes_from(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    text = " ".join(shell("list").stdout.split())
    assert "Each donor buys its best cells per EUR" in text
    assert "lifetimes that age (Weibull 1951)" in text  # the form's own source ...
    assert "fitted on states with little technical cooperation" in text  # ... or that of its file


@pytest.mark.parametrize("phase", phases())
def test_every_mechanism_has_a_sentence_of_its_own(phase: str) -> None:
    """Rivals begin with other words, and those of one file name sources of their own."""
    plugins.register()
    functions = [get_mechanism(phase, name) for name in mechanism_names(phase)]
    found = [told(function, own=True) for function in functions if function.__module__.startswith("donorlab.")]
    for what, source in found:
        assert what.endswith(".")
        assert "phase ``" not in what
        assert len(what.split()) >= 5
        assert source
    assert len({tuple(what.split()[:4]) for what, _ in found}) == len(found)


def test_a_docstring_gives_its_first_sentence_and_its_source() -> None:
    text = (
        "4.5 Lapse: what nobody owns. More words. Source: hazard (e.g. Killick 1998; others); the rate is assumed. End."
    )
    assert of_docstring(text) == ("Lapse: what nobody owns.", "hazard (e.g. Killick 1998; others)")
    assert of_docstring("") == ("", "")
    assert of_docstring("Deliver. And more.") == ("Deliver.", "")


def test_what_compiling_takes_is_not_taken_for_the_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiling for 100 s, then a run a second: after 11 of 80 runs there are 69 s left, not 690."""
    clock = iter([0.0, *(100.0 + i for i in range(80))])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with CliRunner().isolation() as (_, err, *_), progress.progress("toy", 80) as advance:
        for _ in range(80):
            advance()
        lines = err.getvalue().decode().splitlines()
    assert lines[0].startswith("toy: 0 of 80 runs")
    assert lines[1] == "toy: 10 of 80 runs, 109 s, about 70 s left"
    assert lines[-1] == "toy: 80 of 80 runs, 179 s"


def test_list_shows_architectures_with_summary_and_source(shell: Shell) -> None:
    text = " ".join(shell("list").stdout.split())
    for name in ("fragmented", "umbrella", "conditional", "umbrella_conditional", "pledge", "credit", "central"):
        assert name in text
    assert "Pawlak" in text


def test_words_are_split_between_experiment_and_scenario() -> None:
    found = parse("compare", ["toy", "replications=5", "money=300", "architectures=central, fragmented"])
    assert found.experiment["scenario"] == "toy"
    assert found.experiment["replications"] == 5
    assert found.experiment["architectures"] == ["central", "fragmented"]
    assert found.overrides == ("money=300",)
    with pytest.raises(InputError, match="not of the form"):
        parse("compare", ["1=2"])


def test_runner_is_the_console_script() -> None:
    """The program a user starts is the one that is tested."""
    result = CliRunner().invoke(command.program, ["--version"])
    script = Path(sys.executable).with_name("donorlab")
    if not script.is_file():
        pytest.skip("no console script beside this Python")
    done = subprocess.run([str(script), "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == result.stdout
