"""A page with a fault is told of it: what every other test of a page leans on."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import browser as support
from tests.browser import (
    Browser,
    Opened,
    accessibility_violations,
    complaints,
    opened,
    pages_of,
    printed,
    running_browser,
    screenshot,
    screenshot_until,
    too_wide,
    torn_figures,
    words_until,
)

pytestmark = pytest.mark.browser
WORD = "Pneumonoultramicroscopicsilicovolcanoconiosis" * 2
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A file with *body* in its main part, and nothing to complain about around it."""

    def written(body: str, head: str = "") -> Path:
        path = tmp_path / "a page (1).html"
        path.write_text(
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title>'
            '<meta name="color-scheme" content="light dark">'
            f"{head}</head><body><main><h1>A page</h1>{body}</main></body></html>",
            encoding="utf-8",
        )
        return path

    return written


def rules(page: Opened) -> list[str]:
    return [line.partition(":")[0] for line in accessibility_violations(page)]


def test_nothing_is_said_of_a_good_page(browser: Browser, write: Write) -> None:
    with opened(
        browser, write("<p>Good.</p><img alt='' src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>")
    ) as page:
        assert accessibility_violations(page) == []
        assert too_wide(page) == []
        assert page.errors == []
        assert page.requests == []
        assert page.do(lambda tab: tab.inner_text("h1")) == "A page"


def test_a_violation_says_which_rule_and_where(browser: Browser, write: Write) -> None:
    with opened(browser, write('<img id="logo" src="data:,">')) as page:
        (line,) = accessibility_violations(page)
    assert line.startswith("image-alt: Images must have alternative text: #logo (")


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ('<p style="color: #999; background: #fff">pale</p>', "color-contrast"),
        (
            '<p>See <a href="#a" style="color: #00e; text-decoration: none">here</a> or there</p>',
            "link-in-text-block",
        ),
        ("<h4>Four</h4>", "heading-order"),
        ("<input>", "label"),
        ("<ul><p>no item</p></ul>", "list"),
        (
            '<button style="padding: 0; border: 0; width: 9px; height: 9px" aria-label="a"></button>' * 2,
            "target-size",
        ),
    ],
)
def test_rules_of_every_kind_are_asked(browser: Browser, write: Write, body: str, rule: str) -> None:
    with opened(browser, write(body)) as page:
        assert rule in rules(page)


def test_dark_is_judged_apart_from_light(browser: Browser, write: Write) -> None:
    dark = "body { background: #111; color: #eee } p { color: #333 }"
    path = write("<p>pale</p>", f"<style>@media (prefers-color-scheme: dark) {{ {dark} }}</style>")
    with opened(browser, path) as page:
        assert rules(page) == []
    with opened(browser, path, dark=True) as page:
        assert rules(page) == ["color-contrast"]


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("body", "where"),
    [
        ('<div><p class="far" style="width: 500px">wide</p></div>', "p.far ends at 508 px of 320"),
        (f'<section id="s"><p>{WORD}</p></section>', r"section#s p ends at \d{3} px of 320"),
        ('<p style="position: absolute; left: 300px; width: 90px">out</p>', "p ends at 390 px of 320"),
        (
            '<style>p::after { content: "  "; padding-left: 400px }</style><p>x</p>',
            "the page ends at .* of 320",
        ),
    ],
)
def test_what_sticks_out_is_named(browser: Browser, write: Write, body: str, where: str) -> None:
    with opened(browser, write(body)) as page:
        (line,) = too_wide(page)
        assert re.fullmatch(where, line)
        assert page.do(lambda tab: tab.evaluate("innerWidth")) == 1280
        assert too_wide(page, 1280) == []


def test_what_scrolls_in_a_box_of_its_own_does_not_stick_out(browser: Browser, write: Write) -> None:
    with opened(
        browser, write('<div style="overflow-x: auto"><p style="width: 500px">wide</p></div>')
    ) as page:
        assert too_wide(page) == []


def test_failures_of_scripts_are_kept(browser: Browser, write: Write) -> None:
    body = (
        "<script>console.log('fine'); console.error('told', 3)</script><script>throw Error('thrown')</script>"
    )
    with opened(browser, write(body)) as page:
        assert page.errors == ["told 3", "thrown"]
        page.do(lambda tab: tab.evaluate("setTimeout(() => console.error('later'))"))
        assert page.errors[2:] == ["later"]
    with opened(browser, write("")) as page:
        assert page.errors == []


@pytest.mark.parametrize(
    ("body", "address"),
    [
        ("<img alt='' src='http://127.0.0.1:9/x'>", "http://127.0.0.1:9/x"),
        ("<script>fetch('http://127.0.0.1:9/y').catch(() => 0)</script>", "http://127.0.0.1:9/y"),
        ("<script>new WebSocket('ws://127.0.0.1:9/z')</script>", "ws://127.0.0.1:9/z"),
        ("<style>h1 { background: url(https://example.com/p.png) }</style>", "https://example.com/p.png"),
        ("<script src='beside.js'></script>", "file://.*/beside.js"),
    ],
)
def test_a_request_is_noticed_and_goes_nowhere(
    browser: Browser, write: Write, body: str, address: str
) -> None:
    with opened(browser, write(body)) as page:
        (asked,) = page.requests
        assert re.fullmatch(address, asked)
        assert len(page.errors) >= 1


