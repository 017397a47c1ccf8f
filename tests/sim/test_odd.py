"""The specification is kept true: its tables are the ones made from code, and whatever is in the code stands in it.

``python tests/sim/test_odd.py --write`` writes the tables anew.
"""

import dataclasses
import importlib
import inspect
import pkgutil
import re
import sys
from pathlib import Path

import pytest
import yaml

from donorlab.scenarios import load, parameter_table
from donorlab.scenarios.parameters import RANGES
from donorlab.sim import mechanisms as package
from donorlab.sim import simulate
from donorlab.sim.architectures import architecture_names, get_architecture
from donorlab.sim.credit import RULES
from donorlab.sim.mechanisms import get_mechanism, mechanism_names, phases
from donorlab.sim.outcomes.catalogue import CATALOGUE
from donorlab.sim.outcomes.waterfall import BARS
from donorlab.sim.parameters import Parameters

ODD = Path(__file__).parents[2] / "sim" / "ODD.md"
UNITS = {item.name: item.metadata["unit"] for item in dataclasses.fields(Parameters)}
SOURCE = re.compile(r"\bSources?:\s*(.*?)(?:\n\n|$)", re.DOTALL)


def modules():
    """The modules of all mechanisms, in the order of their sections."""
    found = [
        importlib.import_module(f"{package.__name__}.{item.name}") for item in pkgutil.iter_modules(package.__path__)
    ]
    return sorted(found, key=lambda module: (not module.__doc__[0].isdigit(), module.__doc__))


def source_of(module):
    """What a mechanism's documentation names as its source, or calls an assumption; empty if neither."""
    text = inspect.cleandoc(module.__doc__)
    if found := SOURCE.search(text):
        return " ".join(found[1].split())
    return next((" ".join(part.split()) for part in re.split(r"[;.]\s", text) if "assumption" in part), "")


def equation_of(module):
    """What a mechanism's documentation says it does, without its title and its source."""
    title, _, body = inspect.cleandoc(module.__doc__).partition("\n")
    body = body.strip().split("\n\n")[0]
    if not body:
        return title
    what = " ".join(SOURCE.sub("", body).split())
    return what.replace("``", "`")


def parameters_of(module):
    """Parameters that a mechanism's module reads, with their units."""
    names = re.findall(r"\b(?:p|parameters|design)\.(\w+)", inspect.getsource(module))
    return [f"`{name}` ({UNITS[name]})" for name in dict.fromkeys(names) if name in UNITS]


def _range(row):
    if row.range is None:
        return "fixed"
    return " .. ".join(str(value) for value in row.range)


def _own(phase):
    """The model's own mechanisms: a plug-in that another test has registered is not among them."""
    return [n for n in mechanism_names(phase) if get_mechanism(phase, n).__module__.startswith("donorlab.sim.")]


def floors_of(rule):
    """Whether a rule of credit is bounded, and the floors that it claims for 2 to 5 donors."""
    if not rule.bounded:
        return "no", "none", "none"
    sharp = [rule.floor(n, one_task_cells=True) for n in range(2, 6)]
    return "yes", f"{rule.floor(2):g}", " ".join(f"{share:.4f}".rstrip("0").lstrip("0") for share in sharp)


def _table(columns, rows):
    """Lines of a table; a bar inside a cell would end it."""
    assert not any("|" in str(cell) for row in rows for cell in row)
    head = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    return head + [f"| {' | '.join(str(cell) for cell in row)} |" for row in rows]


def tables():
    own = {name: get_architecture(name) for name in architecture_names()}
    own = {name: item for name, item in own.items() if type(item).__module__.startswith("donorlab.sim.")}
    return {
        "parameters": _table(
            ("parameter", "unit", "default", "range", "kind", "meaning", "source"),
            [
                (f"`{row.name}`", row.unit, row.default, _range(row), row.kind, row.meaning, row.source)
                for row in parameter_table()
            ],
        ),
        "outcomes": _table(
            ("outcome", "unit", "formula"),
            [(f"`{name}`", unit, formula) for name, (unit, formula) in CATALOGUE.items()],
        ),
        "bars": _table(("bar", "what it is"), [(f"`{name}`", text) for name, text in BARS]),
        "architectures": _table(
            ("architecture", "what it is", "source"),
            [(f"`{name}`", item.summary, item.source) for name, item in own.items()],
        ),
        "phases": _table(
            ("phase", "mechanisms"),
            [(f"`{phase}`", ", ".join(f"`{n}`" for n in _own(phase))) for phase in phases()],
        ),
        "mechanisms": _table(
            ("mechanism", "what it does", "parameters (unit)", "source"),
            [
                (
                    inspect.cleandoc(module.__doc__).partition("\n")[0].rstrip("."),
                    equation_of(module),
                    ", ".join(parameters_of(module)) or "-",
                    source_of(module),
                )
                for module in modules()
            ],
        ),
        "credit": _table(
            ("rule", "who gets what", "bounded", "floor", "one-task cells", "source"),
            [(f"`{name}`", rule.summary, *floors_of(rule), rule.source) for name, rule in RULES.items()],
        ),
    }


