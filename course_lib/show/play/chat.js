// Talk to two painters: an instruction, typed or clicked; both draw the next picture, and each is marked.
const render = ({ model, el }) => {
  const d = desk(model, el, "chat", "Talk to two painters");
  const size = 24, piece = 3 * size * size;
  const text = make("input", { type: "text", "aria-label": "instruction", value: "", spellcheck: false, autocomplete: "off" });
  const send = (value) => d.ask("turn", [model.get("turn")[0] + 1, value]);
  const say = () => send(text.value.trim() || " ");
  text.addEventListener("keydown", (event) => event.key === "Enter" && say());
  const add = (word) => (text.value = `${text.value.trim()} ${word}`.trim());
  const words = model.get("words").map((word) => button(word, () => add(word)));
  const columns = () => getComputedStyle(table).gridTemplateColumns.split(" ").length;
  const table = make("div", { className: "cells", role: "group", "aria-label": "words: arrow keys move, space adds one" }, rove(words, columns));
  const quick = model.get("examples").map((example) => button(example, () => send(example)));
  const svg = (name, attributes, ...children) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  };
  const curve = svg("svg", { viewBox: "0 0 400 110", role: "img", width: "400" });
  const rows = model.get("cards").map(({ words: name, colour }) => {
    const film = make("ol", { className: "film", "aria-label": `what ${name} drew, turn by turn` });
    const note = make("div", { className: "note" });
    return { film, note, node: card(name, colour, film, note) };
  });
  const drift = (cards, turns) => {
    const most = Math.max(10, ...cards.flatMap(({ drift: each }) => each));
    const x = (k) => 30 + (k * 350) / Math.max(turns, 8), y = (value) => 90 - (value * 80) / most;
    const lines = cards.map(({ drift: each, colour }, i) => {
      const points = [0, ...each].map((value, k) => `${x(k)},${y(value)}`).join(" ");
      return svg("polyline", { points, fill: "none", stroke: colour, "stroke-width": 2, "stroke-dasharray": i ? "6 3" : "" });
    });
    const write = (value, left, top) => {
      const node = svg("text", { x: left, y: top, "font-size": 11, fill: "#222" });
      node.textContent = value;
      return node;
    };
    curve.replaceChildren(
      svg("path", { d: "M30 8V90H384", fill: "none", stroke: "#767676" }),
      ...lines,
      write(most.toFixed(0), 4, 14),
      write("0", 16, 94),
      write("distance from the scene asked for (rms of 0..255), turn by turn", 34, 106),
    );
    const last = cards.map(({ words: name, drift: each }) => `${name} ${each.length ? each[each.length - 1] : 0}`);
    curve.setAttribute("aria-label", `distance after ${turns} turns: ${last.join(", ")}`);
  };
  const draw = () => {
    const bytes = bytesOf(model.get("shown")), said = model.get("said"), cards = model.get("cards");
    const count = said.length + 1;
    cards.forEach(({ words: name, marks }, k) => {
      const parts = Array.from({ length: count }, (_, i) => {
        const canvas = make("canvas", { role: "img", "aria-label": i ? `${name}, turn ${i}: ${marks[i - 1]}` : "the first scene" });
        paint(canvas, bytes.subarray(piece * (k * count + i)), size, size, 3);
        const sign = i ? (marks[i - 1].includes("✗") ? "✗" : "✓") : "";
        const title = i ? `${said[i - 1]}: ${marks[i - 1]}` : "";
        return make("li", { title }, make("figure", {}, canvas, make("figcaption", {}, i ? `${i} ${sign}` : "given")));
      });
      rows[k].film.replaceChildren(...parts);
      rows[k].film.scrollLeft = rows[k].film.scrollWidth;
      rows[k].note.textContent = marks.length ? `“${said[count - 2]}”: ${marks[count - 2]}` : "Nothing was said yet.";
    });
    drift(cards, said.length);
  };
  d.on("change:said", () => (text.value = ""));
  return d.open(
    draw,
    [make("div", { className: "cards" }, rows.map(({ node }) => node)), curve],
    [make("label", { className: "control long" }, make("span", {}, "instruction"), text), table],
    [button("Say it", say, "main"), ...quick, button("Begin anew", () => send(""))],
  );
};
export default { render };
