"""Checkers of notebook 04: patches, the straight-through gradient, dead codes, and codes that are rounded twice."""

import torch
from einops import rearrange

from ..networks import patches, quantizers
from .core import exercise
from .forms import Wrong, alike, need


def _patchify(x, p):
    return rearrange(x, "b c (h p) (w q) -> b (h w) (c p q)", p=p, q=p)


@exercise(reference=_patchify, shipped=[patches.patchify])
def patchify(attempt) -> None:
    """Patches: row by row, and inside a patch channel, row, column."""
    for B, C, h, w, p in ((2, 1, 2, 3, 4), (3, 2, 3, 2, 2)):
        x = torch.arange(B * C * h * w * p * p).float().view(B, C, h * p, w * p)
        found, right = attempt(x, p)
        shape = f"{list(x.shape)} in patches of {p}×{p} is {list(right.shape)}: B, patches, numbers of a patch"
        need(found.shape == right.shape, f"{shape}; not {list(found.shape)}.")
        mistakes = {
            "That is a strip of reading order, not a square. Cut height and width apart first.": x.reshape(right.shape),
            "The patches go column by column. The second one lies to the right of the first.": rearrange(
                x, "b c (h p) (w q) -> b (w h) (c p q)", p=p, q=p
            ),
            "Each patch is mirrored along its diagonal: inside, rows come before columns.": rearrange(
                x, "b c (h p) (w q) -> b (h w) (c q p)", p=p, q=p
            ),
            "Inside a patch the channel comes first: (c p q).": rearrange(
                x, "b c (h p) (w q) -> b (h w) (p q c)", p=p, q=p
            ),
            "You take every h-th pixel: (h p) means h patches of p pixels, (p h) something else.": rearrange(
                x, "b c (p h) (q w) -> b (h w) (c p q)", p=p, q=p
            ),
        }
        otherwise = "The numbers are right in count, but not each square by itself, row by row."
        attempt.compare(found, right, mistakes, otherwise)


@exercise(reference=quantizers.straight_through)
def straight_through(attempt) -> None:
    """The value of q, the gradient of z, and nothing for q."""
    for shape in ((4, 3), (2, 5, 2)):
        z, q, weights = torch.randn(shape), torch.randn(shape), torch.randn(shape)
        z, q = z.requires_grad_(), q.requires_grad_()
        out, _ = attempt(z, q)
        need(out.shape == z.shape, f"The answer should have shape {list(shape)}, not {list(out.shape)}.")
        grads = (None, None)
        if out.requires_grad:
            grads = torch.autograd.grad((out * weights).sum(), (z, q), allow_unused=True)
        to_z, to_q = (torch.zeros(shape) if grad is None else grad for grad in grads)
        if alike(out, z):
            swapped = "The two are swapped: forward goes z, backward the gradient of q. " if to_q.any() else ""
            raise Wrong(f"{swapped}The decoder must see q: the value of z is not one of the words.")
        need(alike(out, q), "Forward, the answer must have the value of q.")
        if not to_z.any() and to_q.any():
            raise Wrong("z cancels out: the gradient goes to q alone. Which part must be detached?")
        need(to_z.any(), "No gradient reaches z: the encoder would never learn.")
        need(alike(to_z, weights), "z must get the gradient of the answer, unchanged.")
        need(not to_q.any(), "q gets a gradient too. The codebook has a loss of its own: detach q here.")


def _revive(codebook, counts, z):
    codebook = codebook.clone()
    dead = (counts == 0).nonzero()[:, 0]
    codebook[dead] = z[torch.randperm(len(z), device=z.device)[: len(dead)]]
    return codebook


@exercise(reference=_revive, shipped=[quantizers.VQ.revive])
def revive(attempt) -> None:
    """Dead codes move onto vectors of their own; the living stay."""
    for K, d, N, dead in ((6, 3, 20, 2), (30, 4, 40, 25), (5, 2, 9, 0)):
        codebook, z, counts = torch.randn(K, d) + 50, torch.randn(N, d), torch.randint(1, 9, (K,))
        gone = torch.randperm(K)[:dead]
        counts[gone] = 0
        found, _ = attempt(codebook.clone().requires_grad_(), counts, z)  # the notebook hands over a parameter
        found = found.detach()
        need(found.shape == codebook.shape, f"Return the whole codebook, {list(codebook.shape)}.")
        living = counts > 0
        need(torch.equal(found[living], codebook[living]), "You moved codes that are in use: only count 0 is dead.")
        if not dead:
            continue
        need(not torch.equal(found[gone], codebook[gone]), "The dead are where they were: nothing has moved.")
        away = torch.cdist(found[gone].double(), z.double()).amin(1)
        if (away > 1e-4).any():
            mean = torch.allclose(found[gone], z.mean(0).expand(dead, d), atol=1e-4)
            hint = "their mean is no vector that occurs" if mean else "not noise, and not another code"
            raise Wrong(f"A dead code goes where an encoder's vector is: onto a row of z ({hint}).")
        different = len(found[gone].unique(dim=0))
        need(different == dead, f"{dead} dead codes sit on {different} vectors: give each one of its own.")


class _Levels(torch.nn.Module):
    """The quantiser of the notebook, with the names it has there."""

    def __init__(self, levels):
        super().__init__()
        self.inner = quantizers.FSQ(levels)
        self.levels, self.centre, self.basis = torch.tensor(levels), self.inner.width.long(), self.inner.basis
        self.bound, self.round, self.indices = self.inner.bound, self.inner.round, self.inner.indices

    def forward(self, z):
        return self.inner(z)


def _codes_of(fsq, indices):
    digits = indices[..., None] // fsq.basis % fsq.levels
    return (digits - fsq.centre) / fsq.centre


def _planted(fsq, indices):
    digits = indices[..., None] // fsq.basis % fsq.levels
    return fsq((digits - fsq.centre) / fsq.centre)


@exercise(reference=_codes_of, planted=_planted, shipped=[quantizers.FSQ.codes])
def codes_of(attempt) -> None:
    """Codes from token ids: the exact inverse of `indices`, rounded once and never again."""
    for levels in ((8, 5, 5, 5), (4, 3), (6, 7, 8)):
        fsq = _Levels(levels)
        every = torch.arange(fsq.inner.count).view(-1, levels[0])
        digits, (found, right) = every[..., None] // fsq.basis % fsq.levels, attempt(fsq, every)
        need(found.shape == right.shape, f"One code of {len(levels)} numbers for each id, {list(right.shape)}.")
        mistakes = {
            "Still rounded twice: what comes out of the ids is a code already.": _planted(fsq, every),
            "No rounding now, but `bound` is still there: its tanh is what moves the levels.": fsq.bound(right),
            "The digits run from 0; the codes are centred: subtract the centre.": digits / fsq.centre,
            "These are whole steps. Divide by the centre, so that codes lie in [-1, 1].": (digits - fsq.centre).float(),
            "The digits are in the wrong order: `basis` says how much one step of each is worth.": (
                (every[..., None] // fsq.basis.flip(0) % fsq.levels - fsq.centre) / fsq.centre
            ),
            "Back through atanh: that is what the encoder said, not the code.": right.clamp(-0.999, 0.999).atanh(),
        }
        otherwise = f"With levels {levels}, indices(codes) must give back every id, and it does not."
        attempt.compare(found, right, mistakes, otherwise)
