"""Which words of a notebook become links in the book, and where links of the tree lead from its pages."""

import pytest
from linked import linked, of_tree

NAMES = ["01_one", "03_three", "05_five", "06_six", "10_ten", "12_twelve"]


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("As in notebook 03, two", ["notebook 03"]),
        ("Notebook 10's law", ["Notebook 10"]),
        ("bent: notebooks 10 and 12 live from that", ["10", "12"]),
        ("the transformer of 03 and 05 into", ["03", "05"]),
        ("what 05–06 draw, and 01", ["05", "06", "01"]),
        ("Next: `06_any` or `06_six`", ["`06_six`"]),
        ("In 03. In 03 again, and in notebook 03", ["03"]),
    ],
)
def test_mentions_of_other_notebooks_become_links_once(text, links):
    found = linked(text, NAMES, "02_two")
    assert [piece.rsplit("[", 1)[1] for piece in found.split("](")[:-1]] == links
    assert all(f"]({name}.ipynb)" in found for name in NAMES if any(name[:2] in link for link in links))


@pytest.mark.parametrize(
    "text",
    [
        "in 10 and 12 steps, a batch of 16",
        "masked (at 12 passes), 06.5 and 0.05 and .03, 05 % of it",
        "$x_{05} = 03$ and `x[05]`\n\n```python\nnotebook 03\n```",
        "## As in notebook 03",
        "$$\na = 03\n$$",
        "[notebook 03](03_three.ipynb) and <b title='05'>bold</b>",
        "<details><summary>See notebook 03</summary>\nand 05 here",
        "notebook 02 itself, notebook 14 that is not there",
    ],
)
def test_other_numbers_headings_code_and_html_stay(text):
    assert linked(text, NAMES, "02_two") == text


def test_what_is_folded_in_markdown_is_linked_below_an_empty_line():
    text = "<details><summary>Hint 05</summary>\n\nAs in notebook 05.\n</details>"
    assert linked(text, NAMES, "02_two") == text.replace("notebook 05", "[notebook 05](05_five.ipynb)")


def test_links_of_the_tree_lead_into_the_book_or_to_its_repository():
    text = "[a](../../notebooks/05_five.ipynb) [b](../../notebooks/09_nine.ipynb) "
    text += "![c](../../data/figures/x-y.png) [d](install.md)"
    base = "https://github.com/some/where"
    assert of_tree(text, NAMES, base) == (
        f"[a](05_five.ipynb) [b]({base}/blob/main/notebooks/09_nine.ipynb) ![c](generated/x-y.png) [d](install.md)"
    )
