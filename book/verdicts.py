"""The README's table of verdicts, computed from the shipped rows: `python book/verdicts.py`."""

from collections.abc import Callable
from pathlib import Path

import contents

from course_lib.experiments import verdict

MARKS = "<!-- verdicts: python book/verdicts.py -->\n", "<!-- end of the verdicts -->\n"


def table(found: list[verdict.Verdict]) -> str:
    """The table in Markdown, a row for each claim: its verdict, and the tests of its rule that it passed."""
    lines = ["| the article says | here it | tests that it passed |", "|---|---|---|"]
    for claim, judged in zip(verdict.claims()["claims"], found, strict=True):
        passed = [outcome.says for outcome in judged.outcomes if outcome.answer == verdict.YES]
        where = f"{len(passed)} of {len(judged.outcomes)}" + (f": {'; '.join(passed)}" if passed else "")
        lines.append(f"| {claim['claim']} | {judged.verdict} | {where} |")
    return "\n".join(lines) + "\n"


def write(root: Path = contents.ROOT, judge: Callable = verdict.verdicts) -> None:
    """Renew the table in the README.md of `root`."""
    contents.put(root / "README.md", MARKS, table(judge()))


if __name__ == "__main__":
    write()
