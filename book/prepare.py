"""Notebooks as the book shows them: the first figure before the code, local badges, links, words on every picture."""

import html
import re
from collections.abc import Iterable
from pathlib import Path

import live
import nbformat
from folds import opened
from linked import linked, of_tree

STILL = "Something to play with: this is a still. It comes alive in"
RECORDED = "Here it answers from a recording. The models themselves draw for you in"
BADGES = re.compile(r"^\[!\[Open in Colab\]\(.*?\)\]\((?P<colab>.*?)\) \[!\[.*?\]\(.*?\)\]\((?P<binder>.*?)\)$", re.M)
DEFINES = re.compile(r"^(class|def) ", re.M)
DRAWS = "The code of this figure"  # what a folded cell says it is
LEADS, SETS_UP = "The code of the first picture", "Imports and settings"


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


def fold(cell, words: str) -> None:
    """Hide a cell's code behind a line that says what it is."""
    cell.metadata.tags = [*cell.metadata.get("tags", []), "hide-input"]
    cell.metadata.setdefault("mystnb", {}).update(code_prompt_show=words, code_prompt_hide=words)


def first_figure(notebook) -> tuple | None:
    """The first picture that no fold hides, as its cell and its output."""
    outputs = ((cell, output) for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs)
    return next(((cell, output) for cell, output in outputs if "image/png" in output.get("data", {})), None)


def lead(notebook, to: dict[str, str], name: str) -> None:
    """Title with its number and badges, then the first figure, then the words that stood below the title."""
    title, _, rest = BADGES.sub("", notebook.cells[0].source, count=1).partition("\n")
    if not re.match(r"# \d\d", title) and name[:2].isdigit():
        title = f"# {name[:2]} · {title[2:]}"
    opening = [nbformat.v4.new_markdown_cell(f"{title}\n\n{badges(to)}")]
    notebook.cells[0].source = rest.strip()
    if found := first_figure(notebook):
        cell, output = found
        cell.outputs = [other for other in cell.outputs if other is not output]
        opening.append(nbformat.v4.new_code_cell("# shown", metadata={"tags": ["remove-input"]}, outputs=[output]))
        if not DEFINES.search(cell.source):
            fold(cell, LEADS)
    notebook.cells[:1] = [*opening, *notebook.cells[:1]]


def for_book(notebook, name: str, names: Iterable[str] = ()):
    """Change a notebook in place; its code and its outputs stay. `names` are the notebooks that mentions lead to."""
    to, cells = links(notebook, name), []
    lead(notebook, to, name)
    for cell in notebook.cells:
        cells.append(cell)
        if cell.cell_type != "code":
            cell.source = linked(cell.source, names, name)
            continue
        if "google.colab" in cell.source:
            cell.metadata.tags = [*cell.metadata.get("tags", []), "remove-cell"]
        elif re.match(r"(import|from) ", cell.source) and not cell.outputs and not DEFINES.search(cell.source):
            fold(cell, SETS_UP)
        hidden = cell.metadata.get("jupyter", {}).get("source_hidden", False)
        for output in map(opened, cell.outputs):
            if "image/png" in output.get("data", {}):
                said = output.metadata["image/png"]
                hidden |= not DEFINES.search(cell.source) and len(cell.source.splitlines()) > 8
                image = {"alt": said["alt"]} | ({"width": f"{said['width']}px"} if "width" in said else {})
                cell.metadata.setdefault("mystnb", {})["image"] = image
                if output.data.get("text/plain", "").startswith("Widget:"):
                    cells.append(nbformat.v4.new_markdown_cell(still(to, cell.source)))
        if hidden and "hide-input" not in cell.metadata.get("tags", []):
            fold(cell, DRAWS)
    notebook.cells = cells
    return notebook


def prepare(paths: list[Path], folder: Path) -> dict[str, dict]:
    """Write the book's notebooks into `folder`; returns what its front page says of each, by name."""
    folder.mkdir(parents=True, exist_ok=True)
    cards, names = {}, [path.stem for path in paths]
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        cards[path.stem] = card(notebook, path.stem)
        nbformat.write(for_book(notebook, path.stem, names), folder / path.name)
    return cards


def pages(paths: list[Path], names: Iterable[str], repository: str, folder: Path) -> dict[str, dict]:
    """Write the pages that are no notebooks into `folder`; returns title and first words of each, by name."""
    about = {}
    for path in paths:
        text = path.read_text(encoding="utf-8")
        title, words = re.search(r"^# (.*)", text)[1], re.search(r"^(?![#`|!<])\S.*(?:\n.+)*", text, re.M)[0]
        plain = re.sub(r"\]\([^)]*\)|[\[\]`*]", "", " ".join(words.split()))
        about[path.stem] = {"title": title, "question": plain}
        (folder / path.name).write_text(linked(of_tree(text, names, repository), names, path.stem), encoding="utf-8")
    return about


def card(notebook, name: str) -> dict:
    """Title, question, links, and the first picture with its words."""
    text = notebook.cells[0].source
    question = re.search(r"^\*\*(?:One question: |Question: )?(.*?\?)\*\*", text, re.M)[1]
    picture = first_figure(notebook)[1]
    return {
        "title": re.match(r"# (?:\d\d · )?(.*)", text)[1],
        "question": question[0].upper() + question[1:],
        "links": links(notebook, name),
        "png": picture.data["image/png"],
        "alt": picture.metadata["image/png"]["alt"],
    }
