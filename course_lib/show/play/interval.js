// Ten noises: above plain, below led by guidance of any scale in any interval of times.
const render = ({ model, el }) => {
  const [height, width] = model.get("size");
  const count = model.get("count");
  const canvas = make("canvas", {
    role: "img",
    style: `width:${count * 64}px;max-width:100%;image-rendering:pixelated;display:block`,
  });
  const status = make("output", { "aria-live": "polite", style: "font:13px sans-serif" });
  const set = (name) => (value) => {
    status.textContent = "drawing …";
    model.set(name, value);
    model.save_changes();
  };
  const dial = (label, name, high, step) => slider(label, 0, high, step, model.get(name), set(name));
  const controls = make(
    "div",
    { style: "display:flex;gap:0.4em 1.4em;flex-wrap:wrap;margin:0.4em 0;font:13px sans-serif" },
    chooser("class ", model.get("classes"), model.get("label"), set("label")),
    dial("guidance w ", "guidance", 6, 0.25),
    dial("from t (0: data) ", "low", 1, 0.05),
    dial("to t (1: noise) ", "high", 1, 0.05),
    make("button", { textContent: "other noises", onclick: () => set("seed")(model.get("seed") + 1) }),
  );
  const draw = () => {
    paint(canvas, bytesOf(model.get("shown")), 2 * height, count * width);
    status.textContent = model.get("status");
    canvas.setAttribute("aria-label", `Above plain samples, below guided ones. ${status.textContent}`);
  };
  model.on("change:shown", draw);
  model.on("change:status", draw);
  el.append(controls, canvas, status);
  draw();
};
export default { render };
