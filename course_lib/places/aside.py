"""The learner's own work in a clone: what it is, and a dated folder to set it aside. Nothing there is replaced."""

import os
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

FOLDER = "my-work"  # at the top of the clone; git ignores it


def git(root: Path, *words: str) -> str:
    """What git prints; OSError with the first line of its complaint."""
    environment = os.environ | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        found = subprocess.run(
            ["git", *words], cwd=root, env=environment, capture_output=True, encoding="utf-8", errors="surrogateescape"
        )
    except FileNotFoundError:
        raise OSError("git is not installed: install it, or download the course again into a new folder.") from None
    if found.returncode:
        said = found.stderr.strip().splitlines()
        raise OSError(said[0] if said else f"git {words[0]} failed")
    return found.stdout


def listed(root: Path, command: str, *words: str) -> set[str]:
    """The file names that a git command prints, relative to the clone."""
    return {name for name in git(root, command, "-z", *words).split("\0") if name}


def is_clone(root: Path) -> bool:
    """Whether `root` is the top of a clone of its own, not a folder inside somebody else's."""
    try:
        return os.path.samefile(git(root, "rev-parse", "--show-toplevel").strip(), root)
    except OSError:
        return False


def changed(root: Path) -> set[str]:
    """Files of the course that differ from the version that this clone is at, staged or not, deleted ones too."""
    return listed(root, "diff", "--name-only", "--no-renames", "HEAD", "--")


def shelf(root: Path) -> Path:
    """A new folder in `my-work`, named by date and time."""
    name, number = f"{datetime.now():%Y-%m-%d_%H-%M-%S}", 1
    while True:
        folder = root / FOLDER / (name if number == 1 else f"{name}_{number}")
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            number += 1


def copy(root: Path, names: list[str]) -> tuple[Path, list[str]] | None:
    """Copy those of `names` that are there onto a new shelf: the shelf and what lies on it; None without any."""
    there = [name for name in names if os.path.lexists(root / name)]
    if not there:
        return None
    folder = shelf(root)
    for name in there:
        place(root / name, folder / name)
    return folder, there


def place(source: Path, target: Path) -> None:
    """Copy a file, a link or a whole folder, with the folders above it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target, follow_symlinks=False)
