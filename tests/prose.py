"""The numbers that prose gives, and what may stand behind them: outputs, code, results, sums that are written out."""

import bisect
import functools
import json
import math
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from course_lib.data import results
from course_lib.training import RECIPES

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = {path.stem: path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
ALLOWED = tomllib.loads(Path(__file__).with_name("prose_numbers.toml").read_text(encoding="utf-8"))

# What a unit makes of a number that a file gives in another one.
UNITS = {"%": 0.01, "million": 1e6, "M": 1e6, "TFLOP": 1e12, "EFLOP": 1e18, "ms": 1e-3, "milliseconds": 1e-3}
UNITS |= {"min": 60, "minute": 60, "minutes": 60, "h": 3600, "hours": 3600, "kB": 1e3, "MB": 1e6}
UNITS |= dict.fromkeys(["s", "second", "seconds", "bits", "bit", "nats", "nat", "bytes", "times", "forwards", "dB"], 1)
UNIT = re.compile(r"(?:[ –](?:(?:to|and|or) )?[\d.,]*\d)*[ -]?(%|[A-Za-z]+)")
WORDS = ["eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
TENS = dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10)))
SPELLED = {word: 11 + i for i, word in enumerate(WORDS)} | TENS
ABOUT = re.compile(r"(?i)\b(?:about|some|nearly|almost|around|roughly|over|under) $")
DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?"
NUMBER = re.compile(rf"(?<![\w.,×/^*])({DIGITS}|\b(?:{'|'.join(SPELLED)}))(?: ?· ?10([⁰¹²³⁴⁵⁶⁷⁸⁹]+))?(?![\w×]|[.,]\d)")
TERM = r"(?:ln |log₂ )?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
SUM = re.compile(rf"({TERM}(?: [+·] {TERM})*) = \d")
ARXIV = re.compile(r"\d{4}\.\d{5}")
SKIPPED = [
    (r"^[ \t]*```.*?^[ \t]*```", re.M | re.S),  # code
    (r"`[^`]*`", 0),
    (r"\$\$.*?\$\$", re.S),  # formulas
    (r"\$[^$\n]*\$", 0),
    (r"\]\([^)]*\)", 0),  # addresses
    (r"<!--.*?-->|<[^>]*>", re.S),
    (r"https?://\S+", 0),
    (r"^\*About .*$", re.M),  # how long a notebook and an exercise take
    (r"[●○]+ · \d+ minutes", 0),
    (r"^#+ \d+ ·", re.M),
    (r"\b95\s%", 0),  # every interval of the course
]


class Number(NamedTuple):
    """A number in prose: as it stands there, its unit, whether it is said to be rough, and the words around it."""

    text: str
    power: int
    unit: str
    rough: bool
    around: str

    @property
    def value(self) -> float:
        return float(SPELLED.get(self.text) or self.text.replace(",", "")) * 10**self.power

    @property
    def half(self) -> float:
        """Half of the last digit that is given."""
        if self.rough or self.text in SPELLED:
            return 0.1 * self.value
        digits = self.text.replace(",", "")
        zeros = len(digits) - len(digits.rstrip("0")) if self.value >= 10_000 and digits.isdigit() else 0
        return 0.5001 * 10 ** (self.power + zeros - len(digits.partition(".")[2]))


