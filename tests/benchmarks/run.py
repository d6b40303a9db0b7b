"""Race the course against its peers: `make bench`. Prints a table and writes data/results/bench.json.

One thread, processor time, ours and peers interleaved round by round. The ratio is the median over rounds, its range
the least and the greatest round. Peers run at the best of the forms named in `note` (the fastest median counts). What
share of our time the bare matrix products take, timed alone, stands beside it.
"""

import argparse
import os
import statistics
import time
from functools import partial

os.environ["OMP_NUM_THREADS"] = "1"
import noise
import quality
import torch
import torch.nn.functional as F
from products import products
from transformers import GPT2Config, GPT2LMHeadModel
from x_transformers import AutoregressiveWrapper, Decoder, TransformerWrapper

from course_lib import runtime
from course_lib.data import results
from course_lib.experiments import provenance
from course_lib.methods import autoregressive
from course_lib.networks import Transformer, TransformerConfig

WIDTH, DEPTH, HEADS, VOCABULARY = 128, 4, 4, 1000
ROUNDS = 5  # at least, of every race
NOTE = "equal width, depth, heads, vocabulary and length; random weights; temperature 1; one thread"


def ours(length: int) -> Transformer:
    side = round(length**0.5)
    torch.manual_seed(0)
    return Transformer(TransformerConfig((side, side), tokens=VOCABULARY, width=WIDTH, depth=DEPTH, heads=HEADS))


def gpt2(length: int, attention: str) -> GPT2LMHeadModel:
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=VOCABULARY + 1,
            n_positions=length + 1,
            n_embd=WIDTH,
            n_layer=DEPTH,
            n_head=HEADS,
            activation_function="gelu",  # exact, as ours
            resid_pdrop=0,
            embd_pdrop=0,
            attn_pdrop=0,
            bos_token_id=VOCABULARY,
            eos_token_id=None,
            attn_implementation=attention,
        )
    )


def x_transformer(length: int, flash: bool) -> AutoregressiveWrapper:
    layers = Decoder(dim=WIDTH, depth=DEPTH, heads=HEADS, attn_dim_head=WIDTH // HEADS, attn_flash=flash)
    net = TransformerWrapper(num_tokens=VOCABULARY + 1, max_seq_len=length + 1, attn_layers=layers)
    return AutoregressiveWrapper(net)


def race(contestants: dict, rounds: int) -> dict[str, list[float]]:
    """Processor seconds of each contestant, and of our bare products, in each round, after one round to warm up."""
    for work in contestants.values():
        work()
    contestants |= {f"products {name}": products(work) for name, work in contestants.items() if name.startswith("ours")}
    times = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, work in contestants.items():
            start = time.process_time()
            work()
            times[name].append(time.process_time() - start)
    return times


def rows(what: str, length: int, batch: int, times: dict[str, list[float]], note: str = NOTE) -> list[dict]:
    """One row a peer: its fastest form against our fastest form."""

    def best(prefix: str) -> str:
        return min((n for n in times if n.startswith(prefix)), key=lambda n: statistics.median(times[n]))

    mine, out = best("ours"), []
    bare = statistics.median(times[f"products {mine}"])
    for peer in sorted({name.split(" ")[0] for name in times} - {"ours", "products"}):
        theirs = best(peer)
        ratios = [b / a for a, b in zip(times[mine], times[theirs], strict=True)]
        out.append(
            {
                "what": what,
                "size": length,
                "batch": batch,
                "ours": mine,
                "ours_seconds": statistics.median(times[mine]),
                "products_share": bare / statistics.median(times[mine]),
                "peer": theirs,
                "peer_seconds": statistics.median(times[theirs]),
                "ratio": statistics.median(ratios),
                "ratio_low": min(ratios),
                "ratio_high": max(ratios),
                "note": f"{note}; tried: {', '.join(name for name in times if not name.startswith('products'))}",
            }
        )
    return out


def training(length: int, batch: int, rounds: int) -> list[dict]:
    """Forward, backward and an AdamW step."""
    tokens = torch.randint(VOCABULARY, (batch, length), generator=torch.Generator().manual_seed(0))
    start = torch.full((batch, 1), VOCABULARY)
    sequence = torch.cat([start, tokens], dim=1)
    contestants = {}

    def add(name, model, loss, half):
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)

        def step():
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                value = loss(model.train())
            value.backward()
            optimizer.step()
            optimizer.zero_grad()

        contestants[name] = step

    def gpt2_loss(model):
        return F.cross_entropy(model(sequence[:, :-1]).logits.flatten(0, 1).float(), tokens.flatten())

    for half in (False, True) if runtime.precision()[0] == torch.bfloat16 else (False,):
        kind = "bf16" if half else "fp32"
        add(f"ours {kind}", ours(length), lambda model: autoregressive.loss(model, (tokens, None)), half)
        for attention in ("sdpa", "eager"):
            add(f"transformers-gpt2 {kind} {attention}", gpt2(length, attention), gpt2_loss, half)
        for flash in (True, False):
            form = "sdpa" if flash else "eager"
            add(f"x-transformers {kind} {form}", x_transformer(length, flash), lambda model: model(sequence), half)
    return rows("training step", length, batch, race(contestants, rounds))


