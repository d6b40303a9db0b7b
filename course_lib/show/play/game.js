// Game: mark the six real pictures (click, or Tab and Space, or the arrow keys), then see who made which.
const render = ({ model, el }) => {
  const { on, close, frame, status } = desk(model, el, "game", "Which six are real?");
  const sheet = make("div", { className: "sheet", role: "group", "aria-label": "twelve pictures, six of them real" });
  const score = make("span", { className: "score" }), past = make("span");
  const show = button("Show the answer", () => show.why || told(), "main");
  const again = button("Deal again", () => deal());
  let marked = new Set(), cards = [];
  const say = () => {
    const answer = model.get("answer"), history = model.get("history");
    score.textContent = answer.length ? `${history.at(-1)} of 6 found` : `${marked.size} of 6 marked`;
    past.textContent = answer.length
      ? `by luck: 3 · your rounds: ${history.join(", ")}`
      : "Mark the six that you take for photographs: click, or arrow keys and Space.";
    dead(show, answer.length ? "It is shown: deal again." : marked.size < 6 ? `Mark ${6 - marked.size} more.` : "");
  };
  const told = () => {
    model.set("marked", [...marked].sort((a, b) => a - b));
    model.save_changes();
  };
  const mark = (i) => {
    if (model.get("answer").length) return;
    if (marked.has(i)) marked.delete(i);
    else if (marked.size < 6) marked.add(i);
    cards[i].setAttribute("aria-pressed", String(marked.has(i)));
    say();
  };
  const reveal = () => {
    const answer = model.get("answer"), caption = model.get("caption"), colours = model.get("colours");
    answer.forEach((word, i) => {
      cards[i].classList.add("open");
      cards[i].classList.toggle("missed", marked.has(i) !== (word === "real"));
      cards[i].style.setProperty("--colour", colours[word]);
      const verdict = marked.has(i) ? (word === "real" ? "✓ you found it" : "✗ you took it") : word === "real" ? "✗ you missed it" : "";
      cards[i].querySelector(".tag").replaceChildren(make("b", {}, word), make("br"), caption[i], make("br"), make("b", {}, verdict));
      cards[i].setAttribute("aria-label", [`picture ${i + 1}: ${word}`, caption[i], verdict].filter(Boolean).join(", "));
    });
    say();
  };
  const lay = () => {
    const bytes = bytesOf(model.get("sheet"));
    marked = new Set(model.get("marked"));
    cards = Array.from({ length: 12 }, (_, i) => {
      const canvas = make("canvas");
      paint(canvas, bytes.subarray(784 * i, 784 * (i + 1)), 28, 28);
      const card = make("button", { className: "card", "aria-pressed": String(marked.has(i)), "aria-label": `picture ${i + 1}` });
      card.append(canvas, make("span", { className: "tag" }, String(i + 1)));
      card.addEventListener("click", () => mark(i));
      return card;
    });
    sheet.replaceChildren(...rove(cards, () => getComputedStyle(sheet).gridTemplateColumns.split(" ").length));
    again.removeAttribute("aria-disabled");
    reveal();
  };
  const deal = () => {
    if (again.hasAttribute("aria-disabled")) return; // one deal at a time; the button keeps the focus
    again.setAttribute("aria-disabled", "true");
    score.textContent = "…";
    past.textContent = "The models are drawing new ones; this takes some seconds.";
    model.set("round", model.get("round") + 1);
    model.save_changes();
  };
  on("change:sheet", lay);
  on("change:answer", reveal);
  status.append(score, past);
  frame(sheet, [], [show, again]);
  lay();
  return close;
};
export default { render };
