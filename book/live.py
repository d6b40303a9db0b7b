"""Widgets that play in the book without a kernel: `python book/live.py` records what the shipped models answer.

Each file in book/live holds a widget's state, and for some of its questions the state that Python would send back.
The front ends are the widgets' own scripts; _static/live.js is the kernel's part.
"""

import base64
import dataclasses
import json
import re
import sys
import zlib
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLAY = HERE.parent / "course_lib" / "show" / "play"
NAMES = ("game", "clocks")
ROUNDS = 5  # of the game
CLASSES, SEEDS = (9, 8, 3), (0, 1)  # of the clocks


def state_of(widget) -> dict:
    """What a widget shares with the browser, without what all widgets have; bytes packed."""
    state = {key: value for key, value in widget.get_state().items() if key[0] != "_"}
    shared = ("layout", "tabbable", "tooltip")
    return {key: packed(value) for key, value in state.items() if key not in shared}


def packed(value):
    """JSON as it is; bytes as the base64 text of their deflated form."""
    return {"deflated": base64.b64encode(zlib.compress(value, 9)).decode()} if isinstance(value, bytes) else value


def game(test, models) -> dict:
    """Rounds of the game, each with its answer."""
    from course_lib.show.play import Game

    widget = Game(test, *models, seed=1)  # the seed of notebook 00
    start, replies = state_of(widget), []
    for k in range(ROUNDS):
        if k:
            widget.round = k
        dealt = state_of(widget)
        widget.marked = list(range(6))
        told = state_of(widget)
        replies.append({"sheet": dealt["sheet"], "answer": told["answer"], "caption": told["caption"]})
    return {"state": start, "rounds": replies}


def paces() -> dict[str, float]:
    """Milliseconds a forward of each film, as notebook 00 measured and printed them."""
    cells = json.loads(next(HERE.parent.glob("notebooks/00_*.ipynb")).read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    said = "".join(line for output in outputs for line in output.get("data", {}).get("text/html", []))  # in a fold
    rows = re.findall(r"^([a-z ]+?) +\d+ ms, +\d+ forwards of ([\d.]+) ms", said, re.M)
    return {name: float(milliseconds) for name, milliseconds in rows}


def clocks(test, makers) -> dict:
    """Films of a few classes and seeds, all at the pace that notebook 00 measured."""
    from course_lib.show.play import Clocks

    def steady(make, label, seed):
        film = make(label, seed)
        return dataclasses.replace(film, ms=[round(forwards * pace[film.name], 2) for forwards in film.forwards])

    pace, names = paces(), [test.names[label] for label in CLASSES]
    steadied = [lambda i, seed, make=make: steady(make, CLASSES[i], seed) for make in makers]
    replies = []
    for label in range(len(names)):
        for seed in SEEDS:
            state = state_of(Clocks(steadied, names, label=label, seed=seed))
            told = {key: value for key, value in state.items() if key not in ("label", "seed", "names")}
            replies.append({"label": label, "seed": seed, "told": told})
    return {"state": {"names": names, "label": 0, "seed": SEEDS[0]}, "films": replies}


def record() -> None:
    """Write book/live/NAME.json for each of NAMES."""
    from course_lib import data, training
    from course_lib.show import films

    names = ("pixel-transformer-fashion", "dit-fashion", "token-ar-fashion", "tokenizer-fashion")
    test, (pixels, noise, words, tokenizer) = data.load("fashion", "test"), map(training.load, names)
    writer, washer = partial(films.pixel_by_pixel, pixels), partial(films.out_of_noise, noise)
    made = {
        "game": game(test, (pixels, noise)),
        "clocks": clocks(test, [writer, partial(films.token_by_token, words, tokenizer), washer]),
    }
    for name, told in made.items():
        path = HERE / "live" / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB", file=sys.stderr)


def front_ends(folder: Path) -> None:
    """The widgets' scripts, their style and what was recorded, as static files in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    common = (PLAY / "common.js").read_text(encoding="utf-8")
    for name in NAMES:
        (folder / f"{name}.js").write_text(common + (PLAY / f"{name}.js").read_text(encoding="utf-8"), encoding="utf-8")
        (folder / f"{name}.json").write_text(
            (HERE / "live" / f"{name}.json").read_text(encoding="utf-8"), encoding="utf-8"
        )
    css = (PLAY / "common.css").read_text(encoding="utf-8")
    for weight, name in ((400, "regular"), (700, "semibold")):
        (folder / f"{name}.woff").write_bytes((PLAY.parent / "fonts" / f"{name}.woff").read_bytes())
        css += f"@font-face {{ font-family: 'Course Sans'; font-weight: {weight}; src: url({name}.woff); }}\n"
    (folder / "live.css").write_text(css, encoding="utf-8")


def host(name: str) -> str:
    """Where a widget comes alive on a page."""
    return f'<div class="live" data-live="{name}"></div>'


if __name__ == "__main__":
    record()
