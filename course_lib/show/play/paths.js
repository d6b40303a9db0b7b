// One noise, followed in several numbers of steps; a slider scrubs all of them from noise to data.
const render = ({ model, el }) => {
  const d = desk(model, el, "paths", "One noise, several numbers of steps", "following …");
  const size = model.get("size"), counts = model.get("counts"), last = model.get("moments") - 1;
  const pictures = gallery(counts.map((n) => (n === 1 ? "1 step" : `${n} steps`)), size);
  let moment = last;
  const words = (m) => (m === 0 ? "noise" : m === last ? "data" : `${Math.round((100 * m) / last)} %`);
  const draw = () => {
    const length = size[0] * size[1] * counts.length;
    const bytes = bytesOf(model.get("shown")).subarray(moment * length, (moment + 1) * length);
    pictures.put(bytes, `One noise in ${counts.join(", ")} steps, on the way: ${words(moment)}. ${model.get("status")}`);
  };
  const time = slider("from noise to data", 0, last, 1, last, () => {}, words);
  time.addEventListener("input", (event) => {
    moment = Number(event.target.value);
    draw();
  });
  return d.open(
    draw,
    pictures,
    [
      time,
      d.pick("solver", "solver", model.get("solvers")),
      d.pick("path", "way", model.get("ways")),
      d.pick("class", "label", model.get("classes")),
      d.dial("guidance", "guidance", 0, 4, 0.25),
    ],
    [d.next("another noise", "seed")],
  );
};
export default { render };
