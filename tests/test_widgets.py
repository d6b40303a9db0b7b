"""Every widget of the course in a real browser, by mouse and by keyboard alone, as its notebook makes it.

Whole notebooks take minutes; here one notebook shows all widgets, each made by the statements of its own that it needs
(`widget_cells.py`), with the shipped models. Screenshots are kept in tests/screenshots.
"""

import re

import nbformat
import pytest
from browser import ANSWERS, ROOT, drawn, jupyterlab, run_all, shoot
from browser_probes import FLAT, FOCUSED, OVER, PALE, SEEN
from widget_cells import widgets

pytestmark = pytest.mark.browser

MADE = {
    f"w{path.stem[:2]}_{i}": code
    for path in sorted(ROOT.glob("notebooks/*.ipynb"))
    for i, code in enumerate(widgets(path))
}
STOPS = "select:enabled, input:enabled, button:not([tabindex='-1']), summary"
BUTTONS = "button:not(.cells *, .sheet *, [aria-disabled=true])"
KEYS = {
    ("holes", "steps"): "Home",
    ("clocks", "time"): "Home",
    ("dials", "top-k"): "End",
}  # else one arrow; these say more after a leap
SILENT = {("clocks", "speed")}  # sets the pace of the next play, changes nothing now


@pytest.fixture(scope="module")
def sheet(chrome, tmp_path_factory):
    """A page of JupyterLab with one notebook that shows every widget; `page.mishaps` gathers what goes wrong in it."""
    home = tmp_path_factory.mktemp("widgets")
    (home / "notebooks").mkdir()
    for name, code in MADE.items():
        (home / "notebooks" / f"{name}.py").write_text(code, encoding="utf-8")
    cells = [nbformat.v4.new_code_cell(f"from {name} import widget\nwidget") for name in MADE]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, home / "notebooks" / "widgets.ipynb")
    paths = {"PYTHONPATH": str(ROOT), "COURSE_BUDGET": "0.03"}  # one model is trained in view: a few steps will do
    with jupyterlab(home, **paths) as address:
        page = chrome.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(ANSWERS * 1000)
        page.mishaps = []
        page.on("pageerror", lambda error: page.mishaps.append(str(error)))
        page.on("console", lambda message: message.type == "error" and page.mishaps.append(message.text))
        run_all(page, (address, home), "widgets.ipynb")
        yield page
        page.close()


@pytest.fixture(params=list(MADE))
def widget(sheet, request):
    """One widget on the sheet after the other; none may leave an error behind."""
    found = sheet.locator(".jp-OutputArea-output .ptn").nth(list(MADE).index(request.param))
    found.scroll_into_view_if_needed()
    yield found
    assert not sheet.mishaps


def kind(widget) -> str:
    """The name of a widget, such as `holes`."""
    return widget.get_attribute("class").split("ptn-")[1]


def settled(page, widget, before: str, what: str) -> None:
    """Wait until the widget has been answered and says or shows something else than `before`."""
    page.wait_for_function(
        f"([node, before]) => !node.ariaBusy && ({SEEN})(node) !== before", arg=[widget.element_handle(), before]
    )
    assert "Error" not in widget.inner_text(), what


def enter(page, widget) -> None:
    """Go to the cell above the widget, then on by the Tab key until it is reached."""
    widget.locator("xpath=ancestor::div[contains(@class, 'jp-CodeCell')]").locator(".jp-InputPrompt").click()
    for _ in range(3):
        page.keyboard.press("Tab")
        if widget.evaluate(FOCUSED):
            return
    raise AssertionError("the Tab key does not reach the widget")


def test_every_notebook_has_its_widget():
    assert {name[1:3] for name in MADE} == {path.stem[:2] for path in ROOT.glob("notebooks/*.ipynb")}


def test_it_is_drawn_named_and_legible(sheet, widget):
    box = widget.bounding_box()
    assert box["width"] > 400 and box["height"] > 150 and widget.evaluate(OVER) == []
    assert widget.evaluate(FLAT) <= 2 * (kind(widget) == "deadline"), (
        "a canvas is empty"
    )  # a card may wait for its picture
    unnamed = re.findall(
        r"- (?:button|slider|combobox|checkbox|spinbutton|img)(?: \[.*|:.*|)$", widget.aria_snapshot(), re.M
    )
    assert not unnamed and not widget.locator("[role=group]:not([aria-label])").count()
    assert widget.locator("[role=status]").count() >= 1
    assert widget.evaluate(PALE) == [], "text with too little contrast"
    shoot(widget, f"widget-{kind(widget)}")


def test_it_works_by_keyboard_alone(sheet, widget):
    name = kind(widget)
    enter(sheet, widget)
    visited = 0
    while at := widget.evaluate(FOCUSED):
        visited += 1
        assert at["ring"] >= 2, f"{at['name']}: the focus cannot be seen"
        if at["first"] and at["place"] < 2 and not at["dead"]:
            operate(sheet, widget, name, at)
        sheet.keyboard.press("m")  # JupyterLab makes the cell Markdown, if the key gets that far
        sheet.keyboard.press("Tab")
        assert visited < 60, "the Tab key does not leave the widget"
    assert visited == widget.locator(STOPS).count(), "the Tab key left something out"
    for _ in range(3):  # past the cell below, which JupyterLab has put in between
        if not widget.evaluate(FOCUSED):
            sheet.keyboard.press("Shift+Tab")
    assert widget.evaluate(FOCUSED), "Shift and Tab do not lead back"
    assert sheet.locator(".jp-CodeCell").count() == len(MADE) and not sheet.locator(".jp-MarkdownCell").count()


