"""Numbers that a reader predicted, kept beside what was then measured until notebook 18 opens them all."""

import json
import math
from datetime import UTC, datetime
from numbers import Real
from pathlib import Path

from .. import runtime
from ..data import files


def where() -> Path:
    """The file of your numbers, beside that of your predictions, outside the clone."""
    return runtime.cache_dir() / "guesses.json"


def load() -> dict[str, dict]:
    """Question -> {guess, found, when}; empty before the first, and where the file is damaged."""
    try:
        kept = json.loads(where().read_text(encoding="utf-8"))
        return {question: row for question, row in kept.items() if {"guess", "found", "when"} <= set(row)}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def guess(question: str, mine: float | None, found: float) -> None:
    """Keep `mine`, your number for a question, beside what was `found`; None keeps nothing, and forgets nothing.

    The first number that you give to a question is the one that counts.
    """
    if mine is None or question in (kept := load()):
        return
    if not isinstance(mine, Real) or not math.isfinite(mine):
        raise ValueError(f"your guess is {mine!r}: give a number, such as 12 or 0.5, or None.")
    when = datetime.now(UTC).isoformat(timespec="seconds")
    kept[question] = {"guess": float(mine), "found": float(found), "when": when}
    files.write(where(), (json.dumps(kept, indent=1, ensure_ascii=False) + "\n").encode())


def off(row: dict) -> float:
    """By what factor a guess was off, at least 1; infinite where one of both is not above 0 and they differ."""
    mine, found = row["guess"], row["found"]
    if mine == found:
        return 1.0
    return max(mine / found, found / mine) if min(mine, found) > 0 else math.inf
