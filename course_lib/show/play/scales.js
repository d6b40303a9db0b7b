// One picture grows scale by scale; others share its first scales.
const render = ({ model, el }) => {
  const d = desk(model, el, "scales", "What does each scale decide?");
  const size = model.get("size"), sides = model.get("sides"), count = model.get("count");
  const grown = gallery(sides.map((side) => `${side} × ${side}`), size, { most: 84 });
  const shown = gallery(Array(count).fill(""), size, { most: 84 });
  const draw = () => {
    grown.put(bytesOf(model.get("grown")), `One picture after each of ${sides.length} scales`);
    shown.put(bytesOf(model.get("shown")), `${count} pictures with the same first scales. ${model.get("status")}`);
  };
  const told = d.pick("the rest is told", "told", ["no class", "its class"]), others = d.next("redraw the rest", "others");
  d.limit(() => (model.get("keep") === sides.length ? "All scales are kept: there is no rest to redraw." : ""), told, others);
  return d.open(
    draw,
    [
      make("div", { className: "note" }, "the picture, scale by scale"),
      grown,
      make("div", { className: "note" }, "others with the same first scales"),
      shown,
    ],
    [d.pick("class", "label", model.get("classes")), d.dial("scales kept", "keep", 0, sides.length, 1), told],
    [others, d.next("another picture", "seed")],
  );
};
export default { render };