def operate(page, widget, name: str, at: dict) -> None:
    """Press the key that a control answers to, and see the widget change."""
    before, where = widget.evaluate(SEEN), (name, at["name"])
    if at["cell"]:
        page.keyboard.press("ArrowRight")
        assert widget.evaluate(FOCUSED)["name"] != at["name"], "the arrows do not move"
        page.keyboard.press("Space")
    elif at["kind"] == "text":  # one letter less, sent
        page.keyboard.press("End")
        page.keyboard.press("Backspace")
        before = widget.evaluate(SEEN)  # with the letter gone: what counts is the answer
        page.keyboard.press("Enter")
    elif at["kind"] in ("range", "number", "select-one"):
        back, on = ("ArrowUp", "ArrowDown") if at["kind"] == "select-one" else ("ArrowDown", "ArrowUp")
        page.keyboard.press(KEYS.get(where, back if at["end"] else on))
    else:
        page.keyboard.press("Enter" if at["kind"] == "summary" else "Space")
    if where in SILENT:
        assert widget.evaluate(FOCUSED)["value"] != at["value"]
    else:
        settled(page, widget, before, at["name"])


def test_it_works_by_mouse(sheet, widget):
    for selector in (".cells button", ".sheet button", BUTTONS, "input[type=range]:enabled", "select:enabled"):
        every, before = widget.locator(selector), widget.evaluate(SEEN)
        if not every.count():
            continue
        control = every.last if kind(widget) == "predictions" else every.first  # the first row is predicted already
        if selector.startswith("select"):  # its list is not part of the page: chosen as a click in it would
            control.select_option(index=control.evaluate("(node) => (node.selectedIndex + 1) % node.length"))
        else:
            box, far = control.bounding_box(), control.evaluate("(n) => (n.value - n.min) / (n.max - n.min) > 0.5")
            control.click(position={"x": box["width"] * (0.2 if far else 0.8), "y": box["height"] / 2})
        settled(sheet, widget, before, selector)


def test_it_fits_a_narrow_page(sheet, widget):
    widget.evaluate("(node) => (node.style.width = '320px')")
    over = widget.evaluate(OVER)
    shoot(widget, f"widget-{kind(widget)}-narrow")
    widget.evaluate("(node) => (node.style.width = '')")
    assert over == []


def found(page, name: str):
    """The widget of that kind."""
    made = page.locator(f".jp-OutputArea-output .ptn-{name}")
    made.scroll_into_view_if_needed()
    return made


def test_holes_are_punched_by_dragging(sheet):
    holes = found(sheet, "holes")
    holes.get_by_role("button", name="none").click()
    box = holes.locator(".grid").bounding_box()
    sheet.mouse.move(box["x"] + 16, box["y"] + 16)
    sheet.mouse.down()
    sheet.mouse.move(box["x"] + 112, box["y"] + 16, steps=6)
    sheet.mouse.up()
    holes.get_by_text("4 of 49 tokens hidden").wait_for()
    assert holes.locator("[aria-pressed=true]").count() == 4


def test_nobody_waits_for_an_answer_that_looks_the_same(sheet):
    dials = found(sheet, "dials")
    dials.get_by_label("temperature").focus()
    sheet.keyboard.press("Home")  # at 0 every seed draws the same pictures
    for _ in range(2):
        sheet.wait_for_function("() => !document.querySelector('.ptn-dials').ariaBusy")
        shown = drawn(dials)
        dials.get_by_role("button", name="another seed").click()
    sheet.wait_for_function("() => !document.querySelector('.ptn-dials').ariaBusy")
    assert drawn(dials) == shown and "variety" in dials.locator("[role=status]").inner_text()


def test_controls_follow_what_python_makes_of_them(sheet):
    interval = found(sheet, "interval")
    ends = [interval.get_by_label(name) for name in ("from t", "to t")]
    interval.get_by_label("guidance").fill("3")  # at 1 there is nothing to limit
    sheet.wait_for_function("(node) => !node.ariaBusy", arg=interval.element_handle())
    before, low, high = interval.evaluate(SEEN), *(float(end.input_value()) for end in ends)
    assert low < high < 1
    ends[0].focus()
    sheet.keyboard.press("End")  # the start is now above the end: Python sorts them
    settled(sheet, interval, before, "an interval from its end")
    assert [float(end.input_value()) for end in ends] == [high, 1]
    assert ends[0].get_attribute("aria-valuetext") == str(high)


@pytest.mark.parametrize(["name", "start"], [("clocks", "Play"), ("currents", "Run")])
def test_who_asks_for_less_motion_gets_still_pictures(sheet, name, start):
    moving, frames = found(sheet, name), {}
    for motion in ("no-preference", "reduce"):
        sheet.emulate_media(reduced_motion=motion)
        moving.get_by_label("class" if name == "currents" else "speed").select_option(
            index=0 if name == "currents" else 2
        )
        sheet.wait_for_function("(node) => !node.ariaBusy", arg=moving.element_handle())
        moving.get_by_label("time", exact=True).press("Home")
        moving.evaluate("""(node) => {
          node.frames = new Set();
          const time = node.querySelector("input[type=range][aria-label^=time]");
          node.watch = new MutationObserver(() => node.frames.add(time.value));
          node.watch.observe(node, { subtree: true, attributes: true, childList: true, characterData: true });
        }""")
        moving.get_by_role("button", name=start).click()
        if motion == "reduce":
            sheet.wait_for_timeout(1500)
        else:  # however slow this machine draws
            sheet.wait_for_function("(node) => node.frames.size > 4", arg=moving.element_handle())
        moving.get_by_role("button", name=re.compile("Pause|Stop")).click()
        frames[motion] = moving.evaluate("(node) => { node.watch.disconnect(); return node.frames.size; }")
    sheet.emulate_media(reduced_motion="no-preference")
    assert frames["reduce"] <= 4 < frames["no-preference"]
