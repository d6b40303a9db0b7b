// Points in a field, from noise to data: drag the time, or let it run.
const render = ({ model, el }) => {
  const { steps, arrows, cells, extent } = model.get("layout_of");
  const side = 440;
  const canvas = make("canvas", { role: "img", width: side, height: side, style: "max-width:100%;background:#0A0F24" });
  const status = make("output", { "aria-live": "polite", style: "display:block;font:13px sans-serif" });
  const clock = make("output", { style: "font:13px sans-serif;min-width:5em;display:inline-block" });
  const tint = document.createElement("canvas");
  tint.width = tint.height = cells;
  const floats = (name) => new Float32Array(bytesOf(model.get(name)).slice().buffer);
  const place = (x, y) => [((x + extent) / (2 * extent)) * side, ((extent - y) / (2 * extent)) * side];
  const stops = [[10, 15, 36], [11, 47, 92], [0, 114, 178], [140, 203, 239]];
  let points, field, glow, owners;
  let moment = 0;
  let playing = 0;
  const read = () => {
    [points, field] = [floats("points"), floats("field")];
    [glow, owners] = [bytesOf(model.get("glow")), bytesOf(model.get("owners"))];
  };
  const sky = (context) => {
    const inner = tint.getContext("2d");
    const image = inner.createImageData(cells, cells);
    for (let i = 0; i < cells * cells; i++) {
      const row = cells - 1 - Math.floor(i / cells);
      const level = (glow[moment * cells * cells + row * cells + (i % cells)] / 255) * (stops.length - 1);
      const low = Math.min(Math.floor(level), stops.length - 2);
      for (let c = 0; c < 3; c++)
        image.data[4 * i + c] = stops[low][c] + (level - low) * (stops[low + 1][c] - stops[low][c]);
      image.data[4 * i + 3] = 255;
    }
    inner.putImageData(image, 0, 0);
    context.imageSmoothingEnabled = true;
    context.drawImage(tint, 0, 0, side, side);
  };
  const wind = (context) => {
    context.strokeStyle = "rgba(200,215,240,0.45)";
    context.lineWidth = 1;
    for (let k = 0; k < arrows * arrows; k++) {
      const cell = (2 * extent) / arrows;
      const x = ((k % arrows) + 0.5) * cell - extent;
      const y = (Math.floor(k / arrows) + 0.5) * cell - extent;
      const [vx, vy] = [field[2 * (moment * arrows * arrows + k)], field[2 * (moment * arrows * arrows + k) + 1]];
      const length = Math.hypot(vx, vy) || 1;
      const size = (0.8 * cell * Math.min(1, length / 3)) / length;
      const [a, b] = place(x, y);
      const [c, d] = place(x + size * vx, y + size * vy);
      const turn = Math.atan2(d - b, c - a);
      context.beginPath();
      context.moveTo(a, b);
      context.lineTo(c, d);
      for (const wing of [2.6, -2.6]) {
        context.moveTo(c, d);
        context.lineTo(c + 4 * Math.cos(turn + wing), d + 4 * Math.sin(turn + wing));
      }
      context.stroke();
    }
  };
  const draw = () => {
    const context = canvas.getContext("2d");
    const [count, colours] = [model.get("count"), model.get("colours")];
    sky(context);
    if (showing.checked) wind(context);
    const at = (m, i) => place(points[2 * (m * count + i)], points[2 * (m * count + i) + 1]);
    context.lineWidth = 1;
    for (let i = 0; i < count; i++) {
      context.strokeStyle = context.fillStyle = colours[owners[i]];
      context.globalAlpha = 0.45;
      context.beginPath();
      for (let m = Math.max(0, moment - 6); m <= moment; m++) context.lineTo(...at(m, i));
      context.stroke();
      context.globalAlpha = 1;
      context.beginPath();
      context.arc(...at(moment, i), 2.2, 0, 7);
      context.fill();
    }
    const t = (1 - moment / steps).toFixed(2);
    clock.textContent = ` t = ${t}`;
    canvas.setAttribute("aria-label", `${count} points in their field at time ${t}. ${model.get("status")}`);
  };
  const range = make("input", { type: "range", min: 0, max: steps, step: 1, value: "0", style: "width:16em" });
  const go = (value) => {
    moment = value;
    range.value = String(value);
    draw();
  };
  range.addEventListener("input", () => go(Number(range.value)));
  const stop = () => {
    clearInterval(playing);
    playing = 0;
    button.textContent = "run";
  };
  const start = () => {
    if (moment === steps) go(0);
    button.textContent = "stop";
    playing = setInterval(() => (moment < steps ? go(moment + 1) : stop()), 70);
  };
  const button = make("button", { textContent: "run", onclick: () => (playing ? stop() : start()) });
  const showing = make("input", { type: "checkbox", checked: true, onchange: draw });
  const set = (name) => (value) => {
    status.textContent = "solving …";
    model.set(name, value);
    model.save_changes();
  };
  const row = "display:flex;gap:0.4em 1.4em;flex-wrap:wrap;margin:0.4em 0;font:13px sans-serif;align-items:center";
  el.append(
    make(
      "div",
      { style: row },
      chooser("label ", model.get("names"), model.get("label"), set("label")),
      slider("guidance w ", 0, 8, 0.5, model.get("guidance"), set("guidance")),
      slider("fresh noise (churn) ", 0, 4, 0.25, model.get("churn"), set("churn")),
      make("button", { textContent: "other noise", onclick: () => set("seed")(model.get("seed") + 1) }),
    ),
    make(
      "div",
      { style: row },
      make("label", {}, "time: noise ", range, " data"),
      clock,
      button,
      make("label", {}, showing, " field"),
    ),
    canvas,
    status,
  );
  const renew = () => {
    read();
    status.textContent = model.get("status");
    draw();
  };
  const names = ["points", "status"];
  names.forEach((name) => model.on(`change:${name}`, renew));
  renew();
  return () => clearInterval(playing);
};
export default { render };
