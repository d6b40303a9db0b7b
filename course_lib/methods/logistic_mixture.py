"""256 levels from a handful of numbers: the discretised mixture of logistics. Built in notebook 02.

Source: PixelCNN++ (arXiv 1701.05517). Parameters `[…, 3M]`: M logits of the weights, M means, M log-scales, for levels
mapped to [-1, 1]; the first and the last level take the tails.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

SMALLEST_LOG_SCALE = -7.0
LARGEST_LOG_SCALE = 30.0  # flatter than anything, and still a number after exp


def log_prob(parameters: Tensor, tokens: Tensor, levels: int = 256) -> Tensor:
    """Log-probability in nats of the level `tokens […]` under `parameters […, 3M]`."""
    if parameters.shape[-1] % 3 or not parameters.shape[-1]:
        raise ValueError(
            f"parameters {list(parameters.shape)} must end in 3M: weights, means and log-scales of M parts."
        )
    weights, means, log_scales = parameters.chunk(3, dim=-1)
    log_scales = log_scales.clamp(SMALLEST_LOG_SCALE, LARGEST_LOG_SCALE)
    x = (tokens.to(parameters.dtype) * (2 / (levels - 1)) - 1)[..., None]
    scale = torch.exp(-log_scales)
    half = 1 / (levels - 1)
    upper, lower = (x - means + half) * scale, (x - means - half) * scale
    # sigmoid(upper) - sigmoid(lower) loses all digits where a bin holds next to nothing; as a product it keeps them.
    inner = F.logsigmoid(upper) + F.logsigmoid(-lower) + torch.log(-torch.expm1(-2 * half * scale))
    each = torch.where(x < -1 + half, F.logsigmoid(upper), torch.where(x > 1 - half, F.logsigmoid(-lower), inner))
    return torch.logsumexp(weights.log_softmax(-1) + each, dim=-1)


def log_probs(parameters: Tensor, levels: int = 256) -> Tensor:
    """Log-probabilities `[…, levels]` of all levels: logits for `autoregressive.draw`."""
    every = torch.arange(levels, device=parameters.device).expand(*parameters.shape[:-1], levels)
    return log_prob(parameters.unsqueeze(-2), every, levels)
