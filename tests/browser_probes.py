"""What a test sees of a widget in the browser: JavaScript that is given the root of the widget."""

# What a reader perceives of a widget, the positions of its own controls apart.
SEEN = """(node) => node.innerText + [...node.querySelectorAll("canvas")].map((c) => c.toDataURL()).join() +
  [...node.querySelectorAll("[aria-pressed]")].map((n) => n.ariaPressed) + node.querySelector("details")?.open +
  [...node.querySelectorAll("input[type=text]")].map((n) => n.value)"""
# The control that has the focus, if it is one of the widget.
FOCUSED = """(node) => {
  const at = document.activeElement;
  const name = at.getAttribute("aria-label") || at.closest("label")?.innerText || at.innerText;
  const style = getComputedStyle(at);
  return !node.contains(at) ? null : {
    name: name.split("\\n")[0], kind: at.type || at.localName, cell: at.closest(".cells, .sheet") !== null,
    first: !at.closest("tr") || at.closest("tr").matches(":first-child"),
    place: at.closest(".close") ? [...at.parentNode.querySelectorAll("button")].indexOf(at) : 0,
    dead: at.ariaDisabled === "true" && at.title !== "", value: at.value,
    end: at.localName === "select" ? at.selectedIndex === at.length - 1 : at.value === at.max,
    ring: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
  };
}"""
# Texts whose contrast to what lies under them is below 4.5 : 1 (WCAG 2.2, AA).
PALE = """(node) => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const light = (rgb) => [0.2126, 0.7152, 0.0722].reduce((sum, share, i) => sum + share * linear(rgb[i] / 255), 0);
  const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT), found = [];
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), style = getComputedStyle(walker.currentNode.parentNode);
    if (!text || walker.currentNode.parentNode.closest("option, style, title")) continue;
    let under = walker.currentNode.parentNode;
    while (under && (parse(getComputedStyle(under).backgroundColor)[3] ?? 1) === 0) under = under.parentElement;
    const ink = walker.currentNode.parentNode.closest("svg") ? style.fill : style.color;
    const [a, b] = [light(parse(ink)), light(parse(getComputedStyle(under).backgroundColor))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) found.push(`${text}: ${ratio.toFixed(1)}`);
  }
  return found;
}"""
# How many canvases show one colour only.
FLAT = """(node) => [...node.querySelectorAll("canvas")].filter((canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.every((value, i) => i < 4 || value === data[i - 4]);
}).length"""
# What sticks out at the sides.
OVER = """(node) => [...node.querySelectorAll("*:not(.quiet)")].filter((n) => {
  const box = n.getBoundingClientRect(), room = node.getBoundingClientRect();
  return box.width && (box.right > room.right + 1 || box.left < room.left - 1);
}).map((n) => n.outerHTML.slice(0, 120))"""
