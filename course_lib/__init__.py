"""Pixels, Tokens, Noise: what a notebook has built, the next one imports from here."""

import os
import sys

FALLBACK = "PYTORCH_ENABLE_MPS_FALLBACK"  # PyTorch reads it when it loads
FALLS_BACK = bool(os.environ.get(FALLBACK)) or "torch" not in sys.modules
if sys.platform == "darwin":
    os.environ.setdefault(FALLBACK, "1")


def printable() -> None:
    """Let what an old encoding lacks (✓ in a file or a pipe on Windows) be printed as ?, instead of an error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a notebook's streams take everything
            stream.reconfigure(errors="replace")
