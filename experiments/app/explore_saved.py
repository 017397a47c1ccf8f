"""Explore: the HTML by which a choice leaves the page: a proposal's file, the words to type, a report."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from markupsafe import Markup

from donorlab.experiments.app import saved
from donorlab.experiments.app.explore_state import Exploration
from donorlab.experiments.words import label


def kept(page: Exploration) -> Markup:
    """Return how the choice is saved."""
    files = {name: saved.to_yaml(page.choice, name) for name in saved.names(page.choice)}
    parts = Markup("").join(
        Markup(
            '<p><a class="button" download="{}" href="data:text/yaml;charset=utf-8,{}" data-key="file-{}">Save {} as '
            "{}</a></p>"
            '<details data-key="yaml-{}"><summary>The file</summary><pre tabindex="0">{}</pre></details>'
        ).format(saved.file_name(name), quote(text), name, label(name), saved.file_name(name), name, text)
        for name, text in files.items()
    ) or Markup(
        '<p class="note">Set a lever that a design after the first uses, and it can be saved as a proposal.</p>'
    )
    line = saved.line(page.choice)
    return Markup(
        "<h2>Take it with you</h2>{}<p>The same numbers, and finer ones, on the command line:</p>"
        '<pre tabindex="0" class="line">{}</pre><p><button type="button" data-act="copied" data-copy="{}" '
        'data-key="copy">Copy the line</button> '
        '<a class="button" href="./watch?{}">Watch a run of it</a></p>{}'
        '<p class="note">The address of this page holds all that is set: keep it, or send it.</p>'
    ).format(parts, line, line, urlencode(page.choice.to_query()), _report(page))


def _report(page: Exploration) -> Markup:
    done = (
        Markup('<p><a class="button" href="{}" download data-key="fetch">Fetch the report</a></p>').format(
            page.report_address
        )
        if page.report_address
        else Markup("")
    )
    busy = page.report.startswith("Making")
    return Markup(
        '<h3>As a report</h3><p class="note">Runs 20 draws and 100 futures of this choice with all processors, and makes '
        "the page that "
        '<code>donorlab report</code> makes.</p><p><button type="button" data-act="report" data-key="report"{}>Make the '
        "report</button> "
        "<span data-say>{}</span></p>{}"
    ).format(Markup(" disabled") if busy else "", page.report, done)
