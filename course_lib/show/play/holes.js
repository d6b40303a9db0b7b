// A garment under a grid of tokens: punch holes by mouse (drag) or keyboard (arrows, space); below, several fills.
const holesStyle = `
.ptn-holes { font: 13px sans-serif; color: #222; background: #fff; }
.ptn-holes .grid { position: relative; width: 224px; height: 224px; touch-action: none; }
.ptn-holes .grid canvas { position: absolute; inset: 0; width: 100%; height: 100%; image-rendering: pixelated; }
.ptn-holes .cells { position: absolute; inset: 0; display: grid; }
.ptn-holes .cells button { border: 1px solid rgba(255,255,255,0.35); background: transparent; padding: 0; margin: 0; cursor: pointer; min-width: 0; }
.ptn-holes .cells button[aria-pressed=true] { background: rgb(205,216,228); }
.ptn-holes .cells button:focus-visible { outline: 3px solid #E69F00; outline-offset: -3px; }
.ptn-holes .row { display: flex; gap: 0.4em 1.2em; flex-wrap: wrap; margin: 0.4em 0; align-items: flex-start; }
`;
const render = ({ model, el }) => {
  const [rows, columns] = model.get("grid");
  const [height, width] = model.get("size");
  const across = model.get("count") + 2;
  const wide = `width:${Math.min(across * 104, 640)}px;max-width:100%`;
  const strip = make("canvas", { role: "img", style: `${wide};image-rendering:pixelated;display:block` });
  const status = make("output", { "aria-live": "polite" });
  const under = make("canvas", { "aria-hidden": "true" });
  const ask = (name, value) => {
    if (JSON.stringify(model.get(name)) === JSON.stringify(value)) return;
    status.textContent = "filling …";
    model.set(name, value);
    model.save_changes();
  };
  let holes = [...model.get("holes")], painting = null, sent = null;
  const send = () => {
    clearTimeout(sent);
    sent = setTimeout(() => ask("holes", [...holes]), 250); // several clicks become one question
  };
  const cells = holes.map((_, i) =>
    make("button", { type: "button", tabIndex: i ? -1 : 0, onkeydown: (event) => move(event, i), onclick: (event) => event.detail || flip(i) }),
  );
  const look = () =>
    cells.forEach((cell, i) => {
      cell.setAttribute("aria-pressed", String(holes[i] === 1));
      cell.setAttribute("aria-label", `row ${Math.floor(i / columns) + 1}, column ${(i % columns) + 1}: ${holes[i] ? "hidden" : "kept"}`);
    });
  const put = (i, value) => {
    if (holes[i] === value) return;
    holes[i] = value;
    look();
    send();
  };
  const flip = (i) => put(i, 1 - holes[i]);
  const move = (event, i) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    if (!(event.key in steps)) return;
    event.preventDefault();
    const edge = (event.key === "ArrowLeft" && i % columns === 0) || (event.key === "ArrowRight" && i % columns === columns - 1);
    const to = i + steps[event.key];
    if (edge || to < 0 || to >= cells.length) return;
    cells[i].tabIndex = -1;
    cells[to].tabIndex = 0;
    cells[to].focus();
  };
  const at = (event) => {
    const box = grid.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * columns);
    const row = Math.floor(((event.clientY - box.top) / box.height) * rows);
    return row >= 0 && row < rows && column >= 0 && column < columns ? row * columns + column : -1;
  };
  const grid = make(
    "div",
    {
      className: "grid",
      role: "group",
      "aria-label": "tokens of the garment: arrow keys move, space hides or keeps",
      onpointerdown: (event) => {
        const i = at(event);
        if (i < 0) return;
        painting = 1 - holes[i];
        put(i, painting);
      },
      onpointermove: (event) => painting !== null && at(event) >= 0 && put(at(event), painting),
      onpointerup: () => (painting = null),
      onpointerleave: () => (painting = null),
      onpointercancel: () => (painting = null),
    },
    under,
    make("div", { className: "cells", style: `grid-template:repeat(${rows},1fr)/repeat(${columns},1fr)` }, cells),
  );
  const shapes = model.get("shapes"), names = Object.keys(shapes);
  const ready = names.map((name) =>
    make("button", { type: "button", textContent: name, onclick: () => { holes = [...shapes[name]]; look(); send(); } }),
  );
  const controls = make(
    "div",
    { style: "display:flex;flex-direction:column;gap:0.5em;flex:1 1 300px" },
    chooser("garment ", model.get("garments").map((name, i) => `${i + 1}: ${name}`), model.get("garment"), (i) => ask("garment", i)),
    chooser("class ", model.get("classes"), model.get("label") + 1, (i) => ask("label", i - 1)),
    chooser("order ", model.get("orders"), model.get("order"), (i) => ask("order", i)),
    slider("steps ", 1, rows * columns, 1, model.get("steps"), (value) => ask("steps", value)),
    make("div", { role: "group", "aria-label": "ready-made holes" }, make("span", {}, "holes: "), ready),
    make("div", {}, make("button", { type: "button", textContent: "other fills", onclick: () => ask("seed", model.get("seed") + 1) })),
  );
  const heads = ["given", ...Array.from({ length: across - 2 }, (_, i) => `fill ${i + 1}`), "whole"];
  const captions = make("div", { style: `display:flex;${wide};font-size:12px` }, heads.map((text) => make("span", { textContent: text, style: "flex:1;text-align:center" })));
  const draw = () => {
    paint(under, bytesOf(model.get("truth")), height, width);
    paint(strip, bytesOf(model.get("shown")), height, across * width, 3);
    status.textContent = model.get("status");
    strip.setAttribute("aria-label", `A garment with holes, ${across - 2} fills, the whole garment. ${status.textContent}`);
  };
  model.on("change:answered", draw); // the last that Python sets: pictures may stay the same, the count does not
  const root = make("div", { className: "ptn-holes" }, make("style", {}, holesStyle));
  root.append(make("div", { className: "row" }, grid, controls), captions, strip, status);
  el.append(root);
  look();
  draw();
};
export default { render };
