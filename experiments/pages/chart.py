"""What a picture of the report is, and how a Vega-Lite chart becomes one: an SVG that loads nothing and is read in grey."""

from __future__ import annotations

import html
import json
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from donorlab.experiments.arguments import InputError
from donorlab.experiments.canvas import DASHES, INK
from donorlab.experiments.words import label as plain_label

NOTICE: Final = "Boundaries and names imply no endorsement; model result under stated assumptions."
WIDTH: Final = 640
"""Pixels of a picture at its natural size."""
NARROWEST: Final = 460
"""Pixels below which a picture is not made smaller, because its letters would be; a narrower page scrolls it."""
FONT: Final = "Arial, 'Liberation Sans', Helvetica, sans-serif"
SIZE: Final = 13
SMALL: Final = 12
GAIN: Final = "#1d4f82"
LOSS: Final = "#c8702a"
FAINT_GAIN: Final = "#a9c4de"
FAINT_LOSS: Final = "#f0c39a"
SAME: Final = "#e4e4e4"
QUIET: Final = "#5c5c5c"
"""Of words that are not the point; a contrast of 6.7 on white."""
HATCHED: Final = {LOSS: "#7a3f0f", FAINT_LOSS: "#a8622a"}
"""Colours that are hatched, with the colour of their lines: what loses is told from what gains without any colour."""
MINUS: Final = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Chart:
    """A picture with all that a page needs of it.

    Attributes
    ----------
    name : a word, different for each picture of a page; begins the identifiers inside the SVG
    spec : the chart in Vega-Lite, with its data; empty for a map, which is drawn directly
    svg : the picture; it holds no script and names no address
    alt : what it shows, in words made from its numbers
    data : the numbers, for a real table
    """

    name: str
    spec: dict[str, Any]
    svg: str
    alt: str
    data: pd.DataFrame


def needed() -> tuple[Any, Any]:
    """Return the packages ``altair`` and ``vl_convert``.

    Raises
    ------
    InputError
        If one is not installed; the message says what to do.
    """
    try:
        import altair
        import vl_convert
    except ImportError:
        raise InputError(
            "report: altair and vl-convert-python are not installed; install the extra (pip install 'donorlab[report]')"
        ) from None
    return altair, vl_convert


# ---------------------------------------------------------------------- words
def label(name: str) -> str:
    """Return the name of an architecture or a parameter as the page writes it: the field as it is by a name that tells it."""
    return "donors apart" if name == "fragmented" else plain_label(name)


def signed(value: float, decimals: int = 1) -> str:
    """Return a number with its sign, a true minus; nothing has none."""
    text = f"{value:+z.{decimals}f}"
    return text[1:] if float(text) == 0 else text.replace("-", MINUS)


def listed(words: Sequence[str]) -> str:
    """Return ``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def word_of(name: str) -> str:
    """Return a name as a part of an identifier."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


# ---------------------------------------------------------------------- drawing
def note(text: str) -> Any:
    """Return the lines above a chart that say how to read it."""
    altair, _ = needed()
    lines = textwrap.wrap(text, 96)
    return altair.TitleParams(lines, fontSize=SMALL, fontWeight="normal", color=QUIET, anchor="start", offset=8)


def headed(text: str) -> Any:
    """Return the name above a panel."""
    altair, _ = needed()
    return altair.TitleParams(text, fontSize=SMALL + 1)


def dash(index: int) -> list[float]:
    """Return how the line of an architecture is broken, by its place."""
    found = DASHES[index % len(DASHES)]
    return [1, 0] if isinstance(found, str) else [2 * float(x) for x in found[1]]


def finished(name: str, chart: Any, alt: str, data: pd.DataFrame) -> Chart:
    """Return the picture of an Altair chart.

    Parameters
    ----------
    name : of the picture
    chart : of Altair
    alt : what it shows
    data : for the table
    """
    _, converter = needed()
    spec = styled(chart).to_dict()
    spec.pop("$schema", None)  # an address; nothing loads it, and nothing may look as if it did
    svg = converter.vegalite_to_svg(json.dumps(spec))
    return Chart(name, spec, compact(name, svg, alt), alt, data.reset_index(drop=True))


