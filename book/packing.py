"""A notebook's cells as slides that fit the screen: text is cut into blocks, and they are packed by their height.

What a slide holds is estimated here and checked in a browser by the tests.
"""

import base64
import re
import struct
from copy import deepcopy
from dataclasses import dataclass

from blocks import PIXELS, blocks, height
from folds import opened
from nbformat.v4 import new_markdown_cell
from slide_types import has_picture, slide_type, text_of

LINES = 15.4  # of text on a slide
FIGURE = (1120, 590)  # the most pixels that a figure may take
GROWS, SHRINKS = 1.7, 0.95  # a figure's pixels on the slide, for each of its own


@dataclass
class Part:
    """Something that stays whole: a block of text, a cell of code, a figure (`size`, its own pixels)."""

    kind: str
    cell: dict
    tall: float = 0.0
    size: tuple[int, int] | None = None

    @property
    def heading(self) -> bool:
        """Whether what follows belongs below it."""
        return self.cell["cell_type"] == "markdown" and self.cell["source"].startswith("#")

    def scaled(self, room: float) -> float:
        """How large a figure may be in `room` lines."""
        width, tall = self.size
        return min(GROWS, FIGURE[0] / width, FIGURE[1] / tall, (room - 0.8) * PIXELS / tall)

    def drawn(self, scale: float) -> None:
        """Fix the size of a figure."""
        self.cell["metadata"]["width"] = round(scale * self.size[0])
        self.tall = scale * self.size[1] / PIXELS + 0.8


def text(block: str, kind: str) -> Part:
    """A block of Markdown as a part of its own."""
    return Part(kind, new_markdown_cell(block), height(block))


def of_code(cell: dict, kind: str) -> Part:
    """A cell's figure, or where it has none its code in letters as large as fit."""
    cell = deepcopy(cell)
    if not has_picture(cell):
        lines = text_of(cell).splitlines()
        pixels = min(21, 1070 / (0.605 * max(map(len, lines))), 590 / (1.4 * len(lines)))
        cell["outputs"], cell["metadata"]["pixels"] = [], round(pixels, 1)
        return Part(kind, cell, 1.4 * pixels * len(lines) / PIXELS + 1.2)
    cell["outputs"] = [opened(output) for output in cell["outputs"] if has_picture({"outputs": [output]})]
    picture = next((output for output in cell["outputs"] if "image/png" in output["data"]), None)
    said = picture["metadata"].get("image/png", {}) if picture else {}
    size = (said["width"], said["height"]) if "width" in said else of_file(picture) if picture else None
    return Part(kind, cell, 3, size)


def of_file(picture: dict) -> tuple[int, int]:
    """Width and height that the file of a picture has, where nothing else is said."""
    return struct.unpack(">II", base64.b64decode("".join(picture["data"]["image/png"])[:44])[16:24])


def of_text(cell: dict, kind: str) -> list[Part]:
    """A cell's blocks; `kind` is the first one's, the others follow where there is room."""
    parts = []
    for block in blocks(text_of(cell)):
        if "colab-badge" in block:
            continue
        if block.startswith("<details>"):
            parts.append(Part("notes", new_markdown_cell(block)))
            continue
        this = "-" if any(part.kind != "notes" for part in parts) else kind
        if re.match(r"#{1,2} ", block):
            this = "slide"
        elif block.startswith("**Exercise"):
            this = "subslide"
        elif this == "-" and re.match(r"\*\*(Predict|Read)", block):
            this = "fragment"
        parts.append(text(block, this))
    return parts


def parts_of(cells: list[dict]) -> list[Part]:
    """All that the slides show, in order; the first figure comes forward, below title and question."""
    parts, first = [], None
    for cell in cells:
        kind = cell["metadata"].get("slideshow", {}).get("slide_type", slide_type(cell))
        if kind != "skip":
            parts += [of_code(cell, kind)] if cell["cell_type"] == "code" else of_text(cell, kind)
    first = next((i for i, part in enumerate(parts) if part.size), 0)
    if 2 < first < 8 and not any(part.heading for part in parts[1:first]):
        parts[2].kind, parts[first].kind = "subslide", "-"
        parts.insert(2, parts.pop(first))
    return parts


def packed(cells: list[dict]) -> list[dict]:
    """The cells of the slides: each with a type that opens a slide where the one before is full."""
    shown, room, bare, coded = parts_of(cells), 0.0, False, False
    for part, after in zip(shown, [*shown[1:], None]):
        if part.kind == "notes":
            continue
        if part.kind == "subslide" and bare:  # right below a heading one goes on, on its slide
            part.kind = "-"
        full = part.scaled(room) < SHRINKS or coded if part.size else part.tall > room
        if part.kind in ("fragment", "-") and full:
            part.kind = "subslide"
        if part.kind in ("slide", "subslide"):
            room = LINES
        if part.size:
            said = after.tall if after and after.kind == "fragment" and not after.size else 0.0
            beside = part.scaled(room - said)
            part.drawn(beside if beside >= SHRINKS else max(part.scaled(room), 0.3))
        room, bare, coded = room - part.tall, part.heading, part.cell["cell_type"] == "code" and not part.size
    for part in shown:
        part.cell["metadata"]["slideshow"] = {"slide_type": part.kind}
    shown[0].cell["metadata"]["slideshow"]["data"] = {"state": "opening"}
    return [part.cell for part in shown]
