// A deadline in milliseconds, on a logarithmic slider, and what every model has done by then.
const deadlineStyle = `
.ptn-deadline { font: 14px system-ui, sans-serif; color: #222; background: #fff; max-width: 760px; padding: 4px; }
.ptn-deadline .bar { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; margin: 6px 0; }
.ptn-deadline input[type=range] { flex: 1 1 320px; accent-color: #222; }
.ptn-deadline .cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(112px, 1fr)); gap: 14px; margin-top: 10px; }
.ptn-deadline .card { border-top: 4px solid var(--colour); padding: 6px 4px; border-radius: 3px; }
.ptn-deadline .card.best { background: #f1f1f1; outline: 2px solid var(--colour); }
.ptn-deadline h4 { margin: 0 0 4px; font-size: 13px; color: var(--colour); }
.ptn-deadline canvas { width: 100%; image-rendering: pixelated; display: block; border-radius: 3px; }
.ptn-deadline .note { font-size: 12px; color: #444; min-height: 2.4em; margin-top: 4px; }
.ptn-deadline select { font: inherit; padding: 3px 5px; }
.ptn-deadline :focus-visible { outline: 3px solid #56B4E9; outline-offset: 1px; }
.ptn-deadline output { font-weight: 700; min-width: 6em; font-variant-numeric: tabular-nums; }
`;
const render = ({ model, el }) => {
  const [low, high] = model.get("limits").map(Math.log);
  const words = (ms) => (ms < 10 ? `${ms.toFixed(1)} ms` : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
  const shown = make("output", { "aria-live": "polite" }, words(model.get("milliseconds")));
  const at = (1000 * (Math.log(model.get("milliseconds")) - low)) / (high - low);
  const range = make("input", { type: "range", min: 0, max: 1000, step: 5, value: String(at), "aria-label": "deadline" });
  const value = () => Math.exp(low + ((high - low) * Number(range.value)) / 1000);
  range.addEventListener("input", () => {
    shown.textContent = words(value());
    range.setAttribute("aria-valuetext", words(value()));
  });
  range.addEventListener("change", () => {
    model.set("milliseconds", value());
    model.save_changes();
  });
  const pick = chooser("Class ", model.get("names"), model.get("label"), (i) => {
    model.set("label", i);
    model.save_changes();
  });
  const cards = make("div", { className: "cards" });
  const draw = () => {
    const bytes = bytesOf(model.get("shown"));
    const made = model.get("cards").map((card, i) => {
      const canvas = make("canvas", { role: "img", "aria-label": `${card.words}: ${card.note}` });
      paint(canvas, bytes.subarray(784 * i, 784 * (i + 1)), 28, 28);
      const note = make("div", { className: "note" }, card.note + (card.best ? " · nearest so far" : ""));
      return make("div", { className: card.best ? "card best" : "card", style: `--colour:${card.colour}` }, make("h4", {}, card.words), canvas, note);
    });
    cards.replaceChildren(...made);
  };
  model.on("change:cards", draw);
  const bar = make("div", { className: "bar" }, pick, make("span", {}, "The bell rings after"), range, shown);
  el.append(make("div", { className: "ptn-deadline" }, make("style", {}, deadlineStyle), bar, cards));
  draw();
  return () => model.off("change:cards", draw);
};
export default { render };
