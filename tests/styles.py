"""Right answers in other styles: in place on a copy, with numpy, in loops, with another function of torch."""

import functools

import numpy as np
import scipy.linalg
import torch
import torch.nn.functional as F
from solutions import ANSWERS

from course_lib.check.core import CHECKERS
from course_lib.check.forms import Wrong, copied


def after(name, change):
    """The right answer, and then `change` of every part of what it gives."""

    @functools.wraps(ANSWERS[name])
    def answer(*given):
        found = ANSWERS[name](*given)
        return tuple(map(change, found)) if isinstance(found, tuple) else change(found)

    del answer.__wrapped__
    return answer


def spoiling(name):
    """The right answer, which then changes the first tensor or list that it was given."""

    @functools.wraps(ANSWERS[name])
    def answer(*given):
        found = copied(ANSWERS[name](*given))
        for each in given:
            if isinstance(each, torch.Tensor):
                with torch.no_grad():
                    each[...] = ~each if each.dtype == torch.bool else 1 - each
                break
            if isinstance(each, list):
                each.clear()
                break
        return found

    return answer


def walk_in_place(model, noise, labels, steps):
    x = noise.clone()
    for i in range(steps):
        x -= model(x, torch.full((len(x),), 1 - i / steps), labels) / steps
    return x


def path_in_a_loop(x, noise, t):
    points = [(1 - float(t[i])) * x[i] + float(t[i]) * noise[i] for i in range(len(x))]
    return torch.stack(points), noise - x


def mask_in_loops(size, kind):
    c = size // 2
    return [[int((i, j) < (c, c + (kind == "B"))) for j in range(size)] for i in range(size)]


