// Small helpers that every widget's script starts with. Everything works by keyboard: real buttons, ranges, selects.
const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key in node && key !== "style" && key !== "list") node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children.flat());
  return node;
};
const slider = (label, min, max, step, value, onchange) => {
  const shown = make("output", {}, String(value));
  const range = make("input", { type: "range", min, max, step, value: String(value) });
  range.addEventListener("input", () => (shown.textContent = range.value));
  range.addEventListener("change", () => onchange(Number(range.value)));
  return make("label", { className: "ptn-control" }, make("span", {}, label), range, shown);
};
const chooser = (label, options, value, onchange) => {
  const select = make("select", {}, options.map((text, i) => make("option", { value: String(i) }, text)));
  select.value = String(value);
  select.addEventListener("change", () => onchange(Number(select.value)));
  return make("label", { className: "ptn-control" }, make("span", {}, label), select);
};
// Draw grey or RGB bytes [H, W] or [H, W, 3] on a canvas, pixel by pixel.
const paint = (canvas, bytes, height, width, channels = 1) => {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = bytes[channels === 1 ? i : 3 * i + c];
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
};
const bytesOf = (view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
