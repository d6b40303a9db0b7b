"""`course update`: the newest course in this clone; what of yours stands in its way is set aside first, never lost."""

import shutil
from pathlib import Path

from course_lib import runtime
from course_lib.places import aside


def update(root: Path = runtime.ROOT) -> list[str]:
    """Fetch and fast-forward; returns what to tell the learner, a line each.

    Of your changes only those to files that the new version changes too are set aside; all others stay where they are.
    OSError says what to do where an update is not possible: then every file is as it was.
    """
    head, upstream = _fetched(root)
    if head == upstream:
        return [f"the course is up to date ({head[:7]}); your changes stay as they are"]
    theirs = aside.listed(root, "diff", "--name-only", "--no-renames", head, upstream, "--")
    tracked = aside.listed(root, "ls-tree", "-r", "--name-only", "HEAD")
    in_the_way = sorted((theirs & aside.changed(root)) | {name for name in theirs - tracked if (root / name).exists()})
    kept = aside.copy(root, in_the_way)
    try:
        _clear(root, in_the_way, tracked)
        aside.git(root, "merge", "-q", "--ff-only", upstream)
    except OSError as error:
        for name in kept[1] if kept else []:
            aside.place(kept[0] / name, root / name)
        raise OSError(f"{root} was not updated ({error}). Your files are as they were.") from None
    told = [f"updated from {head[:7]} to {upstream[:7]}; restart the kernels that are running"]
    if kept:
        told += ["the new version changes these too, so yours were set aside:"]
        told += [f"  {(kept[0] / name).relative_to(root)}" for name in kept[1]]
    if {"pyproject.toml", "constraints.txt"} & theirs:
        told += ["other packages may be needed: `make lab` installs them"]
    return told


def _fetched(root: Path) -> tuple[str, str]:
    """(commit of this clone, commit of the newest course), once the second is known to follow the first."""
    aside.git(root, "version")
    if not aside.is_clone(root):
        raise OSError(f"{root} is not a clone with git, so there is nothing to update: clone the course beside it.")
    try:
        aside.git(root, "rev-parse", "--abbrev-ref", "@{upstream}")
    except OSError:
        raise OSError(f"What is checked out in {root} follows no branch of the course: `git switch main`.") from None
    if _knows(root, "MERGE_HEAD") or aside.git(root, "ls-files", "-u"):
        raise OSError(f"A merge is unfinished in {root}: finish it, or give it up with `git merge --abort`.")
    try:
        aside.git(root, "fetch", "-q")
    except OSError as error:
        raise OSError(f"The course could not be fetched ({error}): check the network. Nothing was changed.") from None
    head, upstream = aside.git(root, "rev-parse", "HEAD", "@{upstream}").split()
    own = int(aside.git(root, "rev-list", "--count", f"{upstream}..{head}"))
    if own and aside.git(root, "rev-list", "--count", f"{head}..{upstream}").strip() != "0":
        raise OSError(
            f"{root} has {own} commit(s) that the course does not have: `git pull --rebase` puts them on top of it, or "
            "clone it afresh. Nothing was changed."
        )
    return (head, head) if own else (head, upstream)


def _knows(root: Path, name: str) -> bool:
    try:
        return bool(aside.git(root, "rev-parse", "-q", "--verify", name))
    except OSError:
        return False


def _clear(root: Path, names: list[str], tracked: set[str]) -> None:
    """Put `names` back as this version has them, or away where it has them not."""
    if names:
        aside.git(root, "reset", "-q", "HEAD", "--", *names)
    if old := [name for name in names if name in tracked]:
        aside.git(root, "checkout", "-q", "HEAD", "--", *old)
    for path in (root / name for name in names if name not in tracked):
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
