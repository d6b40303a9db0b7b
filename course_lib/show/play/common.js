// What every widget's script starts with. All works by mouse, touch and keyboard: real buttons, ranges and selects.
const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  // JupyterLab takes arrows and letters for itself, wherever the focus is, unless it is told to leave them here.
  if (["button", "input", "select", "summary"].includes(tag)) node.setAttribute("data-lm-suppress-shortcuts", "true");
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key in node && key !== "style" && key !== "list") node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children.flat());
  return node;
};
// A range with its name and its value in words; `put` moves it without asking anybody.
const slider = (label, min, max, step, value, onchange, words = String) => {
  const shown = make("span", { className: "value", "aria-hidden": "true" });
  const range = make("input", { type: "range", min, max, step, "aria-label": label });
  const say = () => {
    shown.textContent = words(Number(range.value));
    range.setAttribute("aria-valuetext", shown.textContent);
  };
  const node = make("label", { className: "control" }, make("span", {}, label), range, shown);
  node.put = (number) => {
    range.value = String(number);
    say();
  };
  range.addEventListener("input", say);
  range.addEventListener("change", () => onchange(Number(range.value)));
  node.put(value);
  return node;
};
const chooser = (label, options, value, onchange) => {
  const select = make("select", {}, options.map((text, i) => make("option", { value: String(i) }, text)));
  select.addEventListener("change", () => onchange(Number(select.value)));
  const node = make("label", { className: "control" }, make("span", {}, label), select);
  node.put = (number) => (select.value = String(number));
  node.put(value);
  return node;
};
const button = (textContent, onclick, className = "") => make("button", { type: "button", className, textContent, onclick });
// A grid of buttons is one stop of the Tab key: arrows, Home and End move inside it.
const rove = (cells, columns) => {
  cells.forEach((cell, i) => {
    cell.tabIndex = i ? -1 : 0;
    cell.addEventListener("focus", () => cells.forEach((other) => (other.tabIndex = other === cell ? 0 : -1)));
    cell.addEventListener("keydown", (event) => {
      const across = { ArrowLeft: -1, ArrowRight: 1 }[event.key], down = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      const ends = { Home: 0, End: cells.length - 1 }[event.key];
      if (across === undefined && down === undefined && ends === undefined) return;
      event.preventDefault();
      const to = ends ?? i + (across ?? down * columns());
      const turns = across && Math.floor(to / columns()) !== Math.floor(i / columns());
      if (cells[to] && !turns) cells[to].focus();
    });
  });
  return cells;
};
// Draw grey or RGB bytes [H, W] or [H, W, 3] on a canvas, pixel by pixel; `left` and `stride` cut it out of a wider one.
const paint = (canvas, bytes, height, width, channels = 1, left = 0, stride = width) => {
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d"), image = context.createImageData(width, height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const to = 4 * (y * width + x), from = channels * (y * stride + left + x);
      for (let c = 0; c < 3; c++) image.data[to + c] = bytes[from + (channels === 1 ? 0 : c)];
      image.data[to + 3] = 255;
    }
  context.putImageData(image, 0, 0);
};
const bytesOf = (view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
// Pictures that lie side by side in the bytes, each with its heading; where the page is narrow they wrap.
const gallery = (heads, [height, width], { channels = 1, most = 104, least = 64 } = {}) => {
  const canvases = heads.map(() => make("canvas"));
  const figures = canvases.map((canvas, i) => make("figure", {}, heads[i] ? make("figcaption", {}, heads[i]) : [], canvas));
  const style = `--least:${least}px;max-width:${heads.length * (most + 8) - 8}px`;
  const node = make("div", { className: "gallery", role: "img", style }, figures);
  node.put = (bytes, words) => {
    canvases.forEach((canvas, i) => paint(canvas, bytes, height, width, channels, i * width, heads.length * width));
    node.setAttribute("aria-label", words);
  };
  return node;
};
const bar = (...children) => make("div", { className: "bar" }, ...children);
const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;
// The root of a widget, a line that says what came out (screen readers read it aloud), and controls bound to traits.
const desk = (model, el, kind, name, word = "drawing …") => {
  const handlers = [];
  const status = make("div", { className: "status", role: "status" });
  const root = make("div", { className: `ptn ptn-${kind}`, role: "group", "aria-label": name });
  const on = (event, handler) => {
    model.on(event, handler);
    handlers.push([event, handler]);
  };
  const ask = (trait, value) => {
    if (JSON.stringify(model.get(trait)) === JSON.stringify(value)) return; // nobody would answer
    status.textContent = word;
    root.setAttribute("aria-busy", "true");
    model.set(trait, value);
    model.save_changes();
  };
  const bound = (node, trait, shift = 0) => {
    on(`change:${trait}`, () => node.put(Number(model.get(trait)) + shift));
    return node;
  };
  const close = () => handlers.forEach(([event, handler]) => model.off(event, handler));
  return {
    root, status, ask, on, close,
    dial: (label, trait, min, max, step, words) =>
      bound(slider(label, min, max, step, model.get(trait), (value) => ask(trait, value), words), trait),
    pick: (label, trait, options, shift = 0) =>
      bound(chooser(label, options, model.get(trait) + shift, (i) => ask(trait, i - shift)), trait, shift),
    next: (label, trait) => button(label, () => ask(trait, model.get(trait) + 1)),
    // Show `children` and draw now and after every answer; gives `close`, which tidies up.
    open: (draw, ...children) => {
      const renew = () => {
        root.removeAttribute("aria-busy");
        draw();
        status.textContent = model.get("wrong") || model.get("status") || "";
      };
      on("change:answered", renew);
      root.append(...children);
      el.append(root);
      renew();
      return close;
    },
  };
};
