// A picture under a grid of squares: paint a hole by mouse (drag) or keyboard (arrows, space); below, several fills.
const render = ({ model, el }) => {
  const d = desk(model, el, "brush", "Paint a hole and have it filled", "filling …");
  const [rows, columns] = model.get("grid"), [height, width] = model.get("size"), count = model.get("count");
  const under = make("canvas", { "aria-hidden": "true" });
  let holes = [...model.get("holes")], painting = null, sent = null;
  const send = () => {
    clearTimeout(sent);
    sent = setTimeout(() => d.ask("holes", [...holes]), 250); // several clicks become one question
  };
  const cells = holes.map((_, i) => button("", (event) => event.detail || put(i, 1 - holes[i])));
  const look = () =>
    cells.forEach((cell, i) => {
      cell.setAttribute("aria-pressed", String(holes[i] === 1));
      const place = `row ${Math.floor(i / columns) + 1}, column ${(i % columns) + 1}`;
      cell.setAttribute("aria-label", `${place}: ${holes[i] ? "hidden" : "kept"}`);
    });
  const put = (i, value) => {
    if (i < 0 || holes[i] === value) return;
    holes[i] = value;
    look();
    send();
  };
  const at = (event) => {
    const box = grid.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * columns);
    const row = Math.floor(((event.clientY - box.top) / box.height) * rows);
    return row >= 0 && row < rows && column >= 0 && column < columns ? row * columns + column : -1;
  };
  const stop = () => (painting = null);
  const grid = make(
    "div",
    {
      className: "grid",
      role: "group",
      "aria-label": "squares of the picture: arrow keys move, space hides or keeps",
      onpointerdown: (event) => {
        painting = 1 - holes[at(event)];
        put(at(event), painting);
      },
      onpointermove: (event) => painting !== null && put(at(event), painting),
      onpointerup: stop,
      onpointerleave: stop,
      onpointercancel: stop,
    },
    under,
    make("div", { className: "cells", style: `grid-template:repeat(${rows},1fr)/repeat(${columns},1fr)` }, rove(cells, () => columns)),
  );
  const shape = ([name, places]) =>
    button(name, () => {
      holes = [...places];
      look();
      send();
    });
  const ready = Object.entries(model.get("shapes")).map(shape);
  const controls = make(
    "div",
    { className: "controls" },
    d.pick("picture", "picture", model.get("names").map((name, i) => `${i + 1}: ${name}`)),
    d.pick("way", "way", model.get("ways")),
    make("div", { className: "bar close", role: "group", "aria-label": "ready-made holes" }, make("span", {}, "hide"), ready),
    d.next("other fills", "seed"),
  );
  const heads = ["given", ...Array.from({ length: count }, (_, i) => `fill ${i + 1}`), "whole"];
  const strip = gallery(heads, [height, width], { channels: 3 });
  const draw = () => {
    paint(under, bytesOf(model.get("truth")), height, width, 3);
    strip.put(bytesOf(model.get("shown")), `A picture with a hole, ${count} fills, the whole picture. ${model.get("status")}`);
  };
  look();
  const close = d.open(draw, make("div", { className: "parts" }, grid, controls), strip, d.status);
  return () => {
    clearTimeout(sent);
    close();
  };
};
export default { render };
