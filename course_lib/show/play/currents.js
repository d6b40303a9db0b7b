// Points in a field, from noise to data: drag the time, or let it run.
const render = ({ model, el }) => {
  const d = desk(model, el, "currents", "Points in the field that carries them", "solving …");
  const { steps, arrows, cells, extent } = model.get("layout_of");
  const side = 440;
  const canvas = make("canvas", { role: "img", width: side, height: side });
  const tint = make("canvas", { width: cells, height: cells });
  const floats = (name) => new Float32Array(bytesOf(model.get(name)).slice().buffer);
  const place = (x, y) => [((x + extent) / (2 * extent)) * side, ((extent - y) / (2 * extent)) * side];
  const stops = [[10, 15, 36], [11, 47, 92], [0, 114, 178], [140, 203, 239]];
  let points, field, glow, owners;
  let moment = 0;
  let playing = 0;
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
      const [c, e] = place(x + size * vx, y + size * vy);
      const turn = Math.atan2(e - b, c - a);
      context.beginPath();
      context.moveTo(a, b);
      context.lineTo(c, e);
      for (const wing of [2.6, -2.6]) {
        context.moveTo(c, e);
        context.lineTo(c + 4 * Math.cos(turn + wing), e + 4 * Math.sin(turn + wing));
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
    canvas.setAttribute("aria-label", `${count} points in their field at time ${words(moment)}. ${model.get("status")}`);
  };
  const words = (m) => `t = ${(1 - m / steps).toFixed(2)}`;
  const time = slider("time", 0, steps, 1, 0, () => {}, words);
  const go = (value) => {
    moment = Math.min(value, steps);
    time.put(moment);
    draw();
  };
  time.addEventListener("input", (event) => {
    stop();
    go(Number(event.target.value));
  });
  const stop = () => {
    clearInterval(playing);
    playing = 0;
    run.textContent = "▶ Run";
  };
  const start = () => {
    if (moment === steps) go(0);
    run.textContent = "❚❚ Stop";
    const [leap, wait] = calm() ? [steps / 5, 900] : [1, 70]; // a few still pictures for whom motion disturbs
    playing = setInterval(() => (moment < steps ? go(moment + leap) : stop()), wait);
  };
  const run = button("▶ Run", () => (playing ? stop() : start()), "main");
  const showing = make("input", { type: "checkbox", checked: true, onchange: () => draw() });
  const renew = () => {
    [points, field] = [floats("points"), floats("field")];
    [glow, owners] = [bytesOf(model.get("glow")), bytesOf(model.get("owners"))];
    draw();
  };
  const names = model.get("names"), guidance = d.dial("guidance w", "guidance", 0, 8, 0.5);
  d.limit(() => (model.get("label") === names.length - 1 ? "Guidance needs a class." : ""), guidance);
  const legend = names.slice(0, -1).map((name, i) => make("span", { className: "key", style: `--colour:${model.get("colours")[i]}` }, name));
  const close = d.open(
    renew,
    [canvas, make("div", { className: "note" }, "where each ends: ", legend), bar(run, time)],
    [
      d.pick("class", "label", names),
      guidance,
      d.dial("fresh noise", "churn", 0, 4, 0.25),
      make("label", { className: "control" }, make("span", {}, "field"), showing),
    ],
    [d.next("other noise", "seed")],
  );
  return () => {
    stop();
    close();
  };
};
export default { render };
