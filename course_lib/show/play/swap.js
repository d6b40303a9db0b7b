// Two garments as grids of tokens: choose the places that change sides.
const render = ({ model, el }) => {
  const [height, width] = model.get("size");
  const [rows, columns] = model.get("grid");
  const canvas = make("canvas", {
    role: "img",
    style: "width:448px;max-width:100%;image-rendering:pixelated;display:block",
  });
  const status = make("output", { "aria-live": "polite", style: "font:13px sans-serif" });
  const set = (name, value) => {
    if (JSON.stringify(value) === JSON.stringify(model.get(name))) return; // nothing would answer
    status.textContent = "reading …";
    model.set(name, value);
    model.save_changes();
  };
  const names = model.get("garments").map((name, i) => `${i + 1}: ${name}`);
  const choosers = make(
    "div",
    { style: "display:flex;gap:0.4em 1.2em;flex-wrap:wrap;margin:0.4em 0;font:13px sans-serif" },
    chooser("first ", names, model.get("first"), (i) => set("first", i)),
    chooser("second ", names, model.get("second"), (i) => set("second", i)),
  );
  const presets = make(
    "div",
    { role: "group", "aria-label": "Swap", style: "display:flex;gap:0.4em;flex-wrap:wrap;margin:0.4em 0" },
    Object.entries(model.get("presets")).map(([name, places]) =>
      make("button", { textContent: name, onclick: () => set("swapped", [...places]) }),
    ),
  );
  const cells = Array.from({ length: rows * columns }, (_, i) => {
    const cell = make("button", { style: "width:22px;height:22px;padding:0;border:1px solid #888" });
    cell.addEventListener("click", () => {
      const next = [...model.get("swapped")];
      next[i] = !next[i];
      set("swapped", next);
    });
    return cell;
  });
  const table = make(
    "div",
    {
      role: "group",
      "aria-label": `Places that change sides, ${rows} rows of ${columns}`,
      style: `display:grid;grid-template-columns:repeat(${columns},22px);gap:1px;margin:0.4em 0`,
    },
    cells,
  );
  const captions = make(
    "div",
    { style: "display:flex;width:448px;max-width:100%;font:12px sans-serif" },
    ["first", "second", "first, swapped", "second, swapped"].map((text) =>
      make("span", { textContent: text, style: "flex:1;text-align:center" }),
    ),
  );
  const draw = () => {
    model.get("swapped").forEach((on, i) => {
      cells[i].style.background = on ? "#CC79A7" : "#FFFFFF";
      cells[i].setAttribute("aria-pressed", String(on));
      const place = `row ${Math.floor(i / columns) + 1}, column ${(i % columns) + 1}`;
      cells[i].setAttribute("aria-label", `${place}: ${on ? "swapped" : "kept"}`);
    });
    paint(canvas, bytesOf(model.get("shown")), height, 4 * width, 3);
    status.textContent = model.get("status");
    canvas.setAttribute("aria-label", `Two garments, and both after the swap. ${status.textContent}`);
  };
  for (const name of ["shown", "status", "swapped"]) model.on(`change:${name}`, draw);
  el.append(choosers, presets, table, captions, canvas, status);
  draw();
};
export default { render };
