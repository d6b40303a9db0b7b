"""Answers that stay folded until the reader opens them, without a kernel too."""

import base64
from html import escape

from matplotlib.figure import Figure

SUMMARY = "Open when you have written down your prediction"


class Folded:
    """HTML with a `<details>` that holds a picture or a text; what cannot show HTML says that there is a fold."""

    def __init__(self, inside: str, summary: str):
        self.html = f'<details class="folded"><summary>{escape(summary)}</summary>{inside}</details>'
        self.words = f"Folded: {summary}"

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.words}


def folded(answer: Figure | str, summary: str = SUMMARY) -> Folded:
    """`answer`, a figure of the course or a text, behind a line `summary` that opens it; the value of a notebook cell.

    The picture lies in the HTML itself, so a fold opens in the book, on GitHub, in VS Code, Colab and JupyterLab alike.
    """
    if isinstance(answer, str):
        return Folded(f"<pre>\n{escape(answer)}</pre>", summary)
    if not isinstance(answer, Figure) or not hasattr(answer, "alt"):
        raise TypeError(f"answer is a {type(answer).__name__}: give a figure made by course_lib.show, or a text.")
    data, metadata = answer._repr_mimebundle_()
    known = "".join(f' {key}="{escape(str(value))}"' for key, value in metadata["image/png"].items())
    return Folded(f'<img src="data:image/png;base64,{base64.b64encode(data["image/png"]).decode()}"{known}>', summary)
