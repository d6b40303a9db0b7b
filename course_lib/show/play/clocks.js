// Clocks: films of pictures in the making on one real clock. Scrub, play, pause; the class and seed ask Python for more.
const clocksStyle = `
.ptn-clocks { font-family: system-ui, sans-serif; color: #222; background: #fff; max-width: 720px; padding: 4px; }
.ptn-clocks .bar { display: flex; flex-wrap: wrap; gap: 8px 14px; align-items: center; margin: 6px 0; }
.ptn-clocks .cards { display: flex; flex-wrap: wrap; gap: 18px; margin: 10px 0; }
.ptn-clocks .card { flex: 1 1 224px; max-width: 280px; border-top: 4px solid var(--colour); padding-top: 6px; }
.ptn-clocks h4 { margin: 0 0 6px; font-size: 15px; color: var(--colour); }
.ptn-clocks canvas { width: 100%; image-rendering: pixelated; display: block; border-radius: 3px; background: #000; }
.ptn-clocks .number { display: flex; justify-content: space-between; font-variant-numeric: tabular-nums; font-size: 14px; margin-top: 6px; }
.ptn-clocks .number b { font-size: 18px; }
.ptn-clocks .done { color: #666; font-size: 13px; min-height: 1.3em; }
.ptn-clocks button { font: inherit; font-weight: 600; padding: 5px 14px; border: 1px solid #888; border-radius: 5px; background: #f4f4f4; color: #222; cursor: pointer; }
.ptn-clocks button.play { background: #222; color: #fff; border-color: #222; min-width: 86px; }
.ptn-clocks select, .ptn-clocks input[type=number] { font: inherit; padding: 3px 5px; color: #222; background: #fff; border: 1px solid #999; border-radius: 4px; }
.ptn-clocks input[type=number] { width: 5em; }
.ptn-clocks input[type=range] { flex: 1 1 240px; accent-color: #222; }
.ptn-clocks :focus-visible { outline: 3px solid #56B4E9; outline-offset: 1px; }
.ptn-clocks .time { font-variant-numeric: tabular-nums; min-width: 9.5em; text-align: right; font-size: 14px; }
`;
const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255);
// The bytes of entry k of a film as RGB; what is still missing has the family's colour (as in show/films.py).
const tinted = (film, k, count, width) => {
  const colour = rgb(film.colour), out = new Uint8Array(3 * count);
  const grey = film.bytes.subarray(Math.min(k, film.frames - 1) * count);
  const left = film.noise ? 1 - k / Math.max(film.ms.length - 1, 1) : 0;
  const place = (i) => Math.floor(i / width / film.cell) * (width / film.cell) + Math.floor((i % width) / film.cell);
  for (let i = 0; i < count; i++)
    for (let c = 0; c < 3; c++)
      out[3 * i + c] = !film.noise && place(i) >= film.known[k] ? 255 * 0.85 * colour[c] : grey[i] * Math.min(1, 1 - left + left * (0.25 + colour[c]));
  return out;
};
const render = ({ model, el }) => {
  let films = [], now = 0, last = 1, playing = false, before = 0, speed = 1;
  const root = make("div", { className: "ptn-clocks" }, make("style", {}, clocksStyle));
  const cards = make("div", { className: "cards" });
  const scrub = make("input", { type: "range", min: 0, max: 1000, value: "0", "aria-label": "time" });
  const time = make("span", { className: "time" });
  const status = make("span", { className: "done", role: "status" });
  const play = make("button", { className: "play", onclick: () => toggle() }, "▶ Play");
  const again = make("button", { onclick: () => ask("seed", model.get("seed") + 1) }, "Another one");
  const speeds = [["real time", 1], ["4 × slower", 4], ["20 × slower", 20]];
  const pace = chooser("Speed ", speeds.map((s) => s[0]), 0, (i) => (speed = speeds[i][1]));
  const pick = chooser("Class ", model.get("names"), model.get("label"), (i) => ask("label", i));
  const seed = make("input", { type: "number", min: 0, step: 1, value: String(model.get("seed")) });
  seed.addEventListener("change", () => ask("seed", Math.max(0, Math.floor(Number(seed.value) || 0))));
  const ask = (key, value) => {
    stop();
    if (key === "seed") seed.value = String(value);
    status.textContent = "The models are drawing …";
    model.set(key, value);
    model.save_changes();
  };
  const show = () => {
    const [height, width] = model.get("size");
    scrub.value = String(Math.round((1000 * now) / last));
    time.textContent = `${Math.round(now)} of ${Math.round(last)} ms`;
    for (const film of films) {
      let k = film.k <= film.ms.length - 1 && film.ms[film.k] <= now ? film.k : 0;
      while (k + 1 < film.ms.length && film.ms[k + 1] <= now) k++;
      if (k !== film.k) paint(film.canvas, tinted(film, k, height * width, width), height, width, 3);
      film.k = k;
      film.forwards.textContent = `${film.forwards_at[k]}`;
      film.clock.textContent = `${Math.round(Math.min(now, film.ms.at(-1)))} ms`;
      film.done.textContent = k === film.ms.length - 1 ? "done" : "";
    }
  };
  const stop = () => {
    playing = false;
    play.textContent = "▶ Play";
  };
  const tick = (then) => {
    if (!playing || !el.isConnected) return;
    now = Math.min(last, now + (then - before) / speed);
    before = then;
    show();
    if (now >= last) stop();
    else requestAnimationFrame(tick);
  };
  const toggle = () => {
    if (playing) return stop();
    playing = true;
    play.textContent = "❚❚ Pause";
    if (now >= last) now = 0;
    requestAnimationFrame((then) => {
      before = then;
      tick(then);
    });
  };
  const load = () => {
    const bytes = bytesOf(model.get("pixels")), [height, width] = model.get("size");
    let from = 0;
    films = model.get("about").map((row) => {
      const film = { ...row, k: -1, forwards_at: row.forwards, bytes: bytes.subarray(from, (from += row.frames * height * width)) };
      film.canvas = make("canvas", { role: "img", "aria-label": `${row.name}: the picture so far` });
      film.forwards = make("b");
      film.clock = make("b");
      film.done = make("div", { className: "done" });
      const number = make("div", { className: "number" }, make("span", {}, film.forwards, " forwards"), film.clock);
      film.card = make("div", { className: "card", style: `--colour:${row.colour}` }, make("h4", {}, row.name), film.canvas, number, film.done);
      return film;
    });
    cards.replaceChildren(...films.map((film) => film.card));
    last = Math.max(...films.map((film) => film.ms.at(-1)));
    now = last;
    status.textContent = "";
    show();
  };
  scrub.addEventListener("input", () => {
    stop();
    now = (last * Number(scrub.value)) / 1000;
    show();
  });
  model.on("change:about", load);
  const seeds = make("label", {}, "Seed ", seed);
  root.append(make("div", { className: "bar" }, pick, seeds, again, status), cards, make("div", { className: "bar" }, play, scrub, time, pace));
  el.append(root);
  load();
  return () => {
    stop();
    model.off("change:about", load);
  };
};
export default { render };
