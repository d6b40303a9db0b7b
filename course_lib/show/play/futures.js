// One garment, its lower part covered, several futures, the truth.
const render = ({ model, el }) => {
  const [height, width] = model.get("size");
  const across = model.get("count") + 2;
  const canvas = make("canvas", {
    role: "img",
    style: `width:${Math.min(across * 104, 640)}px;max-width:100%;image-rendering:pixelated;display:block`,
  });
  const status = make("output", { "aria-live": "polite", style: "font:13px sans-serif" });
  const set = (name) => (value) => {
    status.textContent = "drawing …";
    model.set(name, value);
    model.save_changes();
  };
  const classes = model.get("classes");
  const names = model.get("garments").map((name, i) => `${i + 1}: ${name}`);
  const controls = make(
    "div",
    { style: "display:flex;gap:1.2em;flex-wrap:wrap;margin:0.4em 0;font:13px sans-serif" },
    chooser("garment ", names, model.get("garment"), set("garment")),
    slider("first covered row ", 0, height - 1, 1, model.get("row"), set("row")),
    chooser("class ", classes, model.get("label") + 1, (i) => set("label")(i - 1)),
    make("button", { textContent: "other futures", onclick: () => set("seed")(model.get("seed") + 1) }),
  );
  const heads = ["covered", ...Array.from({ length: across - 2 }, (_, i) => `future ${i + 1}`), "truth"];
  const captions = make(
    "div",
    { style: `display:flex;width:${Math.min(across * 104, 640)}px;max-width:100%;font:12px sans-serif` },
    heads.map((text) => make("span", { textContent: text, style: "flex:1;text-align:center" })),
  );
  const draw = () => {
    paint(canvas, bytesOf(model.get("shown")), height, across * width, 3);
    status.textContent = model.get("status");
    canvas.setAttribute("aria-label", `A covered garment, ${across - 2} futures, the truth. ${status.textContent}`);
  };
  model.on("change:shown", draw);
  model.on("change:status", draw);
  el.append(controls, captions, canvas, status);
  draw();
};
export default { render };
