"""The front page: what the course is, films of both families at work, and the map with a picture a notebook."""

import html
import json
import shutil
from pathlib import Path

import live
from covers import cover

ROOT = Path(__file__).resolve().parent.parent
FIGURES = ROOT / "data" / "figures"
COLOURS = ("data", "autoregressive", "autoregressive", "noise", "masked", "other")  # a part's family, as on the map
PROMISE = (
    "How does a machine make a picture? Build both answers, what comes next and what lies under this noise, "
    "on a laptop, and measure them against each other."
)
HERO = """\
<div class="hero">
<p class="name" aria-hidden="true">Pixels, Tokens, Noise</p>
<p class="ask">How does a machine make a picture?</p>
<div class="films" data-film="_static/film.png">
<figure class="ar"><figcaption>What comes next?</figcaption>
<canvas width="92" height="28" role="img" aria-label="A boot, a bag and a dress are written pixel by pixel from the
 top."></canvas><p><output>784 steps, a pixel each</output></p></figure>
<figure class="noise"><figcaption>What lies under this noise?</figcaption>
<canvas width="92" height="28" role="img" aria-label="A boot, a bag and a dress come out of noise, all pixels at
 once."></canvas><p><output>32 steps, all pixels each</output></p></figure>
</div>
<p class="doors"><a class="first" href="{first}.html">Start reading</a> <a href="{colab}">Open in Colab</a>
<a href="{binder}">Open in Binder</a> <a href="{slides}">Slides</a> <button type="button" hidden>Pause</button></p>
</div>"""


def raw(text: str) -> str:
    """HTML that Markdown leaves alone."""
    return "```{raw} html\n" + text + "\n```"


def card(name: str, about: dict, family: str, wide: bool = False) -> str:
    """A notebook on the map: its first picture, its question, and where to open it."""
    to, picture = {key: html.escape(address) for key, address in about["links"].items()}, ""
    if about["png"]:
        picture = f'<img src="_static/cover-{name}.png" alt="{html.escape(about["alt"])}" width="800" height="400">'
    return f"""\
<div class="tile {family}{" wide" * wide}"><a class="open" href="{name}.html">
<span class="picture">{picture}</span>
<span class="words"><span class="number">{name[:2]}</span> <strong>{html.escape(about["title"])}</strong></span>
<span class="question">{html.escape(about["question"])}</span></a>
<span class="ways"><a href="{to["slides"]}">slides</a> <a href="{to["colab"]}">Colab</a>
<a href="{to["binder"]}">Binder</a></span></div>"""


def course_map(cards: dict[str, dict]) -> tuple[str, str]:
    """The map as Markdown, and the tables of contents that make the sidebar."""
    shown, contents = [], []
    for part, family in zip(json.loads((ROOT / "data" / "course.json").read_text(encoding="utf-8")), COLOURS):
        here, row = [], []
        for notebook in part["notebooks"]:
            name = next((name for name in cards if name[:2] == notebook[:2]), None)
            if name:
                here.append(name)
                row.append(card(name, cards[name], family, len(part["notebooks"]) == 1))
            else:
                row.append(
                    f'<div class="tile later {family}"><span class="words"><span class="number">{notebook[:2]}</span> '
                    f"<strong>{notebook[3:].capitalize()}</strong></span></div>"
                )
        shown.append(f"## {part['part']}\n\n" + raw(f'<div class="tiles of-{len(row)}">' + "\n".join(row) + "</div>"))
        if here:
            head = f'```{{toctree}}\n:hidden:\n:caption: "{part["part"]}"\n\n'
            contents.append(head + "\n".join(here) + "\n```")
    return "\n\n".join(shown), "\n\n".join(contents)


def told(cards: dict[str, dict], pages: dict[str, dict]) -> dict[str, dict]:
    """What a page says of itself to those who pass its link on: description, picture, title; by the page's name."""
    said = {}
    for name, about in cards.items():
        picture = f"cover-{name}.png" if about["png"] else "hero.png"
        said[name] = {"title": f"{name[:2]} · {about['title']}", "text": about["question"], "image": picture}
    for name, about in pages.items():
        said[name] = {"title": about["title"], "text": about["question"], "image": "hero.png"}
    return said | {"index": {"title": "Pixels, Tokens, Noise", "text": PROMISE, "image": "hero.png"}}


def write(cards: dict[str, dict], pages: dict[str, dict], repository: str, folder: Path) -> None:
    """Write index.md into `folder`, and into the folder `generated` there its pictures and what each page says."""
    pictures = folder / "generated"
    pictures.mkdir(parents=True, exist_ok=True)
    for name, about in cards.items():
        if about["png"]:
            cover(about["png"]).save(pictures / f"cover-{name}.png", optimize=True)
    (pictures / "told.json").write_text(json.dumps(told(cards, pages)), encoding="utf-8")
    for figure in ("film.png", "hero.png", "head-to-head.png"):
        shutil.copyfile(FIGURES / figure, pictures / figure)
    first = min(cards)
    shown, contents = course_map(cards)
    contents += '\n\n```{toctree}\n:hidden:\n:caption: "Around the course"\n\n' + "\n".join(pages) + "\n```"
    words = "tokens in orange, masked tokens in green, noise in blue"
    result = f"Fréchet distance over the time that one picture takes: {words}."
    text = (Path(__file__).parent / "front.md").read_text(encoding="utf-8")
    for key, value in {
        "hero": raw(HERO.format(first=first, **{k: html.escape(v) for k, v in cards[first]["links"].items()})),
        "game": raw(live.host("game")),
        "map": shown,
        "result": raw(f'<p class="result"><img src="_static/head-to-head.png" alt="{result}"></p>'),
        "repository": repository,
    }.items():
        text = text.replace("{{" + key + "}}", value)
    (folder / "index.md").write_text(text + "\n" + contents + "\n", encoding="utf-8")
