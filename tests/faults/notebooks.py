"""Notebooks on a bad day: run twice, restarted in the middle, in a wrong order, with a cell left out.

Every cell must give the picture of the right order or an error that says what is missing; never another picture.
"""

import copy
import hashlib
import random
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.util import run_sync

from faults.tally import Tally

NOTEBOOKS = Path(__file__).resolve().parent.parent.parent / "notebooks"
CLEAR = (
    "NameError",
    "KeyError",
    "NotImplementedError",
    "AssertionError",
    "Wrong",
)  # it names what is missing, or refuses to go on
# its picture shows measured seconds: another one every time, and rightly so
TIMED = (
    "Clocks(",
    "figures.live(losses, seconds)",
    "play.Blocks(",
    "cpu_seconds(",
    "measure.seconds(",
    "milliseconds alone",
)
KINDS = ("run twice", "restarted", "wrong order", "cell left out")
AGAIN = (
    "get_ipython().reset(new_session=False, aggressive=False); import matplotlib.pyplot; matplotlib.pyplot.close('all')"
)


class Session:
    """A notebook's code cells and a live kernel that runs any of them."""

    def __init__(self, name: str):
        (path,) = NOTEBOOKS.glob(f"{name}*.ipynb")
        self.notebook = nbformat.read(path, as_version=4)
        self.notebook.cells = [cell for cell in self.notebook.cells if cell.cell_type == "code"]
        self.cells = copy.deepcopy(self.notebook.cells)
        self.client = NotebookClient(
            self.notebook, timeout=300, kernel_name="python3", allow_errors=True, record_timing=False
        )

    def __len__(self) -> int:
        return len(self.cells)

    def run(self, i: int) -> tuple[str, tuple[str, ...]]:
        """Run cell i: the name of its error ("" for none), and a checksum of each of its pictures."""
        cell = copy.deepcopy(self.cells[i])
        self.notebook.cells[i] = cell
        self.client.execute_cell(cell, i)
        errors = [f"{out.ename}: {out.evalue}" for out in cell.outputs if out.output_type == "error"]
        pictures = [out.data["image/png"] for out in cell.outputs if "image/png" in out.get("data", {})]
        if any(sign in cell.source for sign in TIMED):
            pictures = []
        return "".join(errors), tuple(hashlib.sha256(picture.encode()).hexdigest()[:16] for picture in pictures)

    def forget(self) -> None:
        """Empty the kernel's names, as a restart does, but keep torch loaded."""
        cell = nbformat.v4.new_code_cell(AGAIN)
        self.notebook.cells.append(cell)
        self.client.execute_cell(cell, len(self.cells))
        self.notebook.cells.pop()

    def restart(self) -> None:
        """A new kernel, by force."""
        run_sync(self.client.km.restart_kernel)(now=True)
        run_sync(self.client.kc.wait_for_ready)(timeout=120)


def judge(tally: Tally, session: Session, order: list[int], right: list, strict: bool) -> list[str]:
    """Run cells in `order`: one try. `strict`: nothing may fail. Returns what was wrong."""
    tally.tries += 1
    complaints, failed = [], 0
    for i in order:
        error, pictures = session.run(i)
        if error and (strict or not error.startswith(CLEAR)):
            complaints.append(f"cell {i}: {error}")
        elif not error and pictures != right[i][1]:
            complaints.append(f"cell {i}: another picture")
        failed += bool(error)
    tally.wrong += bool(complaints)
    tally.errors += bool(failed) and not complaints
    tally.resumed += not failed and not complaints
    return complaints


def bad_day(count: int, name: str) -> tuple[dict[str, Tally], list[str]]:
    """What a notebook does `count` times of each kind, and complaints."""
    session, dice, complaints = Session(name), random.Random(0), []
    tallies = {kind: Tally() for kind in KINDS}
    every = list(range(len(session)))
    with session.client.setup_kernel():
        right = [session.run(i) for i in every]
        complaints += [f"cell {i}: {error}" for i, (error, _) in enumerate(right) if error]

        def go(kind: str, order: list[int], strict: bool = False) -> None:
            found = judge(tallies[kind], session, order, right, strict)
            complaints.extend(f"{kind}, {line}, order {order}" for line in found)

        for _ in range(count):
            go("run twice", every, strict=True)
            session.forget()
            go("wrong order", dice.sample(every, len(every)))
            session.forget()
            out = dice.randrange(2, len(every))
            go("cell left out", [i for i in every if i != out])
            middle = dice.randrange(2, len(every))
            for i in every[:middle]:
                session.run(i)
            session.restart()
            go("restarted", every[middle:])  # a reader who goes on where they were
            go("restarted", every, strict=True)
    return tallies, complaints
