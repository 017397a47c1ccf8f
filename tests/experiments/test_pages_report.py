"""``donorlab report``: which folders go together, what the page holds, and mistakes in one line."""

from __future__ import annotations

import datetime
import html.parser
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

pytest.importorskip("altair")
pytest.importorskip("vl_convert")

from donorlab.experiments.pages import blocks, page, printing
from donorlab.experiments.pages.case import Case
from donorlab.experiments.pages.chart import NOTICE
from donorlab.experiments.pages.gathered import gathered
from experiments.conftest import Shell

SMALL = ("toy", "architectures=[fragmented,umbrella]", "replications=2", "draws=12", "workers=1")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small comparison, made once."""
    here = tmp_path_factory.mktemp("report")
    done = Shell(here)("compare", *SMALL, f"out={here / 'compare'}")
    assert done.exit_code == 0, done.output
    return here


@pytest.fixture(scope="module")
def made(results: Path) -> str:
    done = Shell(results)("report", str(results / "compare"), f"out={results / 'page'}")
    assert done.exit_code == 0, done.output
    assert "Left out, for want of results: winners, membership" in done.stdout
    return (results / "page" / "report.html").read_text(encoding="utf-8")


class Reader(html.parser.HTMLParser):
    """What a page loads, its headings, and tags left open."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.ids: list[str] = []
        self.headings: list[int] = []
        self.open: list[str] = []
        self.void = {"meta", "link", "br", "img", "input", "hr"}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = dict(attrs)
        if own.get("id"):
            self.ids.append(str(own["id"]))
        self.loads += [str(own[name]) for name in ("src", "data", "action", "poster") if own.get(name)]
        if tag == "link" or (tag in ("use", "image") and own.get("href")):
            self.loads.append(str(own.get("href")))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while self.open and self.open.pop() != tag:
                pass


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader


def test_the_page_is_one_file_that_loads_nothing(made: str) -> None:
    found = read(made)
    assert [one for one in found.loads if not one.startswith(("#", "data:"))] == []
    assert "@import" not in made
    assert len(made.encode()) < page.LARGEST


def test_identifiers_are_unique_and_headings_skip_no_level(made: str) -> None:
    found = read(made)
    assert len(found.ids) == len(set(found.ids))
    assert found.headings[0] == 1
    assert found.headings.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(found.headings, found.headings[1:], strict=False))


def test_page_one_asks_answers_and_explains_its_words(made: str) -> None:
    first = made[made.index('id="answer"') : made.index("<nav")]
    assert "Would umbrella serve states better than donors who act apart?" in first
    assert re.search(r"in \d+ of 12 futures considered", first)
    for word in (
        "Future:",
        "Points:",
        "Donors who act apart:",
        "When does umbrella pay?",
        "What evidence would change this?",
    ):
        assert word in first
    assert "donorlab robust tells which assumption" in first
    assert "uncertain numbers are drawn" in first


def test_what_is_missing_is_named_and_nothing_stands_in_its_place(made: str) -> None:
    nav = made[made.index("<nav") : made.index("</nav>")]
    assert "whether donors would join and stay (<code>donorlab membership</code>)" in nav
    anchors = re.findall(r'<li><a href="#s-([a-z-]+)">', nav)
    assert {"comparison", "losses", "break-even", "judgements", "assumptions", "limits", "provenance"} <= set(anchors)
    assert not {"membership", "validation", "ignorance"} & set(anchors)


def test_every_amount_in_the_page_has_a_price_year(made: str) -> None:
    seen = re.sub(r"<(script|style)\b.*?</\1>", "", made, flags=re.DOTALL)
    amounts = re.findall(r"(?:EUR|USD) [+-]?[\d.,]*\d[^<]{0,60}", seen)
    assert len(amounts) >= 4
    assert all("prices" in one for one in amounts), [one for one in amounts if "prices" not in one]


def test_every_picture_and_table_carries_the_notice(made: str) -> None:
    seen = re.sub(r"<script\b.*?</script>", "", made, flags=re.DOTALL)
    pictures, tables = seen.count("<figure>"), seen.count("<table>")
    assert pictures >= 4
    assert tables >= 3
    assert seen.count(NOTICE) >= pictures + 2
    assert seen.count("<caption>") == tables


def test_the_same_results_give_the_same_page(results: Path, made: str) -> None:
    when = datetime.datetime(2026, 1, 1)
    one, other = (page.written(Case(gathered([results / "compare"])), when) for _ in range(2))
    assert one == other
    assert "made 1 January 2026" in one


def test_a_folder_of_folders_stands_for_them(results: Path, tmp_path: Path) -> None:
    shutil.copytree(results / "compare", tmp_path / "all" / "one")
    assert [one.path.name for one in gathered([tmp_path / "all"]).folders] == ["one"]


def test_names_of_users_are_text_and_never_html(results: Path, tmp_path: Path) -> None:
    shutil.copytree(results / "compare", tmp_path / "compare")
    manifest = tmp_path / "compare" / "manifest.json"
    plain = json.loads(manifest.read_text(encoding="utf-8"))
    plain["configuration"]["proposals"] = {
        "umbrella": {"title": "<script>alert(1)</script>", "description": "<b>x</b>", "assumed": ["<i>"]}
    }
    plain["words"] = ["<img src=x>"]
    manifest.write_text(json.dumps(plain), encoding="utf-8")
    text = page.written(Case(gathered([tmp_path / "compare"])), pd.Timestamp("2026-01-01").to_pydatetime())
    assert "<script>alert" not in text
    assert "<b>x</b>" not in text
    assert "<img src=x>" not in text
    assert "&lt;script&gt;alert(1)" in text


