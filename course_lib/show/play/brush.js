// Paint a hole into a picture; beside it, several fills.
const render = ({ model, el }) => {
  const d = desk(model, el, "brush", "Paint a hole and have it filled", "filling …");
  const [height, width] = model.get("size"), count = model.get("count");
  const grid = painted(d, model, "squares of the picture: arrow keys move, space hides or keeps");
  const strip = gallery(["given", ...Array.from({ length: count }, (_, i) => `fill ${i + 1}`), "whole"], [height, width], { channels: 3, least: 52 });
  const draw = () => {
    paint(grid.under, bytesOf(model.get("truth")), height, width, 3);
    strip.put(bytesOf(model.get("shown")), `A picture with a hole, ${count} fills, the whole picture. ${model.get("status")}`);
  };
  const close = d.open(
    draw,
    make("div", { className: "parts" }, grid.node, strip),
    [d.pick("picture", "picture", model.get("names").map((name, i) => `${i + 1}: ${name}`)), d.pick("way", "way", model.get("ways")), grid.ready],
    [d.next("other fills", "seed")],
  );
  return () => {
    grid.close();
    close();
  };
};
export default { render };
