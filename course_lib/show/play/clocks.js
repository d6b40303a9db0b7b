// Clocks: films of pictures in the making on one real clock. Scrub, play, pause; the class and seed ask Python for more.
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
  let films = [], now = 0, last = 1, playing = false, before = 0, shown = 0, speed = 1;
  const d = desk(model, el, "clocks", "Pictures in the making, on one clock", "the models are drawing …");
  const cards = make("div", { className: "cards" });
  const scrub = make("input", { type: "range", min: 0, max: 1000, step: 20, value: "0", "aria-label": "time" });
  const time = make("span", { className: "time" });
  const play = button("▶ Play", () => toggle(), "main");
  const again = button("another one", () => ask("seed", model.get("seed") + 1));
  const speeds = [["real time", 1], ["4 × slower", 4], ["20 × slower", 20]];
  const pace = chooser("speed", speeds.map((s) => s[0]), 0, (i) => (speed = speeds[i][1]));
  const pick = chooser("class", model.get("names"), model.get("label"), (i) => ask("label", i));
  const seed = make("input", { type: "number", min: 0, step: 1, value: String(model.get("seed")) });
  seed.addEventListener("change", () => ask("seed", Math.max(0, Math.floor(Number(seed.value) || 0))));
  d.on("change:seed", () => (seed.value = String(model.get("seed"))));
  d.on("change:label", () => pick.put(model.get("label")));
  const ask = (name, value) => {
    stop();
    d.ask(name, value);
  };
  const show = () => {
    const [height, width] = model.get("size");
    scrub.value = String(Math.round((1000 * now) / last));
    time.textContent = `${Math.round(now)} of ${Math.round(last)} ms`;
    scrub.setAttribute("aria-valuetext", time.textContent);
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
    if (!calm() || now >= last || then - shown > 600) {
      shown = then; // a few still pictures for whom motion disturbs
      show();
    }
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
      film.card = card(row.name, row.colour, film.canvas, number, film.done);
      return film;
    });
    cards.replaceChildren(...films.map((film) => film.card));
    last = Math.max(...films.map((film) => film.ms.at(-1)));
    now = last;
    show();
  };
  scrub.addEventListener("input", () => {
    stop();
    now = (last * Number(scrub.value)) / 1000;
    show();
  });
  const seeds = make("label", { className: "control" }, make("span", {}, "seed"), seed);
  const close = d.open(load, [cards, bar(play, scrub, time)], [pick, seeds, pace], [again]);
  return () => {
    stop();
    close();
  };
};
export default { render };
