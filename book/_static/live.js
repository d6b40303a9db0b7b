// Widgets without a kernel: their own front ends, and recorded answers in the place of Python's.

class Model {
  // What a front end sees of its widget: traits, events, and `reply`, which answers what was asked.
  constructor(state, reply) {
    [this.state, this.reply, this.asked, this.listeners] = [state, reply, {}, {}];
  }
  get(name) {
    return this.state[name];
  }
  set(name, value) {
    this.state[name] = this.asked[name] = value;
    this.fire(name);
  }
  on(event, listener) {
    (this.listeners[event] ??= new Set()).add(listener);
  }
  off(event, listener) {
    this.listeners[event]?.delete(listener);
  }
  fire(name) {
    for (const listener of [...(this.listeners[`change:${name}`] ?? [])]) listener();
  }
  save_changes() {
    const asked = this.asked;
    this.asked = {};
    setTimeout(() => this.reply(this, asked));
  }
  tell(told) {
    const all = { ...told, answered: (this.state.answered ?? 0) + 1 };
    const news = Object.keys(all).filter((name) => this.state[name] !== all[name]);
    Object.assign(this.state, all);
    news.forEach((name) => this.fire(name));
  }
}

async function unpacked(value) {
  if (Array.isArray(value)) return Promise.all(value.map(unpacked));
  if (!value || typeof value !== "object") return value;
  if (value.deflated) {
    const bytes = Uint8Array.from(atob(value.deflated), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new DataView(await new Response(stream).arrayBuffer());
  }
  return Object.fromEntries(await Promise.all(Object.entries(value).map(async ([k, v]) => [k, await unpacked(v)])));
}

const REPLIES = {
  game: ({ rounds }) => (model, asked) => {
    const { sheet, answer, caption } = rounds[model.get("round") % rounds.length];
    if ("round" in asked) model.tell({ marked: [], answer: [], caption: [], sheet });
    else if (model.get("marked").length === 6 && !model.get("answer").length) {
      const hits = model.get("marked").filter((i) => answer[i] === "real").length;
      model.tell({ caption, history: [...model.get("history"), hits], answer });
    }
  },
  clocks: ({ films }) => (model) => {
    const some = films.filter((film) => film.label === model.get("label"));
    const { told, seed } = some[model.get("seed") % some.length];
    model.tell({ ...told, seed }); // few were recorded: the number is that of the film
  },
};

async function alive(place) {
  const name = place.dataset.live;
  const [front, recorded] = await Promise.all([
    import(new URL(`live/${name}.js`, import.meta.url)),
    fetch(new URL(`live/${name}.json`, import.meta.url)).then((got) => got.json()).then(unpacked),
  ]);
  const el = document.createElement("div");
  place.append(el);
  const state = { ...recorded.state, ...recorded.films?.[0].told };
  await front.default.render({ model: new Model(state, REPLIES[name](recorded)), el });
  place.classList.add("alive"); // its still, just above, steps back
}

document.querySelectorAll("[data-live]").forEach(alive);
