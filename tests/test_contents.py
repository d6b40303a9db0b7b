"""The README's table of notebooks, its thumbnails, and what the README and the book's pages link to."""

import base64
import io
import json
import re
from pathlib import Path

import contents
import nbformat
import prepare
import pytest
import verdicts
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, writes
from PIL import Image

from course_lib.experiments import verdict

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "book" / "pages").glob("*.md"))]
BADGES = (
    "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.example/nb) "
    "[![Open in Binder](https://mybinder.org/badge_logo.svg)](https://binder.example/nb)"
)


def png(width: int = 600, height: int = 200) -> str:
    """A loud picture, base64 of a PNG."""
    picture, file = Image.effect_noise((width, height), 200).convert("RGB"), io.BytesIO()
    picture.save(file, format="PNG")
    return base64.b64encode(file.getvalue()).decode()


@pytest.fixture
def course(tmp_path):
    """A course of one notebook where two are planned."""
    output = new_output("display_data", {"image/png": png()}, metadata={"image/png": {"alt": "noise"}})
    cells = [new_markdown_cell(f"# 01 · One\n{BADGES}\n\n**Question: why?**"), new_code_cell("", outputs=[output])]
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "notebooks" / "01_one.ipynb").write_text(writes(new_notebook(cells=cells)), encoding="utf-8")
    plan = [{"part": "I", "notebooks": ["01 one", "02 two"], "minutes": [75, 60], "needs": ["", "01"]}]
    (tmp_path / "data" / "course.json").write_text(json.dumps(plan), encoding="utf-8")
    (tmp_path / "README.md").write_text("Before\n\n" + "old\n".join(contents.MARKS) + "\nafter\n", encoding="utf-8")
    return tmp_path


def test_a_notebook_that_is_not_there_yet_has_a_row_without_link_and_picture(course):
    made = contents.write(course)
    text = (course / "README.md").read_text(encoding="utf-8")
    assert text.startswith("Before\n") and text.endswith("after\n") and "old" not in text
    assert "[01 One](notebooks/01_one.ipynb) | Why? | 1¼ |" in text
    assert "| | 02 Two, on its way | | 1 | 01 |" in text
    assert [path.name for path in made] == ["01.png"] and made[0].stat().st_size <= contents.LIMIT
    contents.write(course)
    assert (course / "README.md").read_text(encoding="utf-8") == text


def test_a_notebook_that_was_not_run_yet_is_linked_without_a_picture(course):
    cells = [new_markdown_cell(f"# 02 · Two\n{BADGES}\n\n**Question: who?**"), new_code_cell("x = 1")]
    (course / "notebooks" / "02_two.ipynb").write_text(writes(new_notebook(cells=cells)), encoding="utf-8")
    assert [path.name for path in contents.write(course)] == ["01.png"]
    assert "|  | [02 Two](notebooks/02_two.ipynb) | Who? | 1 | 01 |" in (course / "README.md").read_text(
        encoding="utf-8"
    )


def test_a_thumbnail_stays_small_whatever_the_figure():
    for width, height in ((600, 200), (300, 900)):
        made = contents.thumbnail(png(width, height))
        assert len(made) <= contents.LIMIT and Image.open(io.BytesIO(made)).size == (contents.WIDTH, contents.HEIGHT)


def test_the_readme_has_the_table_of_the_notebooks_that_are_there():
    assert contents.table() in README, "run `python book/contents.py`"


def test_the_readme_has_the_verdicts_that_the_rows_give():
    assert verdicts.table(verdict.verdicts()) in README, "run `python book/verdicts.py`"


def test_other_verdicts_are_another_table(course):
    page = course / "README.md"
    page.write_text("Before\n\n" + "old\n".join(verdicts.MARKS) + "\nafter\n", encoding="utf-8")
    verdicts.write(course, lambda: verdict.verdicts([]))
    text = page.read_text(encoding="utf-8")
    assert text.startswith("Before\n") and text.endswith("after\n") and "old" not in text
    assert text.count("| undecided at this scale | 0 of ") == len(verdict.claims()["claims"])


def test_each_notebook_has_a_thumbnail_and_all_are_small():
    sizes = {path.stem: path.stat().st_size for path in (ROOT / contents.THUMBS).glob("*.png")}
    read = {
        path.name[:2]: nbformat.read(path, as_version=4) for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")
    }
    assert set(sizes) == {number for number, notebook in read.items() if prepare.first_figure(notebook)}, (
        "run `python book/contents.py`"
    )
    assert max(sizes.values()) <= 8_000 and sum(sizes.values()) <= 120_000


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_link_within_the_tree_leads_somewhere(path):
    text = path.read_text(encoding="utf-8")
    found = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)
    lost = [to for to in found if "://" not in to and not (path.parent / to.split("#")[0]).exists()]
    assert not lost


def test_the_readme_leads_to_every_page_and_spoils_nothing_before_the_fold():
    assert all(f"](book/pages/{page.name})" in README for page in PAGES[1:])
    before, fold, _ = README.partition("<details>")
    assert fold and not re.search(r"head-to-head|factor of|\b0\.\d\d\b", before)


def test_the_hours_of_the_readme_are_those_of_its_rows():
    parts = json.loads((ROOT / "data" / "course.json").read_text(encoding="utf-8"))
    minutes = {
        name[:2]: each for part in parts for name, each in zip(part["notebooks"], part.get("minutes", []), strict=False)
    }
    total = sum(each for number, each in minutes.items() if number <= "12")
    assert f"about {round(total / 60)} hours for notebooks 00 to 12" in README
    short = re.search(r"\*\*The shorter path\*\*: ([\d, ]+), about (\d+) hours", README)
    assert round(sum(minutes[number] for number in short[1].split(", ")) / 60) == int(short[2])
