// Game: mark the six real pictures (click, or Tab and Space, or the arrow keys), then see who made which.
const gameStyle = `
.ptn-game { font-family: system-ui, sans-serif; color: #222; background: #fff; max-width: 720px; padding: 4px; }
.ptn-game .sheet { display: grid; grid-template-columns: repeat(6, 1fr); gap: 10px; margin: 8px 0; }
.ptn-game .card { font: inherit; padding: 4px; border: 3px solid #ddd; border-radius: 8px; background: #fff; cursor: pointer; color: #222; }
.ptn-game .card[aria-pressed=true] { border-color: #222; background: #222; color: #fff; }
.ptn-game .card.open { cursor: default; background: #fff; color: #222; border-color: var(--colour); }
.ptn-game .card.open b { color: var(--colour); }
.ptn-game canvas { width: 100%; image-rendering: pixelated; display: block; border-radius: 4px; }
.ptn-game .tag { font-size: 12px; line-height: 1.25; min-height: 3.9em; padding-top: 4px; display: block; }
.ptn-game .closed .tag { min-height: 1.4em; }
.ptn-game .score { font-size: 20px; font-weight: 700; }
.ptn-game .bar { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; min-height: 40px; }
.ptn-game button.again { font: inherit; font-weight: 600; padding: 6px 16px; border-radius: 5px; background: #222; color: #fff; border: 1px solid #222; cursor: pointer; }
.ptn-game :focus-visible { outline: 3px solid #56B4E9; outline-offset: 1px; }
@media (max-width: 520px) { .ptn-game .sheet { grid-template-columns: repeat(4, 1fr); } }
`;
const render = ({ model, el }) => {
  const root = make("div", { className: "ptn-game" }, make("style", {}, gameStyle));
  const sheet = make("div", { className: "sheet", role: "group", "aria-label": "twelve pictures, six of them real" });
  const score = make("span", { className: "score", role: "status" });
  const past = make("span");
  const again = make("button", { className: "again", onclick: () => deal() }, "Deal again");
  let marked = new Set(), cards = [];
  const say = () => {
    const answer = model.get("answer"), history = model.get("history");
    score.textContent = answer.length ? `${history.at(-1)} of 6 found` : `${marked.size} of 6 marked`;
    past.textContent = answer.length
      ? `by luck: 3 · your rounds: ${history.join(", ")}`
      : "Mark the six that you take for photographs: click, or Tab and Space.";
  };
  const mark = (i) => {
    if (model.get("answer").length) return;
    if (marked.has(i)) marked.delete(i);
    else if (marked.size < 6) marked.add(i);
    cards[i].setAttribute("aria-pressed", String(marked.has(i)));
    model.set("marked", [...marked].sort((a, b) => a - b));
    model.save_changes();
    say();
  };
  const reveal = () => {
    const answer = model.get("answer"), caption = model.get("caption"), colours = model.get("colours");
    answer.forEach((word, i) => {
      cards[i].classList.add("open");
      cards[i].style.setProperty("--colour", colours[word]);
      const verdict = marked.has(i) ? (word === "real" ? "✓ you found it" : "✗ you took it") : word === "real" ? "✗ you missed it" : "";
      cards[i].querySelector(".tag").replaceChildren(make("b", {}, word), make("br"), caption[i], make("br"), verdict);
    });
    sheet.classList.toggle("closed", !answer.length);
    say();
  };
  const move = (event, i) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 6, ArrowUp: -6 }[event.key];
    if (!step || !cards[i + step]) return;
    event.preventDefault();
    cards[i + step].focus();
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
      card.addEventListener("keydown", (event) => move(event, i));
      return card;
    });
    sheet.replaceChildren(...cards);
    again.disabled = false;
    reveal();
  };
  const deal = () => {
    again.disabled = true;
    score.textContent = "…";
    past.textContent = "The models are drawing new ones; this takes some seconds.";
    model.set("round", model.get("round") + 1);
    model.save_changes();
  };
  model.on("change:sheet", lay);
  model.on("change:answer", reveal);
  root.append(make("div", { className: "bar" }, score, past), sheet, again);
  el.append(root);
  lay();
  return () => {
    model.off("change:sheet", lay);
    model.off("change:answer", reveal);
  };
};
export default { render };
