"""The frame that all widgets share, in a real browser: pictures first, and nothing moves, whatever is asked."""

import re

import pytest
from kernelless import put
from small_widgets import MAKERS

from course_lib.show import play

pytestmark = pytest.mark.browser

# Operates every control of the widget and gives back what has moved, while it was asked and after the answer.
OPERATED = """async () => {
  const root = document.querySelector(".ptn"), sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  const name = (node) =>
    [node.getAttribute("aria-label"), node.innerText, node.closest("label")?.innerText, node.localName]
    .find(Boolean).split("\\n")[0].slice(0, 30);
  const parts = () => [...root.querySelectorAll("button, input, select, .status, canvas, figcaption, h4, .cards, svg")]
    .filter((node) => !node.closest("li"));
  const places = () => [root, ...parts()].map((node) => {
    const { left, top, width, height } = node.getBoundingClientRect();
    return [name(node), left, top, ...(node.closest("button") ? [] : [width, height])]; // a button's words may change
  });
  const other = (now, then) => !then || now.some((x, k) => k && Math.abs(x - then[k]) > 1.01);
  const moved = (before) => places().filter((now, i) => other(now, before[i])).map((now) => now[0]).slice(0, 3);
  const fire = (node, value) => {
    node.value = value;
    for (const event of ["input", "change"]) node.dispatchEvent(new Event(event, { bubbles: true }));
  };
  const acts = (node) => {
    if (node.localName === "select") return [...node.options].map((option) => () => fire(node, option.value)).slice(-4);
    if (node.type === "range") return [node.min, node.max].map((end) => () => fire(node, end));
    if (node.type === "number") return [() => fire(node, "12345")];
    if (node.type === "text") return ["zzz?", "", node.value].map((text) => () => {
      fire(node, text);
      node.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
    });
    return [() => node.click(), () => node.click()];
  };
  const wrong = [];
  const controls = parts().filter((node) => node.matches("button, input, select"));
  const few = controls.filter((node) => !node.closest(".cells, tr") || controls.indexOf(node) < 7);
  for (const node of few)
    for (const act of acts(node)) {
      const before = places();
      act();
      let found = moved(before);
      if (node.closest(".cells, .bar.close")) await sleep(root.matches(".ptn-prompts") ? 650 : 300);
      while (window.asking || root.ariaBusy) await sleep(5);
      found = [...found, ...moved(before)];
      if (found.length) wrong.push(`${name(node)}: ${found}`);
    }
  return wrong;
}"""
# Where the first picture and the first control stand, and how many buttons are the main one.
ORDER = """() => {
  const top = (query) => Math.min(...[...document.querySelectorAll(query)].map((n) => n.getBoundingClientRect().top));
  return [top(".ptn :is(canvas, svg, table)"), top(".ptn :is(.form, .bar) :is(select, input, button)"),
    document.querySelectorAll(".ptn .main").length, document.documentElement.scrollWidth - innerWidth];
}"""


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("name", MAKERS)
def test_nothing_moves_whatever_is_asked(page, own_cache, name, width):
    page.set_viewport_size({"width": width, "height": 900})
    put(page, MAKERS[name]())
    first, control, main, over = page.evaluate(ORDER)
    assert first < control and main <= 1 and over <= 0
    assert page.evaluate(OPERATED) == [] and not page.mishaps


def test_every_widget_is_here():
    kinds = {
        cls.__name__.lower() for cls in vars(play).values() if isinstance(cls, type) and issubclass(cls, play.Play)
    }
    assert kinds - {"play"} == set(MAKERS)


def answered(page) -> None:
    page.wait_for_function("() => !window.asking && !document.querySelector('.ptn').ariaBusy")


@pytest.mark.parametrize(
    ("name", "label", "typed", "says"),
    [
        ("words", "word", "zebra!", "Z"),
        ("words", "word", "two words", "Type one word of 1 to 6 letters, without spaces."),
        ("prompts", "caption", "big red dog", "Not drawn: 'dog' in 'big red dog' is not a word here"),
        ("prompts", "caption", "red", "Not drawn: "),
    ],
)
def test_what_cannot_be_drawn_is_told_in_the_widget_and_nothing_is_lost(page, name, label, typed, says):
    widget = MAKERS[name]()
    put(page, widget)
    shown, field = widget.shown, page.get_by_label(label, exact=True)
    field.fill(typed)
    page.get_by_role("button", name=re.compile("^(Write|Draw) it")).click()
    answered(page)
    said = page.locator("[role=status]").inner_text()
    assert says in said and "Error" not in said and len(said) < 300 and not widget.wrong
    assert field.input_value() == typed and widget.shown == shown
    field.press("Control+a")
    page.keyboard.type({"words": "MOON", "prompts": "big red circle on black"}[name])
    page.keyboard.press("Enter")
    answered(page)
    assert widget.text in ("MOON", "big red circle on black") and page.locator("canvas").count() >= 3


@pytest.mark.parametrize(
    ("name", "control", "why"),
    [
        ("currents", "guidance w", "needs a class"),
        ("words", "Write it", "another word"),
        ("game", "Show the answer", "6 more"),
    ],
)
def test_a_control_that_would_do_nothing_is_off_and_says_why(page, name, control, why):
    put(page, MAKERS[name]())
    button, field = page.get_by_role("button", name=control), page.get_by_label(control)
    found = button if button.count() else field
    assert found.is_disabled() or found.get_attribute("aria-disabled") == "true"
    assert why in (found.get_attribute("title") or page.locator("[role=status]").inner_text())


def test_holes_are_painted_by_keyboard_too(page):
    widget = MAKERS["brush"]()
    put(page, widget)
    page.get_by_role("button", name="row 4, column 1").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.wait_for_function("() => window.model.get('status').includes('20 of 36')")
    assert sum(widget.holes) == 20
