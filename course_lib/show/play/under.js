// A garment, the same under noise, and what the network believes of it.
const render = ({ model, el }) => {
  const [height, width] = model.get("size");
  const heads = ["the truth", "what it sees", "what it believes"];
  const wide = `width:${heads.length * 160}px;max-width:100%;`;
  const canvas = make("canvas", { role: "img", style: `${wide}image-rendering:pixelated;display:block` });
  const status = make("output", { "aria-live": "polite", style: "font:13px sans-serif" });
  const set = (name) => (value) => {
    status.textContent = "looking …";
    model.set(name, value);
    model.save_changes();
  };
  const names = model.get("garments").map((name, i) => `${i + 1}: ${name}`);
  const controls = make(
    "div",
    { style: "display:flex;gap:0.4em 1.4em;flex-wrap:wrap;margin:0.4em 0;font:13px sans-serif" },
    chooser("garment ", names, model.get("garment"), set("garment")),
    slider("noise, % ", 1, 99, 1, model.get("noise"), set("noise")),
    chooser("told ", model.get("classes"), model.get("label") + 1, (i) => set("label")(i - 1)),
    make("button", { textContent: "other noise", onclick: () => set("seed")(model.get("seed") + 1) }),
  );
  const captions = make(
    "div",
    { style: `display:flex;${wide}font:12px sans-serif` },
    heads.map((text) => make("span", { textContent: text, style: "flex:1;text-align:center" })),
  );
  const draw = () => {
    paint(canvas, bytesOf(model.get("shown")), height, heads.length * width);
    status.textContent = model.get("status");
    canvas.setAttribute("aria-label", `A garment, the same under noise, and the guess. ${status.textContent}`);
  };
  model.on("change:shown", draw);
  model.on("change:status", draw);
  el.append(controls, captions, canvas, status);
  draw();
};
export default { render };
