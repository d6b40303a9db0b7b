"""Make data/emoji/ from three public packages: `python data/build_emoji.py FOLDER`, where FOLDER holds their archives.

    npm pack emoji-datasource-google@16.0.0 emoji-datasource-twitter@16.0.0 emojibase-data@17.0.0

The art is Google's Noto Emoji (Apache-2.0) and Twemoji (CC-BY-4.0), 64x64 with transparency; names and keywords are
Unicode's, as emojibase (MIT) gives them. Flags, components and skin tones are left out: 1,636 concepts stay.
Each picture is laid on white and halved by the mean of 2x2 pixels (Lanczos is sharper, but rings into the white and
makes the files 40 % larger), then put into a mosaic a style, lossless WebP, in Unicode's order.
"""

import io
import json
import re
import sys
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

from course_lib import runtime
from course_lib.data import files
from course_lib.experiments.shipping import record

PACKAGES = {  # the archive's SHA-256
    "emoji-datasource-google-16.0.0.tgz": "fb5fd131b362aab7a55542d2a147a79708cce0a8b1c1bbacd470172708b5c438",
    "emoji-datasource-twitter-16.0.0.tgz": "f64a530c63bca463bd8317fdc4615ce63a53a0c65018e4ce2d848aaba7a28877",
    "emojibase-data-17.0.0.tgz": "d01d0e2ca4e22cb402679532155342c71e2e871f25c32223c013b8b166ebdf5a",
}
STYLES = {"noto": "google", "twemoji": "twitter"}
COLUMNS, SIZE, SEED = 41, 32, 16
UNSEEN, HELD = 0.05, 0.10  # shares of the concepts of a group: held out whole, held out in one style
VARIANT = {"man", "men", "woman", "women", "person", "people", "boy", "boys", "girl", "girls", "mr", "mrs", "mx"}


def unpack(folder: Path, package: str, pattern: str) -> dict[str, bytes]:
    """Path -> bytes of the files in the archive whose path matches `pattern`; ValueError if the archive is another."""
    archive = folder / package
    if files.sha256(archive.read_bytes()) != PACKAGES[package]:
        raise ValueError(f"{archive} is not the archive this script was written for. Get it again with npm pack.")
    with tarfile.open(archive, "r:gz") as tar:
        return {m.name: tar.extractfile(m).read() for m in tar if m.isfile() and re.fullmatch(pattern, m.name)}


def table(folder: Path) -> list[dict]:
    """One row a concept: code, image, name, keywords, group, subgroup, in Unicode's order."""
    google = unpack(folder, "emoji-datasource-google-16.0.0.tgz", r"package/emoji\.json")
    words = unpack(folder, "emojibase-data-17.0.0.tgz", r"package/en/data\.json")
    texts = {e["hexcode"].replace("-FE0F", ""): e for e in json.loads(words["package/en/data.json"])}
    rows = []
    for emoji in sorted(json.loads(google["package/emoji.json"]), key=lambda e: e["sort_order"]):
        if emoji["category"] in ("Flags", "Component"):
            continue
        text = texts[emoji["unified"].replace("-FE0F", "")]
        row = {"code": emoji["unified"], "name": text["label"], "group": emoji["category"]}
        rows.append({**row, "subgroup": emoji["subcategory"], "keywords": text["tags"], "image": emoji["image"]})
    return rows


def family(name: str) -> str:
    """The name without who is shown or which way it looks: "woman farmer" and "man farmer" are one family."""
    words = [word for word in re.findall(r"[\w’'-]+", name.lower()) if word not in VARIANT]
    return " ".join(words).replace("facing right", "").strip() or name


def split(rows: list[dict]) -> None:
    """Add "held" to each row: "all" (unseen), a style (held in it) or "" (train); the same shares in every group."""
    state = np.random.RandomState(SEED)
    for group in dict.fromkeys(row["group"] for row in rows):
        mine = [row for row in rows if row["group"] == group]
        families = sorted({family(row["name"]) for row in mine})
        room = round(UNSEEN * len(mine))
        for name in state.permutation(families):
            members = [row for row in mine if family(row["name"]) == name]
            taken = len(members) <= room
            room -= len(members) * taken
            for row in members:
                row["held"] = "all" if taken else ""
        seen = [row for row in mine if not row["held"]]
        for i, k in enumerate(state.permutation(len(seen))[: round(HELD * len(mine))]):
            seen[k]["held"] = list(STYLES)[i % len(STYLES)]


def draw(folder: Path, style: str, rows: list[dict]) -> bytes:
    """The mosaic of one style as lossless WebP."""
    source = STYLES[style]
    art = unpack(folder, f"emoji-datasource-{source}-16.0.0.tgz", rf"package/img/{source}/64/.*\.png")
    mosaic = Image.new("RGB", (COLUMNS * SIZE, -(-len(rows) // COLUMNS) * SIZE), "white")
    for i, row in enumerate(rows):
        picture = Image.open(io.BytesIO(art[f"package/img/{source}/64/{row['image']}"])).convert("RGBA")
        paper = Image.new("RGBA", picture.size, "white")
        paper.alpha_composite(picture)
        mosaic.paste(paper.convert("RGB").reduce(picture.width // SIZE), (i % COLUMNS * SIZE, i // COLUMNS * SIZE))
    out = io.BytesIO()
    mosaic.save(out, "WEBP", lossless=True, quality=100, method=6)
    assert np.array_equal(np.array(Image.open(out).convert("RGB")), np.array(mosaic)), "WebP lost something"
    return out.getvalue()


def main() -> None:
    """Write the two mosaics and the table, and note their checksums."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    folder, target = Path(sys.argv[1]), runtime.data_dir() / "emoji"
    rows = table(folder)
    split(rows)
    for style in STYLES:
        files.write(target / f"{style}.webp", draw(folder, style, rows))
    head = {"styles": list(STYLES), "groups": list(dict.fromkeys(row["group"] for row in rows))}
    lines = [json.dumps({k: v for k, v in row.items() if k != "image"}, ensure_ascii=False) for row in rows]
    body = json.dumps(head)[:-1] + ', "concepts": [\n' + ",\n".join(lines) + "\n]}\n"
    files.write(target / "emoji.json", body.encode())
    paths = sorted(target.iterdir())
    for path in paths:
        print(f"{path.stat().st_size:>10,}  {path.name}")
    record(*paths)


if __name__ == "__main__":
    main()
