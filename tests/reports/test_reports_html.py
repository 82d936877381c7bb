from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import math
import re
import shutil
import struct
import subprocess
import zlib
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from nasty import nasty_report

from lossdoctor.reports.demo import demo_report
from lossdoctor.reports.html import LIMIT, render_html
from lossdoctor.reports.html.charts import line_chart
from lossdoctor.reports.html.code import source_lines
from lossdoctor.reports.html.pixels import colour, heat_image
from lossdoctor.reports.html.prose import prose
from lossdoctor.reports.html.scale import fitted
from lossdoctor.reports.html.thin import block_means, thinned
from lossdoctor.words import HeatPanel, LinePanel, Place, Report, Series, TablePanel

VOID = {"meta", "link", "img", "br", "input", "hr", "path"}


class Page(HTMLParser):
    """Elements with their attributes, and whether they nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"{tag} closes what is not open"

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("script", "style"):
            self.words.append(data)


def empty() -> Report:
    return Report("train.py", "torch", "learning", "It learns.", 10, 1.0)


@pytest.mark.parametrize("make", [demo_report, nasty_report, empty])
def test_it_loads_nothing(make: object) -> None:
    page = Page(render_html(make()))  # type: ignore[operator]
    assert page.open == []
    for tag, attributes in page.elements:
        for name, value in attributes.items():
            if name in ("src", "srcset", "data", "poster", "action", "formaction") or (tag == "link" and name == "href"):
                assert (value or "").startswith("data:"), (tag, name)
            assert not name.startswith("on"), (tag, name)
        assert tag not in ("iframe", "object", "embed", "base", "form", "video", "audio")
        if tag == "a":
            assert re.match(r"https?://", attributes["href"] or "")
            assert "noopener" in (attributes.get("rel") or "")
    assert not re.search(r"@import|url\(", render_html(make()))  # type: ignore[operator]
    policy = next(a["content"] for t, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None and policy.startswith("default-src 'none'")


def test_user_strings_stay_text() -> None:
    text = render_html(nasty_report())
    page = Page(text)
    assert "<script>alert(1)" not in text
    assert sum(tag == "script" for tag, _ in page.elements) == 2
    words = "".join(page.words)
    assert "<script>alert(1)</script></script>[bold]x[/bold]{{ 7*7 }}" in words and "49`" not in words
    assert "\x1b" not in text and "\u202e" not in text
    # Everything that a user can name is there as text: the file, the summary, the source line.
    for start in (
        "train.py",
        "The learning rate 0.02",
        "optimizer = torch.optim.Adam",
        "ridge on lags",
        "forget bias 1",
    ):
        assert re.search(re.escape(start).replace(r"\ ", r"\s"), words)


def test_the_data_for_the_pointer_is_json_in_one_piece() -> None:
    text = render_html(nasty_report())
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    assert found is not None and "<" not in found[1]
    data = json.loads(found[1])
    assert {"loss", "updates", "through-time", "what-if-skill"} <= set(data)
    areas = set(re.findall(r'data-chart="([^"]*)"', text))
    assert areas == set(data)


def test_the_only_script_that_may_run_is_ours() -> None:
    text = render_html(nasty_report())
    script = re.findall(r"<script>(.*?)</script>", text, re.S)
    assert len(script) == 1
    digest = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text


def test_headings_go_down_one_at_a_time() -> None:
    levels = [int(tag[1]) for tag, _ in Page(render_html(demo_report())).elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_ids_are_unique_and_labels_point_somewhere() -> None:
    elements = Page(render_html(demo_report())).elements
    ids = [a["id"] for _, a in elements if "id" in a]
    assert len(ids) == len(set(ids))
    for _, attributes in elements:
        if "aria-labelledby" in attributes:
            assert attributes["aria-labelledby"] in ids


def test_each_picture_stands_beside_the_first_finding_that_names_it() -> None:
    text = render_html(demo_report())
    for name in ("loss", "updates", "through-time", "batches"):
        assert text.count(f'id="panel-{name}"') == 1
    cards = text.split("<article")
    assert 'id="panel-loss"' in cards[1] and 'id="panel-batches"' in cards[2]


def test_a_usual_page_is_small_and_a_huge_one_is_made_small() -> None:
    assert len(render_html(demo_report()).encode()) < 400_000
    steps = tuple(float(k) for k in range(20_000))
    panels = tuple(
        LinePanel(f"p{n}", "t", "h", "step", "y",
                  tuple(Series(f"s{k}", steps, tuple(math.sin(x * k + n) for x in steps)) for k in range(8)))
        for n in range(6)
    )  # fmt: skip
    many = tuple(dataclasses.replace(panels[n % 6], id=f"q{n}") for n in range(40))
    page = render_html(dataclasses.replace(demo_report(), panels=many))
    assert len(page.encode()) <= LIMIT and "q39" in page


LIGHT = re.compile(r":root\{(.*?)\}", re.S)
DARK = re.compile(r":root\[data-theme=dark\]\{(.*?)\}", re.S)


@pytest.mark.parametrize("mode", [LIGHT, DARK])
def test_text_has_enough_contrast_in_both_modes(mode: re.Pattern[str]) -> None:
    css = render_html(empty())
    found = mode.search(css)
    assert found is not None
    colours = dict(re.findall(r"--([\w-]+):(#[0-9a-f]{3,6})\b", found[1]))

    def light(name: str) -> float:
        code = colours[name][1:]
        code = "".join(c * 2 for c in code) if len(code) == 3 else code
        parts = [int(code[k : k + 2], 16) / 255 for k in (0, 2, 4)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(a: str, b: str) -> float:
        high, low = sorted((light(a), light(b)), reverse=True)
        return (high + 0.05) / (low + 0.05)

    for ground in ("paper", "card", "soft"):
        for ink in ("ink", "muted", "accent"):
            assert contrast(ink, ground) >= 4.5, (ink, ground)
    for name in ("error", "warning", "note", "good"):
        if f"{name}-bg" in colours:
            assert contrast(name, f"{name}-bg") >= 4.5, name
        assert contrast(name, "card") >= 4.5, name
    for token in ("k-word", "k-string", "k-number", "k-comment"):
        for ground in ("soft", "here", "add", "remove"):
            assert contrast(token, ground) >= 4.5, (token, ground)
    for curve in ("c0", "c1", "c2", "c3", "c4", "c5", "level"):
        assert contrast(curve, "card") >= 3, curve


def test_thinning_keeps_every_spike() -> None:
    xs = [float(k) for k in range(10_000)]
    ys: list[float | None] = [0.0] * 10_000
    ys[1234], ys[7777] = 5.0, -3.0
    for k in range(4000, 5000):
        ys[k] = None
    points = thinned(xs, ys, 200)
    assert len(points) <= 200
    values = [y for _, y in points]
    assert 5.0 in values and -3.0 in values and None in values
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert thinned([0.0, 1.0], [math.nan, 1.0], 10) == [(0.0, None), (1.0, 1.0)]


def test_block_means_leave_out_what_was_not_measured() -> None:
    cells, tops, lefts = block_means([[1.0, 3.0, None, None], [1.0, 3.0, None, 8.0]], 1, 2)
    assert cells == [[2.0, 8.0]] and tops == [0] and lefts == [0, 2]


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("values", [(0.0, 1.0), (1e-9, 3e4), (5.0, 5.0), (-3.0, 7e8), (1e-300, 2e-300), ()])
def test_every_value_stands_on_its_axis_and_has_ticks(values: tuple[float, ...], log: bool) -> None:
    axis = fitted(values, log=log)
    for value in values:
        share = axis.share(value)
        assert (share is None) if log and value <= 0 else (share is not None and 0 <= share <= 1)
    ticks = axis.ticks(6)
    assert 2 <= len(ticks) <= 14
    assert [t.at for t in ticks] == sorted({t.at for t in ticks})
    assert len({t.label for t in ticks}) == len(ticks)


def test_a_gap_breaks_the_line_and_a_lone_point_is_a_dot() -> None:
    panel = LinePanel("p", "t", "h", "x", "y", (Series("s", (0.0, 1.0, 2.0, 3.0, 4.0), (1.0, 2.0, None, 3.0, None)),))
    path = line_chart(panel, 100).curves[0].path
    assert path.count("M") == 2 and path.count("L") == 1 and path.endswith("h0")


def test_a_loss_that_explodes_is_drawn_on_a_log_scale() -> None:
    panel = LinePanel("p", "t", "h", "x", "loss", (Series("s", tuple(map(float, range(6))), (1, 1, 1, 1, 1, 1e30)),))
    chart = line_chart(panel, 100)
    assert chart.y_label == "loss (log scale)" and chart.data["log"] is True


def test_a_level_far_off_is_named_and_not_drawn() -> None:
    series = Series("s", (0.0, 1.0, 2.0), (1.0, 1.1, 1.2))
    chart = line_chart(LinePanel("p", "t", "h", "x", "y", (series,), levels=((900.0, "far"), (1.15, "near"))), 100)
    assert [label.text for label in chart.levels] == ["near 1.15"] and chart.missing == "far 900"


def test_the_heat_image_holds_each_cell_once() -> None:
    address = heat_image([[0.0, 1.0, None], [0.5, 0.2, 0.75]])
    data = base64.b64decode(address.split(",")[1])
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (3, 2)
    body = data[data.index(b"IDAT") + 4 : data.index(b"IEND") - 8]
    rows = zlib.decompress(body)
    assert rows == bytes([0, 1, 255, 0, 0, 128, 52, 191])
    assert colour(0) == (0x44, 0x01, 0x54) and colour(1) == (0xFD, 0xE7, 0x25)


@pytest.mark.parametrize(
    "panel",
    [
        LinePanel("e", "t", "", "x", "y", ()),
        LinePanel("e", "t", "", "x", "y", (Series("s", (), ()),), log_y=True),
        LinePanel("e", "t", "", "x", "y", (Series("s", (1.0,), (0.0,)),), log_y=True, levels=((0.0, "z"),)),
        LinePanel("e", "t", "", "x", "y", (Series("s", (0.0, 1.0), (math.nan, math.inf)),)),
        HeatPanel("e", "t", "", "x", "y", (), (), ()),
        HeatPanel("e", "t", "", "x", "y", ((None, None),), ("a",), ("b",)),
        HeatPanel("e", "t", "", "x", "y", ((1.0,), (1.0, 2.0)), ("a", "b"), ("c", "d")),
        TablePanel("e", "t", "", (), ()),
        TablePanel("e", "t", "", ("a",), ((1.0,), (None,), ("x",))),
    ],
)
def test_poor_panels_do_not_break_the_page(panel: LinePanel | HeatPanel | TablePanel) -> None:
    page = Page(render_html(dataclasses.replace(demo_report(), panels=(panel,))))
    assert page.open == []
    assert any(a.get("id") == "panel-e" for _, a in page.elements)


def test_the_place_is_marked_in_the_line() -> None:
    line = "\topt = Adam(lr='<b>', x=0.5)"
    lines = source_lines(
        Place("t.py", 2, line.index("x="), line),
        dataclasses.replace(empty(), sources={"t.py": {1: "", 3: "y"}}),
    )
    assert [one.number for one in lines] == ["2", "3"]
    marked = re.search(r"<mark>(.*?)</mark>", lines[0].html)
    assert marked is not None and re.sub(r"<[^>]*>", "", marked[1]) == "x=0.5"
    assert "<b>" not in lines[0].html and "&lt;b&gt;" in lines[0].html


def test_prose_is_escaped_and_links_are_web_links() -> None:
    html = prose("**a** <b> `x<y`\n\n- [p](https://arxiv.org/abs/1) \n- [q](javascript:alert(1))\n\n```\n<i>\n```")
    assert "<strong>a</strong> &lt;b&gt; <code>x&lt;y</code>" in html
    assert '<li><a href="https://arxiv.org/abs/1" rel="noopener noreferrer">p</a></li>' in html
    assert "javascript:" in html and 'href="javascript' not in html
    assert "<pre><code>&lt;i&gt;</code></pre>" in html


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def opened(file: Path, folder: Path) -> tuple[str, str, set[str]]:
    """A page opened in Chromium: its DOM, what the browser logged, and what the page asked for. What the
    browser asks for on its own account has no origin as its initiator, and reaches nobody."""
    net = folder / "net.json"
    done = subprocess.run(
        [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", f"--log-net-log={net}",
         f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=2000", "--dump-dom", file.as_uri()],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    asked = set()
    for event in json.loads(net.read_text(encoding="utf-8", errors="replace"))["events"]:
        params = event.get("params", {})
        if "url" in params and params.get("initiator", "not an origin") != "not an origin":
            asked.add(params["url"])
    return done.stdout, done.stderr, asked


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_a_page_that_does_ask_and_fail_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text('<img src="http://example.invalid/x.png"><script>console.log(1); nothing()</script>')
    _, log, asked = opened(file, tmp_path)
    assert "CONSOLE" in log and asked == {"http://example.invalid/x.png"}


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("make", [demo_report, nasty_report, empty])
def test_a_browser_opens_it_without_a_word_or_a_request(make: object, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(render_html(make()), encoding="utf-8")  # type: ignore[operator]
    dom, log, asked = opened(file, tmp_path)
    assert "CONSOLE" not in log, log
    assert not {url for url in asked if not url.startswith("data:")}
    assert 'class="has-js"' in dom and re.search(r'id="theme"[^>]*>(Dark|Light)<', dom)
