"""How far a picture is from the one that it should be. Built in notebook 04."""

from torch import Tensor


def psnr(made: Tensor, real: Tensor) -> float:
    """Peak signal to noise in dB, the mean over pictures `[N, C, H, W]` in [-1, 1]; half the squared error is 3 dB."""
    if made.shape != real.shape or not made.is_floating_point():
        raise ValueError(f"made must be floats of the shape {list(real.shape)} of real, not {list(made.shape)}.")
    error = (made.cpu().clamp(-1, 1) - real.cpu()).square().flatten(1).mean(1) / 4
    return float((-10 * error.clamp(min=1e-6).log10()).mean())