def rows_in_place(x, height, width):
    B, C, H, W = x.shape
    out = x.new_zeros(B, C, H + height - 1, W + 2 * (width // 2))
    out[:, :, height:, width // 2 : width // 2 + W] = x[:, :, :-1]
    return out


def attention_in_loops(q, k, v):
    rows = []
    for i in range(q.shape[-2]):
        scores = (q[..., i : i + 1, :] * k[..., : i + 1, :]).sum(-1) / q.shape[-1] ** 0.5
        rows.append((scores.softmax(-1)[..., None] * v[..., : i + 1, :]).sum(-2))
    return torch.stack(rows, -2)


def nucleus_in_loops(logits, p):
    out = logits.clone()
    for row, share in zip(out, logits.softmax(-1)):
        total = 0.0
        for i in share.argsort(descending=True).tolist():
            row[i] = row[i] if total < p else -torch.inf
            total += float(share[i])
    return out


def revive_in_place(codebook, counts, z):
    codebook, order = codebook.clone(), iter(np.random.default_rng().permutation(len(z)))
    for i in range(len(codebook)):
        if counts[i] == 0:
            codebook[i] = z[next(order)]
    return codebook


def distance_in_numpy(a, b):
    (p, A), (q, B) = ((x.mean(0), np.cov(x, rowvar=False)) for x in (a.numpy(), b.numpy()))
    return np.sum((p - q) ** 2) + np.trace(A + B - 2 * np.real(scipy.linalg.sqrtm(A @ B)))


def distance_by_eigenvalues(a, b):
    A, B = a.T.cov(), b.T.cov()
    root = torch.linalg.eigvals(A @ B).sqrt().real.sum()
    return (a.mean(0) - b.mean(0)).norm() ** 2 + A.trace() + B.trace() - 2 * root


def distance_in_place(a, b):
    found, spread = 0.0, []
    for i in range(a.shape[1]):
        found += float(a[:, i].mean() - b[:, i].mean()) ** 2 + float(a[:, i].var() + b[:, i].var())
    for x in (a.clone(), b.clone()):
        x -= x.mean(0)
        x /= (len(x) - 1) ** 0.5
        spread.append(torch.linalg.qr(x).R)  # as small as a covariance, however many pictures there are
    return found - 2 * float(torch.linalg.svdvals(spread[0] @ spread[1].T).sum())


def patches_in_loops(x, p):
    rows = []
    for i in range(0, x.shape[2], p):
        for j in range(0, x.shape[3], p):
            rows.append(x[:, :, i : i + p, j : j + p].reshape(len(x), -1))
    return torch.stack(rows, 1)


def block_in_place(x, six, attend, think):
    x, eps = x.clone(), 1e-6
    for start, branch in ((0, attend), (3, think)):
        shift, scale, gate = (six[:, start + i, None] for i in range(3))
        h = (x - x.mean(-1, keepdim=True)) / (x.var(-1, keepdim=True, correction=0) + eps).sqrt()
        x = x + gate * branch(h * (1 + scale) + shift)
    return x


def heun_in_place(velocity, x, t, s):
    x, first = x.clone(), velocity(x, t)
    x += (s - t) * first
    x += (s - t) / 2 * (velocity(x, s) - first)
    return x


def repaired_in_place(alpha_bar):
    root = alpha_bar.sqrt()
    root[1:] -= root[-1].clone()
    root[1:] *= alpha_bar[1].sqrt() / root[1].clone()
    return root**2


def jump_in_place(student, x, t, stride, labels):
    x = x.clone()
    x -= stride[(...,) + (None,) * (x.ndim - 1)] * student(x, t, stride, labels)
    return x


def halves_in_place(student, x, t, stride, labels):
    wide = stride[(...,) + (None,) * (x.ndim - 1)]
    x, half = x.clone(), stride / 2
    total = student(x, t, half, labels)
    x -= wide / 2 * total
    total += student(x, t - half, half, labels)
    return total / 2


def hide_in_loops(tokens, counts, mask, u):
    seen, hidden = tokens.clone(), np.zeros(tokens.shape, dtype=bool)
    for i, row in enumerate(np.argsort(u.numpy(), 1)):
        hidden[i, row[: counts[i]]] = True
        seen[i, row[: counts[i]]] = mask
    return seen, hidden


def reveal_in_place(tokens, guess, rank, count, mask):
    tokens = tokens.clone()
    for i in range(len(tokens)):
        places = sorted((tokens[i] == mask).nonzero()[:, 0].tolist(), key=lambda j: -rank[i, j])[: count[i]]
        tokens[i, places] = guess[i, places]
    return tokens


def visible_in_loops(groups):
    scale = [k for k, size in enumerate(groups) for _ in range(size)]
    return [[b <= a for b in scale] for a in scale]


def law_in_einsum(p):
    singles = [p.sum([d for d in range(p.ndim) if d != place]).numpy() for place in range(p.ndim)]
    return functools.reduce(np.multiply.outer, singles)


def tries_in_place(velocity, x, clean, keep, t, s, noise):
    x, last = x.clone(), len(noise) - 1
    for i, (known, back) in enumerate(noise):
        x += (s - t) * velocity(x, t)
        x[keep] = ((1 - s) * clean + s * known)[keep]
        if i < last:
            x *= (1 - t) / (1 - s)
            x += (t**2 - ((1 - t) / (1 - s) * s) ** 2) ** 0.5 * back
    return x


def counts_in_loops(empty, kinds, most):
    counts = [1.0] + [0.0] * most
    for none, some in zip(empty.tolist(), kinds.tolist()):
        counts = [none * counts[k] + (some * counts[k - 1] if k else 0.0) for k in range(most + 1)]
    return counts


def worth_in_numpy(without, given):
    saved = np.asarray(without) - np.asarray(given)
    half = 1.96 * saved.std(ddof=1) / np.sqrt(len(saved))
    return [saved.mean(), saved.mean() - half, saved.mean() + half]


def naming_in_loops(full, u):
    out = torch.full((len(full), 3), -1)
    for n, (row, chances) in enumerate(zip(full, u)):
        cells = sorted(row.nonzero().flatten().tolist(), key=lambda i, c=chances: float(c[i]))
        out[n, : len(cells)] = torch.tensor(cells)
    return out


def obeys_by_recursion(shown, asked):
    if not shown or not asked:
        return not shown and not asked
    fits = lambda thing: all(word is None or word == seen for seen, word in zip(thing, asked[0]))  # noqa: E731
    tries = (shown[:i] + shown[i + 1 :] for i, thing in enumerate(shown) if fits(thing))
    return any(obeys_by_recursion(rest, asked[1:]) for rest in tries)


def left_open_in_numpy(kinds, cells=9):
    _, counts = np.unique(kinds, return_counts=True)
    ways = np.log2(np.arange(cells, cells - len(kinds), -1)).sum()
    return ways - sum(np.log2(np.arange(1, n + 1)).sum() for n in counts)


STYLES = {
    "replaced": [lambda x, clean, keep, noise, t: x * ~keep + torch.lerp(clean, noise, t) * keep],
    "renoise": [lambda x, noise, s, t: x * ((1 - t) / (1 - s)) + noise * np.sqrt(t**2 - (s * (1 - t) / (1 - s)) ** 2)],
    "tries": [tries_in_place],
    "completions": [counts_in_loops],
    "varied_start": [lambda x, noise, a, n: [torch.lerp(x, noise, a), np.linspace(a, 0, n + 1)]],
    "walk": [walk_in_place],
    "path": [path_in_a_loop, lambda x, noise, t: [torch.lerp(x, noise, t[(...,) + (None,) * (x.ndim - 1)]), noise - x]],
    "by_luck": [lambda hits: np.float64([1, 923 / 924, 887 / 924, 662 / 924, 262 / 924, 37 / 924, 1 / 924])[hits]],
    "operations": [lambda s, p, w, d: d * (24.0 * (s / p) ** 2 * w**2 + 4 * (s / p) ** 4 * w)],
    "scale_at": [lambda i, n, w, ends: np.where((1 - i / n >= ends[0]) & (1 - i / n <= ends[1]), w, 1.0)],
    "causal_mask": [mask_in_loops, *(lambda *a, f=f: f(mask_in_loops(*a)) for f in (np.array, torch.BoolTensor))],
    "rows_above": [rows_in_place, lambda x, h, w: F.pad(x[:, :, :-1], (w // 2, w // 2, h, 0))],
    "causal_attention": [
        attention_in_loops,
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
    ],
    "frechet": [distance_in_numpy, distance_by_eigenvalues, distance_in_place],
    "revive": [revive_in_place],
    "patchify": [patches_in_loops, lambda x, p: F.unfold(x, p, stride=p).mT],
    "adaln_block": [block_in_place],
    "heun_step": [heun_in_place],
    "repaired": [repaired_in_place],
    "jump": [jump_in_place],
    "two_halves": [halves_in_place],
    "hide": [hide_in_loops],
    "reveal": [reveal_in_place],
    "block_causal": [visible_in_loops, lambda groups: np.array(visible_in_loops(groups))],
    "at_once": [law_in_einsum],
    "worth": [worth_in_numpy],
    "inverse_cdf": [
        lambda p, u: torch.searchsorted(p.cumsum(1), u[:, None], right=True)[:, 0].clamp(max=p.shape[1] - 1),
        lambda p, u: np.minimum((np.cumsum(p.numpy(), 1) <= u[:, None].numpy()).sum(1), p.shape[1] - 1),
    ],
    "nucleus": [nucleus_in_loops],
    "left_open": [left_open_in_numpy],
    "obeys": [obeys_by_recursion],
    "uneven": [lambda full: np.abs(full.numpy().sum(0) / full.numpy().sum() - 1 / 9).sum() / 2],
    "naming": [naming_in_loops],
    "prefixed": [lambda labels, tokens: torch.stack([*labels.unbind(1), *tokens.unbind(1)][:-1], 1)],
}


def styled(name, turn):
    """The right answer to an exercise on "numpy" arrays, on "lists", or in "other words", as far as it is accepted.

    A planted bug is code on tensors, and the cells below it run what stands there: its repair stays on tensors.
    """
    changes = {"numpy": lambda x: x.detach().numpy(), "lists": lambda x: x.tolist()}
    trial = CHECKERS[name].trial
    if turn in changes and CHECKERS[name].planted is not None:
        return ANSWERS[name]
    answer = after(name, changes[turn]) if turn in changes else STYLES.get(name, [ANSWERS[name]])[-1]
    try:
        trial(answer)
    except (Wrong, AttributeError):  # it is trained through, or gives a number: there is no such form
        return ANSWERS[name]
    return answer
