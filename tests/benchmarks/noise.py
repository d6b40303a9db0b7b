"""The part of the race that Part II and III added: noise, masked tokens and tokenizers against their peers."""

import torch
import torch.nn.functional as F
from diffusers import DiTTransformer2DModel, UNet2DModel
from torch import nn
from vector_quantize_pytorch import FSQ as PeerFSQ
from vector_quantize_pytorch import VectorQuantize
from x_transformers import Encoder, NonAutoregressiveWrapper, TransformerWrapper

from course_lib import runtime
from course_lib.methods import flow, masked
from course_lib.networks import Transformer, TransformerConfig, UNet, UNetConfig
from course_lib.networks.quantizers import FSQ, VQ, nearest

HALVES = (False, True) if runtime.precision()[0] == torch.bfloat16 else (False,)


class PeerUNet(nn.Module):
    """diffusers' U-Net with our widths and depth, called as our models are."""

    null = 10

    def __init__(self, widths=(32, 64, 88)):
        super().__init__()
        self.net = UNet2DModel(
            sample_size=28,
            in_channels=1,
            out_channels=1,
            layers_per_block=1,
            block_out_channels=widths,
            down_block_types=("DownBlock2D",) * 3,
            up_block_types=("UpBlock2D",) * 3,
            norm_num_groups=8,
            num_class_embeds=11,
            add_attention=False,
        )

    def forward(self, x, t, labels):
        return self.net(x, t * 1000, class_labels=labels).sample


class PeerDiT(nn.Module):
    """diffusers' DiT on 4×4 patches, called as our models are."""

    null = 10

    def __init__(self, heads: int = 4, depth: int = 6, dim: int = 32):
        super().__init__()
        self.net = DiTTransformer2DModel(
            num_attention_heads=heads,
            attention_head_dim=dim,
            in_channels=1,
            out_channels=1,
            num_layers=depth,
            patch_size=4,
            sample_size=28,
            num_embeds_ada_norm=10,
            activation_fn="gelu",
        )

    def forward(self, x, t, labels):
        return self.net(x, timestep=t * 1000, class_labels=labels).sample


def dit() -> Transformer:
    return Transformer(TransformerConfig((7, 7), vector=16, clock=1, classes=10, context=0, groups=(49,)))


def unet() -> UNet:
    return UNet(UNetConfig())


def size(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


# Peer of equal width and depth, then one of about equal parameters.
CONTESTS = {
    "U-Net": (
        lambda: UNet(UNetConfig()),
        {"diffusers-unet": PeerUNet, "slim-diffusers-unet": lambda: PeerUNet((32, 64, 80))},
    ),
    "DiT": (dit, {"diffusers-dit": PeerDiT, "slim-diffusers-dit": lambda: PeerDiT(4, 6, 25)}),
}


def training(kind: str, batch: int) -> dict:
    """Forward, backward and an AdamW step of flow matching, each in fp32 and bf16."""
    mine, peers = CONTESTS[kind]
    x = torch.randn(batch, 1, 28, 28)
    labels = torch.arange(batch) % 10
    contestants = {}

    def add(name, model, half):
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)

        def step():
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                value = flow.loss(model, (x, labels))
            value.backward()
            optimizer.step()
            optimizer.zero_grad()

        contestants[f"{name} {'bf16' if half else 'fp32'} {size(model):,}"] = step

    for half in HALVES:
        add("ours", mine(), half)
        for name, build in peers.items():
            add(name, build(), half)
    return contestants


def sampling(kind: str, batch: int) -> dict:
    """Ten Euler steps with the same sampler; the network is what differs."""
    mine, peers = CONTESTS[kind]
    labels, contestants = torch.arange(batch) % 10, {}

    def add(name, model, half):
        def draw():
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                flow.sample(model.eval(), labels, shape=(1, 28, 28), steps=10)

        contestants[f"{name} {'bf16' if half else 'fp32'} {size(model):,}"] = draw

    for half in HALVES:
        add("ours", mine(), half)
        for name, build in peers.items():
            add(name, build(), half)
    return contestants


def masked_decoding(batch: int, steps: int = 8) -> dict:
    """Eight steps of masked prediction over 49 tokens of 1,000 codes, equal width, depth and heads."""
    config = {"grid": (7, 7), "tokens": 1001, "width": 128, "depth": 4, "heads": 4, "groups": (49,)}
    model, labels = Transformer(TransformerConfig(**config)).eval(), torch.zeros(batch, dtype=torch.long)
    layers = Encoder(dim=128, depth=4, heads=4, attn_dim_head=32)
    net = TransformerWrapper(num_tokens=1001, max_seq_len=49, attn_layers=layers)
    peer = NonAutoregressiveWrapper(net, mask_id=1000, steps=steps).eval()
    contestants = {}
    for half in HALVES:
        kind = "bf16" if half else "fp32"

        def ours(half=half):
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                masked.sample(model, labels, shape=(7, 7), steps=steps)

        def theirs(half=half):
            with torch.autocast("cpu", torch.bfloat16, enabled=half), torch.inference_mode():
                peer.generate(batch_size=batch)

        contestants |= {f"ours {kind}": ours, f"x-transformers {kind}": theirs}
    return contestants


def quantising(kind: str, batch: int) -> dict:
    """Latents [B, 49, 4] to tokens and back to codes: the layer alone, as the convolutions around it are the same."""
    z = torch.randn(batch, 49, 4)
    if kind == "FSQ":
        mine, peer = FSQ((8, 5, 5, 5)), PeerFSQ(levels=[8, 5, 5, 5])

        def ours():
            mine.codes(mine.indices(mine.bound(z)))

        def theirs():
            peer.indices_to_codes(peer(z)[1])
    else:
        mine, peer = VQ(1000, 4), VectorQuantize(dim=4, codebook_size=1000).eval()

        def ours():
            F.embedding(nearest(z, mine.codebook), mine.codebook)

        def theirs():
            peer.get_codes_from_indices(peer(z)[1])

    return {"ours fp32": torch.inference_mode()(ours), "vector-quantize-pytorch fp32": torch.inference_mode()(theirs)}