# ---------------------------------------------------------------------- mistakes
def test_mistakes_are_one_line(results: Path, shell: Shell, tmp_path: Path) -> None:
    compare = str(results / "compare")
    assert "name the folders of the results" in shell.refused("report")
    assert "does not exist" in shell.refused("report", "nowhere")
    assert "is named twice" in shell.refused("report", compare, compare)
    assert "has no such key" in shell.refused("report", compare, "money=100")
    assert "neither true nor false" in shell.refused("report", compare, "names=perhaps")
    (tmp_path / "file").write_text("x")
    assert "is not a folder" in shell.refused("report", str(tmp_path / "file"))
    assert "exists and is not empty" in shell.refused("report", compare, f"out={results}")


def other(results: Path, place: Path, **changes: Any) -> str:
    """Return a copy of the comparison whose manifest says something else."""
    shutil.copytree(results / "compare", place)
    manifest = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
    manifest.update(changes)
    (place / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return str(place)


def test_folders_that_do_not_go_together_are_refused(results: Path, shell: Shell, tmp_path: Path) -> None:
    compare = str(results / "compare")
    configuration = json.loads((results / "compare" / "manifest.json").read_text(encoding="utf-8"))["configuration"]
    trace = other(results, tmp_path / "trace", command="trace")
    assert "holds results of `donorlab trace`; a report reads those of compare, winners" in shell.refused(
        "report", compare, trace
    )
    winners = other(
        results, tmp_path / "winners", command="winners", configuration={**configuration, "scenario": "world"}
    )
    assert "is of the scenario world" in shell.refused("report", compare, winners)
    alone = other(results, tmp_path / "alone", command="winners")
    assert "none of the folders is a comparison" in shell.refused("report", alone)
    second = other(results, tmp_path / "second", configuration_hash="1")
    assert "is a second folder of `donorlab compare`" in shell.refused("report", compare, second)


def test_a_damaged_folder_is_told_by_its_file(results: Path, shell: Shell, tmp_path: Path) -> None:
    broken = other(results, tmp_path / "broken")
    (Path(broken) / "waterfall.csv").write_text("nothing,here\n1,2\n")
    assert "waterfall.csv: has no column 'bar'" in shell.refused("report", broken)
    (Path(broken) / "waterfall.csv").unlink()
    assert "has no waterfall.csv; put a copy" in shell.refused("report", broken)
    lacking = other(results, tmp_path / "lacking", configuration={"scenario": "toy"})
    assert "lacks 'smallest_difference'" in shell.refused("report", lacking)


def test_without_chromium_a_pdf_is_refused_before_anything_is_made(
    results: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing.shutil, "which", lambda name: None)
    assert "no Chromium is found" in shell.refused("report", str(results / "compare"), "pdf=true")
    assert "no Chromium is found" in shell.refused("report", str(results / "compare"), "--pdf")


def test_folders_with_other_settings_are_told(results: Path, tmp_path: Path) -> None:
    configuration = json.loads((results / "compare" / "manifest.json").read_text(encoding="utf-8"))["configuration"]
    other(
        results,
        tmp_path / "winners",
        command="winners",
        configuration={**configuration, "settings": ["money=1"]},
        source_hash="0" * 64,
    )
    notes = gathered([results / "compare", tmp_path / "winners"]).notes
    assert any("`winners` has other settings (money=1) than the comparison (none)" in text for text in notes)
    assert any("not all made by the same version" in text for text in notes)


# ---------------------------------------------------------------------- pieces
def test_cells_write_numbers_as_a_reader_wants_them() -> None:
    write = blocks.number_cell(pd.Series([1.0, 2.0, float("nan")]))
    assert [write(1.0), write(float("nan"))] == ["1", "\N{EN DASH}"]
    assert blocks.number_cell(pd.Series([12.34, -0.5]))(-0.5) == "\N{MINUS SIGN}0.5"
    assert blocks.percent_cell(1)(0.1234) == "12.3%"
    assert blocks.signed_cell(1)(-0.04) == "0.0"
    assert blocks.text_cell(True) == "yes"
    assert blocks.text_cell(None) == "\N{EN DASH}"


def test_a_long_table_says_what_it_leaves_out() -> None:
    text = blocks.table(pd.DataFrame({"a": range(203)}), "Many")
    assert "3 more rows are in the files." in text
    assert text.count("<tr>") == 201


def test_own_words_get_a_price_year_and_leave_out_what_they_must(tmp_path: Path) -> None:
    from donorlab.experiments.opened import Opened
    from donorlab.experiments.pages.own_words import dated, own_words

    assert dated("Payments of EUR 0.9m a year would do; -1.5 points.") == (
        "Payments of EUR 0.9 million a year (2021 prices) would do; \N{MINUS SIGN}1.5 points."
    )
    assert dated("EUR 0.1m to 0.3m a year, USD 5m-10m, EUR .12-.41m a task") == (
        "EUR 0.1 to 0.3 million a year (2021 prices), USD 5 to 10 million (2021 prices), EUR .12 to .41 million "
        "(2021 prices) a task"
    )
    assert dated("UN-led 2013-2024") == "UN-led 2013-2024"
    (tmp_path / "manifest.json").write_text('{"command": "buys"}')
    folder = Opened(tmp_path)
    assert own_words(folder) == ""
    (tmp_path / "report.txt").write_text("Head:\n below <b>\nMissed: Togo.\n")
    text = own_words(folder, ("Missed",))
    assert "Togo" not in text
    assert "below &lt;b&gt;" in text
    (tmp_path / "report.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(Exception, match="cannot be read; put a copy"):
        own_words(folder)
