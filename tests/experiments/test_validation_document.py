"""``tests/VALIDATION.md`` says what the frozen file says. ``python tests/experiments/test_validation_document.py --write``."""

import ast
import re
import sys
from pathlib import Path

from donorlab.experiments.validation.frame import LEVELS, tolerances

TESTS = Path(__file__).parents[1]
DOCUMENT = TESTS / "VALIDATION.md"
START, END = "<!-- rows: made from tolerances.yaml -->\n", "<!-- /rows -->"


def rows_named_in(path):
    """Row names that a test file carries in the names of its tests, or in its first docstring (``T1 to T4`` too).

    A table ``ROWS`` at its top names rows by their published models: these are ``P1/literature``.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = " ".join(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    tables = [node.value for node in tree.body if isinstance(node, ast.Assign) and _named(node.targets[0]) == "ROWS"]
    words = [node.value for table in tables for node in ast.walk(table) if isinstance(node, ast.Constant)]
    found = {f"{word}/literature" for word in words if re.fullmatch(r"[TCP]\d", str(word))}
    found |= {name.upper() for name in re.findall(r"\btest_([tcp]\d)[a-z]?_", names)}
    text = ast.get_docstring(tree) or ""
    found |= set(re.findall(r"\b[TCP]\d\b", text))
    for kind, first, last in re.findall(r"\b([TCP])(\d) to \1(\d)\b", text):
        found |= {f"{kind}{number}" for number in range(int(first), int(last) + 1)}
    return found


def _named(node):
    return getattr(node, "id", getattr(node, "attr", ""))


def files_by_row():
    found = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        if path != Path(__file__):
            for name in rows_named_in(path):
                found.setdefault(name, []).append(f"`{path.relative_to(TESTS).as_posix()}`")
    return found


def table():
    columns = ("row", "level", "where", "what", "prediction", "source", "known from", "passes if", "check", "tests")
    covered = files_by_row()
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    for row in tolerances().rows:
        check = f"not yet: waits for {row.waits_for}" if row.waits_for else "`donorlab validate`"
        cells = (row.id, row.level, row.where, row.title, row.prediction, row.source, row.read, row.passes, check,
                 ", ".join(sorted({*covered.get(row.id, []), *covered.get(row.key, [])}) or ["-"]))  # fmt: skip
        assert not any("|" in cell for cell in cells)
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, "", f"Frozen {tolerances().frozen}; SHA-256 of the file `{tolerances().digest}`."]


def parts():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text.count(START) == 1
    head, rest = text.split(START)
    body, tail = rest.split(END)
    return head, body, tail


def test_the_document_is_the_one_made_from_the_frozen_file():
    assert parts()[1] == "\n".join(table()) + "\n", f"run: python {Path(__file__).relative_to(TESTS.parent)} --write"


def test_every_row_and_every_level_stands_in_the_document():
    head, body, _ = parts()
    for row in tolerances().rows:
        assert f"| {row.id} | {row.level} | {row.where} |" in body
    names = {row.id for row in tolerances().rows}
    assert names == {f"T{n}" for n in range(1, 10)} | {f"C{n}" for n in range(1, 7)} | {f"P{n}" for n in range(1, 10)}
    for level in LEVELS:
        assert f"| {level} | " in head


def test_theorems_of_the_engine_have_tests():
    covered = files_by_row()
    for name in ("T5", "T6", "T7", "T9"):
        assert covered.get(name), f"no test carries the name of {name}"


def test_names_of_rows_are_read_from_tests(tmp_path):
    path = tmp_path / "test_x.py"
    path.write_text('"""T1 to T3 and P9: words."""\ndef test_t5a_is_so():\n    pass\ndef test_p1_rule():\n    pass\n')
    assert rows_named_in(path) == {"T1", "T2", "T3", "P9", "T5", "P1"}
    path.write_text(
        'ROWS = {"a": ("P2", f), "b": "P3", 4: 5}\nOTHER = {"P4": 1}\n'
        'def test_x():\n    assert judged(requirement("C5", "world"), "P6")\n'
    )
    assert rows_named_in(path) == {"P2/literature", "P3/literature"}


def test_rows_that_are_tried_under_the_name_of_their_model_have_tests():
    covered = files_by_row()
    for name in ("C3", "P2", "P3", "P5", "P6", "P7"):
        assert "`experiments/test_reproduce.py`" in covered[f"{name}/literature"]


if __name__ == "__main__" and "--write" in sys.argv:
    before, _, after = parts()
    DOCUMENT.write_text(before + START + "\n".join(table()) + "\n" + END + after, encoding="utf-8")
