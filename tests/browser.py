"""A real browser that opens one HTML file as a reader does, and what a reader would complain about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, ViewportSize, sync_playwright

from tests.portfolios import ROOT

T = TypeVar("T")
PROGRAM: Final = ROOT / ".toolchain" / "bin" / "chromium"
TELEPHONE: Final = 320
"""The width at which WCAG 2.2 (1.4.10) asks a page to need no scrolling to the side."""
_HEIGHT: Final = 800
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
    with ThreadPoolExecutor(1, "browser") as thread:
        driver = thread.submit(sync_playwright().start).result()
        try:
            launch = thread.submit(driver.chromium.launch, executable_path=PROGRAM, args=_ARGUMENTS)
            yield Browser(launch.result(), thread)
        finally:
            thread.submit(driver.stop).result()  # takes the browser along


@contextmanager
def opened(
    browser: Browser, path: Path, *, width: int = 1280, dark: bool = False, paper: bool = False
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


def accessibility_violations(page: Opened) -> list[str]:
    """What axe finds against WCAG 2.2 A and AA and good practice: a line for each rule and element.

    It judges what is shown at this width, light or dark. A contrast it cannot tell (over a picture) it leaves
    out, and a page that paints no background of its own it takes for white, in the dark, too.
    """
    options = {"runOnly": {"type": "tag", "values": _RULES}, "resultTypes": ["violations"]}
    found: dict[str, Any] = page.do(lambda tab: Axe().run(tab, options=options).response)
    return [
        f"{rule['id']}: {rule['help']}: {' '.join(map(str, node['target']))}{_reason(node)}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def _reason(node: dict[str, Any]) -> str:
    checks = [*node["any"], *node["all"], *node["none"]]
    return f" ({checks[0]['message']})" if checks else ""


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


def printed(page: Opened) -> bytes:
    """The PDF that a reader gets who prints it on A4, or on the paper the page asks for."""
    return page.do(lambda tab: tab.pdf(format="A4", prefer_css_page_size=True))


def pages_of(pdf: bytes) -> int:
    """How many sheets a PDF of Chromium's has; it leaves the tree of pages uncompressed."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def screenshot(page: Opened, path: Path) -> None:
    """Write the whole page as a PNG, the same bytes every time on this machine."""
    page.do(lambda tab: tab.screenshot(path=path, full_page=True, animations="disabled", scale="css"))