def numbers(text: str) -> Iterator[Number]:
    """What is checked: decimals, thousands, what has a unit, and counts such as 7 of 100; no ids, no formulas."""
    for pattern, flags in SKIPPED:
        text = re.sub(pattern, "` `", text, flags=flags)
    text = re.sub(r"\s*\n\s*(?!\s)", " ", text)
    for found in NUMBER.finditer(text):
        said, power = found[1], int((found[2] or "0").translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")))
        if not said or ARXIV.fullmatch(said):
            continue
        before, after = text[max(0, found.start() - 30) : found.start()], text[found.end() : found.end() + 30]
        unit = UNIT.match(after)
        unit = unit[1] if unit and unit[1] in UNITS else ""
        counted = re.match(r" of (?:the )?\d", after) or re.search(r"\d of (?:the )?$", before)
        if unit or power or counted or "." in said or "," in said:
            yield Number(said, power, unit, bool(ABOUT.search(before)), f"{before}[{said}]{after}")


class Pool:
    """Numbers that stand behind others."""

    def __init__(self, *values: float):
        self.values = sorted({abs(value) for value in values})

    def has(self, number: Number) -> bool:
        """Whether one of them is this number, at the precision and in the unit in which it is given, or without."""
        return any(
            self._within(scale * number.value, scale * number.half) for scale in {1.0, UNITS.get(number.unit, 1.0)}
        )

    def _within(self, value: float, half: float) -> bool:
        at = bisect.bisect_left(self.values, value - half)
        return at < len(self.values) and self.values[at] <= value + half


def read(text: str) -> Iterator[float]:
    """Every number in a text that a program wrote or that is one; of a percentage the share as well."""
    for whole, decimals, power, percent in re.findall(r"(\d[\d,_]*\d|\d)?(\.\d+)?(e[+-]?\d+)?( ?%)?", text):
        if whole or decimals:
            value = float(re.sub("[,_]", "", whole) + decimals + power)
            yield from (value, value / 100) if percent else (value,)


def sums(text: str) -> Iterator[float]:
    """What sums and products that are written out in prose come to."""
    for terms in SUM.findall(text.replace("½", "0.5")):
        yield sum(math.prod(map(_term, each.split(" · "))) for each in terms.split(" + "))


def _term(text: str) -> float:
    function, _, number = text.rpartition(" ")
    return {"ln": math.log, "log₂": math.log2, "": float}[function](float(number.replace(",", "")))


def leaves(value) -> Iterator[float]:
    """Every number in a result."""
    if isinstance(value, dict):
        value = [part for key, part in value.items() if key not in ("code", "hardware", "seal", "digest", "sha256")]
    if isinstance(value, list):
        for part in value:
            yield from leaves(part)
    elif isinstance(value, int | float):
        yield float(value)
    elif isinstance(value, str):
        yield from read(value)


RESULTS = {path.stem: [*leaves(results.read(path.stem))] for path in ROOT.glob("data/results/*.json")}
LONG = 150  # a result of more numbers has one for everything: what prose says of it, a cell has to print
SHOW = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "course_lib" / "show").rglob("*.py")}


@functools.cache
def cells(path: Path, kind: str) -> list[dict]:
    every = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in every if cell["cell_type"] == kind]


def outputs(path: Path) -> Iterator[str]:
    """What the code cells of a notebook say: printed text, HTML, titles and descriptions of figures."""
    for cell in cells(path, "code"):
        for output in cell["outputs"]:
            yield "".join(output.get("text", ""))
            for kind in ("text/plain", "text/html"):
                said = "".join(output.get("data", {}).get(kind, ""))
                yield re.sub(r"<style.*?</style>|base64,[\w+/=]*|#\w{6}", "", said, flags=re.S)


def named(path: Path) -> set[str]:
    """The results that a notebook, or a figure of it, reads."""
    code = "\n".join("".join(cell["source"]) for cell in cells(path, "code"))
    code += "\n".join(text for name, text in SHOW.items() if name.startswith("figures") and name in code)
    quoted = set(re.findall(r"[\"']([\w-]+)[\"']", code))
    asked = set(re.findall(r"(?:result|read)\(\s*[\"']([\w-]+)[\"']", code))
    short = {name for name, found in RESULTS.items() if len(found) <= LONG}
    return {name for name in short if name in asked or {name, name.removesuffix("-fashion")} - {"words"} & quoted}


def settings(text: str) -> Iterator[float]:
    """Steps, pictures a step and pictures in all of the recipes that a text names."""
    for name in set(re.findall(r"[a-z]+(?:-[a-z]+)+", text)) & set(RECIPES):
        yield from (RECIPES[name].steps, RECIPES[name].batch, RECIPES[name].steps * RECIPES[name].batch)


@functools.cache
def behind(path: Path) -> Pool:
    """All that may stand behind a number in the prose of a notebook."""
    code = ["".join(cell["source"]) for cell in cells(path, "code")]
    prose = ["".join(cell["source"]) for cell in cells(path, "markdown")]
    found = [value for text in (*code, *outputs(path)) for value in read(text)]
    found += [value for text in prose for value in (*sums(text), *settings(text))]
    return Pool(*found, *(value for name in named(path) for value in RESULTS[name]))
