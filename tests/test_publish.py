"""`course publish` on the whole tree: one command moves the address, and nothing is left that disagrees."""

import json
import re
import subprocess
import sys
from pathlib import Path

import published
import pytest

from course_lib.publish import code_hash, publish, repository

ROOT = Path(__file__).resolve().parent.parent
NEW = "some-one-with-a-name-of-39-letters-long1/a-course.of-pixels_tokens_and_noise"
SERVICES = r"(?:colab\.research\.google\.com/github|mybinder\.org/v2/gh)/([\w.-]+/[\w.-]+)/"


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    """A copy of this tree after `course publish`."""
    tree = published.tree(tmp_path_factory.mktemp("moved") / "course")
    publish(NEW, tree)
    return tree


def texts(tree: Path) -> dict[str, str]:
    """Every text file of the tree by its name."""
    found = {}
    for path in tree.rglob("*"):
        if path.is_file() and path.relative_to(tree).parts[0] != ".git" and b"\0" not in (raw := path.read_bytes()):
            found[path.relative_to(tree).as_posix()] = raw.decode("utf-8", errors="replace")
    return found


def test_the_old_address_is_nowhere(moved):
    old = re.compile(r"(github\.com/|/github/|/gh/)" + re.escape(repository(ROOT)) + r"\b")
    assert [name for name, text in texts(ROOT / "notebooks").items() if old.search(text)]  # it would be seen
    assert not [name for name, text in texts(moved).items() if old.search(text)]
    assert repository(moved) == NEW


def test_every_badge_names_the_new_address(moved):
    named = {name: set(re.findall(SERVICES, text)) for name, text in texts(moved).items()}
    pages = {name for name, slugs in named.items() if slugs == {NEW}}
    assert {"README.md", *(path.relative_to(moved).as_posix() for path in moved.glob("notebooks/*.ipynb"))} <= pages
    assert not [(name, slugs) for name, slugs in named.items() if slugs - {NEW} and not name.startswith("tests/")]


def test_every_first_cell_fetches_from_there_and_no_output_went_stale(moved):
    for path in sorted(moved.glob("notebooks/*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        before = json.loads((ROOT / "notebooks" / path.name).read_text(encoding="utf-8"))
        code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        assert f"https://github.com/{NEW}" in "".join(code[0]["source"])
        fresh = [each["metadata"]["course"]["code_hash"] == code_hash(each["cells"]) for each in (before, notebook)]
        assert fresh[0] == fresh[1]
        assert [cell.get("outputs") for cell in notebook["cells"]] == [cell.get("outputs") for cell in before["cells"]]


@pytest.mark.parametrize("words", [["check"], ["format", "--check"]], ids=" ".join)
def test_a_long_address_still_passes_the_linter(moved, words):
    found = subprocess.run(
        [sys.executable, "-m", "ruff", *words, "."], cwd=moved, capture_output=True, encoding="utf-8"
    )
    assert found.returncode == 0, found.stdout[-3000:]


def test_there_and_back_changes_nothing(moved):
    publish(repository(ROOT), moved)
    here = {name: text for name, text in texts(published.ROOT / "notebooks").items() if name.endswith(".ipynb")}
    assert {name: text for name, text in texts(moved / "notebooks").items() if name.endswith(".ipynb")} == here
    assert (moved / "README.md").read_text(encoding="utf-8") == (ROOT / "README.md").read_text(encoding="utf-8")
