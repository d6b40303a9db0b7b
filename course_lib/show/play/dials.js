// Eight pictures, and every dial of the sampler.
const render = ({ model, el }) => {
  const [height, width] = model.get("size");
  const count = model.get("count");
  const canvas = make("canvas", {
    role: "img",
    style: `width:${count * 78}px;max-width:100%;image-rendering:pixelated;display:block`,
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
    chooser("class ", model.get("classes"), model.get("label"), set("label")),
    dial("temperature ", "temperature", 0, 1.5, 0.05),
    dial("guidance ", "guidance", 0, 4, 0.25),
    dial("top-p ", "top_p", 0.05, 1, 0.05),
    dial("top-k (0: all) ", "top_k", 0, model.get("levels"), 1),
    make("button", { textContent: "another seed", onclick: () => set("seed")(model.get("seed") + 1) }),
  );
  const draw = () => {
    paint(canvas, bytesOf(model.get("shown")), height, count * width);
    status.textContent = model.get("status");
    canvas.setAttribute("aria-label", `${count} samples. ${status.textContent}`);
  };
  model.on("change:shown", draw);
  model.on("change:status", draw);
  el.append(controls, canvas, status);
  draw();
};
export default { render };
