// Punch holes into a garment's grid of tokens; beside it, several fills.
const render = ({ model, el }) => {
  const d = desk(model, el, "holes", "Punch holes and have them filled", "filling …");
  const [rows, columns] = model.get("grid"), [height, width] = model.get("size"), count = model.get("count");
  const grid = painted(d, model, "tokens of the garment: arrow keys move, space hides or keeps");
  const strip = gallery(["given", ...Array.from({ length: count }, (_, i) => `fill ${i + 1}`), "whole"], [height, width], { channels: 3, least: 52 });
  const draw = () => {
    paint(grid.under, bytesOf(model.get("truth")), height, width);
    strip.put(bytesOf(model.get("shown")), `A garment with holes, ${count} fills, the whole garment. ${model.get("status")}`);
  };
  const close = d.open(
    draw,
    make("div", { className: "parts" }, grid.node, strip),
    [
      d.pick("garment", "garment", model.get("garments").map((name, i) => `${i + 1}: ${name}`)),
      d.pick("class", "label", model.get("classes"), 1),
      d.pick("order", "order", model.get("orders")),
      d.dial("steps", "steps", 1, rows * columns, 1),
      grid.ready,
    ],
    [d.next("other fills", "seed")],
  );
  return () => {
    grid.close();
    close();
  };
};
export default { render };
