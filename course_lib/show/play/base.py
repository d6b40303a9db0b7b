"""What all widgets share."""

import base64
from pathlib import Path

import anywidget
from matplotlib.figure import Figure

HERE = Path(__file__).parent


def script(name: str) -> str:
    """The JavaScript of a widget, `NAME.js` in this folder, after the few helpers that all share."""
    return (HERE / "common.js").read_text() + (HERE / f"{name}.js").read_text()


class Play(anywidget.AnyWidget):
    """A widget that also carries a picture of itself: where no kernel runs, that picture is shown instead.

    Subclasses set `_esm = script("name")`, `_css = STYLE`, synced traits (`traitlets.CBytes` for bytes from the
    browser), and give `frame() -> Figure`. An error in Python is raised, never swallowed.
    """

    def frame(self) -> Figure:
        """The static frame: what the widget shows at first, with its finding in the title."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **options):
        bundle = super()._repr_mimebundle_(**options)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        fig = self.frame()
        alt = getattr(fig, "alt", "")
        png = base64.b64encode(fig.png()).decode()
        return data | {"image/png": png, "text/plain": f"Widget: {alt}"}, metadata | {"image/png": {"alt": alt}}
