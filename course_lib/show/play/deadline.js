// A deadline in milliseconds, on a logarithmic slider, and what every model has done by then.
const render = ({ model, el }) => {
  const d = desk(model, el, "deadline", "What is done when the bell rings?");
  const [low, high] = model.get("limits").map(Math.log);
  const words = (ms) => (ms < 10 ? `${ms.toFixed(1)} ms` : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
  const time = (place) => Math.exp(low + ((high - low) * place) / 1000);
  const place = (ms) => (1000 * (Math.log(ms) - low)) / (high - low);
  const bell = slider("deadline", 0, 1000, 20, place(model.get("milliseconds")), (at) => d.ask("milliseconds", time(at)), (at) => words(time(at)));
  d.on("change:milliseconds", () => bell.put(place(model.get("milliseconds"))));
  const cards = make("div", { className: "cards" });
  const draw = () => {
    const bytes = bytesOf(model.get("shown"));
    const made = model.get("cards").map((family, i) => {
      const note = family.note + (family.best ? " · nearest so far" : "");
      const canvas = make("canvas", { role: "img", "aria-label": `${family.words}: ${note}` });
      paint(canvas, bytes.subarray(784 * i, 784 * (i + 1)), 28, 28);
      const node = card(family.words, family.colour, canvas, make("div", { className: "note" }, note));
      node.classList.toggle("best", family.best);
      return node;
    });
    cards.replaceChildren(...made);
  };
  return d.open(draw, cards, [bell, d.pick("class", "label", model.get("names"))], []);
};
export default { render };
