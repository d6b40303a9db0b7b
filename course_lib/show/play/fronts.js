// Ten pictures, and the plane of accuracy and variety with a point for every setting tried so far.
const render = ({ model, el }) => {
  const d = desk(model, el, "fronts", "Accuracy against variety");
  const count = model.get("count");
  const pictures = gallery(model.get("classes"), model.get("size"), { most: 72, least: 62 });
  const W = 520, H = 290, LEFT = 52, BOTTOM = 46;
  const plane = make("div"), list = make("ul");
  const node = (tag, attributes, text = "") => {
    const one = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
    one.textContent = text;
    return one;
  };
  const drawPlane = () => {
    const points = model.get("points");
    const all = [...points.map((p) => [p[0], p[1]]), [model.get("real"), 1]];
    // To whole fifths, so that the axes stay where they are for nearly every move.
    const range = (k) => {
      const values = all.map((p) => 5 * p[k]);
      return [Math.floor(Math.min(...values) - 0.1) / 5, Math.ceil(Math.max(...values) + 0.1) / 5];
    };
    const [x0, x1] = range(0), [y0, y1] = range(1);
    const x = (v) => LEFT + ((v - x0) / (x1 - x0)) * (W - LEFT - 26);
    const y = (v) => H - BOTTOM - ((v - y0) / (y1 - y0)) * (H - BOTTOM - 10);
    const label = `Accuracy against variety of ${points.length} settings. ${model.get("status")}`;
    const svg = node("svg", { viewBox: `0 0 ${W} ${H}`, width: W, role: "img", "aria-label": label });
    const text = (words, left, top, anchor = "middle") =>
      svg.append(node("text", { x: left, y: top, "font-size": 14, "text-anchor": anchor, fill: "#222" }, words));
    const line = (a, b, c, d) => svg.append(node("line", { x1: a, y1: b, x2: c, y2: d, stroke: "#222" }));
    line(LEFT, H - BOTTOM, W - 8, H - BOTTOM);
    line(LEFT, H - BOTTOM, LEFT, 6);
    for (let k = 0; k <= 4; k++) {
      const across = x0 + ((x1 - x0) * k) / 4, up = y0 + ((y1 - y0) * k) / 4;
      if (across <= 1) text(`${Math.round(100 * across)} %`, x(across), H - BOTTOM + 15);
      text(up.toFixed(2), LEFT - 5, y(up) + 4, "end");
    }
    text("taken for what was asked", (W + LEFT) / 2, H - 6);
    text("variety (real: 1)", LEFT + 6, 14, "start");
    points.forEach(([accuracy, variety, words, shade], i) => {
      const now = i === points.length - 1;
      const ring = now ? { r: 8, stroke: "#222", "stroke-width": 2.5 } : { r: 4 };
      const dot = node("circle", { cx: x(accuracy), cy: y(variety), fill: shade, ...ring });
      dot.append(node("title", {}, words));
      svg.append(dot);
    });
    svg.append(node("text", { x: x(model.get("real")), y: y(1) + 7, "font-size": 20, "text-anchor": "middle", fill: "#222" }, "★"));
    plane.replaceChildren(svg);
    const says = ([accuracy, variety, words]) => make("li", {}, `${words}: ${Math.round(100 * accuracy)} %, variety ${variety.toFixed(2)}`);
    list.replaceChildren(...points.map(says));
  };
  const draw = () => {
    pictures.put(bytesOf(model.get("shown")), `${count} samples, one a class. ${model.get("status")}`);
    drawPlane();
  };
  const last = d.dial("guided tokens", "last", 0, model.get("length"), 1);
  d.limit(() => (model.get("guidance") === 1 ? "At guidance 1 no token is guided: choose another." : ""), last);
  return d.open(
    draw,
    [
      pictures,
      plane,
      make("div", { className: "note" }, "A dot is a setting, the darker the hotter; the ringed one is yours. ★ real pictures."),
      make("details", {}, make("summary", {}, "all settings in words"), list),
    ],
    [d.dial("temperature", "temperature", 0, 1.5, 0.1), d.dial("guidance", "guidance", 0, 4, 0.25), last],
    [d.next("another seed", "seed")],
  );
};
export default { render };
