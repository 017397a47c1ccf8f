"""What lets a reader point at a chart: Vega once for a page, and each chart's own specification. Nothing is loaded.

A page is whole without it: pictures are there as SVG, numbers as tables. A button beside a chart puts the live one in its place.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache

from donorlab.experiments.pages.chart import Chart, needed

_GLUE = """
document.querySelectorAll("button[data-chart]").forEach(function (button) {
  var name = button.dataset.chart, specs = JSON.parse(document.getElementById("chart-specs").textContent);
  if (!specs[name]) { return; }
  button.hidden = false;
  button.addEventListener("click", function () {
    var still = document.getElementById(name), place = document.createElement("div");
    still.hidden = true; still.style.display = "none"; button.hidden = true;
    place.className = "live"; place.tabIndex = -1;
    still.parentNode.insertBefore(place, still);
    vegaEmbed(place, specs[name], {mode: "vega-lite", actions: false, renderer: "svg", tooltip: true})
      .then(function () { place.focus(); })
      .catch(function () { place.remove(); still.hidden = false; still.style.display = "block"; });
  });
});
"""


@cache
def library() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script; about 0.9 MB."""
    _, converter = needed()
    return str(converter.javascript_bundle())


def button(chart: Chart) -> str:
    """Return the button that makes a chart live; empty for a map. It is hidden where no script runs."""
    if not chart.spec:
        return ""
    return f'<button type="button" class="live" data-chart="{chart.name}" hidden>Point at the values</button>'


def scripts(charts: Sequence[Chart]) -> str:
    """Return what stands once at the end of a page: the library, the charts' specifications, and what joins them.

    Parameters
    ----------
    charts : of the page; maps among them are passed over
    """
    specs = {chart.name: _pointed(chart.spec) for chart in charts if chart.spec}
    if not specs:
        return ""
    text = json.dumps(specs, separators=(",", ":")).replace("<", "\\u003c")
    bundle = library().replace("</script", "<\\/script")
    return f'<script type="application/json" id="chart-specs">{text}</script><script type="module">{bundle}{_GLUE}</script>'


def _pointed(spec: dict[str, object]) -> dict[str, object]:
    """Return a specification whose marks tell their data where one points at them."""
    config = dict(spec.get("config", {}))  # type: ignore[call-overload]
    config["mark"] = {**config.get("mark", {}), "tooltip": {"content": "data"}}
    return {**spec, "config": config}
