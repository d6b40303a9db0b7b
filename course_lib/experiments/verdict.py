"""What the course says of each of the article's claims: rules that were written down, applied to the tidy rows.

A claim in `data/claims.json` has tests. Each compares two sets of rows, those `of` one side and those `than` the other
(or a number), in one metric, and says which smallest difference counts. Read in notebook 18.
"""

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from scipy import stats

from .. import runtime
from ..data import results

YES, NO, OPEN = "yes", "no", "open"
TRAININGS = 3  # of a side, before it may be called the winner


@dataclass(frozen=True)
class Outcome:
    """What a test found: by how much the claim's side is ahead, with a 95 % interval; `why` it is open, if it is."""

    says: str
    answer: str
    ahead: float | None = None  # in the metric's unit, or a factor
    low: float | None = None
    high: float | None = None
    least: float = 0.0
    why: str = ""


@dataclass(frozen=True)
class Verdict:
    """One of `claims.json`'s four verdicts, the conditions under which it holds, and what its tests found."""

    claim: str
    verdict: str
    only_if: tuple[str, ...]
    outcomes: tuple[Outcome, ...]


def claims() -> dict:
    """`data/claims.json`: `source`, `verdicts`, and `claims`, each with its `rule`."""
    return json.loads((runtime.data_dir() / "claims.json").read_text(encoding="utf-8"))


def experiments(rule: dict) -> set[str]:
    """The experiments whose rows a rule reads."""
    return {test["in"]["experiment"] for each in rule["tests"] for test in each.get("any", [each])}


def shipped_rows(about: dict | None = None) -> list[dict]:
    """The tidy rows of all experiments that the rules read, as far as their results are there."""
    names = set().union(*(experiments(claim["rule"]) for claim in (about or claims())["claims"]))
    return [row for name in sorted(names) if results.path_of(name).exists() for row in results.read(name)["rows"]]


def chosen(rows: Iterable[dict], **wanted) -> list[dict]:
    """The rows that have all the `wanted` values, among their columns or in the key of their comparison."""
    return [row for row in rows if all(row.get(k, (row.get("key") or {}).get(k)) == v for k, v in wanted.items())]


def examine(test: dict, rows: list[dict]) -> Outcome:
    """Whether the side `of` is ahead of the side `than` by at least `least`, as far as `rows` tell.

    Yes: it is, with trainings enough, and the 95 % interval of the difference has 0 outside. No: the interval ends
    below `least`. Otherwise it is open. `as` "times" compares logarithms, and gives factors.
    """
    same = chosen(rows, **test["in"])
    of, than = (side if isinstance(side, int | float) else chosen(same, **side) for side in (test["of"], test["than"]))
    return compare(of, than, test)


def compare(of: list[dict], than: list[dict] | float, test: dict) -> Outcome:
    """As `examine`, of the rows of two sides."""
    sides = [_side(side, test) for side in (of, than)]
    if not all(sides):
        return Outcome(test["says"], OPEN, least=test["least"], why="not measured yet")
    (mean, error, n), (other, other_error, m) = sides
    times, sign = test.get("as") == "times", 1 if test["wins"] == "higher" else -1
    error, free = _together((error, n), (other_error, m))
    half = float(stats.t.ppf(0.975, free)) * error
    ahead, least = sign * (mean - other), math.log(test["least"]) if times else test["least"]
    unit = math.exp if times else float
    found = {"ahead": unit(ahead), "low": unit(ahead - half), "high": unit(ahead + half), "least": test["least"]}
    if ahead + half < least:
        return Outcome(test["says"], NO, **found)
    if ahead < least or ahead - half <= 0:
        return Outcome(test["says"], OPEN, **found, why="the interval is too wide")
    if min(n, m) < test.get("trainings", TRAININGS):
        return Outcome(test["says"], OPEN, **found, why=f"ahead, in {min(n, m)} training of {TRAININGS}")
    return Outcome(test["says"], YES, **found)


