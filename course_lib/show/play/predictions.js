// Predictions: a verdict and a confidence for each claim; every change goes to Python, which writes it to a file at once.
const predictionsStyle = `
.ptn-predict { font-family: system-ui, sans-serif; color: #222; background: #fff; max-width: 860px; padding: 4px; }
.ptn-predict table { border-collapse: collapse; width: 100%; font-size: 14px; }
.ptn-predict th { text-align: left; font-weight: 600; padding: 4px 10px 4px 0; border-bottom: 2px solid #222; }
.ptn-predict td { padding: 6px 10px 6px 0; border-bottom: 1px solid #ddd; vertical-align: top; text-align: left; white-space: normal; color: #222; background: #fff; }
.ptn-predict tr.made td:first-child { box-shadow: inset 4px 0 #009E73; }
.ptn-predict td:first-child, .ptn-predict th:first-child { padding-left: 10px; }
.ptn-predict td.where { color: #666; white-space: nowrap; }
.ptn-predict td.sure { white-space: nowrap; font-variant-numeric: tabular-nums; }
.ptn-predict select { font: inherit; padding: 3px 5px; color: #222; background: #fff; border: 1px solid #999; border-radius: 4px; }
.ptn-predict input { width: 84px; vertical-align: middle; accent-color: #009E73; }
.ptn-predict :focus-visible { outline: 3px solid #56B4E9; outline-offset: 1px; }
.ptn-predict .foot { font-size: 13px; color: #444; margin-top: 8px; }
.ptn-predict code { background: #f2f2f2; color: #222; padding: 1px 4px; }
`;
const render = ({ model, el }) => {
  const root = make("div", { className: "ptn-predict" }, make("style", {}, predictionsStyle));
  const foot = make("div", { className: "foot", role: "status" });
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
    const percent = make("output", {}, ` ${sure.value} %`);
    const send = () => {
      model.set("choice", { claim: id, verdict: verdict.value, confidence: Number(sure.value) });
      model.save_changes();
    };
    sure.addEventListener("input", () => (percent.textContent = ` ${sure.value} %`));
    sure.addEventListener("change", () => verdict.value && send());
    verdict.addEventListener("change", send);
    const row = make("tr", {}, make("td", {}, claim), make("td", { className: "where" }, tested_in), make("td", {}, verdict), make("td", { className: "sure" }, sure, percent));
    row.dataset.claim = id;
    body.append(row);
  }
  const head = ["The article says", "tested in", "your verdict", "how sure"].map((text) => make("th", { scope: "col" }, text));
  root.append(make("table", {}, make("thead", {}, make("tr", {}, head)), body), foot);
  el.append(root);
  model.on("change:made", told);
  told();
  return () => model.off("change:made", told);
};
export default { render };
