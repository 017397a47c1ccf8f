"""The numbering of runs, and what a run is."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from donorlab import sim
from donorlab.experiments import provenance
from donorlab.experiments.arguments import InputError
from donorlab.experiments.store import canonical_json, digest_of, plain_json
from donorlab.experiments.sweeps import asked, identity, plan, worker
from donorlab.experiments.sweeps.plan import Block, Place, Plan, blocks_of
from donorlab.experiments.sweeps.worker import Bench, baseline_key
from donorlab.scenarios import load, parameter_table
from donorlab.sim.mechanisms import register_mechanism
from donorlab.sim.scenario import Scenario

SIZE = st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(1, 3))


def of(blocks: tuple[Block, ...]) -> Plan:
    return Plan((), (), (), (), (), blocks, 1, False, False, {})


@settings(max_examples=50)
@given(st.lists(SIZE, min_size=3, max_size=3))
def test_each_run_is_there_once_and_extending_moves_no_number(growth: list[tuple[int, int, int]]) -> None:
    before: tuple[Block, ...] = ()
    known: dict[int, Place] = {}
    size = (0, 0, 0)
    for step in growth:
        size = tuple(map(max, size, step))  # type: ignore[assignment]
        before = blocks_of(size, before)
        made = of(before)
        places = {run: made.place(run) for run in range(1, made.runs + 1)}
        assert places.items() >= known.items()
        everything = {Place(*one) for one in itertools.product(*map(range, size))}
        assert set(places.values()) == everything
        assert len(places) == len(everything)
        assert made.size == size
        known = places
    with pytest.raises(InputError, match="there are runs 1 to"):
        made.place(made.runs + 1)


def test_nothing_is_taken_away_from_a_sweep() -> None:
    with pytest.raises(InputError, match="a sweep with 3 replications, not 2"):
        blocks_of((2, 2, 2), blocks_of((2, 3, 2)))


WORDS = ("scenario=toy", "failure=[0.05,0.2]", "architectures=[fragmented,umbrella]", "replications=2")


def bench(*words: str, source: str = "s") -> Bench:
    wanted = asked.read(words or WORDS)
    made = Bench(Path("nowhere"), wanted.plan, source)
    rows = [row for block in wanted.design.blocks() for row in block.to_pylist()] or [{}]
    made.points = rows.__getitem__  # type: ignore[assignment]
    return made


def ids(made: Bench) -> list[str]:
    return [made.row(run)["id"] for run in range(1, made.plan.runs + 1)]


def test_a_manifest_holds_the_whole_plan() -> None:
    words = (*WORDS[1:], "mechanism.contract=[ex_ante,ex_post]", "synthetic.donors=[4,5]", "scenario=synthetic")
    made = asked.read(words).plan
    again = plan.from_plain(json.loads(json.dumps(made.as_plain())))
    assert canonical_json(again.as_plain()) == canonical_json(made.as_plain())
    assert (again.digest, again.blocks, again.columns) == (made.digest, made.blocks, made.columns)


def test_two_runs_are_the_same_exactly_if_all_that_makes_their_numbers_is() -> None:
    all_ids = ids(bench())
    assert len(set(all_ids)) == 8
    assert all(len(one) == identity.LENGTH for one in all_ids)
    held = ids(
        bench("scenario=toy", "failure=0.05", "overhead=[0.05]", "architectures=[umbrella]", "replications=1", "seed=2")
    )
    assert held == [all_ids[3]]  # point 1, seed 2, umbrella: whatever is varied, and wherever it stands
    assert not set(ids(bench(source="t"))) & set(all_ids)
    assert not set(ids(bench(*WORDS, "money=3"))) & set(all_ids)
    assert not set(ids(bench(*WORDS, "mechanism.lapse=ageing"))) & set(all_ids)
    members = ids(bench(*WORDS, "members=[alpha,bravo]")) if {"alpha", "bravo"} <= {*load("toy").donors.ids} else []
    assert not set(members) & set(all_ids)


def test_an_identity_is_the_same_in_another_process(tmp_path: Path) -> None:
    code = (
        "from experiments.test_sweep_plan import bench, ids\n"
        "from donorlab.experiments.sweeps.worker import sources_here\n"
        "print(ids(bench()), sources_here(bench()))"
    )
    tests = str(Path(__file__).parents[1])
    environment = os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": tests}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment, cwd=tmp_path
    )
    assert done.stdout.strip() == f"{ids(bench())} {worker.sources_here(bench())}"


@pytest.mark.usefixtures("own_mechanisms")
def test_what_makes_the_numbers_is_named(toy: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    def of_a_test(*_: object) -> None: ...

    register_mechanism("lapse", "of_a_test", of_a_test)
    made_by = identity.sources([toy])
    assert set(made_by) == {"sim", "plugins", "numba", "numpy"}
    assert made_by["plugins"] == {}
    before = identity.short(made_by)
    monkeypatch.setattr(numba, "__version__", "0.0")
    assert identity.short(identity.sources([toy])) != before
    third = identity.sources([toy], [("lapse", "of_a_test")])["plugins"]
    assert list(third) == [__name__.partition(".")[0]]


def test_sources_that_changed_under_a_process_are_refused(toy: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_LOADED", "0" * 64)
    with pytest.raises(InputError, match="changed after this process had loaded them"):
        identity.sources([toy])


def test_the_sources_of_a_plug_in_are_those_of_its_whole_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "third_party_of_a_test"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "rule.py").write_text("")
    helper = package / "helper.py"
    helper.write_text("a = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    before = identity.sources_of(package.name)
    helper.write_text("a = 2\n")
    with pytest.raises(InputError, match="its files changed after this process had loaded them"):
        identity.sources_of(package.name)
    identity._loaded_plugins.clear()
    assert identity.sources_of(package.name) != before
    assert identity._package("third_party_of_a_test.rule") == package.name


@pytest.mark.parametrize(
    ("name", "counts"), [("table.csv", True), ("code.so", True), ("x.pyc", False), (".gitignore", True)]
)
def test_data_of_a_plug_in_are_sources_and_caches_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, counts: bool
) -> None:
    package = tmp_path / "with_data_of_a_test"
    (package / "__pycache__").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, package.name, raising=False)
    monkeypatch.setattr(identity, "_loaded_plugins", {})
    before = identity.sources_of(package.name)
    (package / "__pycache__" / "rule.bin").write_bytes(b"x")
    (package / name).write_text("a\n1\n")
    identity._loaded_plugins.clear()
    assert (identity.sources_of(package.name) != before) == counts


def test_a_worker_refuses_the_manifest_of_another_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = bench()
    (tmp_path / worker.MANIFEST).write_text(json.dumps({"plan": plain_json(made.plan.as_plain())}))
    source = identity.short(worker.sources_here(made))
    monkeypatch.setattr(worker, "_PATIENCE", 0.0)
    monkeypatch.setattr(worker, "_benches", {})
    right = worker.Task(str(tmp_path), digest_of(made.plan.as_plain()), source, ((1, 2),), "a")
    assert worker._bench(right).plan.digest == made.plan.digest
    with pytest.raises(InputError, match="finds the manifest of another sweep"):
        worker._bench(dataclasses.replace(right, sweep="another"))


def test_seeds_are_the_same_for_all_points_or_each_points_own() -> None:
    same, own = asked.read(WORDS).plan, asked.read((*WORDS, "seeds=own")).plan
    assert [same.seed_of(same.place(run)) for run in range(1, 9)] == [1, 1, 2, 2, 1, 1, 2, 2]
    assert [own.seed_of(own.place(run)) for run in range(1, 9)] == [1, 1, 2, 2, 1001, 1001, 1002, 1002]


def test_levers_that_a_baseline_reads_are_known(toy: Scenario) -> None:
    """Runs of one point and seed share a baseline: a lever that it reads must make another one."""

    def of_baseline(scenario: Scenario) -> str:
        return digest_of(provenance.as_plain(sim.baseline(scenario, 1)))

    apart = toy.replace(own_effort=0.05, turnover=0.01, joint_programming="on", register="plans", division="cell")
    before = of_baseline(apart)
    read = set()
    for row in parameter_table():
        if row.kind != "lever" or row.range is None:
            continue
        for value in (row.range[0], row.range[-1]):
            other = apart.replace(**{row.name: value})
            if of_baseline(other) != before:
                read.add(row.name)
                assert baseline_key(other) != baseline_key(apart)
    assert read == set(worker.NO_LEVERS_BUT)
    assert of_baseline(apart.replace(architecture="central", members=(toy.donors.ids[0],))) == before
