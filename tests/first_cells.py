"""Give every notebook the first code cell of notebook 00, outputs and all: `python tests/first_cells.py`.

The cell is one for the whole course. After editing it in notebook 00 and `make run NOTEBOOKS=00`, this copies it to the
others; their other outputs stay, and what was fresh stays fresh.
"""

import json
from pathlib import Path

from course_lib.data import files
from course_lib.publish import code_hash

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"


def first(notebook: dict) -> dict:
    """A notebook's first code cell."""
    return next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")


def give(notebook: dict, cell: dict) -> None:
    """Put the source and outputs of `cell` into the first code cell of `notebook`, and renew a hash that was right."""
    about = notebook["metadata"].get("course", {})
    fresh = about.get("code_hash") == code_hash(notebook["cells"])
    first(notebook).update(source=cell["source"], outputs=cell["outputs"])
    if fresh:
        about["code_hash"] = code_hash(notebook["cells"])


def main() -> None:
    """Notebook 00 is the model of all others."""
    model, *others = sorted(NOTEBOOKS.glob("*.ipynb"))
    cell = first(json.loads(model.read_text(encoding="utf-8")))
    for path in others:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        give(notebook, cell)
        files.write(path, (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode())


if __name__ == "__main__":
    main()