def styled(chart: Any) -> Any:
    """Return a chart in the style of all."""
    axis = {
        "labelFontSize": SMALL, "titleFontSize": SMALL, "labelColor": INK, "titleColor": QUIET, "titleFontWeight": "normal",
        "gridColor": "#e6e6e6", "domainColor": "#8a8a8a", "tickColor": "#8a8a8a", "labelLimit": 260,
    }  # fmt: skip
    return (
        chart.configure(font=FONT, background="transparent", aria=False, padding=4)
        .configure_view(strokeWidth=0)
        .configure_axis(**axis)
        .configure_text(fontSize=SMALL, color=INK, font=FONT)
        .configure_legend(
            labelFontSize=SMALL, titleFontSize=SMALL, titleFontWeight="normal", labelColor=INK, labelLimit=260
        )
        .configure_header(
            labelFontSize=SIZE, labelFontWeight="bold", labelColor=INK, titleFontSize=SMALL, labelLimit=300
        )
        .configure_title(fontSize=SIZE, fontWeight="bold", color=INK, anchor="start", font=FONT)
        .configure_concat(spacing=14)
    )


def compact(name: str, svg: str, alt: str) -> str:
    """Return an SVG that can stand beside others in a page: smaller, scaled by the page, identifiers of its own, hatched."""
    svg = re.sub(r"-?\d+\.\d{2,}", lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), svg)
    svg = re.sub(r'\b(id|href|xlink:href)="(#?)', rf'\1="\2{name}-', svg)
    svg = re.sub(r"url\(#", f"url(#{name}-", svg)
    size = re.search(r'<svg[^>]*?viewBox="0 0 ([\d.]+) ([\d.]+)"[^>]*>', svg)
    if size is None:
        raise ValueError(f"{name}: no size in the picture")
    inside = svg[size.end() : svg.rindex("</svg>")]
    inside = re.sub(r' (?:role|aria-[a-z]+)="[^"]*"', "", inside)  # the picture has one description, not one a mark
    for colour in HATCHED:
        inside = inside.replace(f'fill="{colour}"', f'fill="url(#{name}-{_pattern(colour)})"')
    used = [colour for colour in HATCHED if f"#{name}-{_pattern(colour)})" in inside]
    return framed(name, float(size[1]), float(size[2]), alt, defined(name, used) + inside)


def framed(name: str, width: float, height: float, alt: str, inside: str) -> str:
    """Return an SVG of a size, with its description for those who do not see it."""
    style = f"width:100%;max-width:{width:.0f}px;min-width:{min(width, NARROWEST):.0f}px;height:auto;display:block"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{name}" class="chart" role="img" aria-label="{html.escape(alt)}" '
        f'viewBox="0 0 {width:g} {height:g}" style="{style}" font-family="{FONT}">{inside}</svg>'
    )


def _pattern(colour: str) -> str:
    return f"hatch-{colour[1:]}"


def defined(name: str, colours: Sequence[str], scale: float = 1.0, mark: str = "") -> str:
    """Return the hatches of colours as an SVG defines them.

    Parameters
    ----------
    name : of the picture
    colours : keys of `HATCHED`
    scale : of the group in which they are used, so that lines keep their distance in pixels
    mark : ends their identifiers
    """
    if not colours:
        return ""
    made = "".join(
        f'<pattern id="{name}-{_pattern(colour)}{mark}" width="5" height="5" patternUnits="userSpaceOnUse" '
        f'patternTransform="scale({1 / scale:.6g}) rotate(45)"><rect width="5" height="5" fill="{colour}"/>'
        f'<line x1="0" y1="0" x2="0" y2="5" stroke="{HATCHED[colour]}" stroke-width="2.4"/></pattern>'
        for colour in colours
    )
    return f"<defs>{made}</defs>"