def _side(rows: list[dict] | float, test: dict) -> tuple[float, float, float] | None:
    """Mean, standard error and number of trainings of a side; None where there are no rows."""
    if isinstance(rows, int | float):
        return math.log(rows) if test.get("as") == "times" else float(rows), 0.0, math.inf
    if not rows:
        return None
    times = test.get("as") == "times"
    values = [math.log(max(row["value"], 1e-12)) if times else row["value"] for row in rows]
    mean, n = sum(values) / len(values), len(values)
    between = sum((value - mean) ** 2 for value in values) / max(n - 1, 1)
    within = sum(_width(row, times) ** 2 for row in rows) / n  # seeds that agree by luck do not make a number certain
    return mean, math.sqrt(max(between, within) / n), n


def _width(row: dict, times: bool) -> float:
    """The standard error of one number by its own interval; 0 where it has none."""
    if row.get("low") is None or row.get("high") is None:
        return 0.0
    width = (row["high"] - row["low"]) / 3.92
    return width / max(row["value"], 1e-12) if times else width


def _together(*sides: tuple[float, float]) -> tuple[float, float]:
    """The standard error of a difference and its degrees of freedom (Welch); one training has those of its pictures."""
    squares = [(error**2, n) for error, n in sides]
    total = sum(square for square, _ in squares)
    free = sum(square**2 / (n - 1) for square, n in squares if 1 < n < math.inf)
    return math.sqrt(total), max(total**2 / free, 1.0) if free else 1e6


def settled(each: dict, rows: list[dict]) -> Outcome:
    """What one test of a rule found; of several under "any" the best: one that holds is enough."""
    if "any" not in each:
        return examine(each, rows)
    found = [examine(test, rows) for test in each["any"]]
    for answer in (YES, OPEN):
        if some := [outcome for outcome in found if outcome.answer == answer]:
            best = max(some, key=lambda outcome: -math.inf if outcome.ahead is None else outcome.ahead)
            return Outcome(**{**vars(best), "says": f"{each['says']}: {best.says}"})
    return Outcome(each["says"], NO)


def judge(claim: dict, rows: list[dict]) -> Verdict:
    """The verdict on a claim by its rule: all tests hold, some do, none does, or nothing is settled."""
    found = tuple(settled(each, rows) for each in claim["rule"]["tests"])
    yes = tuple(outcome.says for outcome in found if outcome.answer == YES)
    holds, only_if, not_so, undecided = claims()["verdicts"]
    if len(yes) == len(found):
        return Verdict(claim["id"], holds, (), found)
    if yes:
        return Verdict(claim["id"], only_if, yes, found)
    open_ones = any(outcome.answer == OPEN for outcome in found)
    return Verdict(claim["id"], undecided if open_ones else not_so, (), found)


def verdicts(rows: list[dict] | None = None) -> list[Verdict]:
    """All verdicts, in the order of the claims, on the shipped rows or on others."""
    about = claims()
    rows = shipped_rows(about) if rows is None else rows
    return [judge(claim, rows) for claim in about["claims"]]


def brier(predictions: dict[str, dict], found: list[Verdict]) -> dict[str, float]:
    """Claim -> 0 (sure and right) to 2 (sure and wrong): the squared error of the chances given to four verdicts.

    A prediction gives its verdict `confidence` percent, and the other three the rest in equal parts.
    """
    scores, every = {}, claims()["verdicts"]
    for verdict in found:
        if made := predictions.get(verdict.claim):
            sure = made["confidence"] / 100
            chances = {one: sure if one == made["verdict"] else (1 - sure) / 3 for one in every}
            scores[verdict.claim] = sum((p - (one == verdict.verdict)) ** 2 for one, p in chances.items())
    return scores


def told(found: list[Verdict], say: Callable[[str], object] = print) -> None:
    """All verdicts as text, each with its tests."""
    sign = {YES: "+", NO: "-", OPEN: "?"}
    for claim, verdict in zip(claims()["claims"], found, strict=True):
        say(f"{claim['claim']}\n    {verdict.verdict}")
        for outcome in verdict.outcomes:
            ahead = "" if outcome.ahead is None else f": {outcome.ahead:.3g} [{outcome.low:.3g}, {outcome.high:.3g}]"
            say(f"    {sign[outcome.answer]} {outcome.says}{ahead}" + (f" ({outcome.why})" if outcome.why else ""))
