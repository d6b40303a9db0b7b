"""The web book and the slides as a reader gets them: made once, served here, opened page by page in Chromium.

Screenshots are kept in tests/screenshots.
"""

import json
import re
import subprocess
import sys
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote, urlsplit

import pytest
from browser import ROOT, changes, drawn, set_slider, shoot
from folds import opened

pytestmark = pytest.mark.browser

NAMES = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
PAGES = sorted(path.stem for path in (ROOT / "book" / "pages").glob("*.md"))
LOADS = {"img": "src", "script": "src", "link": "href", "source": "src", "iframe": "src"}


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and says nothing."""

    def log_message(self, *_):
        """Keep quiet."""


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The folder of a book that was made for this test."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "book/make.py", "book", "--to", str(folder)]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=300)
    assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-3000:]
    return folder / "book"


@pytest.fixture(scope="module")
def address(book):
    """Where the book is served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(book)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def watched(page, address):
    """A page that notes what goes wrong, and every request that leaves this server."""
    page.on("console", lambda said: page.mishaps.append(said.text) if said.type in ("error", "warning") else None)
    page.on("requestfailed", lambda request: page.mishaps.append(f"failed: {request.url[:200]}"))
    page.on("response", lambda got: page.mishaps.append(f"{got.status}: {got.url}") if got.status >= 400 else None)
    own = (address + "/", "data:", "blob:")
    page.on("request", lambda asked: None if asked.url.startswith(own) else page.mishaps.append(f"asks {asked.url}"))
    return page


def figures(name: str) -> int:
    """How many pictures a notebook has stored, folded ones too."""
    cells = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    outputs = [opened(output) for cell in cells for output in cell.get("outputs", [])]
    return sum("image/png" in output.get("data", {}) for output in outputs)


PICTURES = """() => [...document.images].map((i) => ({ alt: i.alt.trim(), src: i.src.slice(0, 80),
  loaded: i.complete && i.naturalWidth > 0 }))"""
FORMULAS = """async () => {
  if (window.MathJax?.startup) await MathJax.startup.promise;
  const count = (what) => document.querySelectorAll(what).length;
  return { asked: count(".math"), drawn: count(".math mjx-container"), wrong: count("mjx-merror") };
}"""
LEAD = """() => {
  const first = document.querySelector("article div.cell");
  const between = [...document.querySelectorAll("article :is(h1, p, ul, pre, img)")].filter((e) => !first.contains(e));
  const before = between.filter((e) => e.compareDocumentPosition(first) & Node.DOCUMENT_POSITION_FOLLOWING);
  return first.querySelector("img") !== null && before.every((e) => e.matches("h1, .badges, .badges *"));
}"""
WIDE = """() => {
  const scrolls = (e) => e.closest("pre, .cell_output, .table-wrapper, mjx-container, .math, table, aside");
  const beyond = [...document.querySelectorAll("article :is(p, li, h1, h2, h3, img, summary, canvas, a)")]
    .filter((e) => !scrolls(e) && e.getClientRects().length && e.getBoundingClientRect().right > innerWidth + 1);
  const small = [...document.querySelectorAll("article :is(p, li)")]
    .filter((e) => parseFloat(getComputedStyle(e).fontSize) < 14);
  return { page: document.documentElement.scrollWidth, screen: innerWidth,
    beyond: beyond.map((e) => e.outerHTML.slice(0, 120)), small: small.map((e) => e.outerHTML.slice(0, 120)) };
}"""


