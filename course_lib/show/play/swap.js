// Two garments as grids of tokens: choose the places that change sides.
const render = ({ model, el }) => {
  const d = desk(model, el, "swap", "Swap tokens between two garments", "reading …");
  const [rows, columns] = model.get("grid");
  const names = model.get("garments").map((name, i) => `${i + 1}: ${name}`);
  const ready = Object.entries(model.get("presets")).map(([name, places]) => button(name, () => d.ask("swapped", [...places])));
  const cells = Array.from({ length: rows * columns }, (_, i) =>
    button("", () => d.ask("swapped", model.get("swapped").map((on, k) => (k === i ? !on : on)))),
  );
  const table = make(
    "div",
    {
      className: "cells",
      role: "group",
      "aria-label": `places that change sides, ${rows} rows of ${columns}: arrow keys move, space swaps`,
      style: `grid-template-columns:repeat(${columns},28px)`,
    },
    rove(cells, () => columns),
  );
  const marks = () =>
    model.get("swapped").forEach((on, i) => {
      cells[i].setAttribute("aria-pressed", String(on));
      const place = `row ${Math.floor(i / columns) + 1}, column ${(i % columns) + 1}`;
      cells[i].setAttribute("aria-label", `${place}: ${on ? "swapped" : "kept"}`);
    });
  const heads = ["first", "second", "first, swapped", "second, swapped"];
  const pictures = gallery(heads, model.get("size"), { channels: 3, most: 120, least: 100 });
  const draw = () => {
    marks();
    pictures.put(bytesOf(model.get("shown")), `Two garments, and both after the swap. ${model.get("status")}`);
  };
  d.on("change:swapped", marks);
  return d.open(
    draw,
    make("div", { className: "parts" }, table, pictures),
    [
      d.pick("first", "first", names),
      d.pick("second", "second", names),
      make("div", { className: "bar close", role: "group", "aria-label": "ready-made swaps" }, make("span", {}, "swap"), ready),
    ],
    [],
  );
};
export default { render };
