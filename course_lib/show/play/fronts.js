// Ten pictures, and the plane of accuracy and variety with a point for every setting tried so far.
const render = ({ model, el }) => {
  const [height, width] = model.get("size");
  const count = model.get("count");
  const canvas = make("canvas", {
    role: "img",
    style: `width:${count * 62}px;max-width:100%;image-rendering:pixelated;display:block`,
  });
  const status = make("output", { "aria-live": "polite", style: "font:13px sans-serif" });
  const set = (name) => (value) => {
    status.textContent = "drawing …";
    model.set(name, value);
    model.save_changes();
  };
  const dial = (label, name, low, high, step) => slider(label, low, high, step, model.get(name), set(name));
  const controls = make(
    "div",
    { style: "display:flex;gap:0.4em 1.4em;flex-wrap:wrap;margin:0.4em 0;font:13px sans-serif" },
    dial("temperature ", "temperature", 0, 1.5, 0.1),
    dial("guidance ", "guidance", 0, 4, 0.25),
    dial("guided tokens ", "last", 0, model.get("length"), 1),
    make("button", { textContent: "another seed", onclick: () => set("seed")(model.get("seed") + 1) }),
  );
  const W = 460, H = 250, LEFT = 44, BOTTOM = 34;
  const plane = make("div");
  const node = (tag, attributes, text = "") => {
    const one = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
    one.textContent = text;
    return one;
  };
  const drawPlane = () => {
    const points = model.get("points");
    const all = [...points.map((p) => [p[0], p[1]]), [model.get("real"), 1]];
    const range = (k, least) => {
      const values = all.map((p) => p[k]);
      const low = Math.min(...values), high = Math.max(...values);
      const room = Math.max(least, 0.08 * (high - low));
      return [low - room, high + room];
    };
    const [x0, x1] = range(0, 0.02), [y0, y1] = range(1, 0.03);
    const x = (v) => LEFT + ((v - x0) / (x1 - x0)) * (W - LEFT - 12);
    const y = (v) => H - BOTTOM - ((v - y0) / (y1 - y0)) * (H - BOTTOM - 10);
    const label = `Accuracy against variety of ${points.length} settings. ${model.get("status")}`;
    const svg = node("svg", { viewBox: `0 0 ${W} ${H}`, width: W, role: "img", "aria-label": label, style: "max-width:100%" });
    const text = (words, left, top, anchor = "middle") =>
      svg.append(node("text", { x: left, y: top, "font-size": 11, "text-anchor": anchor, fill: "currentColor" }, words));
    const line = (a, b, c, d) => svg.append(node("line", { x1: a, y1: b, x2: c, y2: d, stroke: "currentColor" }));
    line(LEFT, H - BOTTOM, W - 8, H - BOTTOM);
    line(LEFT, H - BOTTOM, LEFT, 6);
    for (let k = 0; k <= 4; k++) {
      const across = x0 + ((x1 - x0) * k) / 4, up = y0 + ((y1 - y0) * k) / 4;
      text(`${Math.round(100 * across)} %`, x(across), H - BOTTOM + 14);
      text(up.toFixed(2), LEFT - 5, y(up) + 4, "end");
    }
    text("taken for what was asked", (W + LEFT) / 2, H - 5);
    text("variety", LEFT + 6, 12, "start");
    points.forEach(([accuracy, variety, words, shade], i) => {
      const now = i === points.length - 1;
      const dot = node("circle", {
        cx: x(accuracy), cy: y(variety), r: now ? 8 : 4, fill: shade,
        stroke: now ? "currentColor" : "none", "stroke-width": 2,
      });
      dot.append(node("title", {}, words));
      svg.append(dot);
    });
    text("★", x(model.get("real")), y(1) + 4);
    plane.replaceChildren(svg);
  };
  const draw = () => {
    paint(canvas, bytesOf(model.get("shown")), height, count * width);
    status.textContent = model.get("status");
    canvas.setAttribute("aria-label", `${count} samples, one a class. ${status.textContent}`);
    drawPlane();
  };
  model.on("change:shown", draw);
  model.on("change:status", draw);
  el.append(controls, canvas, status, plane);
  draw();
};
export default { render };
