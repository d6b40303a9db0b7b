"""A widget in a bare page: its own front end, and Python's half of it right behind, without a notebook."""

import base64
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODEL = (ROOT / "book" / "_static" / "live.js").read_text(encoding="utf-8").split("async function unpacked")[0]
STARTS = """async ([source, model, state]) => {
  const opened = (all) => Object.fromEntries(Object.entries(all).map(([key, value]) => [key, value?.bytes === undefined
    ? value : new DataView(Uint8Array.from(atob(value.bytes), (letter) => letter.charCodeAt(0)).buffer)]));
  const Model = new Function(model + "; return Model;")();
  window.asking = 0;
  class Counted extends Model {
    save_changes() {
      window.asking += 1;
      super.save_changes();
    }
  }
  const { default: front } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  window.model = new Counted(opened(state), async (model, asked) => {
    model.tell(opened(await window.kernel(asked)));
    window.asking -= 1;
  });
  await front.render({ model: window.model, el: document.querySelector("#here") });
}"""
PAGE = '<!doctype html><html {theme}><meta charset="utf-8"><style>{style}</style><body><div id="here"></div></body>'


def state(widget) -> dict:
    """What the widget shares with the browser, as JSON; bytes as base64."""
    shared = {name: getattr(widget, name) for name in widget.traits(sync=True) if name[0] != "_"}
    shared = {name: value for name, value in shared.items() if name not in ("layout", "tabbable", "tooltip")}
    packed = {name: {"bytes": base64.b64encode(v).decode()} for name, v in shared.items() if isinstance(v, bytes)}
    return shared | packed


def put(page, widget, theme: str = "") -> None:
    """Show `widget` on a page of its own and let its Python half answer; errors are told in the widget, as ever."""

    def kernel(asked: dict) -> dict:
        for name, value in asked.items():
            try:
                setattr(widget, name, value)
            except Exception as error:
                assert widget.wrong, error
        return state(widget)

    page.expose_function("kernel", kernel)
    page.set_content(PAGE.format(style=widget._css, theme=theme))
    page.evaluate(STARTS, [widget._esm, MODEL, state(widget)])
