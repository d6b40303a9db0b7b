"""The frame that all widgets share, in a real browser: pictures first, and nothing moves, whatever is asked."""

import pytest
from kernelless import put
from small_widgets import MAKERS

from course_lib.show import play

pytestmark = pytest.mark.browser

# Operates every control of the widget and gives back what has moved, while it was asked and after the answer.
OPERATED = """async () => {
  const root = document.querySelector(".ptn"), sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  const name = (node) => [node.getAttribute("aria-label"), node.innerText, node.closest("label")?.innerText, node.localName]
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