def test_width_and_paper_are_what_the_page_is_told(browser: Browser, write: Write) -> None:
    matches = "query => matchMedia(query).matches"
    with opened(browser, write(""), width=640) as page:
        assert page.do(lambda tab: tab.evaluate(matches, "screen and (width: 640px) and (resolution: 1x)"))
    with opened(browser, write(""), paper=True) as page:
        assert page.do(lambda tab: tab.evaluate(matches, "print"))


@pytest.mark.parametrize("pages", [1, 2, 12])
def test_sheets_of_paper_are_counted(browser: Browser, write: Write, pages: int) -> None:
    part = '<p style="break-after: page">one sheet</p>'
    with opened(browser, write(part * (pages - 1) + "<p>the last</p>")) as page:
        pdf = printed(page)
    assert pdf.startswith(b"%PDF-")
    assert pages_of(pdf) == pages


@pytest.mark.parametrize("before", ["screen", "paper"])
def test_paper_has_the_style_of_paper(browser: Browser, write: Write, before: str) -> None:
    style = "<style>@media print { p { break-after: page } } @media screen { p { height: 9000px } }</style>"
    with opened(browser, write("<p>one</p><p>two</p>last", style), paper=before == "paper") as page:
        assert pages_of(printed(page)) == 3


def test_a_picture_is_the_same_every_time(browser: Browser, write: Write, tmp_path: Path) -> None:
    style = "<style>p { animation: fade 1s infinite } @keyframes fade { to { opacity: 0 } }</style>"
    pictures = []
    for number in (1, 2):
        path = tmp_path / f"{number}.png"
        with opened(browser, write("<p>Text</p>" * 99, style)) as page:
            screenshot(page, path)
        pictures.append(path.read_bytes())
    assert pictures[0] == pictures[1]
    width, height = (int.from_bytes(pictures[0][start : start + 4], "big") for start in (16, 20))
    assert width == 1280
    assert height > 800


def test_a_picture_of_the_top_ends_with_an_element(browser: Browser, write: Write, tmp_path: Path) -> None:
    path = tmp_path / "top.png"
    with opened(
        browser, write("<p>One <b>and</b>\n two</p><p id=last>three</p><p>four</p>"), width=500
    ) as page:
        screenshot_until(page, path, "#last")
        assert words_until(page, "#last") == "A page One and two three"
        end = page.do(lambda tab: tab.locator("#last").bounding_box())
    assert end is not None
    width, height = (int.from_bytes(path.read_bytes()[start : start + 4], "big") for start in (16, 20))
    assert width == 500
    assert height == pytest.approx(end["y"] + end["height"] + 16, abs=1)


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ('<p style="color: light-dark(#999, #fff)">pale</p>', "light: color-contrast"),
        (
            '<p style="color: light-dark(#000, #555); background: light-dark(#fff, #111)">pale</p>',
            "dark: color-contrast",
        ),
        (
            "<style>@media (width <= 320px) { p { color: #aaa } }</style><p>pale</p>",
            "telephone: color-contrast",
        ),
        (
            '<p style="width: 4ch; overflow-wrap: anywhere"><data value="1">1234567</data></p>',
            "telephone: 1234567",
        ),
        ('<div style="width: 900px">wide</div>', "at 768 px: "),
        ("<style>@media print { div { width: 900px } }</style><div>wide</div>", "on paper: "),
        ("<script>console.error('broken')</script>", "console: broken"),
        ('<img alt="" src="https://example.com/a.png">', "asked for https://example.com/a.png"),
    ],
)
def test_every_reader_is_heard(browser: Browser, write: Write, body: str, complaint: str) -> None:
    with opened(browser, write(body)) as page:
        assert complaint in " | ".join(complaints(page))


def test_every_reader_is_content_with_a_good_page(browser: Browser, write: Write) -> None:
    with opened(browser, write('<p>Good: <data value="1">1,234,567.89</data></p>')) as page:
        assert complaints(page) == []


def test_a_figure_with_a_space_may_take_two_lines(browser: Browser, write: Write) -> None:
    with opened(browser, write('<p style="width: 3ch"><data value="1">123 GiB</data></p>')) as page:
        assert torn_figures(page) == []


def test_letters_have_a_shape(browser: Browser, write: Write) -> None:
    """Without a font every text is a row of boxes of one width."""
    with opened(browser, write("<span>iiiiiiii</span><br><span>WWWWWWWW</span>")) as page:
        narrow, wide = page.do(
            lambda tab: [box["width"] for each in tab.locator("span").all() if (box := each.bounding_box())]
        )
    assert 0 < narrow < wide / 2


def test_an_open_page_leaves_the_test_an_event_loop(browser: Browser, write: Write) -> None:
    with opened(browser, write("")):
        assert asyncio.run(asyncio.sleep(0, "slept")) == "slept"


def test_a_failure_in_the_page_is_the_tests(browser: Browser, write: Write) -> None:
    with opened(browser, write("")) as page, pytest.raises(ZeroDivisionError):
        page.do(lambda _: 1 // 0)


def test_without_a_browser_it_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(support, "PROGRAM", tmp_path / "chromium")
    with pytest.raises(RuntimeError, match="run `make engine-browser`"), running_browser():
        pass
