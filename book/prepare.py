"""Notebooks as the book shows them: local badges, words on every picture, no cell that only a service needs."""

import html
import re
from pathlib import Path

import live
import nbformat
from folds import opened

STILL = "Something to play with: this is a still. It comes alive in"
RECORDED = "Here it answers from a recording. The models themselves draw for you in"
BADGES = re.compile(r"^\[!\[Open in Colab\]\(.*?\)\]\((?P<colab>.*?)\) \[!\[.*?\]\(.*?\)\]\((?P<binder>.*?)\)$", re.M)


def links(notebook, name: str) -> dict[str, str]:
    """Where a notebook can be run or shown: `colab`, `binder`, `slides`."""
    found = BADGES.search(notebook.cells[0].source)
    if not found:
        raise ValueError(f"notebooks/{name}.ipynb has no badges below its title. Copy the line from its neighbour.")
    return found.groupdict() | {"slides": f"slides/{name}.html"}


def badges(to: dict[str, str]) -> str:
    """One line of HTML: each service's badge, from this site."""
    words = {"colab": "Open in Colab", "binder": "Open in Binder", "slides": "See the slides"}
    shown = (
        f'<a href="{html.escape(to[key])}"><img src="_static/{key}.svg" alt="{word}" width="132" height="28"></a>'
        for key, word in words.items()
    )
    return f'<p class="badges">{" ".join(shown)}</p>'


def still(to: dict[str, str], source: str) -> str:
    """What stands below a widget's still: the widget itself where its answers were recorded, and where it is whole."""
    name = next((name for name in live.NAMES if f"{name.capitalize()}(" in source), None)
    words = live.host(name) + "\n" + f'<p class="still">{RECORDED} ' if name else f'<p class="still">{STILL} '
    there = f'<a href="{html.escape(to["colab"])}">Colab</a>, <a href="{html.escape(to["binder"])}">Binder</a>'
    return f"{words}{there} or on your own machine.</p>"


def for_book(notebook, name: str):
    """Change a notebook in place; its code and its outputs stay."""
    to, cells = links(notebook, name), []
    notebook.cells[0].source = BADGES.sub(lambda _: badges(to), notebook.cells[0].source)
    for cell in notebook.cells:
        cells.append(cell)
        if cell.cell_type != "code":
            continue
        if "google.colab" in cell.source:
            cell.metadata.tags = [*cell.metadata.get("tags", []), "remove-cell"]
        hidden = cell.metadata.get("jupyter", {}).get("source_hidden", False)
        for output in map(opened, cell.outputs):
            if "image/png" in output.get("data", {}):
                said = output.metadata["image/png"]
                hidden |= not re.search(r"^(class|def) ", cell.source, re.M) and len(cell.source.splitlines()) > 8
                image = {"alt": said["alt"]} | ({"width": f"{said['width']}px"} if "width" in said else {})
                cell.metadata.mystnb = {"image": image}
                if output.data.get("text/plain", "").startswith("Widget:"):
                    cells.append(nbformat.v4.new_markdown_cell(still(to, cell.source)))
        if hidden:
            cell.metadata.tags = [*cell.metadata.get("tags", []), "hide-input"]
    notebook.cells = cells
    return notebook


def prepare(paths: list[Path], folder: Path) -> dict[str, dict]:
    """Write the book's notebooks into `folder`; returns what its front page says of each, by name."""
    folder.mkdir(parents=True, exist_ok=True)
    cards = {}
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        cards[path.stem] = card(notebook, path.stem)
        nbformat.write(for_book(notebook, path.stem), folder / path.name)
    return cards


def card(notebook, name: str) -> dict:
    """Title, question, links, and the first picture with its words."""
    text = notebook.cells[0].source
    question = re.search(r"^\*\*(?:One question: |Question: )?(.*?\?)\*\*", text, re.M)[1]
    outputs = (output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs)
    picture = next(output for output in outputs if "image/png" in output.get("data", {}))
    return {
        "title": re.match(r"# (?:\d\d · )?(.*)", text)[1],
        "question": question[0].upper() + question[1:],
        "links": links(notebook, name),
        "png": picture.data["image/png"],
        "alt": picture.metadata["image/png"]["alt"],
    }
