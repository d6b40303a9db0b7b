"""What the style sheets promise, without a browser: inks that can be read on their paper, by day and in the dark."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BOOK = (ROOT / "book" / "_static" / "book.css").read_text(encoding="utf-8")
WIDGETS = (ROOT / "course_lib" / "show" / "play" / "common.css").read_text(encoding="utf-8")
GROUNDS = {"light": "#ffffff", "dark": "#131416"}  # of Furo's pages


def light(colour: str) -> float:
    """Relative luminance of #rgb or #rrggbb, as WCAG has it."""
    digits = colour.lstrip("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    r, g, b = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(ink: str, paper: str) -> float:
    low, high = sorted((light(ink), light(paper)))
    return (high + 0.05) / (low + 0.05)


def named(block: str) -> dict[str, str]:
    """The colours that a block of CSS names."""
    return dict(re.findall(r"--([\w-]+): (#[0-9a-fA-F]{3,6})\b", block))


def themes(sheet: str, of: str) -> dict[str, dict[str, str]]:
    """Colours of the light theme, of the dark one, and of the dark one that follows the system."""
    blocks = [block for block in re.findall(rf"(?m)^{of} \{{.*(?:\n .*)*", sheet) if "--paper:" in block]
    assert len(blocks) == 3
    return dict(zip(("light", "dark", "auto"), map(named, blocks), strict=True))


def test_contrast_is_that_of_the_standard():
    assert contrast("#000", "#ffffff") == pytest.approx(21) and contrast("#777777", "#fff") == pytest.approx(4.48, 0.01)


def test_numbers_on_cards_can_be_read():
    found = themes(BOOK, r'(?:@media \(prefers-color-scheme: dark\) \{ )?body(?:\[data-theme="\w+"\])?')
    assert found["dark"] == found["auto"]
    for theme, ground in GROUNDS.items():
        inks = {name: ink for name, ink in found[theme].items() if name.endswith("-ink")}
        assert len(inks) == 5
        assert all(contrast(ink, ground) >= 4.5 for ink in inks.values()), (theme, inks)


def test_widgets_on_a_dark_page_stand_on_soft_paper_with_ink_of_their_own():
    found = themes(WIDGETS, r"(?:@media \(prefers-color-scheme: dark\) \{ )?(?:\S.* )?\.ptn")
    assert found["dark"] == found["auto"] and set(found["dark"]) == set(found["light"])
    inks = set(re.findall(r"(?<![-\w])color: (#[0-9a-f]{3,6})", WIDGETS)) - {"#fff"}
    papers = [ground for colours in found.values() for name, ground in colours.items() if name != "rule"]
    assert inks >= {"#222", "#444", "#595959"}
    assert all(contrast(ink, paper) >= 4.5 for ink in inks for paper in papers)
    assert light(found["dark"]["paper"]) < 0.9 * light(found["light"]["paper"])
    for place in ("[data-jp-theme-light=false]", "[data-theme=dark]", "[theme=dark]", ".vscode-dark"):
        assert place in WIDGETS, f"no dark look in {place}"


def test_papers_of_the_book_and_of_its_widgets_are_one():
    widgets = themes(WIDGETS, r"(?:@media \(prefers-color-scheme: dark\) \{ )?(?:\S.* )?\.ptn")
    book = themes(BOOK, r'(?:@media \(prefers-color-scheme: dark\) \{ )?body(?:\[data-theme="\w+"\])?')
    assert [widgets[theme]["paper"] for theme in widgets] == [book[theme]["paper"] for theme in book]
    assert all(contrast(a, b) < 2 for a, b in pairwise(colours["paper"] for colours in widgets.values()))
