"""What `jupyter nbconvert` makes of the notebooks as they ship: programs that run, pages that keep their words."""

import re
from html import unescape
from pathlib import Path

import nbformat
import pytest
import refresh
from nbconvert.exporters import HTMLExporter, ScriptExporter

ROOT = Path(__file__).resolve().parent.parent
every = pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)


@every
def test_a_script_is_python_and_its_first_cell_runs(path, monkeypatch, capsys):
    text, about = ScriptExporter().from_notebook_node(nbformat.read(path, as_version=4))
    assert about["output_extension"] == ".py"
    compile(text, path.stem, "exec")
    first = text[text.index("# In[1]:") : text.index("# In[2]:")] if "# In[1]:" in text else text.split("# In[ ]:")[1]
    assert "get_ipython().system(" in first
    exec(compile(first, path.stem, "exec"), {})
    assert "Ready" in capsys.readouterr().out


@every
def test_a_notebook_says_the_same_of_its_language_as_when_it_is_run_again(path):
    assert dict(nbformat.read(path, as_version=4).metadata.language_info) == refresh.LANGUAGE


@every
def test_a_page_keeps_the_words_of_every_picture(path):
    notebook = nbformat.read(path, as_version=4)
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    words = [output.metadata["image/png"]["alt"] for output in outputs if "image/png" in output.get("data", {})]
    page, _ = HTMLExporter(template_name="classic").from_notebook_node(notebook)
    assert words and set(words) <= set(map(unescape, re.findall(r'alt="([^"]*)"', page)))
    assert "--template classic" in (ROOT / "book" / "pages" / "install.md").read_text(encoding="utf-8")
