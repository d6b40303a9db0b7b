"""What each cell is in the slides, by rule: `python book/slide_types.py` writes it into the notebooks.

slide: opens a section · subslide: goes on in it · fragment: appears with a click, on the same slide where it has room
· -: goes with what is before it
· notes: for the speaker alone · skip: not in the slides. A type that an author chose is kept.
"""

import json
import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TYPES = ("slide", "subslide", "fragment", "notes", "skip", "-")
HEADING = re.compile(r"^#{1,2} ")


def text_of(cell: dict) -> str:
    """The source of a cell as one string."""
    return "".join(cell["source"])


def has_picture(cell: dict) -> bool:
    """Whether a figure, a page or a widget's still stands below a code cell."""
    kinds = {kind for output in cell.get("outputs", []) for kind in output.get("data", {})}
    return bool(kinds & {"image/png", "text/html"})


def slide_type(cell: dict) -> str:
    """The type by rule: text carries the lecture, figures answer it, scaffolding stays in the notebook."""
    text = text_of(cell).strip()
    if cell["cell_type"] != "code":
        if not text:
            return "skip"
        if HEADING.match(text):
            return "slide"
        if text.startswith("<details>"):
            return "notes" if text.endswith("</details>") else "subslide"
        return "fragment" if text.startswith(("**Read", "**Predict")) else "subslide"
    if has_picture(cell):
        return "fragment"
    if cell["metadata"].get("nbgrader", {}).get("solution"):  # a stub goes with the exercise above it
        return "-"
    return "subslide" if re.search(r"^(class|def) ", text, re.MULTILINE) else "skip"


def typed(notebook: dict) -> int:
    """Give a type to each cell that has none; returns to how many."""
    new = 0
    for cell in notebook["cells"]:
        slideshow = cell["metadata"].get("slideshow", {})
        if slideshow.get("slide_type") not in TYPES:
            cell["metadata"]["slideshow"] = slideshow | {"slide_type": slide_type(cell)}
            new += 1
    return new


def main() -> None:
    """Type the cells of every notebook; files whose cells all have a type are not touched."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        if new := typed(notebook):
            part = path.with_name(f".{path.name}.part")
            part.write_text(written(notebook), encoding="utf-8", newline="\n")
            os.replace(part, path)
            print(f"{path.name}: {new} cells", file=sys.stderr)


def written(notebook: dict) -> str:
    """A notebook as the notebook tools store it."""
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
