"""Figures: claims from numbers, nothing cut off, nothing on top of something else."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from donorlab.experiments import canvas, ensemble, figures, figures_of_break_even, figures_of_worth, rivals, words
from donorlab.experiments.comparison import Comparison, Study, study
from donorlab.experiments.disagreements import chosen, variants
from donorlab.experiments.outcomes import cents, euros, percent, written, written_difference
from donorlab.sim.scenario import Scenario
from experiments import fake

STAMP = figures.Stamp("fake", "money=300", "seeds 1-3", "a" * 64, "b" * 64, "0.1")


def whole_study(names: tuple[str, ...]) -> Study:
    scenarios = {name: fake.scenario(states=60, architecture=name) for name in names}
    contest = None
    if len(names) > 1:
        contest = rivals.Contest(tuple(variants(scenarios, chosen(["true"]))), tuple(range(1, 17)))
    return study(scenarios, (1, 2), ensemble.plan(scenarios[names[0]], 32), True, True, contest)


@pytest.fixture
def comparison(model: None) -> Comparison:
    names = ("fragmented", "central")
    return study({name: fake.scenario(states=134, architecture=name) for name in names}, (1, 2, 3)).comparison


def test_titles_are_claims_with_the_numbers_of_the_data(comparison: Comparison) -> None:
    drawn = {item.name: item for item in figures.draw_comparison(comparison, STAMP)}
    data = drawn["efficiency_and_duplication"].data.set_index("architecture")
    title = drawn["efficiency_and_duplication"].title
    assert percent(data.loc["fragmented", "efficiency"]) in title
    assert percent(data.loc["central", "efficiency"]) in title
    assert cents(data.loc["fragmented", "duplication_share"]) in title
    mean = comparison.runs.groupby("architecture")["orphans"].mean()
    assert f"{mean['fragmented']:.0f} of 134" in drawn["who_is_served"].title
    lines = drawn["capacity_over_time"].data
    end = lines[(lines["architecture"] == "fragmented") & (lines["quarter"] == 56)].iloc[0]
    assert f"{100 * (end['capacity'] - end['capacity_no_aid']):.1f}" in drawn["capacity_over_time"].title


@pytest.mark.parametrize(
    "architectures",
    [
        ("fragmented",),
        ("fragmented", "central"),
        ("fragmented", "umbrella", "conditional", "umbrella_conditional", "central"),
        ("fragmented", "umbrella", "conditional", "umbrella_conditional", "pledge", "credit", "central"),
    ],
)
def test_text_is_large_enough_inside_the_page_and_apart(model: None, architectures: tuple[str, ...]) -> None:
    found = list(figures.draw_all(whole_study(architectures), STAMP, 0.02))
    assert ("rivals" in [drawn.name for drawn in found]) == (len(architectures) > 1)
    for drawn in found:
        assert_legible(drawn)


def assert_legible(drawn: canvas.Drawn) -> None:
    """No text is too small, outside the page or on top of another."""
    draw = FigureCanvasAgg(drawn.figure)
    draw.draw()
    page = drawn.figure.bbox
    hidden = _ticks_out_of_view(drawn.figure)
    boxes = []
    for text in drawn.figure.findobj(Text):
        if not text.get_text().strip() or not text.get_visible() or text in hidden:
            continue
        assert text.get_fontsize() >= 7, text
        box = text.get_window_extent()
        assert box.x0 >= -1, text
        assert box.x1 <= page.x1 + 1, text
        assert box.y0 >= -1, text
        assert box.y1 <= page.y1 + 1, text
        boxes.append((text.get_text(), box))
    for (one, a), (two, b) in itertools.combinations(boxes, 2):
        if one == two and a.bounds == b.bounds:
            continue  # a tick label found twice
        wide = min(a.x1, b.x1) - max(a.x0, b.x0)
        high = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert wide <= 1 or high <= 1, f"{drawn.name}: '{one}' on '{two}'"


def _ticks_out_of_view(figure: Figure) -> set[Text]:
    """Return labels of ticks that matplotlib keeps but does not draw."""
    hidden: set[Text] = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
            for tick in ticks:
                if not low - 1e-9 <= tick.get_loc() <= high + 1e-9:
                    hidden |= {tick.label1, tick.label2}
    return hidden


def test_figures_do_not_depend_on_the_users_style(comparison: Comparison) -> None:
    import matplotlib as mpl

    plain = [item.figure for item in figures.draw_comparison(comparison, STAMP)]
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        styled = [item.figure for item in figures.draw_comparison(comparison, STAMP)]
        assert mpl.rcParams["font.size"] == 30
    for one, two in zip(plain, styled, strict=True):
        assert _pixels(one) == _pixels(two)


def _pixels(figure: Figure) -> bytes:
    draw = FigureCanvasAgg(figure)
    draw.draw()
    return bytes(draw.buffer_rgba())


def test_labels_are_spread_in_order() -> None:
    assert canvas.spread([1.0, 5.0], 1.0) == [1.0, 5.0]
    placed = canvas.spread([2.0, 2.1, 2.05, 9.0], 1.0)
    assert sorted(range(4), key=lambda i: placed[i]) == [0, 2, 1, 3]
    assert min(b - a for a, b in itertools.pairwise(sorted(placed))) >= 1 - 1e-9
    assert sum(placed[:3]) / 3 == pytest.approx(2.05)


def test_lines_fit_the_width_they_were_broken_for() -> None:
    text = "Donors who act alone realise less than a single donor would " * 4
    lines = canvas.wrapped(text, 9, "bold", 8.0)
    assert " ".join(lines) == text.strip()
    assert all(canvas.text_width_cm(line, 9, "bold") <= 8.0 for line in lines)


def test_numbers_in_words() -> None:
    assert written(0.1234, "share") == "12.3%"
    assert written(float("nan"), "share") == "-"
    assert written(1234.56, "number") == "1,234.6"
    assert written_difference(0.1, "share") == "+10.0"
    assert written_difference(-0.1, "share") == "-10.0"
    assert written_difference(-0.0000001, "share") == "0.0"
    assert percent(0.004) == "0.4%"
    assert cents(0.01) == "1 cent"
    assert cents(0.18) == "18 cents"
    assert euros(250) == "EUR 250m"
    assert euros(0.8) == "EUR 0.8m"


def test_one_replication_has_no_noise(model: None) -> None:
    runs = study({"fragmented": fake.scenario()}, (1,)).comparison
    for drawn in figures.draw_comparison(runs, STAMP):
        assert isinstance(drawn.data, pd.DataFrame)
        assert _pixels(drawn.figure)


def test_figures_of_worth_claim_what_their_data_say(model: None) -> None:
    found = whole_study(("fragmented", "umbrella", "central"))
    drawn = {item.name: item for item in figures.draw_all(found, STAMP, 0.02)}
    assert "Umbrella beats fragmented by 2 points or more in 32 of 32 futures" in drawn["futures"].title
    assert len(drawn["futures"].data) == 2 * 32
    assert "41 cents would have bought the same gain" in drawn["losses"].title
    assert "the largest loss is 'came to nothing', 17 cents" in drawn["losses"].title
    assert set(drawn["losses"].data["bar"]) >= {"effective", "lapse", "pipeline", "congestion"}
    assert "From overhead 0.1 on umbrella is worse than fragmented" in drawn["break_even"].title


def test_titles_name_what_can_be_chosen() -> None:
    """Not only the lowest and the highest, which are seldom the umbrella; and never the reference alone."""
    five = [("umbrella", 0.36), ("conditional", 0.32), ("umbrella_conditional", 0.39), ("central", 0.48)]
    assert canvas.ends(five) == five
    seven = [*five[:3], ("pledge", 0.30), ("credit", 0.33), five[3]]
    assert canvas.ends(seven) == [("umbrella_conditional", 0.39), ("pledge", 0.30), ("central", 0.48)]
    names = ("fragmented", "umbrella", "conditional", "umbrella_conditional", "central")
    counts = {name: ensemble.Futures(10 + i, 5, i, 0) for i, name in enumerate(names[1:])}
    title = figures_of_worth._futures_claim(counts, "fragmented", 0.02)
    assert title.endswith("futures considered (worse in 2), conditional in 11 (worse in 1), umbrella in 10")


def test_a_break_even_title_tells_where_a_difference_is_too_small() -> None:
    rows = [
        {
            "parameter": "decision_lag",
            "value": x,
            "architecture": "umbrella",
            "seed": seed,
            "difference": (8.5 - x) / 100,
        }
        for x in range(9)
        for seed in (1, 2)
    ]
    title = figures_of_break_even._claim(pd.DataFrame(rows), "fragmented", 0.02)
    assert title == (
        "No difference to fragmented changes its sign beyond chance, but that of umbrella is under 2 points at decision "
        "lag above 6.5"
    )


@pytest.mark.parametrize("count", [4, 5, 9])
def test_many_break_even_lines_have_a_panel_each(count: int) -> None:
    names = ["fragmented", *(f"proposal-number-{i}" for i in range(count))]
    rows = [
        {"parameter": setting, "value": x, "architecture": who, "seed": seed, "difference": (i - x) / 100 + seed / 500}
        for setting, values in (("overhead", (0.0, 0.25)), ("observation_probability", (0.0, 0.6)))
        for x in values
        for i, who in enumerate(names[1:])
        for seed in (1, 2)
        if (setting, i) != ("overhead", 0)
    ]
    drawn = figures_of_break_even.break_even(pd.DataFrame(rows), names, STAMP, 0.02)
    assert _pixels(drawn.figure)
    bands = [len(axes.collections) for axes in drawn.figure.axes]
    told = {text.get_text().replace("\n", "") for text in drawn.figure.findobj(Text)}
    assert set(names[1:]) <= told
    if count <= 4:
        assert sorted(bands)[-2:] == [count, count]
        return
    assert sum(bands) == 2 * count - 1
    assert max(bands) == 1
    assert len({axes.get_ylim() for axes in drawn.figure.axes}) == 2  # a scale a column
    assert "-" in told  # where a setting does nothing
    boxes = [axes.get_position() for axes in drawn.figure.axes]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])


def test_how_to_read_fits_below_few_income_groups(toy: Scenario) -> None:
    names = ("fragmented", "umbrella", "central")
    found = study({name: toy.replace(architecture=name) for name in names}, (1,)).comparison
    drawn = next(item for item in figures.draw_comparison(found, STAMP) if item.name == "who_is_served")
    FigureCanvasAgg(drawn.figure).draw()
    note = next(text for text in drawn.figure.texts if text.get_text().startswith("Numbers over a panel"))
    key = [text for axes in drawn.figure.axes for text in axes.texts if "darlings:" in text.get_text()]
    assert key
    assert all(text.get_window_extent().y0 > note.get_window_extent().y1 for text in key)


def test_names_of_states_stand_on_no_dot(model: None) -> None:
    found = study({"fragmented": fake.scenario(states=134)}, (1, 2)).comparison
    drawn = next(item for item in figures.draw_comparison(found, STAMP) if item.name == "who_is_served")
    draw = FigureCanvasAgg(drawn.figure)
    draw.draw()
    (axes,) = [axes for axes in drawn.figure.axes if axes.collections]
    dots = [
        (axes.transData.transform(place), (size**0.5 / 2) * drawn.figure.dpi / 72)
        for group in axes.collections
        for place, size in zip(group.get_offsets(), group.get_sizes(), strict=True)
    ]
    named = [text for text in axes.texts if text.get_text().startswith("S")]
    assert len(dots) == 134
    assert named
    for text in named:
        box = text.get_window_extent()
        for (x, y), radius in dots:
            near = max(box.x0 - x, x - box.x1, 0) ** 2 + max(box.y0 - y, y - box.y1, 0) ** 2
            assert near >= (0.8 * radius) ** 2, text


def test_a_figure_says_how_many_replications_it_rests_on(model: None) -> None:
    scenarios = {name: fake.scenario(architecture=name) for name in ("fragmented", "umbrella")}
    found = study(scenarios, tuple(range(1, 13)), ensemble.plan(scenarios["fragmented"], 4), True)
    drawn = {item.name: item for item in figures.draw_all(found, STAMP, 0.02)}
    assert drawn["break_even"].stamp.seeds == "seeds 1-8"
    words = " ".join(" ".join(text.get_text() for text in drawn["break_even"].figure.texts).split())
    assert "Mean of 8 paired replications" in words
    assert "seeds 1-8" in words
    assert set(drawn["break_even"].data["replications"]) == {8}
    assert drawn["losses"].stamp == STAMP


def test_names_are_readable_and_one_is_one() -> None:
    assert words.label("umbrella_conditional") == "umbrella + conditional"
    assert words.label("rotating_summit") == "rotating summit"
    assert words.in_lines("umbrella_conditional") == "umbrella +\nconditional"
    assert words.counted(0.96, "orphan") == "1 orphan"
    assert words.counted(0, "orphan") == "0 orphans"


def test_no_raw_name_stands_in_a_figure(model: None) -> None:
    for drawn in figures.draw_all(
        whole_study(("fragmented", "umbrella_conditional", "umbrella", "central")), STAMP, 0.02
    ):
        for text in drawn.figure.findobj(Text):
            assert "_" not in text.get_text(), drawn.name
