"""A real browser that opens one HTML file as a reader does, and what a reader would complain about."""

from __future__ import annotations

import contextlib
import math
import os
import re
import signal
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import FloatRect, Page, ViewportSize, sync_playwright

from localcloud.patience import NotStartedError, Patience, Starting, children
from tests.portfolios import ROOT

T = TypeVar("T")
PROGRAM: Final = ROOT / ".toolchain" / "bin" / "chromium"
TELEPHONE: Final = 320
"""The width at which WCAG 2.2 (1.4.10) asks a page to need no scrolling to the side."""
DESK: Final = 1280
WIDTHS: Final = (TELEPHONE, 768, 1024, 1025, 1216)
"""Of telephone, tablet and windows, and just beside where our style sheets change."""
ALWAYS: Final = ("light", "dark", "telephone")
"""Where contrast is measured."""
PAPER: Final = 718
"""What Chromium's margins leave of A4, in CSS pixels."""
_HEIGHT: Final = 800
_EDGE: Final = 16
_ARGUMENTS: Final = (
    "--font-render-hinting=none",  # letters as wide on every machine
    "--host-resolver-rules=MAP * ~NOTFOUND",  # no name is asked for, not even to connect ahead
)
# The two levels of every version that our pages promise, and what axe calls good practice. Named, because axe
# leaves out by default what WCAG 2.2 brought.
_RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")


@dataclass(frozen=True)
class Browser:
    """A Chromium that lives as long as its block, in a thread of its own.

    Playwright leaves an event loop running in the thread that drives it. In the main thread it would be in
    the way of every later test that starts one, as those of Pulumi components do.
    """

    chromium: Chromium
    thread: ThreadPoolExecutor

    def do(self, action: Callable[[], T]) -> T:
        """What *action* gives in the browser's thread; its failure is the test's."""
        return self.thread.submit(action).result()


@dataclass(frozen=True)
class Opened:
    """One file in a tab of its own, and what it has said and asked for since it was opened."""

    browser: Browser
    tab: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def do(self, action: Callable[[Page], T]) -> T:
        """What *action* gives for Playwright's page, such as `lambda tab: tab.inner_text("h1")`.

        Playwright's page and everything it hands out may be touched in here only.
        """
        return self.browser.do(lambda: action(self.tab))

    @property
    def errors(self) -> list[str]:
        """What failed in its scripts, and what its console shows as an error."""
        self.do(_settled)
        return list(self.said)

    @property
    def requests(self) -> list[str]:
        """Every address that it asked for besides its own; none of them was reached."""
        self.do(_settled)
        return [address for address in self.asked[1:] if address != self.asked[0]]


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A Chromium that lives as long as the block; tests share the one of the fixture `browser`."""
    if not PROGRAM.exists():
        raise RuntimeError("there is no Chromium in .toolchain/bin: run `make engine-browser`")
    before = children()
    with ThreadPoolExecutor(1, "browser") as thread:
        driver = _awaited(thread.submit(sync_playwright().start), before)
        try:
            # Its own patience is a time of the clock; 0 is for ever.
            launch = thread.submit(
                driver.chromium.launch, executable_path=PROGRAM, args=_ARGUMENTS, timeout=0
            )
            yield Browser(_awaited(launch, before), thread)
        finally:
            thread.submit(driver.stop).result()  # takes the browser along


def _awaited(begun: Future[T], before: Collection[int]) -> T:
    """What was begun, as long as the processes live and work that were not there *before*."""
    starting = Starting("Chromium", lambda: children() - set(before), lambda: None)
    try:
        Patience().wait(starting, lambda: begun.done() or None)
    except NotStartedError:
        for pid in starting.processes():  # else their thread would wait for them for ever
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        raise
    return begun.result()


@contextmanager
def opened(
    browser: Browser, path: Path, *, width: int = DESK, dark: bool = False, paper: bool = False
) -> Iterator[Opened]:
    """The file as a reader sees it: on a screen of that width, light or dark, or as it would be printed."""
    page = browser.do(lambda: _open(browser, path, width=width, dark=dark, paper=paper))
    try:
        yield page
    finally:
        page.do(lambda tab: tab.context.close())


def _open(browser: Browser, path: Path, *, width: int, dark: bool, paper: bool) -> Opened:
    context = browser.chromium.new_context(
        viewport={"width": width, "height": _HEIGHT},
        device_scale_factor=1,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        locale="en-US",
        timezone_id="UTC",
        offline=True,
    )
    tab = context.new_page()
    page = Opened(browser, tab)
    tab.on("console", lambda line: page.said.append(line.text) if line.type == "error" else None)
    tab.on("pageerror", lambda error: page.said.append(str(error)))
    tab.on("request", lambda request: page.asked.append(request.url))
    tab.on("websocket", lambda socket: page.asked.append(socket.url))
    if paper:  # saying "screen" otherwise would show that on paper, too
        tab.emulate_media(media="print")
    tab.goto(path.resolve().as_uri())
    return page


def _settled(tab: Page) -> None:
    """Wait until the page has drawn what its scripts changed; what it did meanwhile has been told by then."""
    tab.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")


def complaints(page: Opened, *, contrast: Collection[str] = ALWAYS) -> list[str]:
    """What readers would complain about: at a desk, in the dark, on a telephone and on paper.

    One tab serves all of them, so that a report of many pages is read in seconds. On a long page *contrast*
    may be measured in fewer places, or in none: short pages with the same kinds of elements prove it.
    """
    found = []
    for place, width, dark in (("light", DESK, False), ("dark", DESK, True), ("telephone", TELEPHONE, False)):
        _look(page, width=width, dark=dark)
        violations = accessibility_violations(page, contrast=place in contrast)
        found += [f"{place}: {line}" for line in violations]
    found += [f"telephone: {words} is torn apart" for words in torn_figures(page)]
    _look(page, width=DESK)
    found += [f"at {width} px: {line}" for width in WIDTHS for line in too_wide(page, width)]
    _look(page, width=PAPER, paper=True)
    found += [f"on paper: {line}" for line in too_wide(page, PAPER)]
    _look(page, width=DESK)
    found += [f"console: {line}" for line in page.errors]
    return found + [f"asked for {address}" for address in page.requests]


def _look(page: Opened, *, width: int, dark: bool = False, paper: bool = False) -> None:
    """Go on in the same tab at another width, in the other scheme, or as on paper."""

    def looked(tab: Page) -> None:
        tab.set_viewport_size(ViewportSize(width=width, height=_HEIGHT))
        tab.emulate_media(color_scheme="dark" if dark else "light", media="print" if paper else "null")
        _settled(tab)

    page.do(looked)


def accessibility_violations(page: Opened, *, contrast: bool = True) -> list[str]:
    """What axe finds against WCAG 2.2 A and AA and good practice: a line for each rule and element.

    It judges what is shown at this width, light or dark. A contrast it cannot tell (over a picture) it leaves
    out, and a page that paints no background of its own it takes for white, in the dark, too.
    """
    options = {
        "runOnly": {"type": "tag", "values": _RULES},
        "resultTypes": ["violations"],
        "rules": {"color-contrast": {"enabled": contrast}},
    }
    found: dict[str, Any] = page.do(lambda tab: _asked(tab, options))
    return [
        f"{rule['id']}: {rule['help']}: {' '.join(map(str, node['target']))}{_reason(node)}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def _asked(tab: Page, options: dict[str, Any]) -> Any:
    if not tab.evaluate("'axe' in window"):  # half a megabyte of script, once a tab
        tab.evaluate(Axe().axe_script)
    return tab.evaluate("options => axe.run(options)", options)


def _reason(node: dict[str, Any]) -> str:
    checks = [*node["any"], *node["all"], *node["none"]]
    return f" ({checks[0]['message']})" if checks else ""


def first_screen(page: Opened, height: int) -> tuple[str, int, int]:
    """The words of the first screen, so high, of a report's page; how many figures and pictures it has."""
    seen, figures, pictures = page.do(lambda tab: tab.evaluate(_FIRST_SCREEN, height))
    return str(seen), int(figures), int(pictures)


