// Eight pictures, and every dial of the sampler.
const render = ({ model, el }) => {
  const d = desk(model, el, "dials", "The dials of sampling");
  const count = model.get("count");
  const pictures = gallery(Array(count).fill(""), model.get("size"), { most: 84 });
  const draw = () => pictures.put(bytesOf(model.get("shown")), `${count} samples. ${model.get("status")}`);
  const guidance = d.dial("guidance", "guidance", 0, 4, 0.25);
  d.limit(() => (model.get("classes")[model.get("label")] === "no class" ? "Guidance needs a class." : ""), guidance);
  return d.open(
    draw,
    pictures,
    [
      d.pick("class", "label", model.get("classes")),
      d.dial("temperature", "temperature", 0, 1.5, 0.05),
      guidance,
      d.dial("top-p", "top_p", 0.05, 1, 0.05),
      d.dial("top-k", "top_k", 0, model.get("levels"), 1, (k) => (k ? String(k) : "all")),
    ],
    [d.next("another seed", "seed")],
  );
};
export default { render };