def between(text, name):
    start, end = f"<!-- {name}: made from code -->\n", f"<!-- /{name} -->"
    assert text.count(start) == 1, f"ODD.md has no table of {name}"
    return start, text.split(start)[1].split(end)[0], end


def odd():
    return ODD.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", tables())
def test_tables_are_the_ones_made_from_code(name):
    assert between(odd(), name)[1] == "\n".join(tables()[name]) + "\n", f"run: python {Path(__file__).name} --write"


def stated(given, default):
    """Whether what the file gives as a range is one that holds the default, or says ``fixed``."""
    if given == "fixed":
        return True
    if not isinstance(given, list) or len(set(given)) < 2:
        return False
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in given)
    return given[0] <= default <= given[-1] if numbers else default in given


def test_every_parameter_has_unit_range_kind_and_source():
    file = yaml.safe_load(RANGES.read_bytes())["parameters"]
    assert {row.name for row in parameter_table()} == set(UNITS) == set(file)
    for row in parameter_table():
        for text in (row.unit, row.kind, row.meaning, row.source):
            assert str(text).strip(), row.name
        assert stated(file[row.name].get("range"), row.default), row.name
        assert (row.range is None) == (file[row.name]["range"] == "fixed"), row.name
        assert (_range(row) == "fixed") == (row.range is None), row.name


@pytest.mark.parametrize("given", [None, "", [], [1.0], [1.0, 1.0], [2.0, 3.0], ["a", "b"], "free"])
def test_a_range_that_is_none_is_noticed(given):
    assert not stated(given, 1.0)


def test_every_rule_of_credit_is_described():
    body = between(odd(), "credit")[1]
    assert body.count("\n") == len(RULES) + 2
    for name, rule in RULES.items():
        assert f"| `{name}` | {rule.summary} |" in body
        assert rule.source.strip()
    for file in ("credit.py", "game.py", "rounds.py"):
        assert f"`{file}`" in odd()
        assert f"`{file}`" in ODD.with_name("README.md").read_text(encoding="utf-8")


def test_every_outcome_of_a_run_has_a_unit_and_a_formula():
    assert set(simulate(load("toy")).outcomes) == set(CATALOGUE)
    assert all(unit.strip() and formula.strip() for unit, formula in CATALOGUE.values())


def test_every_bar_of_a_run_is_described():
    assert list(simulate(load("toy")).waterfall.shares) == [name for name, _ in BARS]


def test_every_architecture_and_mechanism_is_described():
    text = odd()
    for name in architecture_names():
        if type(get_architecture(name)).__module__.startswith("donorlab.sim."):
            assert f"`{name}`" in text
    described = {module.__name__ for module in modules()}
    for phase in phases():
        for name in mechanism_names(phase):
            module = get_mechanism(phase, name).__module__
            assert module in described or not module.startswith("donorlab.sim.")


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.__name__.rpartition(".")[2])
def test_every_mechanism_names_its_source(module):
    assert source_of(module), f"{module.__name__}: its documentation names no Source and no assumption"
    assert equation_of(module)


def test_a_mechanism_without_a_source_is_noticed():
    class Bare:
        __doc__ = "4.9 Something: that happens.\n\nIt happens often."

    assert source_of(Bare) == ""


# --- equations -------------------------------------------------------------------------------------------------

OPERATION = re.compile(r"\s(=|>=|<=)\s|(floor|exp|clip|min|max)\(|\s[*/]\s")


def has_equation(block):
    """Whether one of its code spans computes something."""
    return any(OPERATION.search(span) for span in re.findall(r"`([^`]+)`", block))


def blocks(text):
    """Paragraphs, items of lists and rows of tables that were written by hand, sections 2 to 6."""
    for name in tables():
        text = text.replace("".join(between(text, name)), "")
    text = text.split("\n## 2. ")[1].split("\n## 7. ")[0]
    for paragraph in re.split(r"\n\n|\n(?=- |#|\d\. |\*\*|\*[A-Z])", text):
        if paragraph.lstrip().startswith("|"):
            yield from paragraph.splitlines()[2:]
        else:
            yield paragraph


def sourced(block):
    if block.startswith("|"):
        return bool(block.strip("|").split("|")[-1].strip()) and block.count(" | ") >= 2
    return bool(re.search(r"\[source: [^\]]+\]", block))


def test_every_equation_names_its_source():
    with_equation = [block for block in blocks(odd()) if has_equation(block)]
    assert len(with_equation) >= 30
    bare = [block.strip()[:160] for block in with_equation if not sourced(block)]
    assert not bare, "\n\n".join(bare)


def test_an_equation_without_a_source_is_noticed():
    text = odd().replace("\n\n### 4.3 ", "\n\nSo `x = 1 / 2`.\n\n### 4.3 ")
    assert sum(not sourced(block) for block in blocks(text) if has_equation(block)) == 1


def write():
    document = odd()
    for key, rows in tables().items():
        head, body, tail = between(document, key)
        document = document.replace(head + body + tail, head + "\n".join(rows) + "\n" + tail)
    ODD.write_text(document, encoding="utf-8")


if __name__ == "__main__" and "--write" in sys.argv:
    write()