def check_page(page, where: str) -> None:
    """Open a page on a desk, then hold it as a phone: everything is there, and nothing sticks out."""
    page.goto(where, wait_until="load")
    formulas = page.evaluate(FORMULAS)
    assert formulas["drawn"] == formulas["asked"] and not formulas["wrong"], formulas
    pictures = page.evaluate(PICTURES)
    assert not [picture for picture in pictures if not picture["loaded"] or not picture["alt"]]
    for width, height in ((1280, 1000), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        layout = page.evaluate(WIDE)
        assert layout["page"] <= layout["screen"], f"the page scrolls sideways at {width} pixels"
        assert not layout["beyond"] and not layout["small"], f"at {width} pixels: {layout}"


@pytest.mark.parametrize("name", NAMES)
def test_a_page_of_the_book(watched, address, name):
    check_page(watched, f"{address}/{name}.html")
    assert watched.locator("div.cell_output img").count() == figures(name) > 0
    assert watched.locator(".badges img").count() == 3
    stills = watched.locator(".still").count()
    assert stills >= 1 and watched.get_by_text("Loading widget").count() == 0
    assert watched.evaluate(LEAD), "the first figure is not what stands below the title"
    assert not watched.mishaps


@pytest.mark.parametrize("name", PAGES)
def test_a_page_that_is_no_notebook(watched, address, name):
    check_page(watched, f"{address}/{name}.html")
    assert not watched.mishaps


def test_every_page_says_what_it_is_and_shows_a_picture_where_its_link_is_passed_on(book):
    for name in ("index", *NAMES, *PAGES):
        text = (book / f"{name}.html").read_text(encoding="utf-8")
        said = dict(re.findall(r'<meta (?:name|property)="([\w:]+)" content="([^"]*)">', text))
        assert len(said["description"]) > 10 and said["og:description"] == said["description"], name
        assert (book / said["og:image"]).exists() and said["og:title"], name


def test_the_sidebar_numbers_every_notebook_and_names_every_page(book):
    side = (
        (book / "index.html")
        .read_text(encoding="utf-8")
        .partition('<div class="sidebar-tree">')[2]
        .partition("</aside>")[0]
    )
    named = dict(re.findall(r'href="(\w+)\.html">([^<]*)</a>', side))
    assert set(named) == {*NAMES, *PAGES}
    assert all(named[name].startswith(f"{name[:2]} · ") for name in NAMES)


def test_the_last_words_of_a_notebook_lead_to_the_next(book):
    for name, after in zip(NAMES[:-1], NAMES[1:]):
        text = (book / f"{name}.html").read_text(encoding="utf-8").partition("<article")[2].partition("</article>")[0]
        assert f'href="{after}.html"' in text, f"{name} does not lead to {after}"


def test_the_switch_of_the_theme_can_be_seen_on_the_hero(watched, address):
    watched.goto(f"{address}/index.html")
    switch = watched.locator(".theme-toggle:visible")
    paper, ink = switch.evaluate("(e) => [getComputedStyle(e).backgroundColor, getComputedStyle(e).color]")
    assert paper not in (ink, "rgba(0, 0, 0, 0)")
    assert watched.locator(".hero").evaluate("(e) => getComputedStyle(e).backgroundColor") != paper
    switch.click()
    watched.wait_for_function("() => document.body.dataset.theme !== 'auto'")


def test_covers_are_shown_whole(watched, address):
    watched.goto(f"{address}/index.html")
    shapes = watched.evaluate(
        """() => [...document.querySelectorAll('.tile img')].map((i) => i.clientWidth / i.clientHeight)"""
    )
    assert len(shapes) == len(NAMES) and all(abs(shape - 2) < 0.05 for shape in shapes), shapes


def test_the_list_of_decks_shows_a_picture_of_each(watched, address):
    watched.goto(f"{address}/slides/index.html")
    assert watched.locator("li img").count() == len(NAMES)
    assert all(picture["loaded"] for picture in watched.evaluate(PICTURES))
    assert not watched.mishaps


def test_the_front_page(watched, address):
    check_page(watched, f"{address}/index.html")
    assert watched.locator(".tile a.open").count() == len(NAMES)
    counter = watched.locator(".films output").first
    watched.locator(".hero button").wait_for()
    watched.wait_for_function("() => !document.querySelector('.films output').value.startsWith('0 of')")
    watched.locator(".hero button").click()
    stopped = counter.inner_text()
    watched.wait_for_timeout(200)
    assert counter.inner_text() == stopped != "", "a paused film goes on"
    shoot(watched, "book-phone")
    watched.set_viewport_size({"width": 1280, "height": 900})
    shoot(watched, "book")
    assert not watched.mishaps


def test_the_game_plays_without_a_kernel(watched, address):
    watched.goto(f"{address}/index.html")
    game = watched.locator(".live.alive[data-live=game]")
    game.wait_for()
    assert game.locator(".card").count() == 12
    first = drawn(game)
    for i in range(6):
        game.locator(".card").nth(i).click()
    game.get_by_role("button", name="Show the answer").click()
    game.locator(".card.open").nth(11).wait_for()
    tags = " ".join(game.locator(".tag").all_inner_texts())
    assert (tags.count("real"), tags.count("pixel by pixel"), tags.count("out of noise")) == (6, 3, 3)
    assert f"{tags.count('✓')} of 6 found" in game.inner_text()
    game.get_by_role("button", name="Deal again").click()
    changes(watched, game, first, "Deal again")
    assert game.locator(".card.open").count() == 0 == game.locator(".card[aria-pressed=true]").count()
    shoot(game, "book-game")
    assert not watched.mishaps


def test_the_clocks_play_without_a_kernel(watched, address):
    watched.goto(f"{address}/00_two_questions.html")
    clocks = watched.locator(".live.alive[data-live=clocks]")
    clocks.wait_for()
    assert clocks.locator("canvas").count() == 3
    boot = drawn(clocks)
    set_slider(clocks.locator("input[type=range]").first, "Home")
    start = changes(watched, clocks, boot, "the slider moved to the start")
    clocks.locator("select").first.select_option(label="bag")
    bag = changes(watched, clocks, start, "another class")
    assert bag != boot
    shoot(clocks, "book-clocks")
    assert not watched.mishaps


def test_search_finds_a_word(watched, address):
    watched.goto(f"{address}/search.html?q=velocity")
    watched.locator("#search-results li a").first.wait_for()
    assert not watched.mishaps


SLIDES = """() => Reveal.getSlides().map((slide) => {
  const { h, v } = Reveal.getIndices(slide);
  Reveal.slide(h, v, 99);
  const frame = slide.getBoundingClientRect(), scale = Reveal.getScale();
  const ends = { bottom: 0, right: 0 };
  for (const e of slide.querySelectorAll("p, li, img, pre, table, h1, h2, h3, mjx-container")) {
    if (e.closest("aside")) continue;
    const box = e.getBoundingClientRect();
    ends.bottom = Math.max(ends.bottom, (box.bottom - frame.top) / scale);
    ends.right = Math.max(ends.right, (box.right - frame.left) / scale);
  }
  for (const pre of slide.querySelectorAll("pre")) ends.right += Math.max(0, pre.scrollWidth - pre.clientWidth);
  return { h, v: v || 0, text: slide.innerText.slice(0, 60), ...ends };
})"""


@pytest.mark.parametrize("name", NAMES)
def test_a_deck_of_slides(watched, address, name):
    watched.set_viewport_size({"width": 1280, "height": 720})
    watched.goto(f"{address}/slides/{name}.html")
    watched.locator("body[data-formulas=drawn]").wait_for()
    slides = watched.evaluate(SLIDES)
    assert len(slides) > 5
    assert not [slide for slide in slides if slide["bottom"] > 720 or slide["right"] > 1280]
    pictures = watched.evaluate(PICTURES)
    assert len(pictures) == figures(name) and all(picture["loaded"] and picture["alt"] for picture in pictures)
    assert watched.locator("mjx-merror").count() == 0
    watched.evaluate("() => Reveal.slide(0, 0)")
    shoot(watched, f"slides-{name[:2]}")
    watched.set_viewport_size({"width": 390, "height": 844})
    watched.reload()
    watched.locator("body[data-formulas=drawn]").wait_for()
    layout = watched.evaluate(WIDE.replace("article", "section section"))
    assert layout["page"] <= layout["screen"] and not layout["beyond"] and not layout["small"], layout
    assert not watched.mishaps


class Links(HTMLParser):
    """What a page links to, and what it loads."""

    def __init__(self, text: str):
        super().__init__()
        self.to, self.loads, self.ids = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids.add(found.get("id"))
        if tag == "a" and found.get("href"):
            self.to.append(found["href"])
        if found.get(LOADS.get(tag)) and found.get("rel") != "canonical":
            self.loads.append(found[LOADS[tag]])


def test_every_link_within_leads_somewhere_and_nothing_is_loaded_from_elsewhere(book):
    pages = {path: Links(path.read_text(encoding="utf-8")) for path in book.rglob("*.html")}
    assert len(pages) >= 2 * len(NAMES) + 2
    for path, page in pages.items():
        outside = [url for url in page.loads if re.match(r"(https?:)?//", url)]
        assert not outside or path.name == "speaker-view.html", f"{path.name} loads {outside}"
        for url in page.to:
            to = urlsplit(url)
            if to.scheme or to.netloc:
                continue
            target = (path.parent / unquote(to.path)).resolve() if to.path else path
            assert target.exists(), f"{path.name} links to {url}"
            if to.fragment and target in pages and target.parent.name != "slides":
                assert unquote(to.fragment) in pages[target].ids, f"{path.name} links to {url}"
    for sheet in book.rglob("*.css"):
        assert not re.search(r"url\(\s*['\"]?(https?:)?//", sheet.read_text(encoding="utf-8")), sheet.name
