// A garment, the same under noise, and what the network believes of it.
const render = ({ model, el }) => {
  const d = desk(model, el, "under", "What lies under the noise?", "looking …");
  const garments = model.get("garments").map((name, i) => `${i + 1}: ${name}`);
  const heads = ["the truth", "what it sees", "what it believes"];
  const pictures = gallery(heads, model.get("size"), { most: 168, least: 96 });
  const draw = () =>
    pictures.put(bytesOf(model.get("shown")), `A garment, the same under noise, and the guess. ${model.get("status")}`);
  return d.open(
    draw,
    pictures,
    [
      d.pick("garment", "garment", garments),
      d.dial("noise", "noise", 1, 99, 1, (n) => `${n} %`),
      d.pick("told", "label", model.get("classes"), 1),
    ],
    [d.next("other noise", "seed")],
  );
};
export default { render };
