"""Slides of every notebook: reveal.js, one page a deck, everything it loads beside it."""

import html
import re
import shutil
from importlib.resources import files
from pathlib import Path

import nbformat
from covers import cover
from nbconvert.exporters import SlidesExporter
from packing import packed
from prepare import first_figure
from pygments.formatters import HtmlFormatter
from traitlets.config import Config

HERE = Path(__file__).resolve().parent
WIDTH, HEIGHT = 1280, 720
LIST = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Pixels, Tokens, Noise: slides</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="assets/slides.css"></head>
<body class="list"><h1>Pixels, Tokens, Noise: slides</h1>
<ul>
{}
</ul></body></html>
"""


def assets(folder: Path) -> None:
    """Copy reveal.js, MathJax, fonts and our style from the packages that carry them into `folder`."""
    reveal = Path(str(files("sphinx_revealjs"))) / "_static" / "revealjs"
    folder.mkdir(parents=True, exist_ok=True)
    for source in ("dist/reveal.js", "dist/reveal.css", "dist/reset.css", "LICENSE"):
        shutil.copyfile(reveal / source, folder / ("reveal-LICENSE" if source == "LICENSE" else Path(source).name))
    shutil.copytree(reveal / "plugin" / "notes", folder / "notes", dirs_exist_ok=True)
    mathjax_and_fonts(folder)
    colours = HtmlFormatter(style="a11y-light").get_style_defs(".highlight")
    (folder / "slides.css").write_text(
        (HERE / "_static" / "slides.css").read_text(encoding="utf-8") + colours + "\n", encoding="utf-8"
    )
    shutil.copyfile(HERE / "_static" / "slides.js", folder / "slides.js")


def mathjax_and_fonts(folder: Path) -> None:
    """One file of MathJax that needs no other, and the fonts of the book and the slides."""
    mathjax = Path(str(files("mathjax"))) / "static" / "mathjax"
    shutil.copyfile(mathjax / "es5" / "tex-svg.js", folder / "mathjax.js")
    shutil.copyfile(mathjax / "LICENSE", folder / "mathjax-LICENSE")
    fonts = Path(str(files("sphinx_revealjs"))) / "_static/revealjs/dist/theme/fonts/source-sans-pro"
    for font in [*fonts.glob("*.woff"), fonts / "LICENSE"]:
        shutil.copyfile(font, folder / ("fonts-LICENSE" if font.name == "LICENSE" else font.name))


def exporter() -> SlidesExporter:
    """nbconvert's slides with our template, which asks no other host for anything."""
    config = Config()
    config.TemplateExporter.extra_template_basedirs = [str(HERE / "templates")]
    config.SlidesExporter.template_name = "course"
    config.SlidesExporter.reveal_width, config.SlidesExporter.reveal_height = str(WIDTH), str(HEIGHT)
    return SlidesExporter(config=config, exclude_input_prompt=True, exclude_output_prompt=True)


def deck(path: Path, export: SlidesExporter) -> str:
    """The page of one notebook's slides."""
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.title = html.escape(re.match(r"# (.*)", notebook.cells[0].source)[1])
    notebook.cells = packed(notebook.cells)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":  # links to other notebooks lead to their slides
            cell.source = re.sub(r"(?<=\]\()(\w+)\.ipynb(#[\w-]+)?(?=\))", r"\1.html", cell.source)
    page, _ = export.from_notebook_node(notebook, resources={"metadata": {"name": path.stem}})
    return page


def listed(path: Path, title: str, folder: Path) -> str:
    """A notebook's line in the list of decks, with its first figure as a cover in `folder`/assets."""
    found = first_figure(nbformat.read(path, as_version=4))
    if found:
        cover(found[1].data["image/png"]).save(folder / "assets" / f"cover-{path.stem}.png", optimize=True)
    picture = f'<img src="assets/cover-{path.stem}.png" alt="" width="800" height="400">' if found else ""
    number = "" if re.match(r"\d\d", title) else f"{path.stem[:2]} · "
    return f'<li><a href="{path.stem}.html">{picture}<span>{number}{title}</span></a></li>'


def build(notebooks: list[Path], folder: Path) -> None:
    """Write a deck for each notebook into `folder`, and a page that lists them."""
    assets(folder / "assets")
    export, rows = exporter(), []
    for path in notebooks:
        page = deck(path, export)
        (folder / f"{path.stem}.html").write_text(page, encoding="utf-8")
        rows.append(listed(path, re.search("<title>(.*) · slides</title>", page)[1], folder))
    (folder / "index.html").write_text(LIST.format("\n".join(rows)), encoding="utf-8")
