// Type a word: every family writes it, and below each sign stands letter by letter what the grader reads.
const render = ({ model, el }) => {
  const d = desk(model, el, "words", "Have a word written", "writing …");
  const text = make("input", { type: "text", "aria-label": "word", value: model.get("text"), spellcheck: false, autocomplete: "off", size: 10 });
  const hint = make("span", { className: "hint" }, "Enter writes it");
  const pending = () => (hint.style.visibility = text.value === model.get("text") ? "hidden" : "visible");
  const send = () => d.ask("text", text.value);
  text.addEventListener("input", pending);
  text.addEventListener("keydown", (event) => event.key === "Enter" && send());
  const card = ({ words, colour }) => {
    const canvas = make("canvas", { role: "img" });
    const row = make("div", { className: "letters" }), note = make("div", { className: "note" });
    const node = make("div", { className: "card", style: `--colour:${colour}` }, make("h4", {}, words), canvas, row, note);
    node.put = (bytes, found) => {
      paint(canvas, bytes, 16, 48, 3);
      canvas.setAttribute("aria-label", `${words}: ${found.note}`);
      row.replaceChildren(...found.letters.map(({ letter, right }) => make("span", { className: right ? "right" : "wrong" }, letter)));
      note.textContent = found.note;
    };
    return node;
  };
  const cards = model.get("cards").map(card), examples = model.get("examples");
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
    d.status,
    make("div", { className: "controls" }, make("label", { className: "control" }, make("span", {}, "word"), text), hint, example),
    bar(d.pick("ink", "ink", model.get("inks")), d.pick("paper", "paper", model.get("papers")), d.next("another seed", "seed")),
  );
};
export default { render };
