// One noise, followed in several numbers of steps; a slider scrubs all of them from noise to data.
const render = ({ model, el }) => {
  const [height, width] = model.get("size");
  const counts = model.get("counts");
  const last = model.get("moments") - 1;
  const across = counts.length * width;
  const wide = `width:${Math.min(counts.length * 108, 660)}px;max-width:100%;`;
  const canvas = make("canvas", { role: "img", style: `${wide}image-rendering:pixelated;display:block` });
  const status = make("output", { "aria-live": "polite", style: "font:13px sans-serif" });
  let moment = last;
  const set = (name) => (value) => {
    status.textContent = "following …";
    model.set(name, value);
    model.save_changes();
  };
  const time = slider("from noise (0) to data (1) ", 0, 1, 1 / last, 1, () => {});
  time.querySelector("input").addEventListener("input", (event) => {
    moment = Math.round(Number(event.target.value) * last);
    draw();
  });
  const controls = make(
    "div",
    { style: "display:flex;gap:0.4em 1.4em;flex-wrap:wrap;margin:0.4em 0;font:13px sans-serif" },
    time,
    chooser("solver ", model.get("solvers"), model.get("solver"), set("solver")),
    chooser("path ", model.get("ways"), model.get("way"), set("way")),
    chooser("class ", model.get("classes"), model.get("label"), set("label")),
    slider("guidance ", 0, 4, 0.25, model.get("guidance"), set("guidance")),
    make("button", { textContent: "another noise", onclick: () => set("seed")(model.get("seed") + 1) }),
  );
  const captions = make(
    "div",
    { style: `display:flex;${wide}font:12px sans-serif` },
    counts.map((n) => make("span", { textContent: n === 1 ? "1 step" : `${n} steps`, style: "flex:1;text-align:center" })),
  );
  const draw = () => {
    const size = height * across;
    paint(canvas, bytesOf(model.get("shown")).subarray(moment * size, (moment + 1) * size), height, across);
    status.textContent = model.get("status");
    canvas.setAttribute("aria-label", `One noise in ${counts.join(", ")} steps. ${status.textContent}`);
  };
  model.on("change:shown", draw);
  model.on("change:status", draw);
  el.append(controls, captions, canvas, status);
  draw();
};
export default { render };
