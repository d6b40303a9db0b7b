// One garment, its lower part covered, several futures, the truth.
const render = ({ model, el }) => {
  const d = desk(model, el, "futures", "One past, several futures");
  const size = model.get("size"), count = model.get("count");
  const garments = model.get("garments").map((name, i) => `${i + 1}: ${name}`);
  const heads = ["covered", ...Array.from({ length: count }, (_, i) => `future ${i + 1}`), "truth"];
  const pictures = gallery(heads, size, { channels: 3 });
  const draw = () =>
    pictures.put(bytesOf(model.get("shown")), `A covered garment, ${count} futures, the truth. ${model.get("status")}`);
  return d.open(
    draw,
    pictures,
    [
      d.pick("garment", "garment", garments),
      d.dial("first covered row", "row", 0, size[0] - 1, 1),
      d.pick("class", "label", model.get("classes"), 1),
    ],
    [d.next("other futures", "seed")],
  );
};
export default { render };
