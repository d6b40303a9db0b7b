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
// Pictures that lie side by side in the bytes, each with its name below; where the page is narrow they wrap.
const gallery = (heads, [height, width], { channels = 1, most = 104, least = 64 } = {}) => {
  const canvases = heads.map(() => make("canvas"));
  const figures = canvases.map((canvas, i) => make("figure", {}, canvas, heads[i] ? make("figcaption", {}, heads[i]) : []));
  const style = `--least:${least}px;max-width:${heads.length * (most + 8) - 8}px`;
  const node = make("div", { className: "gallery", role: "img", style }, figures);
  node.put = (bytes, words) => {
    canvases.forEach((canvas, i) => paint(canvas, bytes, height, width, channels, i * width, heads.length * width));
    node.setAttribute("aria-label", words);
  };
  return node;
};
const bar = (...children) => make("div", { className: "bar" }, ...children);
// A family's picture, its name in the family's colour, and what is said of it.
const card = (name, colour, picture, ...said) =>
  make("div", { className: "card", style: `--colour:${colour}` }, picture, make("h4", {}, name), said);
const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;
// Switch a control off and say why, or on again (`why` empty). A button keeps the focus; clicks on it do nothing.
const dead = (node, why) => {
  const control = node.querySelector?.("input, select") ?? node;
  if (control.localName === "button") control.setAttribute("aria-disabled", String(Boolean(why)));
  else control.disabled = Boolean(why);
  [node.title, node.why] = [why, why];
};
// The root of a widget, a line that says what came out (screen readers read it aloud), and controls bound to traits.
const desk = (model, el, kind, name, word = "drawing …") => {
  const handlers = [], limited = [];
  const status = make("div", { className: "status", role: "status" });
  const root = make("div", { className: `ptn ptn-${kind}`, role: "group", "aria-label": name });
  let slow = null;
  const on = (event, handler) => {
    model.on(event, handler);
    handlers.push([event, handler]);
  };
  const ask = (trait, value) => {
    if (JSON.stringify(model.get(trait)) === JSON.stringify(value)) return; // nobody would answer
    slow ??= setTimeout(() => (status.textContent = word), 200); // who is answered at once sees no flicker
    root.setAttribute("aria-busy", "true");
    model.set(trait, value);
    model.save_changes();
  };
  const bound = (node, trait, shift = 0) => {
    on(`change:${trait}`, () => node.put(Number(model.get(trait)) + shift));
    return node;
  };
  const close = () => {
    clearTimeout(slow);
    handlers.forEach(([event, handler]) => model.off(event, handler));
  };
  // One frame for all: pictures, what came out, the form, the buttons; the first is the main one, if none is so far.
  const frame = (pictures, controls, buttons) => {
    const view = make("div", { className: "view" }, ...[pictures].flat());
    if (!view.querySelector(".main")) buttons[0]?.classList.add("main");
    const side = make("div", {}, status, make("div", { className: "form" }, controls), bar(buttons));
    root.append(make("div", { className: "frame" }, view, side));
    el.append(root);
  };
  return {
    root, status, ask, on, close, frame,
    dial: (label, trait, min, max, step, words) =>
      bound(slider(label, min, max, step, model.get(trait), (value) => ask(trait, value), words), trait),
    pick: (label, trait, options, shift = 0) =>
      bound(chooser(label, options, model.get(trait) + shift, (i) => ask(trait, i - shift)), trait, shift),
    next: (label, trait) => button(label, ({ currentTarget }) => currentTarget.why || ask(trait, model.get(trait) + 1)),
    // `why()` gives the sentence that says why `nodes` do nothing as things stand, or "".
    limit: (why, ...nodes) => limited.push([why, nodes]),
    // Show all in the frame and draw now and after every answer; gives `close`, which tidies up.
    open: (draw, ...parts) => {
      const renew = () => {
        clearTimeout(slow);
        slow = null;
        root.removeAttribute("aria-busy");
        draw();
        const reasons = limited.map(([why, nodes]) => {
          nodes.forEach((node) => dead(node, why()));
          return why();
        });
        status.textContent = model.get("wrong") || [model.get("status"), ...reasons].filter(Boolean).join(" · ");
      };
      on("change:answered", renew);
      frame(...parts);
      renew();
      return close;
    },
  };
};
// A picture under a grid of switches, bound to the trait `holes`: painted by mouse (drag) or keyboard (arrows, space).
const painted = (d, model, label) => {
  const [rows, columns] = model.get("grid");
  const under = make("canvas", { "aria-hidden": "true" });
  let holes = [...model.get("holes")], painting = null, sent = null;
  const cells = holes.map((_, i) => button("", (event) => event.detail || put(i, 1 - holes[i])));
  const look = () =>
    cells.forEach((cell, i) => {
      cell.setAttribute("aria-pressed", String(holes[i] === 1));
      const place = `row ${Math.floor(i / columns) + 1}, column ${(i % columns) + 1}`;
      cell.setAttribute("aria-label", `${place}: ${holes[i] ? "hidden" : "kept"}`);
    });
  const send = () => {
    look();
    clearTimeout(sent);
    sent = setTimeout(() => d.ask("holes", [...holes]), 250); // several clicks become one question
  };
  const put = (i, value) => {
    if (i < 0 || holes[i] === value) return;
    holes[i] = value;
    send();
  };
  const at = (event) => {
    const box = node.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * columns);
    const row = Math.floor(((event.clientY - box.top) / box.height) * rows);
    return row >= 0 && row < rows && column >= 0 && column < columns ? row * columns + column : -1;
  };
  const stop = () => (painting = null);
  const node = make(
    "div",
    {
      className: "grid",
      role: "group",
      "aria-label": label,
      onpointerdown: (event) => {
        painting = 1 - holes[at(event)];
        put(at(event), painting);
      },
      onpointermove: (event) => painting !== null && put(at(event), painting),
      onpointerup: stop,
      onpointerleave: stop,
      onpointercancel: stop,
    },
    under,
    make("div", { className: "cells", style: `grid-template:repeat(${rows},1fr)/repeat(${columns},1fr)` }, rove(cells, () => columns)),
  );
  const ready = Object.entries(model.get("shapes")).map(([name, places]) =>
    button(name, () => {
      holes = [...places];
      send();
    }),
  );
  look();
  return {
    node, under,
    ready: make("div", { className: "bar close", role: "group", "aria-label": "ready-made holes" }, make("span", {}, "hide"), ready),
    close: () => clearTimeout(sent),
  };
};
