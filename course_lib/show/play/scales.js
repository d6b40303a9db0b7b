// One picture grows scale by scale; others share its first scales.
const render = ({ model, el }) => {
  const [height, width] = model.get("size");
  const sides = model.get("sides");
  const strip = (count) =>
    make("canvas", {
      role: "img",
      style: `width:${count * 78}px;max-width:100%;image-rendering:pixelated;display:block`,
    });
  const grown = strip(sides.length);
  const shown = strip(model.get("count"));
  const status = make("output", { "aria-live": "polite", style: "font:13px sans-serif" });
  const set = (name) => (value) => {
    status.textContent = "drawing …";
    model.set(name, value);
    model.save_changes();
  };
  const told = chooser("the rest is drawn by ", ["no class", "its class"], Number(model.get("told")), (i) => set("told")(i === 1));
  const controls = make(
    "div",
    { style: "display:flex;gap:0.4em 1.4em;flex-wrap:wrap;margin:0.4em 0;font:13px sans-serif" },
    chooser("class ", model.get("classes"), model.get("label"), set("label")),
    make("button", { textContent: "another picture", onclick: () => set("seed")(model.get("seed") + 1) }),
    slider("scales kept ", 0, sides.length, 1, model.get("keep"), set("keep")),
    told,
    make("button", { textContent: "redraw the rest", onclick: () => set("others")(model.get("others") + 1) }),
  );
  const caption = (text) => make("div", { textContent: text, style: "font:12px sans-serif;margin-top:0.4em" });
  const draw = () => {
    paint(grown, bytesOf(model.get("grown")), height, sides.length * width);
    paint(shown, bytesOf(model.get("shown")), height, model.get("count") * width);
    status.textContent = model.get("status");
    grown.setAttribute("aria-label", `One picture after each of ${sides.length} scales`);
    shown.setAttribute("aria-label", `${model.get("count")} pictures with the same first scales. ${status.textContent}`);
  };
  for (const name of ["grown", "shown", "status"]) model.on(`change:${name}`, draw);
  el.append(
    controls,
    caption(`the picture after ${sides.map((s) => `${s}×${s}`).join(", ")}`),
    grown,
    caption("others with the same first scales"),
    shown,
    status,
  );
  draw();
};
export default { render };
