// Ten noises: above plain, below led by guidance of any scale in any interval of times.
const render = ({ model, el }) => {
  const d = desk(model, el, "interval", "Guidance in an interval of times");
  const [height, width] = model.get("size"), count = model.get("count");
  const pairs = gallery(Array(count).fill(""), [2 * height, width], { most: 72, least: 52 });
  const draw = () => pairs.put(bytesOf(model.get("shown")), `Above plain samples, below guided ones. ${model.get("status")}`);
  const ends = [d.dial("from t (0: data)", "low", 0, 1, 0.05), d.dial("to t (1: noise)", "high", 0, 1, 0.05)];
  d.limit(() => (model.get("guidance") === 1 ? "At w = 1 there is nothing to limit: choose another w." : ""), ...ends);
  return d.open(
    draw,
    [pairs, make("div", { className: "note" }, "one noise a column: above plain, below led")],
    [
      d.pick("class", "label", model.get("classes")),
      d.dial("guidance w", "guidance", 0, 6, 0.25),
      ...ends,
    ],
    [d.next("other noises", "seed")],
  );
};
export default { render };
