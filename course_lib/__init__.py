"""Pixels, Tokens, Noise: what a notebook has built, the next one imports from here."""

import os
import sys

FALLBACK = "PYTORCH_ENABLE_MPS_FALLBACK"  # PyTorch reads it when it loads
FALLS_BACK = bool(os.environ.get(FALLBACK)) or "torch" not in sys.modules
if sys.platform == "darwin":
    os.environ.setdefault(FALLBACK, "1")
