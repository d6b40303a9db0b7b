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
  return d.open(
    draw,
    bar(
      d.pick("class", "label", model.get("classes")),
      d.next("another picture", "seed"),
      d.dial("scales kept", "keep", 0, sides.length, 1),
      d.pick("the rest is drawn by", "told", ["no class", "its class"]),
      d.next("redraw the rest", "others"),
    ),
    make("div", { className: "note" }, "the picture, scale by scale"),
    grown,
    make("div", { className: "note" }, "others with the same first scales"),
    shown,
    d.status,
  );
};
export default { render };
