"""How Sphinx makes the book. `make book` prepares its source, see make.py; nothing here asks another host."""

import json
from html import escape

project = "Pixels, Tokens, Noise"
author = "Pixels, Tokens, Noise contributors"
copyright = f"{author}, prose and figures CC-BY-4.0, code MIT"
language = "en"

extensions = ["myst_nb", "sphinx_copybutton"]
source_suffix = {".ipynb": "myst-nb", ".md": "myst-nb"}
exclude_patterns = ["generated"]
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"
nb_merge_streams = True
nb_code_prompt_show = "The code of this figure"
nb_code_prompt_hide = "The code of this figure"
nb_ipywidgets_js = {}  # no front end is fetched: widgets are stills, or play from recordings, see live.py
suppress_warnings = ["mystnb.unknown_mime_type"]

html_theme = "furo"
html_title = project
html_static_path = ["_static"]
html_css_files = ["book.css", "live/live.css"]
html_js_files = [("film.js", {"defer": "defer"}), ("figures.js", {"defer": "defer"}), ("live.js", {"type": "module"})]
html_favicon = "_static/icon.svg"
html_copy_source = False
html_show_sourcelink = False
html_use_index = False
html_domain_indices = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b5c92", "color-brand-content": "#0b5c92"},
    "dark_css_variables": {"color-brand-primary": "#7cc0ee", "color-brand-content": "#7cc0ee"},
}
mathjax_path = "mathjax.js"
mathjax_options = {"defer": "defer"}
mathjax3_config = {"options": {"enableMenu": False}}
copybutton_selector = "div.cell_input div.highlight pre"


def tell(app, page, _, context, __):
    """Description, title and picture of a page for search engines and for those who pass its link on."""
    said = json.loads((app.srcdir / "generated" / "told.json").read_text(encoding="utf-8")).get(page)
    if not said:
        return
    base = app.config.html_baseurl and app.config.html_baseurl.rstrip("/") + "/"
    tags = {"og:type": "article", "og:site_name": project, "og:title": said["title"], "og:description": said["text"]}
    tags |= {"og:image": f"{base}_static/{said['image']}"} | ({"og:url": f"{base}{page}.html"} if base else {})
    context["metatags"] = f'<meta name="description" content="{escape(said["text"])}">' + "".join(
        f'<meta property="{name}" content="{escape(value)}">' for name, value in tags.items()
    )


def setup(app):
    """What `make book` copied from packages and drew from notebooks is served as static files too."""
    app.config.html_static_path.append(str(app.srcdir / "generated"))
    app.connect("html-page-context", tell)
