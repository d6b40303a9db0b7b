"""Mentions of notebooks become links, and links of a page in the tree become links of the book."""

import re
from collections.abc import Iterable

# What stays as it is: HTML and what Markdown reads as such, headings, code, formulas, links.
KEPT = re.compile(
    r"^ {0,3}</?(?:details|summary|div|p|table|figure|ul|ol|li|tr|td)\b[^\n]*(?:\n[^\n]*\S[^\n]*)*"
    r"|^#+ [^\n]*|^```.*?^```|\$\$.*?\$\$|(?<![\\$])\$[^$\n]+\$|`[^`\n]+`|!?\[[^\]\n]*\]\([^)\n]*\)|<[^>\n]+>",
    re.M | re.S,
)
ENDS = r"(?![\w%]|[.,:]\d|\s*[%×])"
NUMBER = rf"(?:0\d|1[0-8]){ENDS}"
# "notebook 14", or a number that nothing else would be written as, "in 05"; then others, ", 06", " and 12"
MENTION = re.compile(
    rf"(?:\b[Nn]otebooks?\s+{NUMBER}|(?<![\w.,:/+×=−-])0\d{ENDS})(?:, 0\d{ENDS}|(?:,? and |–){NUMBER})*"
)


def linked(text: str, names: Iterable[str], own: str) -> str:
    """Markdown of the notebook `own`, the first mention of each of the other notebooks `names` a link."""
    known = {name[:2]: name for name in names if name != own}

    def link(number: str, words: str) -> str:
        to = known.pop(number, None)  # the first mention is enough
        return f"[{words}]({to}.ipynb)" if to else words

    def mentioned(found: re.Match) -> str:
        first = re.sub(r"^[Nn]otebook\s+(\d\d)", lambda one: link(one[1], one[0]), found[0])
        return re.sub(r"(?<![\w\[/])(?<!otebook )\d\d(?![\w\]])", lambda one: link(one[0], one[0]), first)

    def kept(piece: str) -> str:
        name = piece.strip("`")
        return link(name[:2], piece) if piece == f"`{name}`" and known.get(name[:2]) == name else piece

    parts, end = [], 0
    for found in KEPT.finditer(text):
        parts += [MENTION.sub(mentioned, text[end : found.start()]), kept(found[0])]
        end = found.end()
    return "".join([*parts, MENTION.sub(mentioned, text[end:])])


def of_tree(text: str, names: Iterable[str], repository: str) -> str:
    """A page's Markdown with its links `../../…` led to the book's page, to its picture, or to the file on GitHub."""

    def to(found: re.Match) -> str:
        path, there = found[1], set(names)
        notebook = re.fullmatch(r"notebooks/(\w+)\.ipynb", path)
        if notebook and notebook[1] in there:
            return f"]({notebook[1]}.ipynb)"
        figure = re.fullmatch(r"data/figures/([\w-]+\.png)", path)
        return f"](generated/{figure[1]})" if figure else f"]({repository}/blob/main/{path})"

    return re.sub(r"\]\(\.\./\.\./([^)\s]+)\)", to, text)
