"""Faults of the oracle are caught by what the table says, and only because of them; ``--write`` writes the table in the README."""

import ast
import functools
import importlib
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

import pytest

from faults.break_it import broken, caught, in_force, rewritten
from faults.table import FAULTS, Fault

README = Path(__file__).parents[1] / "README.md"
START, END = "<!-- faults: made from faults/table.py -->\n", "<!-- /faults -->"
OF_ORACLE = [fault for fault in FAULTS if fault.module.startswith("oracle.")]
OF_ENGINE = [fault for fault in FAULTS if fault.module.startswith("donorlab.")]
WITH_ENGINE = {"agreement", "outcomes"}


@functools.cache
def written(module: str) -> set[str]:
    """Names of the tests of a file of ``tests/sim``, read and not imported: that would compile what it tests."""
    file = Path(__file__).parents[1] / "sim" / f"{module}.py"
    return {node.name for node in ast.parse(file.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)}


def known_checks(fault: Fault) -> set[str]:
    """Names of the checks that could notice a fault."""
    if fault in OF_ORACLE:
        from faults.of_oracle import CHECKS

        return set(CHECKS)
    from faults.of_engine import CHECKS
    from faults.of_games import SUITE

    suite = {f"{kind}: {name.removeprefix('test_')}" for kind, file in SUITE.items() for name in written(file)}
    return {*CHECKS, *suite}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_names_what_is_there(fault):
    assert fault in OF_ORACLE or fault in OF_ENGINE, (
        f"{fault.module} is neither oracle nor engine: nobody runs this row"
    )
    _, text = rewritten(fault)  # raises unless the piece to replace stands there exactly once
    compile(text, fault.name, "exec")
    assert fault.right != fault.wrong
    assert fault.caught_by
    assert set(fault.caught_by) <= known_checks(fault)


def test_no_two_faults_have_one_name():
    names = [fault.name for fault in FAULTS]
    assert sorted(names) == sorted(set(names))


@functools.cache
def healthy(name: str, worlds: tuple[tuple[str, int], ...], on: tuple[str, ...]) -> bool:
    """Whether a check passes as things are."""
    from faults.of_oracle import CHECKS

    return not caught(CHECKS[name], Fault("nothing", "", "", "", "", "", worlds=worlds, on=on))


@pytest.mark.parametrize("fault", OF_ORACLE, ids=lambda fault: fault.name)
def test_a_fault_of_the_oracle_is_caught(fault):
    from faults.of_oracle import CHECKS

    for name in fault.caught_by:
        assert healthy(name, fault.worlds, fault.on), f"{name} fails without the fault"
        with in_force(fault):
            assert caught(CHECKS[name], fault), f"{name} does not notice"
    assert WITH_ENGINE & set(fault.caught_by)


def test_a_fault_whose_rule_was_rewritten_is_told():
    with pytest.raises(LookupError, match="stands 0 times"):
        broken(Fault("gone", "4.2", "oracle.wants", "fixed_cost", "no such line", "", ()))


def test_nothing_stays_broken():
    for fault in OF_ORACLE:
        module = importlib.import_module(fault.module)
        before = getattr(module, fault.function)
        with in_force(fault):
            assert getattr(module, fault.function) is not before
        assert getattr(module, fault.function) is before


# --- the table in README ---------------------------------------------------------------------------------------


def table():
    lines = ["| fault | section | where | caught by |", "|---|---|---|---|"]
    for fault in FAULTS:
        where = f"`{fault.module.removeprefix('donorlab.')}.{fault.function}`"
        worded = [c.replace("_", " ") if ": " in c and not c.startswith("direction") else c for c in fault.caught_by]
        checks = "; ".join(worded)
        lines.append(f"| {fault.name.removeprefix('engine: ')} | {fault.section} | {where} | {checks} |")
    alone = [fault.name for fault in FAULTS if fault.caught_by == ("agreement",)]
    told = ", ".join(name.removeprefix("engine: ") for name in alone) or "none"
    return [*lines, "", f"{len(FAULTS)} faults. Caught by agreement of engine and oracle alone: {told}."]


def test_the_table_in_the_readme_is_this_one():
    text = README.read_text(encoding="utf-8")
    assert text.count(START) == 1
    assert text.split(START)[1].split(END)[0] == "\n".join(table()) + "\n", (
        "run: python tests/faults/test_faults.py --write"
    )


if __name__ == "__main__" and "--write" in sys.argv:
    before, rest = README.read_text(encoding="utf-8").split(START)
    README.write_text(before + START + "\n".join(table()) + "\n" + END + rest.split(END)[1], encoding="utf-8")
