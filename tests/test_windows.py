"""The course where Windows differs from Linux: texts in another encoding, modules that are not there, old pipes."""

import ast
import json
import re
import zipfile
from pathlib import Path

import pytest
import widget_cells
import windows

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SOURCES = [path for room in ("course_lib", "tests", "book", "data") for path in sorted((ROOT / room).rglob("*.py"))]


def beginning(path: Path) -> str:
    """What a notebook starts with: its first cell, and all that it imports anywhere."""
    every = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [widget_cells.MAGIC.sub(r"\1pass", "".join(c["source"])) for c in every if c["cell_type"] == "code"]
    nodes = [node for cell in code[1:] for node in ast.parse(cell).body]
    imports = [ast.unparse(node) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    assert "places.ready" in code[0] and any("course_lib" in line for line in imports)
    return "\n".join([code[0], *imports])


def said(found) -> str:
    """What a process printed, once it has ended well."""
    assert found.returncode == 0, found.stderr[-3000:]
    return found.stdout


# The system itself: without this, nothing below would mean anything


def test_texts_without_an_encoding_fail_there(tmp_path):
    (tmp_path / "text").write_text("❚ ✓", encoding="utf-8")
    found = windows.run(f"from pathlib import Path\nPath({str(tmp_path / 'text')!r}).read_text()")
    assert found.returncode and "UnicodeDecodeError" in found.stderr
    assert "UnicodeEncodeError" in windows.run(r"print('\u2713')").stderr


def test_modules_of_unix_are_missing_there_for_the_course_alone():
    code = "import resource\nexec('import resource', {'__name__': 'course_lib.somewhere'})"
    found = windows.run(code)
    assert "No module named 'resource'" in found.stderr and found.stderr.count("File ") == 3
    assert "AttributeError" in windows.run("import os\nos.sched_getaffinity(0)").stderr


# What must work there


def test_every_notebook_begins_there(tmp_path):
    (tmp_path / "begin.py").write_text(
        "import json, sys\n"
        "for name, code in json.load(open(sys.argv[1], encoding='utf-8')).items():\n"
        "    exec(compile(code, name, 'exec'), {'__name__': '__main__'})\n"
        "    print(name, 'begins')\n",
        encoding="utf-8",
    )
    codes = {path.stem: beginning(path) for path in NOTEBOOKS}
    (tmp_path / "codes.json").write_text(json.dumps(codes), encoding="utf-8")
    code = f"import runpy, sys\nsys.argv = ['', {str(tmp_path / 'codes.json')!r}]\n"
    out = said(windows.run(code + f"runpy.run_path({str(tmp_path / 'begin.py')!r})"))
    assert re.findall(r"(\S+) begins", out) == [path.stem for path in NOTEBOOKS]
    assert out.count("Ready, on the processor") == len(NOTEBOOKS)


def test_widgets_and_their_scripts_are_whole_there():
    code = "from course_lib.show import play\nprint(ascii(play.Clocks._esm), ascii(play.Play._css))"
    assert ascii("❚")[1:-1] in said(windows.run(code))


def test_what_is_printed_after_the_first_cell_never_stops_a_script_there():
    code = "from course_lib import places\nplaces.ready(1)\nprint('\\u2713 hide: right.')"
    assert said(windows.run(code)).endswith("? hide: right.\n")


def test_doctor_says_ready_there():
    assert said(windows.run("from course_lib.__main__ import main\nraise SystemExit(main(['doctor']))")).endswith(
        "ready\n"
    )


def test_predictions_are_packed_there(tmp_path):
    code = f"""
from course_lib.__main__ import main
from course_lib.show.play import predictions
about = predictions.claims()
verdict = next(verdict for verdict in about["verdicts"] if not verdict.isascii())
predictions.predict(about["claims"][0]["id"], verdict, 80)
assert predictions.load()[about["claims"][0]["id"]]["verdict"] == verdict
raise SystemExit(main(["pack", {str(tmp_path / "my-work.zip")!r}]))
"""
    assert "1 predictions" in said(windows.run(code, COURSE_CACHE=str(tmp_path / "cache")))
    with zipfile.ZipFile(tmp_path / "my-work.zip") as packed:
        assert "…" in packed.read("predictions.json").decode()


def test_a_training_is_interrupted_and_goes_on_there(tmp_path):
    code = f"""
import signal
from pathlib import Path
import tiny, torch
from course_lib.methods import flow
from course_lib.experiments import lock
from course_lib.training.fit import Batches, fit
batches = Batches(torch.zeros(8, 1, 8, 8), torch.zeros(8, dtype=torch.long), 4)
kept, calls = Path({str(tmp_path / "state.safetensors")!r}), []
def loss(model, batch, *, generator=None):
    calls.append(1)
    if len(calls) == 3:
        signal.raise_signal(signal.SIGINT)
    return flow.loss(model, batch, generator=generator)
with lock.alone(kept, "a training"):
    for _ in range(2):
        model = tiny.denoiser(dtype=torch.float32)
        run = fit(model, loss, batches, steps=6, checkpoint=kept, progress=False)
        print(run.step, run.finished, len(calls))
"""
    lines = said(windows.run(code)).splitlines()
    assert "3 False 3" in lines and lines[-1] == "6 True 6"


# Every text is opened as UTF-8. The linter's PLW1514 knows only what is surely a path; here names decide.

READS = {"read_text", "write_text"}
STARTS = {"run", "Popen", "check_output", "check_call", "call"}
OPENS = {"open", "fdopen", "NamedTemporaryFile", "TemporaryFile", "TextIOWrapper"}


def blind(tree: ast.AST) -> list[str]:
    """The calls that leave it to the system how a text is encoded."""
    found = []
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        given = {word.arg for word in call.keywords}
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        modes = [
            part.value for part in ast.walk(call) if isinstance(part, ast.Constant) and isinstance(part.value, str)
        ]
        text = any(re.fullmatch(r"[rwax]\+?t?", mode) for mode in modes) or (
            isinstance(call.func, ast.Name)
            and name == "open"
            and not any(re.fullmatch(r"[rwax]?\+?b\+?", m) for m in modes)
        )
        wrong = name in READS or (name in STARTS and given & {"text", "universal_newlines"}) or (name in OPENS and text)
        if wrong and not given & {"encoding", None}:
            found.append(f"line {call.lineno}: {ast.unparse(call)[:80]}")
    return found


@pytest.mark.parametrize("path", [*SOURCES, *NOTEBOOKS], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_texts_are_opened_as_utf_8(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        text = "\n".join(widget_cells.MAGIC.sub(r"\1pass", "".join(cell["source"])) for cell in cells)
    assert not blind(ast.parse(text))


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("path.read_text()", True),
        ("(here() / 'x').write_text(words)", True),
        ("open(name)", True),
        ("open(name, 'w')", True),
        ("path.open('r')", True),
        ("os.fdopen(handle, 'w')", True),
        ("subprocess.run(words, text=True)", True),
        ("path.read_text(encoding='utf-8')", False),
        ("open(name, 'rb')", False),
        ("open(name, 'w', encoding='utf-8')", False),
        ("os.fdopen(handle, 'wb')", False),
        ("Image.open(file)", False),
        ("subprocess.run(words)", False),
    ],
)
def test_a_text_in_any_encoding_would_be_found(code, wrong):
    assert bool(blind(ast.parse(code))) == wrong
