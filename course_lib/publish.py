"""The one repository address, repeated where readers need it, and the hash that ties a notebook's outputs to its code.

`course publish OWNER/NAME` rewrites the first; `make run` and `tests/test_house.py` use the second.
"""

import hashlib
import json
import re
import tomllib
from pathlib import Path

from course_lib import runtime

PAGES = (
    "pyproject.toml",
    "*.md",
    "*.cff",
    "data/*.md",
    "book/**/*.md",
    "book/**/*.py",
    "notebooks/*.ipynb",
)


def repository(root: Path = runtime.ROOT) -> str:
    """OWNER/NAME as pyproject.toml has it; FileNotFoundError outside a clone."""
    path = root / "pyproject.toml"
    if not path.exists():
        raise FileNotFoundError(
            f"{path} is missing. Run this in a clone of the course, installed with `pip install -e .`."
        )
    address = tomllib.loads(path.read_text(encoding="utf-8"))["project"]["urls"]["Repository"]
    return address.removeprefix("https://github.com/").removesuffix("/")


def code_hash(cells: list[dict]) -> str:
    """Sixteen hexadecimal digits of the SHA-256 of a notebook's code cells, in order (nbformat dictionaries)."""
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return hashlib.sha256("\0".join(code).encode()).hexdigest()[:16]


def publish(slug: str, root: Path = runtime.ROOT) -> list[Path]:
    """Write the address OWNER/NAME wherever the old one stands; returns the files that changed.

    Outputs stay as they are, and the hash of a notebook whose outputs were fresh is renewed: only its address moved.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+", slug):
        raise ValueError(f"OWNER/NAME={slug!r} is not a repository on GitHub. Give it like pixels-tokens-noise/course.")
    # the address itself, Colab's badge (…/github/OWNER/NAME/…) and Binder's (…/gh/OWNER/NAME/…)
    old = re.compile(r"(github\.com/|/github/|/gh/)" + re.escape(repository(root)) + r"(?![\w-]|\.(?!git\b)\w)")
    changed = []
    for path in sorted(page for pattern in PAGES for page in root.glob(pattern)):
        before = path.read_text(encoding="utf-8")
        after = old.sub(lambda found: found[1] + slug, before)
        if after == before:
            continue
        if path.suffix == ".ipynb":
            after = _restamped(before, after)
        path.write_text(after, encoding="utf-8", newline="\n")
        changed.append(path)
    return changed


def _restamped(before: str, after: str) -> str:
    """`after` with the hash of its own code cells, where `before` carried the right hash of its own."""
    was, now = (code_hash(json.loads(text)["cells"]) for text in (before, after))
    return after.replace(f'"code_hash": "{was}"', f'"code_hash": "{now}"')
