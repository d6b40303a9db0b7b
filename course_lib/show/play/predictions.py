"""Your predictions for the article's claims, kept in a file until notebook 18 opens them. Built in notebook 00."""

import json
import os
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import traitlets

from ... import runtime
from ...data import files
from ..plot import figure
from .base import Play, script

CONFIDENCES = (25, 100)  # percent; 25 is a blind guess among four verdicts


def claims() -> dict:
    """The article's claims from data/claims.json: `source`, `verdicts`, and `claims` with id, claim, tested_in."""
    return json.loads((runtime.data_dir() / "claims.json").read_text(encoding="utf-8"))


def where() -> Path:
    """The file of your predictions. It lies outside the clone, so updating or deleting the clone leaves it alone."""
    return runtime.cache_dir() / "predictions.json"


def load() -> dict[str, dict]:
    """Claim id -> {verdict, confidence, when}; empty before the first prediction. A damaged file is set aside."""
    path = where()
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {k: v for k, v in found.items() if v["verdict"] and v["confidence"] and v["when"]}
    except FileNotFoundError:
        return {}
    except (ValueError, AttributeError, TypeError, KeyError):
        os.replace(path, path.with_suffix(f".damaged-{datetime.now():%Y%m%d-%H%M%S}.json"))
        return {}


def predict(claim: str, verdict: str, confidence: int) -> dict[str, dict]:
    """Write down one prediction, at once and atomically; "" as `verdict` takes it back. Returns all predictions."""
    about = claims()
    known = [row["id"] for row in about["claims"]]
    if claim not in known:
        raise ValueError(f"claim={claim!r} is not known. Choose one of {', '.join(known)}.")
    if verdict and verdict not in about["verdicts"]:
        raise ValueError(f"verdict={verdict!r} is not known. Choose one of {', '.join(about['verdicts'])}.")
    if not isinstance(confidence, int) or not CONFIDENCES[0] <= confidence <= CONFIDENCES[1]:
        raise ValueError(f"confidence={confidence!r} must be whole percent from 25 (a blind guess) to 100 (sure).")
    every = load()  # read again: another notebook may have written since
    every.pop(claim, None)
    if verdict:
        when = datetime.now(UTC).isoformat(timespec="seconds")
        every[claim] = {"verdict": verdict, "confidence": confidence, "when": when}
    files.write(where(), (json.dumps(every, indent=1, ensure_ascii=False) + "\n").encode())
    return every


class Predictions(Play):
    """The claims as a table; every choice is written to `where()` at once and is there again at the next start."""

    _esm = script("predictions")
    rows = traitlets.List().tag(sync=True)
    verdicts = traitlets.List().tag(sync=True)
    made = traitlets.Dict().tag(sync=True)
    path = traitlets.Unicode().tag(sync=True)
    choice = traitlets.Dict().tag(sync=True)  # the reader's latest: claim, verdict, confidence

    def __init__(self):
        about = claims()
        shown = [{key: claim[key] for key in ("id", "claim", "tested_in")} for claim in about["claims"]]
        super().__init__(rows=shown, verdicts=about["verdicts"], made=load(), path=str(where()))
        self.observe(self._write, "choice")

    def _write(self, change) -> None:
        self.made = predict(**change["new"])

    def frame(self):
        """The table of claims, without anybody's predictions."""
        lines = [textwrap.wrap(row["claim"], 104) for row in self.rows]
        height = sum(len(text) for text in lines) + 0.6 * len(lines) + 2.2
        fig, ax = figure(size=(8.2, 0.19 * height), alt="The article's claims, and the notebooks that test them.")
        ax.set(xlim=(0, 100), ylim=(height, 0))
        ax.set_axis_off()
        ax.set_title("Fifteen claims: which of them hold, and how sure are you?")
        y = 0.6
        for text, row in zip(lines, self.rows):
            ax.axhline(y, color="#DDDDDD", linewidth=0.8)
            ax.text(0, y + 0.3, "\n".join(text), va="top", fontsize=9)
            ax.text(100, y + 0.3, row["tested_in"], va="top", ha="right", fontsize=9, color="#555555")
            y += len(text) + 0.6
        return fig
