"""Run notebooks from top to bottom in fresh kernels, keep their outputs: `make run`, `python tests/refresh.py 01 02`.

A notebook that raises, or writes to stderr, is left as it was. One that runs is written with its outputs, without the
state of live widgets, and with a hash of its code cells; seconds and peak memory go to data/results/notebooks.json.
"""

import argparse
import base64
import os
import re
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
INSIDE = re.compile(r"(data:image/png;base64,)([\w+/=]+)")  # a folded picture
WIDGET = "application/vnd.jupyter.widget-view+json"
SECONDS_PER_CELL = 300


class Peak:
    """Peak resident memory of a process and its children, in MB, watched until the process ends."""

    def __init__(self, pid: int, every: float = 0.2):
        self.mb, self.every = 0.0, every
        self._process = psutil.Process(pid)
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while self._process.is_running() and self.look():
            time.sleep(self.every)

    def look(self) -> float:
        """The peak so far, 0 once it has ended. Linux keeps the process's own; children count as they are now."""
        try:
            total = self._own() + sum(self._alone(child) for child in self._process.children(recursive=True))
        except psutil.Error:  # it has ended
            return 0.0
        self.mb = max(self.mb, total / 1e6)
        return self.mb

    def _own(self) -> int:
        try:
            lines = Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8").splitlines()
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
        except (OSError, StopIteration):
            return self._resident(self._process)

    @staticmethod
    def _alone(process: psutil.Process) -> int:
        """What a child has for itself: one that was just forked still shares all of its parent's pages."""
        try:
            return process.memory_full_info().uss
        except (psutil.Error, AttributeError, OSError):
            return Peak._resident(process)

    @staticmethod
    def _resident(process: psutil.Process) -> int:
        try:
            return process.memory_info().rss
        except psutil.Error:
            return 0


def chosen(names: list[str]) -> list[Path]:
    """The notebooks whose file name starts with one of `names`; all of them where none is given."""
    every = sorted(NOTEBOOKS.glob("*.ipynb"))
    for name in names:
        if not any(path.name.startswith(name) for path in every):
            known = ", ".join(path.stem for path in every) or "none"
            sys.exit(f"No notebook starts with {name!r}. There are: {known}.")
    return [path for path in every if not names or path.name.startswith(tuple(names))]


def settled(outputs: list) -> list:
    """Outputs as a reader without a kernel should find them.

    A live widget's view means nothing without its state: its static picture or page stays, and where it has none (a
    progress bar) the output goes.
    """
    kept = []
    for output in outputs:
        data = output.get("data", {})
        if WIDGET in data:
            if not any(kind.startswith("image/") or kind == "text/html" for kind in data):
                continue
            del data[WIDGET]
            output.get("metadata", {}).pop(WIDGET, None)
        if "image/png" in data:
            data["image/png"] = lighter(data["image/png"])
        if "text/html" in data:
            data["text/html"] = INSIDE.sub(lambda found: found[1] + lighter(found[2]), data["text/html"])
        kept.append(output)
    return kept


def lighter(png: str) -> str:
    """The same picture (base64) in fewer bytes, where the tool for that is at hand (extra `test`)."""
    try:
        import oxipng
    except ImportError:
        return png
    return base64.b64encode(oxipng.optimize_from_memory(base64.b64decode(png), level=4)).decode()


MEMORY = "import torch; print(torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0)"


def execute(path: Path, keep: bool = True) -> dict:
    """Run one notebook, write it back (`keep`), and return its row; RuntimeError where it may not be kept."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    from course_lib.data import files

    notebook = nbformat.read(path, as_version=4)
    if not keep:
        notebook.cells.append(nbformat.v4.new_code_cell(MEMORY))
    client = NotebookClient(
        notebook,
        timeout=SECONDS_PER_CELL,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    peak = None

    def watch(**_) -> None:
        nonlocal peak
        peak = peak or Peak(client.km.provisioner.pid)
        peak.look()

    client.on_cell_execute = client.on_cell_executed = watch
    start = time.perf_counter()
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        raise RuntimeError(f"{path.name}: {error}") from None
    seconds = time.perf_counter() - start

    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code, 1):
        cell.outputs = settled(cell.outputs)
        for output in cell.outputs:
            if output.get("name") == "stderr" or output.output_type == "error":
                text = output.get("text") or output.get("evalue")
                raise RuntimeError(f"{path.name}, code cell {number} leaves an error or writes to stderr:\n{text}")
    row = {"seconds": round(seconds, 1), "peak_mb": round(peak.mb) if peak else 0}
    if not keep:
        return row | {"gpu_peak_mb": round(int(code[-1].outputs[0].text) / 1e6)}
    stamp(notebook)
    files.write(path, (nbformat.writes(notebook) + "\n").encode())
    return row


# With an exporter and a lexer of its own, `jupyter nbconvert --to script` makes Python of lines that begin with % or !.
LANGUAGE = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"}
LANGUAGE |= {"nbconvert_exporter": "python", "pygments_lexer": "ipython3"}


def stamp(notebook) -> None:
    """Metadata as committed: which code the outputs belong to, and nothing of the machine or of live widgets."""
    from course_lib.publish import code_hash

    notebook.metadata.pop("widgets", None)
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata["language_info"] = LANGUAGE
    notebook.metadata["course"] = {"code_hash": code_hash(notebook.cells)}


def note(which: str, name: str, row: dict) -> None:
    """Put the row of one notebook into data/results/WHICH.json; rows of notebooks that are gone leave it."""
    from course_lib.data import results
    from course_lib.experiments import provenance

    rows = results.read(which) if results.path_of(which).exists() else {}  # only now: others may run beside
    there = {path.stem for path in NOTEBOOKS.glob("*.ipynb")}
    rows = rows | {name: row | provenance.made_by()}
    results.write(which, {name: rows[name] for name in sorted(rows) if name in there})


def main() -> None:
    """Run what was asked for, one after the other, and note how long each took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", help="the start of a file name, such as 01 (default: all)")
    parser.add_argument("--time", action="store_true", help="outputs stay; rows go to notebooks-DEVICE.json")
    arguments = parser.parse_args()
    paths = chosen(arguments.notebooks)

    from course_lib import runtime

    if not arguments.time:
        for name in ("COURSE_BUDGET", "COURSE_GRADING"):  # outputs are those of the course as it stands
            os.environ.pop(name, None)
    which = f"notebooks-{runtime.device().type}" if arguments.time else "notebooks"
    failed = 0
    with tempfile.TemporaryDirectory() as cache:
        os.environ["COURSE_CACHE"] = cache  # nothing of this machine's reader gets into the outputs
        for path in paths:
            print(f"{path.stem:<32}", end="", flush=True)
            try:
                row = execute(path, keep=not arguments.time)
            except RuntimeError as error:
                failed += 1
                print(f"not refreshed\n{error}", flush=True)
                continue
            row |= {"cores": runtime.cores(), "precision": str(runtime.precision()[0]).removeprefix("torch.")}
            print(f"{row['seconds']:8.1f} s {row['peak_mb']:6d} MB {path.stat().st_size / 1000:7.0f} kB", flush=True)
            if arguments.time:
                row |= {"budget": float(os.environ.get("COURSE_BUDGET", 1))}
            note(which, path.stem, row)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