_FIRST_SCREEN: Final = """height => {
  const inside = element => { const box = element.getBoundingClientRect();
    return box.width > 0 && box.top >= 0 && box.bottom <= height; };
  const shown = query => [...document.querySelectorAll(query)].filter(inside);
  const words = shown("h1, header dt, header dd, header p").map(each => each.innerText).join(" ");
  return [words.replace(/\\s+/g, " "), shown("header dl > div").length, shown("header figure").length];
}"""


def height_of(page: Opened) -> int:
    """How far a reader may scroll, in CSS pixels."""
    return int(page.do(lambda tab: tab.evaluate("document.documentElement.scrollHeight")))


def keyboard_faults(page: Opened, most: int = 400) -> list[str]:
    """What a reader without a mouse cannot do: reach everything, see where they are, open what is folded."""

    def walked(tab: Page) -> list[str]:
        wanted = tab.evaluate(_FOCUSABLE)
        tab.evaluate("() => { document.activeElement?.blur(); window.scrollTo(0, 0); }")
        reached: list[str] = []
        faults: list[str] = []
        for _ in range(min(wanted, most)):
            tab.keyboard.press("Tab")
            name, seen = tab.evaluate(_FOCUSED)
            reached.append(name)
            faults += [] if seen else [f"focus on {name} is not seen"]
        if len(set(reached)) < min(wanted, most):
            faults.append(f"{len(set(reached))} of {wanted} can be reached by Tab")
        closed: list[str] = tab.evaluate(_FOLDED)
        return faults + closed

    return page.do(walked)