def decoding(length: int, batch: int, rounds: int) -> list[dict]:
    """Draw whole sequences with a cache; the bound is one teacher-forced pass."""
    model, labels = ours(length).eval(), torch.zeros(batch, dtype=torch.long)
    start, kinds = torch.full((batch, 1), VOCABULARY), {"sdpa": gpt2(length, "sdpa"), "eager": gpt2(length, "eager")}
    x = x_transformer(length, False).eval()
    x.net.load_state_dict(x_transformer(length, False).net.state_dict())
    about = {"do_sample": True, "top_k": 0, "use_cache": True, "max_new_tokens": length, "pad_token_id": 0}
    tokens = torch.zeros(batch, length, dtype=torch.long)
    contestants = {"ours fp32": lambda: autoregressive.sample(model, labels, shape=(length,))}
    for form, peer in kinds.items():
        peer.eval()
        contestants[f"transformers-gpt2 fp32 {form}"] = torch.inference_mode()(
            lambda peer=peer: peer.generate(start, attention_mask=torch.ones_like(start), **about)
        )
    contestants["x-transformers fp32 eager"] = torch.inference_mode()(
        lambda: x.generate(start, length, cache_kv=True, filter_logits_fn=lambda logits, **_: logits)
    )
    contestants["bound one-pass"] = torch.inference_mode()(lambda: model(tokens, labels))
    return rows("decoding", length, batch, race(contestants, rounds))


def plan(quick: bool) -> list[tuple]:
    """What is raced: name, size, batch, rounds, and what makes the rows."""

    def part(what, size, batch, rounds, contestants):
        note = contestants.__doc__.strip().rstrip(".")
        return what, lambda: rows(what, size, batch, race(contestants(), rounds), note)

    def old(what, race_of, length, batch, rounds):
        return what, lambda: race_of(length, batch, rounds)

    def noisy(what, function, *arguments, batch, rounds, size=28):
        call = partial(function, *arguments, batch)
        call.__doc__ = function.__doc__
        return part(what, size, batch, rounds, call)

    if quick:
        out = [old("training step", training, 16, 2, 1), old("decoding", decoding, 16, 2, 1)]
        out += [noisy(f"training step, {kind}", noise.training, kind, batch=2, rounds=1) for kind in noise.CONTESTS]
        out += [noisy("10 steps, DiT", noise.sampling, "DiT", batch=2, rounds=1)]
        out += [noisy("8 masked steps", noise.masked_decoding, batch=2, rounds=1, size=49)]
        return out + [
            noisy(f"{kind} layer", noise.quantising, kind, batch=2, rounds=1, size=49) for kind in ("FSQ", "VQ")
        ]
    out = [old("training step", training, *row) for row in ((49, 64, ROUNDS), (196, 16, ROUNDS))]
    table = (49, 1), (49, 8), (49, 64), (64, 1), (64, 64), (196, 1), (196, 8), (196, 64), (784, 1), (784, 8)
    out += [old("decoding", decoding, *row, ROUNDS) for row in table]
    for kind in noise.CONTESTS:
        out.append(noisy(f"training step, {kind}", noise.training, kind, batch=64, rounds=ROUNDS))
        out += [noisy(f"10 steps, {kind}", noise.sampling, kind, batch=batch, rounds=ROUNDS) for batch in (1, 64)]
    out += [noisy("8 masked steps", noise.masked_decoding, batch=batch, rounds=ROUNDS, size=49) for batch in (1, 64)]
    return out + [
        noisy(f"{kind} layer", noise.quantising, kind, batch=256, rounds=7, size=49) for kind in ("FSQ", "VQ")
    ]


def note(found: list[dict]) -> None:
    """Write the result: rows of other races stay as they were, and every row says what made it."""

    def race_of(row: dict) -> tuple:
        return row["what"], row["size"], row["batch"]

    before, again, made_by = {"rows": []}, set(map(race_of, found)), provenance.made_by()
    if results.path_of("bench").exists():
        before = results.read("bench")
    then = {key: before.get(key) for key in made_by}  # of rows that do not say it themselves
    rows = [then | row for row in before["rows"] if race_of(row) not in again] + [row | made_by for row in found]
    results.write("bench", {"name": "bench", **provenance.made_by(rows), "threads": 1, "rows": rows})


def main() -> None:
    """Run all rows, or with --quick the smallest ones without writing; --only keeps the other rows of the last run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one tiny row of each kind; nothing is written")
    parser.add_argument("--only", default="", help="races whose name holds this, such as DiT; the rest stays as it was")
    parser.add_argument("--quality", action="store_true", help="seconds of training until a fixed quality (an hour)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.quality:
        for row in quality.run()["rows"]:
            print(row["name"], row["seconds"], row.get("ratio", ""))
        return
    found = []
    for what, contest in plan(arguments.quick):
        for row in contest() if arguments.only in what else []:
            found.append(row)
            print(
                f"{row['what']:22}{row['size']:5}{row['batch']:4}  {row['ours']:20} {row['ours_seconds'] * 1e3:9.1f} ms"
                f"  {row['peer']:32} {row['peer_seconds'] * 1e3:9.1f} ms"
                f"  ×{row['ratio']:.2f} ({row['ratio_low']:.2f}–{row['ratio_high']:.2f})"
                f"  bare products {row['products_share']:.0%} of ours",
                flush=True,
            )
    if not arguments.quick:
        note(found)


if __name__ == "__main__":
    main()
