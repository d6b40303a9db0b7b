"""Every notebook from its first cell to its last on a simulated Colab: `make colab`, or `python tests/colab_all.py 02`.

Each runs in a fresh kernel in which the course is fetched, or is there already, as on Colab. Status 1 where one stops.
"""

import sys
import tempfile
from functools import partial
from pathlib import Path

import nbformat
import published
from colab import ADDRESS, Colab, wheels
from whole import chosen, stops


def main(only: list[str]) -> int:
    """Run the notebooks whose names start so (all without), a line each; the number of those that stopped."""
    with tempfile.TemporaryDirectory() as folder:
        machine = Colab(Path(folder) / "machine")
        course = published.repository(Path(folder) / "published" / "course")

        def run(path: Path) -> None:
            machine.run(nbformat.read(path, as_version=4), ADDRESS, course, wheels(), seconds=1200)

        return sum(stops(path.stem, partial(run, path)) for path in chosen(only))


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
