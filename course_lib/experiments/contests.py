"""All contests of the two families that the course has rows for, and what a rule that names a winner loses on them.

A contest is one task, one number, one budget: each family enters its own best way. Read in notebook 18.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from . import verdict

TOKENS, NOISE, LEVEL = "autoregressive", "noise", "level"
SHARE, TIMES = {"wins": "higher", "least": 0.05}, {"wins": "lower", "least": 1.25, "as": "times"}
# What is asked for, by experiment and number: a word for it, how a winner is told, and what the article would say.
KINDS: dict[tuple[str, str], tuple[str, dict, str]] = {
    ("budget", "frechet_relative"): ("looks", TIMES, NOISE),
    ("data-sizes", "frechet_relative"): ("looks", TIMES, NOISE),
    ("budget", "recall"): ("variety", SHARE, NOISE),
    ("data-sizes", "recall"): ("variety", SHARE, NOISE),
    ("style", "frechet"): ("style", TIMES, NOISE),
    ("style", "agreement"): ("style", SHARE, NOISE),
    ("style", "variety"): ("variety", SHARE, NOISE),
    ("words", "exact_train"): ("words", SHARE, TOKENS),
    ("words", "exact_held"): ("words", SHARE, TOKENS),
    ("words", "exact_bigrams"): ("words", SHARE, TOKENS),
    ("prompts", "fits"): ("captions", SHARE, TOKENS),
    ("edits-seeds", "in_support"): ("edits", SHARE, NOISE),
    ("joint", "right"): ("conversation", SHARE, TOKENS),
    ("large", "seconds_batch_1"): ("time for one, in a step", TIMES, NOISE),
    ("large", "seconds_batch_64"): ("time for many, in a step", TIMES, NOISE),
}
SAME = ("coding", "way", "tokens", "pictures", "task")  # parts of a key that tell contests apart
FREE = ("edits-seeds", "large")  # there families enter in several ways, and what they cost to train is told beside


@dataclass(frozen=True)
class Contest:
    """`winner` is a family, or "level" where neither is ahead by what counts, or the rows can't tell."""

    kind: str
    source: str  # the comparison: contests of one source share models, captions and pictures
    title: str
    winner: str
    article: str  # the family that the article's rule would take


def contests(rows: Iterable[dict]) -> list[Contest]:
    """Every contest that rows of both families make, in the order of the rows."""
    entered: dict[tuple, list[dict]] = {}
    for row in rows:
        if (row["experiment"], row["metric"]) in KINDS and row["family"] in (TOKENS, NOISE):
            entered.setdefault(_at(row), []).append(row)
    found = []
    for at, some in entered.items():
        if {row["family"] for row in some} == {TOKENS, NOISE}:
            kind, how, article = KINDS[at[0], at[2]]
            kind = "words and pictures" if at[0] == "joint" and "conversation" not in at[1] else kind
            title = " · ".join(str(part) for part in at if part)
            found.append(Contest(kind, at[0], title, _winner(some, how, at[0]), article))
    return found


def _at(row: dict) -> tuple:
    """What tells a contest from others."""
    key, free = row.get("key") or {}, row["experiment"] in FREE
    same = [key.get(part) for part in SAME if not (free and part == "way")] + [key.get("hole")]
    return row["experiment"], row["task"], row["metric"], None if free else row["budget_flops"], *same


def _winner(rows: list[dict], how: dict, experiment: str) -> str:
    """The family whose best way is ahead of the other's by what counts; costs do not hang on a training."""
    test = {"says": "", "in": {}, "trainings": 1 if experiment == "large" else verdict.TRAININGS} | how
    best = {}
    for family in (TOKENS, NOISE):
        ways: dict[str, list[dict]] = {}
        for row in verdict.chosen(rows, family=family):
            ways.setdefault(f"{row['model']} {(row.get('key') or {}).get('way')}", []).append(row)
        mean = {way: sum(row["value"] for row in some) / len(some) for way, some in ways.items()}
        best[family] = ways[(max if how["wins"] == "higher" else min)(mean, key=mean.get)]
    for one, other in ((TOKENS, NOISE), (NOISE, TOKENS)):
        if verdict.compare(best[one], best[other], test).answer == verdict.YES:
            return one
    return LEVEL


def regret(rule: Callable[[Contest], str], some: Iterable[Contest]) -> float:
    """The share of contests with a winner in which `rule` names the other family."""
    decided = [contest for contest in some if contest.winner != LEVEL]
    return sum(rule(contest) != contest.winner for contest in decided) / max(len(decided), 1)


def fitted(some: Iterable[Contest]) -> Callable[[Contest], str]:
    """A router: of each kind of task, the family that won it more often among `some`; of others, the article's."""
    won: dict[str, list[str]] = {}
    for contest in some:
        if contest.winner != LEVEL:
            won.setdefault(contest.kind, []).append(contest.winner)
    takes = {kind: TOKENS if 2 * names.count(TOKENS) > len(names) else NOISE for kind, names in won.items()}
    return lambda contest: takes.get(contest.kind, contest.article)
