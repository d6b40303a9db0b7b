"""Make the course's typeface, course_lib/show/fonts/: `python data/build_font.py` (with the extra `book`).

It is Source Sans Pro (Adobe, SIL Open Font License 1.1, as sphinx-revealjs carries it), cut down to Western letters and
the signs that figures use, and drawn an eighth larger, so that its small letters are as tall as those of DejaVu Sans,
for which the figures' sizes were chosen. The licence reserves the name "Source": what is changed has another.
TrueType is for matplotlib, WOFF for widgets. Greek letters come from DejaVu Sans, which matplotlib has.
"""

from importlib.resources import files
from pathlib import Path

from fontTools import subset

NAME = "Course Sans"
FACES = {"regular": "Regular", "semibold": "Bold", "italic": "Italic"}
SIGNS = "ŒœŠšˆ̂π–—‘’“”„†•…‰⁰⁴⁵⁶⁷⁸⁹₀₁₂₃₄€←↑→↓−√∞∫≈≠≤≥▶●■▲▼◆✓"
LARGER = 9 / 8
HERE = Path(__file__).resolve().parent
FONTS = HERE.parent / "course_lib" / "show" / "fonts"


def cut(source: Path, style: str):
    """The face at `source`, cut down, enlarged and renamed."""
    options = subset.Options(hinting=False, layout_features=["kern", "tnum", "mark"], name_IDs=[0, 13, 14])
    options.drop_tables += ["FFTM", "webf"]
    font = subset.load_font(source, options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[*range(0x20, 0x7F), *range(0xA0, 0x100), *map(ord, SIGNS)])
    cutter.subset(font)
    font["head"].unitsPerEm = round(font["head"].unitsPerEm / LARGER)
    if style == "Bold":  # the semibold face serves as bold: matplotlib asks for 700 and would warn of 600
        font["OS/2"].usWeightClass = 700
    names = {1: NAME, 2: style, 3: f"{NAME} {style}", 4: f"{NAME} {style}", 6: f"CourseSans-{style}"}
    for which, text in names.items():
        font["name"].setName(text, which, 3, 1, 0x409)
    return font


def main() -> None:
    """Write the faces and their licence."""
    carried = Path(str(files("sphinx_revealjs"))) / "_static/revealjs/dist/theme/fonts/source-sans-pro"
    FONTS.mkdir(exist_ok=True)
    for face, style in FACES.items():
        font = cut(carried / f"source-sans-pro-{face}.ttf", style)
        font.save(FONTS / f"{face}.ttf")
        if style != "Italic":
            font.flavor = "woff"
            font.save(FONTS / f"{face}.woff")
    (HERE / "licences" / "source-sans-OFL-1.1.txt").write_bytes((carried / "LICENSE").read_bytes())


if __name__ == "__main__":
    main()
