// Type a word: every family writes it, and below each sign stands letter by letter what the grader reads.
const render = ({ model, el }) => {
  const d = desk(model, el, "words", "Have a word written", "writing …");
  const text = make("input", { type: "text", "aria-label": "word", value: model.get("text"), spellcheck: false, autocomplete: "off", size: 10 });
  const write = button("Write it", () => write.why || send(), "main");
  const pending = () => dead(write, text.value === model.get("text") ? "Type another word first." : "");
  const send = () => d.ask("text", text.value);
  text.addEventListener("input", pending);
  text.addEventListener("keydown", (event) => event.key === "Enter" && send());
  const family = ({ words, colour }) => {
    const canvas = make("canvas", { role: "img" });
    const row = make("div", { className: "letters" }), note = make("div", { className: "note" });
    const node = card(words, colour, make("div", {}, canvas, row), note);
    node.put = (bytes, found) => {
      paint(canvas, bytes, 16, 48, 3);
      canvas.setAttribute("aria-label", `${words}: ${found.note}`);
      row.replaceChildren(...found.letters.map(({ letter, right }) => make("span", { className: right ? "right" : "wrong" }, letter)));
      note.textContent = found.note;
    };
    return node;
  };
  const cards = model.get("cards").map(family), examples = model.get("examples");
  const draw = () => {
    const bytes = bytesOf(model.get("shown"));
    model.get("cards").forEach((found, i) => cards[i].put(bytes.subarray(i * 2304), found));
    pending();
  };
  const example = chooser("examples", examples, 0, (i) => {
    text.value = examples[i];
    send();
  });
  d.on("change:text", () => {
    text.value = model.get("text");
    pending();
  });
  return d.open(
    draw,
    make("div", { className: "cards" }, cards),
    [
      make("label", { className: "control long" }, make("span", {}, "word"), text),
      example,
      d.pick("ink", "ink", model.get("inks")),
      d.pick("paper", "paper", model.get("papers")),
    ],
    [write, d.next("another seed", "seed")],
  );
};
export default { render };
