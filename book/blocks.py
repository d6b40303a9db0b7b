"""Markdown in blocks, and how tall each stands on a slide; a unit of height is a line of text."""

import re

PIXELS = 41  # height of a line
COLUMNS = 76  # characters in a line
ROWS = 9  # of a table on a slide
BLOCK = re.compile(
    r"^<details>.*?^</details>|^```.*?^```|^\$\$.*?\$\$$|(?:^(?!<details>|```|\$\$)[^\n]+\n?)+", re.M | re.S
)


def blocks(text: str) -> list[str]:
    """Headings, paragraphs, lists, tables, displayed formulas, folded parts and blocks of code, in order."""
    parts = []
    for block in BLOCK.findall(text):
        head, _, rest = block.partition("\n")
        if block.startswith("|"):
            parts += pieces(block)
        else:
            parts += [head, rest] if head.startswith("#") else [block]  # no empty line is needed below a heading
    return [part.strip() for part in parts if part.strip()]


def pieces(table: str) -> list[str]:
    """A table in pieces of at most ROWS rows, each with its head."""
    head, rows = table.splitlines()[:2], table.splitlines()[2:]
    count = -(-len(rows) // ROWS)
    size = -(-len(rows) // count)
    return ["\n".join(head + rows[i : i + size]) for i in range(0, len(rows), size)]


def height(block: str) -> float:
    """How many lines a block of text takes, the space below it included."""
    lines = block.splitlines()
    if block.startswith("#"):
        return 2
    if block.startswith("```"):
        return 0.6 * len(lines) + 0.6
    if block.startswith("$$"):
        return 2.4 + 1.2 * block.count(r"\\")
    if block.startswith("|"):
        return 0.95 * (len(lines) + sum(len(shown(line)) > 110 for line in lines)) + 0.5
    listed = re.match(r"[-*] |\d+\. ", block)
    return sum(1 + len(line) // COLUMNS for line in (map(shown, lines) if listed else [shown(block)])) + 0.5


def shown(text: str) -> str:
    """Markdown without the signs that are not seen: addresses of links, names of symbols, stars."""
    return re.sub(r"\]\([^)]*\)|\\[a-zA-Z]+|[*_`$\[\]{}]", "", text)
