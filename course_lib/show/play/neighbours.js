// Neighbours: a 3×5 mask of earlier pixels to switch on and off; bits and samples come back from Python.
function render({ model, el }) {
  const same = (a, b) => a[0] === b[0] && a[1] === b[1];
  const box = "width:2.6em;height:2.6em;padding:0;border:1px solid #999;border-radius:3px;font:inherit;";
  const cells = [];
  const grid = make("div", { role: "group", style: "display:grid;grid-template-columns:repeat(5,2.8em);gap:2px" });
  grid.setAttribute("aria-label", "Which earlier pixels the model looks at");
  for (let row = -2; row <= 0; row++)
    for (let column = -2; column <= 2; column++) {
      const offset = [row, column];
      if (row === 0 && column >= 0) {
        const text = column === 0 ? "?" : "";
        grid.append(make("span", { style: box + "display:grid;place-items:center;border-style:dashed" }, text));
        continue;
      }
      const where = [row ? `${-row} up` : "", column ? `${Math.abs(column)} ${column < 0 ? "left" : "right"}` : ""];
      const button = make("button", { type: "button", onclick: () => toggle(offset) });
      button.setAttribute("aria-label", where.filter(Boolean).join(", "));
      cells.push([offset, button]);
      grid.append(button);
    }
  const status = make("p", { role: "status", style: "min-height:2.6em;margin:.4em 0" });
  const bars = make("div", { style: "min-width:17em" });
  const canvas = make("canvas", { style: "image-rendering:pixelated;width:100%;max-width:26em;background:white" });
  canvas.setAttribute("role", "img");
  const tried = make("ol", { style: "margin:.2em 0;padding-left:1.6em;font-size:.9em" });
  const best = new Map();
  const sizes = [200, 2000, model.get("result").all].filter((n, i, all) => all.indexOf(n) === i);
  const start = Math.max(0, sizes.indexOf(model.get("seen")));
  const pictures = chooser("Pictures to count", sizes.map(String), start, (i) => send("seen", sizes[i]));

  const send = (name, value) => {
    status.textContent = "Counting…";
    model.set(name, value);
    model.save_changes();
  };
  const toggle = (offset) => {
    const chosen = model.get("chosen");
    const without = chosen.filter((o) => !same(o, offset));
    const most = model.get("result").most;
    if (without.length === chosen.length && chosen.length === most)
      status.textContent = `At most ${most} neighbours: switch one off first.`;
    else send("chosen", without.length < chosen.length ? without : [...chosen, offset]);
  };
  const marks = () => {
    for (const [offset, button] of cells) {
      const on = model.get("chosen").some((o) => same(o, offset));
      button.setAttribute("aria-pressed", String(on));
      button.style = box + `cursor:pointer;background:${on ? "#D55E00" : "#eee"}`;
    }
  };
  const bar = (name, value, colour) => {
    const width = `width:${Math.min(100, (value / 3) * 100)}%;height:1.2em;background:${colour}`;
    const label = make("span", { style: "width:4.5em" }, name);
    const room = make("span", { style: "flex:1" }, make("span", { style: "display:block;" + width }));
    return make("div", { style: "display:flex;gap:.5em;margin:3px 0" }, label, room, make("span", {}, value.toFixed(3)));
  };
  const draw = () => {
    const { train, test, rival, name, rows, size } = model.get("result");
    const chosen = model.get("chosen");
    bars.replaceChildren(bar("train", train, "#F0B080"), bar("test", test, "#D55E00"), bar(name, rival, "#555555"));
    const against = test < rival ? "below" : "above";
    status.textContent =
      `${test.toFixed(3)} bits a pixel on test pictures, ${against} ${name}. ` +
      `The table has ${rows.toLocaleString("en")} row${rows === 1 ? "" : "s"}.`;
    const key = [...chosen].sort().map((o) => `(${o[0]}, ${o[1]})`).join(" ") || "none";
    best.set(`${key}, ${model.get("seen")} pictures`, test);
    const order = [...best].sort((a, b) => a[1] - b[1]).slice(0, 5);
    tried.replaceChildren(...order.map(([text, bits]) => make("li", {}, `${bits.toFixed(3)}: ${text}`)));
    marks();
  };
  const show = () => {
    const [n, height, width] = model.get("result").size;
    const bytes = bytesOf(model.get("samples"));
    const columns = 4;
    const rows = Math.ceil(n / columns);
    const sheet = new Uint8Array(rows * (height + 2) * columns * (width + 2)).fill(255);
    for (let i = 0; i < n; i++)
      for (let y = 0; y < height; y++) {
        const to = ((Math.floor(i / columns) * (height + 2) + y) * columns + (i % columns)) * (width + 2);
        sheet.set(bytes.subarray((i * height + y) * width, (i * height + y + 1) * width), to);
      }
    paint(canvas, sheet, rows * (height + 2), columns * (width + 2));
    canvas.setAttribute("aria-label", `${n} pictures drawn by the model with ${model.get("chosen").length} neighbours`);
  };
  const left = make("div", {}, grid, pictures, status);
  const middle = make("div", {}, bars, make("strong", {}, "Your best so far"), tried);
  el.append(make("div", { style: "display:flex;flex-wrap:wrap;gap:1.5em;align-items:flex-start" }, left, middle, canvas));
  model.on("change:result", draw);
  model.on("change:samples", show);
  draw();
  show();
}
export default { render };
