"""Make the web book or the slides: `make book`, `make slides`, or `python book/make.py book|slides --to build`.

Nothing is run and nothing is fetched: pages hold what the notebooks have stored, and all that they load lies beside
them. `python -m http.server -d build/book` shows the book.
"""

import argparse
import shutil
import sys
import tomllib
from pathlib import Path

import front
import live
import prepare
import slides
from sphinx.cmd.build import build_main

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PAGES = (
    "install",
    "results",
    "speed",
    "devices",
    "own_pictures",
    "house",
)  # that are no notebooks, in this order; others follow


def place(path: Path) -> tuple[int, str]:
    """Where a page stands in the sidebar."""
    return PAGES.index(path.stem) if path.stem in PAGES else len(PAGES), path.stem


def make_slides(folder: Path) -> None:
    """A deck a notebook in `folder`/slides."""
    shutil.rmtree(folder / "slides", ignore_errors=True)
    slides.build(sorted((ROOT / "notebooks").glob("*.ipynb")), folder / "slides")


def make_book(folder: Path, address: str = "") -> int:
    """The book in `folder`/book, the slides in it; returns Sphinx's exit status, a warning is an error.

    Where `address` says where it will be served, its pages tell their whole addresses to those who pass a link on.
    """
    make_slides(folder)
    source, book = folder / "book-source", folder / "book"
    for old in (source, book):
        shutil.rmtree(old, ignore_errors=True)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    repository = project["urls"]["Repository"]
    cards = prepare.prepare(sorted((ROOT / "notebooks").glob("*.ipynb")), source)
    pages = prepare.pages(sorted((HERE / "pages").glob("*.md"), key=place), cards, repository, source)
    front.write(cards, pages, repository, source)
    slides.mathjax_and_fonts(source / "generated")
    live.front_ends(source / "generated" / "live")
    served = ["-D", f"html_baseurl={address}"] if address else []
    status = build_main(["-q", "-W", "--keep-going", "-c", str(HERE), "-b", "html", *served, str(source), str(book)])
    shutil.copytree(folder / "slides", book / "slides", dirs_exist_ok=True)
    return status


def main() -> None:
    """Make what is asked for and say where it lies."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("book", "slides"))
    parser.add_argument("--to", type=Path, default=ROOT / "build", help="the folder to write into (default: build)")
    parser.add_argument(
        "--address", default="", help="where the book will be served, such as https://site.example/book/"
    )
    options = parser.parse_args()
    folder = options.to.resolve()
    status = make_book(folder, options.address) if options.what == "book" else make_slides(folder) or 0
    if status:
        sys.exit(f"The book has warnings, see above; {folder / 'book'} is not fit to be shown.")
    page = folder / "book" / "index.html" if options.what == "book" else folder / "slides"
    print(f"Made {page}")


if __name__ == "__main__":
    main()
