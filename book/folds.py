"""Folded answers of the notebooks as the book and the slides need them."""

import html
import re

from nbformat import from_dict

PICTURE = re.compile(r'<details class="folded">.*?<img src="data:image/png;base64,([^"]+)"([^>]*)>', re.S)


def opened(output: dict) -> dict:
    """An output with its fold opened: the picture with its metadata; any other output as it is."""
    found = PICTURE.match("".join(output.get("data", {}).get("text/html", "")))
    if not found:
        return output
    said = {key: html.unescape(value) for key, value in re.findall(r' (\w+)="([^"]*)"', found[2])}
    metadata = said | {key: int(said[key]) for key in ("width", "height") if key in said}
    data = {"image/png": found[1], "text/plain": f"Figure: {metadata['alt']}"}
    return from_dict({"output_type": "display_data", "data": data, "metadata": {"image/png": metadata}})
