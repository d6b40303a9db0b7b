"""A number in prose stands in an output or in the code of its notebook, or in a results file: none is left over."""

import re

import pytest
from prose import ALLOWED, NOTEBOOKS, RESULTS, ROOT, Pool, behind, cells, numbers, read, sums

PAGES = ["README.md", *(f"book/pages/{name}.md" for name in ("results", "speed", "devices", "own_pictures"))]
ALL = [value for name, found in RESULTS.items() if name != "words" for value in found]  # it has a number for everything
TEACHING = (ROOT / "notebooks" / "TEACHING.md").read_text(encoding="utf-8")
SECTIONS = re.split(r"^(?:## |\*\*)(\d\d) · ", TEACHING, flags=re.M)


def left_over(text: str, pool: Pool, allowed: dict[str, str]) -> list[str]:
    """Numbers in a text that nothing stands behind, each with the words around it."""
    return [each.around for each in numbers(text) if each.text not in allowed and not pool.has(each)]


def prose_of(name: str) -> str:
    return "\n\n".join("".join(cell["source"]) for cell in cells(NOTEBOOKS[name], "markdown"))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_number_in_the_prose_of_a_notebook_stands_somewhere(name):
    assert not left_over(prose_of(name), behind(NOTEBOOKS[name]), ALLOWED.get(name[:2], {}))


@pytest.mark.parametrize("path", PAGES)
def test_every_number_on_a_page_stands_in_a_result(path):
    text = (ROOT / path).read_text(encoding="utf-8")
    if path.endswith("results.md"):  # test_results_page.py compares its tables, cell by cell
        text = re.sub(r"^\|.*$", "", text, flags=re.M)
    assert not left_over(text, Pool(*ALL, *sums(text)), ALLOWED.get(path.split("/")[-1], {}))


@pytest.mark.parametrize("number, text", [*zip(SECTIONS[1::2], SECTIONS[2::2])], ids=SECTIONS[1::2])
def test_what_a_teacher_is_told_of_a_notebook_stands_there(number, text):
    (name,) = (name for name in NOTEBOOKS if name.startswith(number))
    pool = Pool(*behind(NOTEBOOKS[name]).values, *read(prose_of(name)), *sums(text))
    assert not left_over(text, pool, ALLOWED.get("TEACHING.md", {}))


def test_what_is_allowed_is_used_and_says_from_where():
    texts = {name[:2]: prose_of(name) for name in NOTEBOOKS} | {"TEACHING.md": TEACHING}
    texts |= {path.split("/")[-1]: (ROOT / path).read_text(encoding="utf-8") for path in PAGES}
    for where, entries in ALLOWED.items():
        said = {each.text for each in numbers(texts[where])}
        assert set(entries) <= said, f"{where}: {set(entries) - said} stand there no more"
        assert all(len(source) > 10 for source in entries.values())


# The reading itself


def found(text: str) -> list[str]:
    return [each.text for each in numbers(text)]


def test_measured_numbers_are_read_and_others_left():
    text = "At t = 0.95 some 3 % of 10,000 pictures cost 1.5·10¹⁴, 52 of 58 see, and it takes twenty minutes."
    assert found(text) == ["0.95", "3", "10,000", "1.5", "52", "58", "twenty"]
    left = "In notebook 05, 28×28 pixels, `0.5`, $x = 0.5$, [a](b/0.5), arXiv 2107.00630, section 3, 95 % intervals.\n"
    assert not found(left + "```\n0.25\n```\n**Exercise 1** · ●○○ · 5 minutes\n## 3 · Draw")


@pytest.mark.parametrize(
    "text, stands, value",
    [
        ("0.12 nats", True, 0.1249),
        ("0.12 nats", False, 0.1251),
        ("5 % of all", True, 0.0512),
        ("5 to 7 % of all", False, 0.043),
        ("12 ms", True, 0.0123),
        ("1.25 million", True, 1_246_720),
        ("2.7·10¹⁴", True, 2.74e14),
        ("320,000 pictures", True, 319_999),
        ("320,500 pictures", False, 319_999),
        ("some 8 kB", True, 8.192),
        ("8 kB", True, 8.192),
        ("twenty minutes", True, 21),
        ("twenty minutes", False, 25),
    ],
)
def test_a_number_is_compared_at_its_own_precision_and_in_its_unit(text, stands, value):
    (number,) = [each for each in numbers(text) if each.text != "5" or "to" not in text]
    assert Pool(value).has(number) == stands


def test_written_sums_stand_behind_what_they_come_to():
    text = "½ · 1 + ½ · 0.7 = 0.85, 69 + 260 + 784 = 1,113 and ln 1000 = 6.9 nats"
    assert [round(value, 4) for value in sums(text)] == [0.85, 1113, 6.9078]


def test_what_a_program_wrote_is_read_with_its_powers_and_shares():
    assert list(read("1,246,720 weights, 9.7e+13; 12 %")) == [1_246_720, 9.7e13, 12, 0.12]
    assert not left_over("0.5", Pool(0.5), {}) and left_over("0.5", Pool(0.6), {})
