"""Measuring: bits, distances between sets of pictures, agreement with a classifier, and what it all cost."""

from .cost import Counter, cpu_seconds, flops, seconds
from .distortion import psnr
from .frechet import frechet_distance, report
from .likelihood import bits_per_dim, codec_bits, likelihood, mean_and_interval