_FOCUSABLE: Final = """() => {
  let number = 0;
  for (const each of document.querySelectorAll("a[href], summary, button, input, select, [tabindex]")) {
    each.dataset.walked = number;
    if (each.checkVisibility()) number += 1;
  }
  return number;
}"""
_FOCUSED: Final = """() => {
  const each = document.activeElement, style = getComputedStyle(each), box = each.getBoundingClientRect();
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  const inside = box.bottom > 0 && box.top < innerHeight && box.width > 0;
  const name = `${each.tagName.toLowerCase()} ${each.dataset.walked} ${each.innerText.slice(0, 40)}`;
  return [name, outlined && inside];
}"""
_FOLDED: Final = """() => [...document.querySelectorAll("details:not([open]) > summary")].flatMap(each => {
  each.focus(); each.click();
  const open = each.parentElement.open;
  each.click();
  return open ? [] : [`${each.innerText} does not open`];
})"""


def too_wide(page: Opened, width: int = TELEPHONE) -> list[str]:
    """What sticks out of a screen of that width, so that a reader must scroll sideways: a line for each kind.

    What scrolls in a box of its own does not count.
    """

    def measured(tab: Page) -> list[str]:
        before = tab.viewport_size
        tab.set_viewport_size(ViewportSize(width=width, height=_HEIGHT))
        _settled(tab)
        lines: list[str] = tab.evaluate(_STICKING_OUT)
        if before:
            tab.set_viewport_size(before)
        return lines

    return page.do(measured)


_STICKING_OUT: Final = """() => {
  const limit = document.documentElement.clientWidth, root = document.scrollingElement;
  if (root.scrollWidth <= limit) return [];
  const edge = element => {  // of its box, and of text that runs out of its box
    const range = document.createRange();
    const texts = [...element.childNodes].filter(node => node.nodeType === Node.TEXT_NODE);
    const boxes = texts.map(text => (range.selectNodeContents(text), range.getBoundingClientRect()));
    return Math.max(...[element.getBoundingClientRect(), ...boxes].map(box => box.right)) + scrollX;
  };
  const held = element => {
    for (let box = element.parentElement; box && box !== document.body; box = box.parentElement)
      if (getComputedStyle(box).overflowX !== "visible") return true;
    return false;
  };
  const name = element => element.tagName.toLowerCase() + (element.id && "#" + element.id)
    + [...element.classList].map(each => "." + each).join("");
  const place = element => {
    const above = !element.id && element.parentElement.closest("[id]");
    return (above ? name(above) + " " : "") + name(element);
  };
  const out = [...document.body.querySelectorAll("*")].filter(
    element => edge(element) > limit + .5 && !held(element));
  const around = new Set(), ends = {};
  for (const element of out)
    for (let box = element.parentElement; box; box = box.parentElement) around.add(box);
  for (const element of out.filter(each => !around.has(each)))
    ends[place(element)] = Math.max(ends[place(element)] || 0, Math.round(edge(element)));
  if (!Object.keys(ends).length) ends["the page"] = root.scrollWidth;
  return Object.entries(ends).map(([what, end]) => `${what} ends at ${end} px of ${limit}`);
}"""


def torn_figures(page: Opened) -> list[str]:
    """Figures (`<data>`) without a space that end on another line than they begin, at this width."""
    lines: list[str] = page.do(lambda tab: tab.evaluate(_TORN))
    return lines


_TORN: Final = """() => [...document.querySelectorAll("data")].filter(figure => {
  const range = document.createRange();
  range.selectNodeContents(figure);
  const lines = new Set([...range.getClientRects()].map(box => Math.round(box.top)));
  return lines.size > 1 && !/\\s/.test(figure.textContent);
}).map(figure => figure.textContent)"""


def printed(page: Opened) -> bytes:
    """The PDF that a reader gets who prints it on A4, or on the paper the page asks for."""
    return page.do(lambda tab: tab.pdf(format="A4", prefer_css_page_size=True))


def pages_of(pdf: bytes) -> int:
    """How many sheets a PDF of Chromium's has; it leaves the tree of pages uncompressed."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def screenshot(page: Opened, path: Path) -> None:
    """Write the whole page as a PNG, the same bytes every time on this machine."""
    page.do(lambda tab: tab.screenshot(path=path, full_page=True, animations="disabled", scale="css"))


def screenshot_until(page: Opened, path: Path, last: str) -> None:
    """Write the top of the page as a PNG, down to the end of the element *last* and not through a line."""

    def taken(tab: Page) -> None:
        width = tab.viewport_size["width"] if tab.viewport_size else DESK
        height = math.ceil(tab.evaluate(_END, last)) + _EDGE
        clip: FloatRect = {"x": 0, "y": 0, "width": width, "height": height}
        tab.screenshot(path=path, full_page=True, clip=clip, animations="disabled", scale="css")

    page.do(taken)


_END: Final = "last => document.querySelector(last).getBoundingClientRect().bottom + scrollY"


def words_until(page: Opened, last: str) -> str:
    """The words of the page down to the end of the element *last*, which no font and no width changes."""
    words: str = page.do(lambda tab: tab.evaluate(_WORDS, last))
    return " ".join(words.split())


_WORDS: Final = """last => {
  const end = document.querySelector(last), words = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text; text = texts.nextNode();) {
    const after = end.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING;
    if (after && !end.contains(text)) break;
    words.push(text.data);
  }
  return words.join(" ");
}"""
