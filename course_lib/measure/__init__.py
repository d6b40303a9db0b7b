"""Measuring: bits, distances between sets of pictures, agreement with a classifier, and what it all cost."""

from .cost import Counter, flops, peak_mb, seconds
from .frechet import frechet_distance, report
from .likelihood import bits_per_dim, codec_bits, likelihood

__all__ = ["Counter", "bits_per_dim", "codec_bits", "flops", "frechet_distance", "likelihood", "peak_mb", "report", "seconds"]
