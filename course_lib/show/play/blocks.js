// Blocks: who sees whom at a size of block, and one picture written in blocks of three sizes, on one clock.
const render = ({ model, el }) => {
  const d = desk(model, el, "blocks", "Blocks between next-token and masked prediction", "writing …");
  const T = model.get("places"), side = 4 * T;
  const mask = make("canvas", { role: "img", width: side, height: side });
  let films = [], now = 0, last = 1, playing = 0, block = 7;
  const seen = (i, j, copyRow, copyColumn) => {
    const [a, b] = [Math.floor(i / block), Math.floor(j / block)];
    if (!copyRow) return !copyColumn && j <= i;
    return copyColumn ? a === b : b < a;
  };
  const drawMask = () => {
    const context = mask.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, side, side);
    for (let row = 0; row < 2 * T; row++)
      for (let column = 0; column < 2 * T; column++) {
        const [copyRow, copyColumn] = [row >= T, column >= T];
        if (!seen(row % T, column % T, copyRow, copyColumn)) continue;
        context.fillStyle = copyColumn ? "#009E73" : "#BBBBBB";
        context.fillRect(2 * column, 2 * row, 2, 2);
      }
    context.fillStyle = "#222";
    context.fillRect(2 * T, 0, 1, side);
    context.fillRect(0, 2 * T, side, 1);
    const blocks = Math.ceil(T / block);
    const words = block === 1 ? "next-token prediction" : block === T ? "masked prediction" : `${blocks} blocks, one after another`;
    note.textContent = `Blocks of ${block}: ${words}. Rows look; grey: clean tokens, green: copies of which some are hidden.`;
    mask.setAttribute("aria-label", note.textContent);
  };
  const note = make("div", { className: "note" });
  const dial = slider("tokens in a block", 1, T, 1, block, () => {}, String);
  dial.querySelector("input").addEventListener("input", (event) => {
    block = Number(event.target.value);
    drawMask();
  });
  const table = make("div", { className: "table" }, mask, note);
  const cards = make("div", { className: "cards" });
  const scrub = make("input", { type: "range", min: 0, max: 1000, value: "1000", "aria-label": "time" });
  const clock = make("span", { className: "value" });
  const show = () => {
    const [height, width] = model.get("size");
    scrub.value = String(Math.round((1000 * now) / last));
    clock.textContent = `${Math.round(now)} ms`;
    scrub.title = `of ${Math.round(last)} ms`;
    scrub.setAttribute("aria-valuetext", clock.textContent);
    for (const film of films) {
      let k = 0;
      while (k + 1 < film.ms.length && film.ms[k + 1] <= now) k++;
      paint(film.canvas, film.bytes.subarray(k * height * width, (k + 1) * height * width), height, width);
      film.said.textContent = `pass ${k} of ${film.ms.length - 1} · ${Math.round(film.bits[k])} bits · ${Math.round(Math.min(now, film.ms.at(-1)))} ms`;
    }
  };
  const stop = () => {
    clearInterval(playing);
    playing = 0;
    run.textContent = "▶ Write";
  };
  const start = () => {
    if (now >= last) now = 0;
    run.textContent = "❚❚ Stop";
    const [parts, wait] = calm() ? [5, 900] : [120, 50]; // a few still pictures for whom motion disturbs
    playing = setInterval(() => {
      now = Math.min(last, now + last / parts);
      show();
      if (now >= last) stop();
    }, wait);
  };
  const run = button("▶ Write", () => (playing ? stop() : start()), "main");
  const clocked = make("label", { className: "control" }, make("span", {}, "time"), scrub, clock);
  scrub.addEventListener("input", () => {
    stop();
    now = (last * Number(scrub.value)) / 1000;
    show();
  });
  const load = () => {
    stop();
    const bytes = bytesOf(model.get("pixels")), [height, width] = model.get("size");
    let from = 0;
    films = model.get("about").map((film, i) => {
      const count = film.ms.length * height * width;
      const canvas = make("canvas", { role: "img", "aria-label": `written in blocks of ${model.get("sizes")[i]}: the picture so far` });
      const said = make("div", { className: "note" });
      const card = make("figure", {}, canvas, make("figcaption", {}, `blocks of ${model.get("sizes")[i]}`), said);
      const out = { ...film, canvas, said, card, bytes: bytes.subarray(from, from + count) };
      from += count;
      return out;
    });
    cards.replaceChildren(...films.map((film) => film.card));
    last = Math.max(...films.map((film) => film.ms.at(-1)), 1);
    now = last;
    show();
  };
  drawMask();
  const close = d.open(
    load,
    make("div", { className: "parts" }, cards, table),
    [dial, d.pick("class", "label", model.get("names")), d.dial("passes, at most", "passes", 1, 49, 1), clocked],
    [run, d.next("another", "seed")],
  );
  return () => {
    stop();
    close();
  };
};
export default { render };
