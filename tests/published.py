"""The course as it would be published from this working tree: a git repository of its own, for tests that clone it."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def git(where: Path, *words: str) -> str:
    """What git prints, run by nobody in particular."""
    command = ["git", "-c", "user.name=Somebody", "-c", "user.email=somebody@example.org", *words]
    return subprocess.run(command, cwd=where, check=True, capture_output=True, encoding="utf-8").stdout


def tree(target: Path) -> Path:
    """Copy every file that is tracked, or would be, into the new folder `target`."""
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def repository(target: Path) -> Path:
    """A repository at `target` with a first commit and, in a second one, this working tree."""
    target.mkdir(parents=True)
    git(target, "init", "-q", "-b", "main")
    for name in ("core.compression", "pack.window"):  # a clone copies, and spends no time on making it smaller
        git(target, "config", name, "0")
    git(target, "commit", "-q", "--allow-empty", "-m", "Begin")
    tree(target)
    git(target, "add", "-A")
    git(target, "commit", "-q", "-m", "Publish")
    return target
