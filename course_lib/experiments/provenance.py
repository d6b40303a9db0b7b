"""What made a number (code, hardware, settings), and the one tidy form in which all comparisons give theirs."""

import json
import platform
import subprocess
from collections.abc import Iterable
from pathlib import Path

import torch

from .. import runtime
from ..data import files

# How every comparison is read: one number a row.
COLUMNS = ("experiment", "task", "family", "model", "budget_flops", "seed")
COLUMNS += ("metric", "value", "low", "high", "n", "code", "hardware")


def digest(settings) -> str:
    """Twelve hexadecimal digits that stand for `settings`: anything that JSON can hold."""
    return files.sha256(json.dumps(settings, sort_keys=True).encode())[:12]


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
