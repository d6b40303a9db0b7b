"""The README's table of notebooks and its thumbnails, from the notebooks that are there: `python book/contents.py`."""

import base64
import io
import json
import re
import sys
from pathlib import Path

import nbformat
import prepare
from PIL import Image

from course_lib.data import files

ROOT = Path(__file__).resolve().parent.parent
THUMBS = "data/figures/thumbs"
WIDTH, HEIGHT = 168, 112  # pixels of a file; the table shows it at two thirds
LIMIT = 6_000  # bytes of a thumbnail
MARKS = "<!-- notebooks: python book/contents.py -->\n", "<!-- end of the notebooks -->\n"
WHOLE = {0: "", 15: "¼", 30: "½", 45: "¾"}
# What a first figure shows best: left, upper edge and width, as shares of its own width and height.
CROPS = {
    "00": (0.62, 0.045, 0.38),
    "01": (0.12, 0.14, 0.34),
    "02": (0.18, 0.08, 0.42),
    "03": (0.4, 0.12, 0.3),
    "04": (0.46, 0.1, 0.38),
    "05": (0.7, 0.12, 0.3),
    "06": (0.11, 0.1, 0.5),
    "07": (0.64, 0.44, 0.36),
    "08": (0.36, 0.2, 0.3),
    "09": (0.0, 0.12, 0.3),
    "10": (0.5, 0.06, 0.5),
    "11": (0.62, 0.46, 0.36),
    "12": (0.14, 0.09, 0.42),
    "13": (0.055, 0.157, 0.38),
}


def thumbnail(png: str, crop: tuple[float, float, float] = (0.3, 0.12, 0.4)) -> bytes:
    """The part `crop` of a figure (base64 of a PNG) as a PNG of at most LIMIT bytes, WIDTH by HEIGHT."""
    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    left, top, wide = round(crop[0] * picture.width), round(crop[1] * picture.height), crop[2] * picture.width
    wide = min(wide, (picture.height - top) * WIDTH / HEIGHT, picture.width - left)
    part = picture.crop((left, top, left + round(wide), top + round(wide * HEIGHT / WIDTH)))
    part = part.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    for colours in (48, 32, 24, 16, 12, 8, 6, 4, 3, 2):
        part.quantize(colours, dither=Image.Dither.NONE).save(file := io.BytesIO(), format="PNG", optimize=True)
        if len(file.getvalue()) <= LIMIT:
            return file.getvalue()
    raise ValueError(f"a thumbnail of two colours has {len(file.getvalue())} bytes: choose another crop in CROPS.")


def hours(minutes: int) -> str:
    """`1½` of 90."""
    return f"{minutes // 60 or ''}{WHOLE[minutes % 60]}"


def row(planned: str, minutes: int | None, needs: str, path: Path | None) -> str:
    """A notebook's line in the table; one that is not there yet (`path` None) has neither link nor picture."""
    number, title = planned[:2], planned[3:].capitalize()
    if path is None:
        return f"| | {number} {title}, on its way | | {hours(minutes) if minutes else ''} | {needs} |"
    about = prepare.card(nbformat.read(path, as_version=4), path.stem)
    picture = f'<img src="{THUMBS}/{number}.png" width="{WIDTH * 2 // 3}" alt="">' if about["png"] else ""
    link = f"notebooks/{path.name}"
    return f"| {picture} | [{number} {about['title']}]({link}) | {about['question']} | {hours(minutes)} | {needs} |"


def table(root: Path = ROOT) -> str:
    """The table in Markdown, a row for each notebook of the course's plan."""
    lines = ["| | notebook | its question | hours | builds on |", "|---|---|---|---|---|"]
    for part in json.loads((root / "data" / "course.json").read_text(encoding="utf-8")):
        times = part.get("minutes", [None] * len(part["notebooks"]))
        for planned, minutes, needs in zip(part["notebooks"], times, part["needs"], strict=True):
            lines.append(row(planned, minutes, needs, next((root / "notebooks").glob(f"{planned[:2]}_*.ipynb"), None)))
    return "\n".join(lines) + "\n"


def write(root: Path = ROOT) -> list[Path]:
    """Renew the table in README.md and a thumbnail for each notebook in `root`; returns the thumbnails."""
    made = []
    for path in sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        number, about = path.stem[:2], prepare.card(nbformat.read(path, as_version=4), path.stem)
        if not about["png"]:
            continue
        made.append(root / THUMBS / f"{number}.png")
        files.write(made[-1], thumbnail(about["png"], *[CROPS[number]] if number in CROPS else []))
    put(root / "README.md", MARKS, table(root))
    return made


def put(page: Path, marks: tuple[str, str], new: str) -> None:
    """Write `new` between two marks of a page, in place of what stands there."""
    before, after = (re.escape(mark) for mark in marks)
    text = re.sub(f"(?s){before}.*{after}", lambda _: new.join(marks), page.read_text(encoding="utf-8"))
    files.write(page, text.encode())


if __name__ == "__main__":
    print(f"{sum(path.stat().st_size for path in write()) / 1000:.0f} kB of thumbnails", file=sys.stderr)
