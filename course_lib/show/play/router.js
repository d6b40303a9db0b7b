// What was measured for a kind of task: contests won by each family, and who is recommended.
const render = ({ model, el }) => {
  const d = desk(model, el, "router", "A recommendation, and what it rests on", "looking …");
  const colours = model.get("colours");
  const bars = colours.map((colour) => make("i", { style: `background:${colour}` }));
  const counts = colours.map(() => make("span", { className: "value" }));
  const rows = model.get("sides").map((name, i) => make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, bars[i]), make("td", {}, counts[i])));
  const table = make("table", { className: "won" }, make("caption", {}, "contests won"), make("tbody", {}, rows));
  const draw = () => {
    const won = model.get("won"), most = Math.max(1, ...won);
    won.forEach((n, i) => {
      bars[i].style.width = `${(100 * n) / most}%`;
      counts[i].textContent = String(n);
    });
  };
  return d.open(draw, table, [d.pick("what you care for", "kind", model.get("kinds"))], []);
};
export default { render };
