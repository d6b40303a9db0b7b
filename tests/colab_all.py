"""Every notebook from its first cell to its last on a simulated Colab: `make colab`, or `python tests/colab_all.py 02`.

Each runs in a fresh kernel in which the course is fetched, or is there already, as on Colab. Status 1 where one stops.
"""

import sys
import tempfile
import time
from pathlib import Path

import nbformat
import published
from colab import ADDRESS, ROOT, Colab, wheels
from nbclient.exceptions import CellExecutionError


def main(only: list[str]) -> int:
    """Run the notebooks whose names start so (all without), a line each; the number of those that stopped."""
    stopped = 0
    paths = sorted((ROOT / "notebooks").glob("*.ipynb"))
    with tempfile.TemporaryDirectory() as folder:
        machine = Colab(Path(folder) / "machine")
        course = published.repository(Path(folder) / "published" / "course")
        for path in (path for path in paths if path.name.startswith(tuple(only) or "")):
            start = time.perf_counter()
            try:
                machine.run(nbformat.read(path, as_version=4), ADDRESS, course, wheels(), seconds=1200)
                said = "ran to its end"
            except CellExecutionError as error:
                stopped, said = stopped + 1, f"stopped: {str(error).strip().splitlines()[-1]}"
            print(f"{path.stem:<32}{time.perf_counter() - start:7.0f} s  {said}", flush=True)
    return stopped


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
