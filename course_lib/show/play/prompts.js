// Type a caption or click its words: every family draws it, and each picture is marked.
const render = ({ model, el }) => {
  const d = desk(model, el, "prompts", "Say what you want");
  const size = 24, count = model.get("count");
  const hint = make("span", { className: "hint" }, "press Enter to draw it");
  const text = make("input", { type: "text", "aria-label": "caption", value: model.get("text"), spellcheck: false, autocomplete: "off" });
  const pending = () => (hint.style.visibility = text.value.trim() === model.get("text").trim() ? "hidden" : "visible");
  const put = (value) => {
    text.value = value;
    pending();
  };
  const send = () => d.ask("text", text.value.trim());
  text.addEventListener("input", pending);
  text.addEventListener("keydown", (event) => event.key === "Enter" && send());
  const say = (value) => {
    put(value);
    send();
  };
  const words = model.get("words").map((word) => button(word, () => say(`${text.value.trim()} ${word}`.trim())));
  const columns = () => getComputedStyle(table).gridTemplateColumns.split(" ").length;
  const label = "words: arrow keys move, space adds one";
  const table = make("div", { className: "cells", role: "group", "aria-label": label }, rove(words, columns));
  const shorter = button("take the last word away", () => say(text.value.trim().split(/\s+/).slice(0, -1).join(" ")));
  const examples = model.get("examples");
  const example = chooser("examples", examples, Math.max(0, examples.indexOf(model.get("text"))), (i) => say(examples[i]));
  const card = ({ words: name, colour }) => {
    const canvases = Array.from({ length: count }, () => make("canvas", { role: "img" }));
    const notes = canvases.map(() => make("div", { className: "note" }));
    const parts = canvases.map((canvas, i) => make("div", { className: "part" }, canvas, notes[i]));
    const node = make("div", { className: "card", style: `--colour:${colour}` }, make("h4", {}, name), make("div", { className: "row" }, parts));
    node.put = (bytes, marks) =>
      canvases.forEach((canvas, i) => {
        paint(canvas, bytes.subarray(3 * size * size * i), size, size, 3);
        canvas.setAttribute("aria-label", `${name}, picture ${i + 1}: ${marks[i]}`);
        [notes[i].textContent, notes[i].title] = [marks[i].split(" · ").map((mark) => mark[0]).join(" "), marks[i]];
      });
    return node;
  };
  const cards = model.get("cards").map(card), said = make("div", { className: "said" });
  const draw = () => {
    const bytes = bytesOf(model.get("shown"));
    model.get("cards").forEach(({ marks }, k) => cards[k].put(bytes.subarray(3 * size * size * count * k), marks));
    said.textContent = model.get("said");
    pending();
  };
  d.on("change:text", () => put(model.get("text")));
  return d.open(
    draw,
    make("div", { className: "bar" }, make("label", { className: "caption" }, make("span", {}, "caption"), text), hint),
    make("div", { className: "cards" }, cards),
    d.status,
    said,
    table,
    bar(shorter, d.next("another seed", "seed"), example),
  );
};
export default { render };
