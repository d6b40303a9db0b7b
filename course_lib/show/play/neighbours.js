// Neighbours: a 3×5 mask of earlier pixels to switch on and off; bits and samples come back from Python.
const render = ({ model, el }) => {
  const d = desk(model, el, "neighbours", "Which earlier pixels does the model look at?", "counting …");
  const same = (a, b) => a[0] === b[0] && a[1] === b[1];
  const offsets = [-2, -1, 0].flatMap((row) => [-2, -1, 0, 1, 2].map((column) => [row, column]));
  const earlier = offsets.filter(([row, column]) => row < 0 || column < 0);
  const name = ([row, column]) =>
    [row ? `${-row} up` : "", column ? `${Math.abs(column)} ${column < 0 ? "left" : "right"}` : ""].filter(Boolean).join(", ");
  const cells = earlier.map((offset) => make("button", { type: "button", "aria-label": name(offset), onclick: () => toggle(offset) }));
  const grid = make(
    "div",
    { className: "cells", role: "group", "aria-label": "earlier pixels: arrow keys move, space switches on or off" },
    rove(cells, () => 5),
    make("span", { role: "img", "aria-label": "the pixel to be predicted" }, "?"),
  );
  const bits = make("div", { className: "bits" });
  const tried = make("ol"), best = new Map();
  const mask = (chosen) => {
    const canvas = make("canvas", { role: "img", "aria-label": chosen.map(name).join("; ") || "no neighbours" });
    paint(canvas, offsets.map((o) => (chosen.some((c) => same(c, o)) ? 60 : earlier.includes(o) ? 215 : 255)), 3, 5);
    return canvas;
  };
  const sizes = [...new Set([200, 2000, model.get("result").all])];
  if (!sizes.includes(model.get("seen"))) sizes.push(model.get("seen"));
  const seen = chooser("pictures to count", sizes.map(String), sizes.indexOf(model.get("seen")), (i) => d.ask("seen", sizes[i]));
  const [n, height, width] = model.get("result").size;
  const pictures = gallery(Array(n).fill(""), [height, width], { most: 84 });
  const toggle = (offset) => {
    const chosen = model.get("chosen"), without = chosen.filter((o) => !same(o, offset));
    const { most } = model.get("result");
    if (without.length === chosen.length && chosen.length === most)
      d.status.textContent = `At most ${most} neighbours: switch one off first.`;
    else d.ask("chosen", without.length < chosen.length ? without : [...chosen, offset]);
  };
  const marks = () =>
    cells.forEach((cell, i) => cell.setAttribute("aria-pressed", String(model.get("chosen").some((o) => same(o, earlier[i])))));
  const line = (text, value, colour) => [
    make("span", {}, text),
    make("i", { style: `width:${Math.min(100, (value / 3) * 100)}%;background:${colour}` }),
    make("span", {}, value.toFixed(3)),
  ];
  const draw = () => {
    const { train, test, rival, name: codec } = model.get("result"), chosen = model.get("chosen");
    bits.replaceChildren(...line("train", train, "#F0B080"), ...line("test", test, "#D55E00"), ...line(codec, rival, "#555555"));
    best.set(`${[...chosen].sort()} ${model.get("seen")}`, [test, chosen, model.get("seen")]);
    const order = [...best.values()].sort((a, b) => a[0] - b[0]).slice(0, 5);
    tried.replaceChildren(...order.map(([value, those, n]) => make("li", {}, value.toFixed(3), mask(those), `${n.toLocaleString("en")} pictures`)));
    pictures.put(bytesOf(model.get("samples")), `${n} pictures drawn by the model with ${chosen.length} neighbours`);
    marks();
  };
  d.on("change:chosen", marks);
  return d.open(
    draw,
    [
      pictures,
      make(
        "div",
        { className: "parts" },
        grid,
        make("div", {}, make("b", {}, "bits a pixel"), bits),
        make("div", {}, make("b", {}, "your best so far"), tried),
      ),
    ],
    [seen],
    [],
  );
};
export default { render };
