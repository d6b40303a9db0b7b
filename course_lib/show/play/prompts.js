// Type a caption or click its words: every family draws it, and each picture is marked.
const render = ({ model, el }) => {
  const d = desk(model, el, "prompts", "Say what you want");
  const size = 24, count = model.get("count");
  const text = make("input", { type: "text", "aria-label": "caption", value: model.get("text"), spellcheck: false, autocomplete: "off" });
  const write = button("Draw it", () => write.why || send(), "main");
  let sent = null;
  const pending = () => dead(write, text.value.trim() === model.get("text").trim() ? "Type or click other words first." : "");
  const put = (value) => {
    text.value = value;
    pending();
  };
  const send = () => {
    clearTimeout(sent);
    d.ask("text", text.value.trim());
  };
  text.addEventListener("input", pending);
  text.addEventListener("keydown", (event) => event.key === "Enter" && send());
  const say = (value, wait = 600) => {
    put(value);
    clearTimeout(sent);
    sent = setTimeout(send, wait); // several words become one question
  };
  const words = model.get("words").map((word) => button(word, () => say(`${text.value.trim()} ${word}`.trim())));
  const columns = () => getComputedStyle(table).gridTemplateColumns.split(" ").length;
  const label = "words: arrow keys move, space adds one";
  const table = make("div", { className: "cells", role: "group", "aria-label": label }, rove(words, columns));
  const shorter = button("take the last word away", () => say(text.value.trim().split(/\s+/).slice(0, -1).join(" ")));
  const examples = model.get("examples");
  const example = chooser("examples", examples, Math.max(0, examples.indexOf(model.get("text"))), (i) => say(examples[i], 0));
  const family = ({ words: name, colour }) => {
    const canvases = Array.from({ length: count }, () => make("canvas", { role: "img" }));
    const notes = canvases.map(() => make("div", { className: "note" }));
    const parts = canvases.map((canvas, i) => make("div", { className: "part" }, canvas, notes[i]));
    const node = card(name, colour, make("div", { className: "row" }, parts));
    node.put = (bytes, marks) =>
      canvases.forEach((canvas, i) => {
        paint(canvas, bytes.subarray(3 * size * size * i), size, size, 3);
        canvas.setAttribute("aria-label", `${name}, picture ${i + 1}: ${marks[i]}`);
        [notes[i].textContent, notes[i].title] = [marks[i].split(" · ").map((mark) => mark[0]).join(" "), marks[i]];
      });
    return node;
  };
  const cards = model.get("cards").map(family), said = make("div", { className: "said" });
  const draw = () => {
    const bytes = bytesOf(model.get("shown"));
    model.get("cards").forEach(({ marks }, k) => cards[k].put(bytes.subarray(3 * size * size * count * k), marks));
    said.textContent = model.get("said");
    pending();
  };
  d.on("change:text", () => put(model.get("text")));
  const close = d.open(
    draw,
    [make("div", { className: "cards" }, cards), said],
    [make("label", { className: "control long" }, make("span", {}, "caption"), text), table, example],
    [write, shorter, d.next("another seed", "seed")],
  );
  return () => {
    clearTimeout(sent);
    close();
  };
};
export default { render };
