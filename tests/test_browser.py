"""The widgets in a real browser: JupyterLab is started here, headless Chromium runs the notebooks and plays with them.

Screenshots are kept in tests/screenshots.
"""

import json
import time
from pathlib import Path

import pytest
from browser import ANSWERS, changes, drawn, run_all, set_slider, shoot

pytestmark = pytest.mark.browser


def test_notebook_00(page, lab):
    run_all(page, lab, "00_two_questions.ipynb")
    play_the_game(page)
    play_the_clocks(page)
    predict(page, lab[1] / "cache" / "predictions.json")
    assert not page.mishaps


def play_the_game(page) -> None:
    game = page.locator(".jp-OutputArea-output .ptn-game")
    cards = game.locator(".card")
    assert cards.count() == 12
    cards.nth(0).focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    assert game.locator(".card[aria-pressed=true]").count() == 2
    shoot(game, "game-before")
    for i in (2, 3, 4, 5):
        cards.nth(i).click()
    game.get_by_role("button", name="Show the answer").click()
    game.locator(".card.open").nth(11).wait_for()
    assert "of 6 found" in game.locator(".score").inner_text()
    tags = " ".join(game.locator(".tag").all_inner_texts())
    assert (tags.count("real"), tags.count("pixel by pixel"), tags.count("out of noise")) == (6, 3, 3)
    shoot(game, "game")
    before = drawn(game)
    game.get_by_role("button", name="Deal again").click()
    changes(page, game, before, "Deal again")
    assert game.locator(".card[aria-pressed=true]").count() == 0


def play_the_clocks(page) -> None:
    clocks = page.locator(".jp-OutputArea-output .ptn-clocks")
    cards, scrub = clocks.locator(".cards"), clocks.locator("input[type=range]")
    assert clocks.locator("canvas").count() == 3
    shoot(clocks, "clocks-end")
    end = drawn(cards)
    set_slider(scrub, "Home")
    start = changes(page, cards, end, "the slider moved to the start")
    assert clocks.locator(".number b").first.inner_text() == "0"
    clocks.get_by_role("button", name="Play").click()
    changes(page, cards, start, "Play")
    clocks.get_by_role("button", name="Pause").click()
    paused = drawn(cards)
    page.wait_for_timeout(300)
    assert drawn(cards) == paused, "a paused film goes on"
    shoot(clocks, "clocks")
    clocks.get_by_label("class").select_option(label="bag")
    page.wait_for_function("() => !document.querySelector('.ptn-clocks').ariaBusy")
    changes(page, cards, end, "another class")
    shoot(clocks, "clocks-bag")


def predict(page, path: Path) -> None:
    table = page.locator(".jp-OutputArea-output .ptn-predictions")
    row = table.locator("tr[data-claim=ar-slow]")
    row.locator("select").select_option(label="holds only if …")
    table.locator("tr.made[data-claim=ar-slow]").wait_for()
    set_slider(row.locator("input[type=range]"), "End")
    deadline = time.monotonic() + ANSWERS
    while json.loads(path.read_text(encoding="utf-8"))["ar-slow"]["confidence"] != 100:
        assert time.monotonic() < deadline, "the confidence was not written down"
        page.wait_for_timeout(100)
    assert json.loads(path.read_text(encoding="utf-8"))["ar-slow"]["verdict"] == "holds only if …"
    shoot(table, "predictions")


def test_notebook_03(page, lab):
    run_all(page, lab, "03_attention_over_pixels.ipynb")
    widget = page.locator(".jp-OutputArea-output").filter(has=page.locator("input[type=range]")).last
    widget.scroll_into_view_if_needed()
    shoot(widget, "attention-before")
    before = drawn(widget)
    widget.get_by_role("button", name="another seed").click()
    before = changes(page, widget, before, "another seed")
    set_slider(widget.get_by_label("temperature"), "Home")  # at 0 every seed draws the same picture
    changes(page, widget, before, "temperature 0")
    page.wait_for_timeout(500)
    shoot(widget, "attention")
    assert not page.mishaps
