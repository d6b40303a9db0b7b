// Predictions: a verdict and a confidence for each claim; every change goes to Python, which writes it to a file at once.
const render = ({ model, el }) => {
  const { on, close, frame, status: foot } = desk(model, el, "predictions", "Your predictions");
  const body = make("tbody");
  const told = () => {
    const made = model.get("made"), count = Object.keys(made).length;
    const kept = make("code", {}, model.get("path"));
    foot.replaceChildren(`${count} of ${model.get("rows").length} predicted; kept in `, kept, ", to be opened in notebook 18.");
    for (const row of body.rows) row.classList.toggle("made", row.dataset.claim in made);
  };
  for (const { id, claim, tested_in } of model.get("rows")) {
    const before = model.get("made")[id];
    const verdicts = ["– not yet –", ...model.get("verdicts")];
    const verdict = make("select", { "aria-label": `your verdict: ${claim}` }, verdicts.map((text, i) => make("option", { value: i ? text : "" }, text)));
    verdict.value = before ? before.verdict : "";
    const sure = make("input", { type: "range", min: 25, max: 100, step: 5, value: String(before ? before.confidence : 50), "aria-label": `how sure: ${claim}` });
    const percent = make("span", { "aria-hidden": "true" });
    const say = () => sure.setAttribute("aria-valuetext", (percent.textContent = ` ${sure.value} %`).trim());
    say();
    const send = () => {
      model.set("choice", { claim: id, verdict: verdict.value, confidence: Number(sure.value) });
      model.save_changes();
    };
    sure.addEventListener("input", say);
    sure.addEventListener("change", () => verdict.value && send());
    verdict.addEventListener("change", send);
    const row = make("tr", {}, make("td", {}, claim), make("td", { className: "where" }, tested_in), make("td", {}, verdict), make("td", { className: "sure" }, sure, percent));
    row.dataset.claim = id;
    body.append(row);
  }
  const head = ["The article says", "tested in", "your verdict", "how sure"].map((text) => make("th", { scope: "col" }, text));
  frame(make("table", {}, make("thead", {}, make("tr", {}, head)), body), [], []);
  on("change:made", told);
  told();
  return close;
};
export default { render };
