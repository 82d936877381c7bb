"""Puts the page together: what stands where, and that it stays small and asks for nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from lossdoctor.words import Finding, FixProposal, Panel, Report, short

from ..plain import one_line, visible
from ..wording import Certainty, certainty, duration, grouped, percent, place_words, what_if_words
from .charts import Chart, chart
from .code import CodeLine, change_lines, source_lines
from .cure import cure_view
from .prose import prose
from .whatif import skill_rows, what_ifs

__all__ = ["LIMIT", "HtmlReporter", "render_html"]

LIMIT = 2_000_000
"""Bytes. A page that would be larger is made again with fewer points."""

POINTS = (1_000, 400, 150)
"""Points a curve, from the best page to the smallest."""


# A number and its unit stay on one line.
_UNIT = re.compile(r"(?<=\d) (?=(?:%|s|min|h)(?!\w))")


class HtmlReporter:
    """Renders report.html."""

    name = "html"
    suffix = ".html"

    def render(self, report: Report, *, width: int | None = None, colour: bool = False) -> str:
        return render_html(report)


@dataclass(frozen=True, slots=True)
class FixView:
    """A fix with its change as lines of code, or as words."""

    fix: FixProposal
    lines: tuple[CodeLine, ...]


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding with all that stands on its card."""

    rank: int
    finding: Finding
    source: tuple[CodeLine, ...]
    fixes: tuple[FixView, ...]
    words: Certainty
    charts: tuple[Chart, ...]
    under: tuple[FindingView, ...] = ()


def render_html(report: Report) -> str:
    """The whole page as text, at most `LIMIT` bytes: with fewer points a curve where there are very
    many, and in the last resort without the pictures that belong to no finding."""
    page = ""
    for points in POINTS:
        page = _page(report, report.panels, points)
        if len(page.encode("utf-8", "replace")) <= LIMIT:
            return page
    named = {panel for finding in report.findings for panel in finding.panels}
    shown = tuple(panel for panel in report.panels if panel.id in named)
    for few in (shown, shown[:8], ()):
        page = _page(report, few, POINTS[-1])
        if len(page.encode("utf-8", "replace")) <= LIMIT:
            break
    return page


def _page(report: Report, panels: Sequence[Panel], points: int) -> str:
    charts = {panel.id: chart(panel, points) for panel in panels}
    used: set[str] = set()
    views = []
    for group in grouped(report.findings):
        under = tuple(_view(0, f, report, charts, used) for f in group.consequences)
        views.append(_view(group.rank, group.finding, report, charts, used, under))
    arms = what_ifs(report.arms, min(points, 200))
    cure = cure_view(report, min(points, 200))
    trials = cure.trials if cure is not None else ()
    return _template().render(
        report=report,
        findings=views,
        what_ifs=arms,
        what_if_words=what_if_words(report) if report.arms else "",
        cure=cure,
        skills=skill_rows(report),
        others=[c for key, c in charts.items() if key not in used],
        dropped=len(report.panels) - len(panels),
        data=_data([*charts.values(), *(arm.chart for arm in (*arms, *trials) if arm.chart is not None)]),
        css=Markup(_text("style.css")),
        js=Markup(_text("page.js")),
        js_hash=_hash(_text("page.js")),
        page_of=report.pages,
    )


def _view(
    rank: int,
    finding: Finding,
    report: Report,
    charts: dict[str, Chart],
    used: set[str],
    under: tuple[FindingView, ...] = (),
) -> FindingView:
    # A picture is shown once, beside the first finding that names it.
    shown = tuple(charts[key] for key in dict.fromkeys(finding.panels) if key in charts and key not in used)
    used.update(one.id for one in shown)
    return FindingView(
        rank=rank,
        finding=finding,
        source=source_lines(finding.where, report) if finding.where else (),
        fixes=tuple(FixView(fix, change_lines(fix.snippet)) for fix in finding.fixes),
        words=certainty(finding, report),
        charts=shown,
        under=under,
    )


def _data(charts: Sequence[Chart | None]) -> Markup:
    """What the pointer reads, as JSON that cannot end its script element."""
    table = {one.id: one.data for one in charts if one is not None and one.kind != "table" and hasattr(one, "data")}
    text = json.dumps(table, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def _finalize(value: object) -> object:
    """Every value on its way into the page: control characters and surrogates made visible."""
    if isinstance(value, Markup):
        return value
    return _UNIT.sub("\u00a0", visible(value)) if isinstance(value, str) else value


@lru_cache(maxsize=1)
def _template() -> Template:
    env = Environment(
        loader=PackageLoader("lossdoctor.reports.html", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_finalize,
    )
    env.filters.update(short=short, line=one_line, prose=prose, percent=percent, duration=duration)
    env.filters.update(place=place_words, pct=lambda share: f"{share * 100:.2f}%")
    return env.get_template("page.html.j2")


@lru_cache(maxsize=4)
def _text(name: str) -> str:
    return (resources.files("lossdoctor.reports.html") / "templates" / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
