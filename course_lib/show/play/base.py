"""What all widgets share."""

import base64
from collections.abc import Callable
from pathlib import Path

import anywidget
import traitlets
from matplotlib.figure import Figure

from ..plot import told
from ..style import FONTS

HERE = Path(__file__).parent


def script(name: str) -> str:
    """The JavaScript of a widget, `NAME.js` in this folder, after the few helpers that all share."""
    return (HERE / "common.js").read_text(encoding="utf-8") + (HERE / f"{name}.js").read_text(encoding="utf-8")


def faces() -> str:
    """The course's typeface as CSS that brings its letters along: a notebook page has no folder to fetch them from."""
    css = ""
    for weight, name in ((400, "regular"), (700, "semibold")):
        letters = base64.b64encode((FONTS / f"{name}.woff").read_bytes()).decode()
        css += f"@font-face {{ font-family: 'Course Sans'; font-weight: {weight}; "
        css += f"src: url(data:font/woff;base64,{letters}); }}\n"
    return css


class Play(anywidget.AnyWidget):
    """A widget that also carries a picture of itself: where no kernel runs, that picture is shown instead.

    Subclasses set `_esm = script("name")` and synced traits (`traitlets.CBytes` for bytes from the browser), end their
    `__init__` with `answers`, and give `frame() -> Figure`. An error in Python is raised, never swallowed.
    """

    _css = faces() + (HERE / "common.css").read_text(encoding="utf-8")
    answered = traitlets.Int(0).tag(sync=True)  # how often Python has drawn: the browser waits for the next time
    wrong = traitlets.Unicode().tag(sync=True)  # the error of the last time, for the reader

    def answers(self, draw: Callable[[], None], *names: str) -> None:
        """Draw now and whenever one of the traits `names` changes, and let the browser know: all else may stay."""

        def answer(_change) -> None:
            self.wrong = ""
            try:
                draw()
            except Exception as error:
                self.wrong = f"{type(error).__name__}: {error}"
                raise
            finally:
                self.answered += 1

        draw()
        self.observe(answer, names=list(names))

    def frame(self) -> Figure:
        """The static frame: what the widget shows at first, with its finding in the title."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **options):
        bundle = super()._repr_mimebundle_(**options)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        fig = self.frame()
        alt = getattr(fig, "alt", "")
        png = fig.png()
        data |= {"image/png": base64.b64encode(png).decode(), "text/plain": f"Widget: {alt}"}
        return data, metadata | {"image/png": told(png, fig)}
