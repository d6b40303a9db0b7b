"""Results on disk: sealed JSON files, rows that say what made them, and one tidy form for all of them.

`data/results/NAME.json` is what one command wrote; a file that was edited by hand is refused.
"""

import json
import platform
import subprocess
from collections.abc import Iterable
from pathlib import Path

import torch

from course_lib import runtime

from . import files

# How every comparison is read: one number a row.
COLUMNS = ("experiment", "task", "family", "model", "budget_flops", "seed")
COLUMNS += ("metric", "value", "low", "high", "n", "code", "hardware")


class ResultError(ValueError):
    """A result that can't be used; the message names the file and the remedy."""


def path_of(name: str) -> Path:
    """Where the result `name` lies."""
    return runtime.data_dir() / "results" / f"{name}.json"


def read(name: str) -> dict:
    """The shipped result `data/results/NAME.json`, its seal verified; an error names the file and the remedy."""
    path = path_of(name)
    remedy = f"Get it back with `git checkout -- {path.name}` in its folder, or repeat what wrote it."
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        seal = result.pop("seal")
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is missing. {remedy}") from None
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise ResultError(f"{path} is damaged, or no result of the course ({error!r}). {remedy}") from None
    if seal != _seal(result):
        raise ResultError(f"{path} was altered after it was written: its seal is another. {remedy}")
    if result.get("name", name) != name:
        raise ResultError(f"{path} is {result['name']}, under another name. {remedy}")
    return result


def write(name: str, result: dict) -> Path:
    """Write `data/results/NAME.json` with its seal, all at once; returns the path."""
    path = path_of(name)
    files.sweep(path)
    files.write(path, (json.dumps({**result, "seal": _seal(result)}, indent=1) + "\n").encode())
    return path


def digest(settings) -> str:
    """Twelve hexadecimal digits that stand for `settings`: anything that JSON can hold."""
    return files.sha256(json.dumps(settings, sort_keys=True).encode())[:12]


def _seal(result: dict) -> str:
    return files.sha256(json.dumps(json.loads(json.dumps(result)), sort_keys=True).encode())


def tidy(rows: Iterable[dict], task: str, metrics: Iterable[str], **same) -> list[dict]:
    """One row a number, with the `COLUMNS` less `experiment`, of rows that hold several `metrics` each.

    `low` and `high` are `METRIC_low` and `METRIC_high`, `n` is the row's own; `same` fills columns that are one for
    all; `key` is what told the rows of one comparison apart. A metric that a row lacks has no line.
    """
    out = []
    for row in rows:
        about = {"task": task} | {key: same.get(key, row.get(key)) for key in ("family", "model", "budget_flops")}
        about["seed"] = row.get("seed", same.get("seed"))
        made = {key: row[key] for key in ("code", "hardware", "key", "digest") if key in row}
        for metric in metrics:
            if row.get(metric) is not None:
                ends = {end: row.get(f"{metric}_{end}") for end in ("low", "high")}
                n = row.get("n", row.get("frechet_n"))
                out.append({**about, "metric": metric, "value": row[metric], **ends, "n": n, **made})
    return out


def made_by(rows: Iterable[dict] = ()) -> dict[str, str]:
    """The `code` and the `hardware` that are at work now; or those of `rows`, where there are any, all that differ."""
    rows = list(rows)
    if not rows:
        return {"code": code_version(), "hardware": hardware()}
    return {key: "; ".join(dict.fromkeys(row[key] for row in rows)) for key in ("code", "hardware")}


def code_version() -> str:
    """The last commit that changed the package, with + where files were changed since; "unknown" outside a checkout."""
    git, reading = ["git", "-C", str(runtime.ROOT / "course_lib")], {"capture_output": True, "encoding": "utf-8"}
    try:
        log = subprocess.run([*git, "log", "-1", "--format=%h", "--", "."], check=True, **reading)
        dirty = subprocess.run([*git, "status", "--porcelain", "."], **reading).stdout
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return (log.stdout.strip() or "unknown") + ("+" if dirty else "")


def hardware() -> str:
    """The processor or GPU that does the work, with threads and precision."""
    dtype = str(runtime.precision()[0]).removeprefix("torch.")
    if runtime.device().type == "cuda":
        return f"{torch.cuda.get_device_name()}, {dtype}"
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{name}, {torch.get_num_threads()} thread(s), {dtype}"
