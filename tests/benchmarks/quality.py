"""Time to quality: processor seconds of training until the Fréchet distance falls below a mark that was set beforehand.

`make bench ARGS=--quality` runs it (an hour) and writes data/results/quality.json. Ours is the transformer on patches
with the loss, the optimisers and the average of the course; peers are diffusers' networks of equal width and depth,
trained as its documentation shows (noise prediction, 1,000 levels, AdamW, an average of the weights) and drawn by its
DDIM. All see the same pictures and labels in the same order, batch 64, one thread, and tried the same number of
learning rates. Only training is timed; runs are interleaved, mark by mark.
"""

import copy
import time

import torch
import torch.nn.functional as F
from diffusers import DDIMScheduler, DDPMScheduler
from noise import PeerDiT, PeerUNet, dit, size

from course_lib import data, runtime
from course_lib.data import results
from course_lib.data.levels import to_bytes
from course_lib.experiments import provenance
from course_lib.measure import frechet
from course_lib.methods import flow
from course_lib.training.fit import Batches, average, optimizers

MARK = 1.0  # relative Fréchet distance: real pictures with noise of σ = 0.1
RATES, TUNED, SHARE = (5e-4, 1e-3, 2e-3), 30.0, 0.2  # tried for so many seconds; judged by the last share of the losses
FIRST, GROWTH, LAST = 40.0, 1.25, 700.0  # processor seconds at which quality is looked at
DRAWN, EMA = 500, 0.99


class Contestant:
    """A network with its training code and its sampler, and how long it has been trained."""

    def __init__(self, name, build, loss, draw, make_optimizers, half: bool):
        self.name, self.build, self.loss, self.draw = name, build, loss, draw
        self.make_optimizers, self.half = make_optimizers, half
        self.looks: list[dict] = []

    def start(self, lr: float) -> None:
        torch.manual_seed(0)
        self.model = self.build().train()
        self.ema = copy.deepcopy(self.model).eval().requires_grad_(False)
        self.opts, self.lr = self.make_optimizers(self.model, lr), lr
        self.seconds, self.step, self.losses = 0.0, 0, []

    def train(self, until: float, batches: Batches) -> None:
        """Steps until `until` processor seconds of training."""
        begun = time.process_time() - self.seconds
        while self.seconds < until:
            for opt in self.opts:
                for group in opt.param_groups:
                    group["lr"] = opt.defaults["lr"] * min(1.0, (self.step + 1) / 50)  # a warm-up, then constant
            generator = torch.Generator().manual_seed(self.step)
            with torch.autocast("cpu", torch.bfloat16, enabled=self.half):
                value = self.loss(self.model, batches(self.step), generator)
            value.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            for opt in self.opts:
                opt.step()
            self.model.zero_grad()
            average(self.ema, self.model, self.step, EMA)
            self.losses.append(value.item())
            self.step += 1
            self.seconds = time.process_time() - begun

    def look(self) -> dict:
        """Quality now."""
        labels, generator = torch.arange(DRAWN) % 10, torch.Generator().manual_seed(0)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=self.half):
            made = torch.cat([to_bytes(self.draw(self.ema, part, generator)) for part in labels.split(100)])
        found = frechet.report(made, labels)
        keys = ("frechet", "frechet_relative", "agreement")
        self.looks.append({"seconds": self.seconds, "steps": self.step} | {k: found[k] for k in keys})
        return self.looks[-1]


def flow_loss(model, batch, generator):
    return flow.loss(model, batch, generator=generator)


def flow_draw(model, labels, generator):
    return flow.sample(model, labels, shape=(1, 28, 28), steps=16, generator=generator)


def noise_loss(model, batch, generator, scheduler=DDPMScheduler(num_train_timesteps=1000)):  # noqa: B008
    """The loop of diffusers' documentation."""
    x, labels = batch
    noise = torch.randn(x.shape, generator=generator)
    t = torch.randint(1000, (len(x),), generator=generator)
    return F.mse_loss(model(scheduler.add_noise(x, noise, t), t / 1000, labels).float(), noise)


def noise_draw(model, labels, generator, steps: int = 25):
    scheduler = DDIMScheduler(num_train_timesteps=1000)
    scheduler.set_timesteps(steps)
    x = torch.randn(len(labels), 1, 28, 28, generator=generator)
    for t in scheduler.timesteps:
        out = model(x, torch.full((len(x),), int(t) / 1000), labels).float()
        x = scheduler.step(out, t, x).prev_sample
    return x


def contestants() -> list[Contestant]:
    fast = runtime.precision()[0] == torch.bfloat16

    def adam(model, lr):
        return [torch.optim.AdamW(model.parameters(), lr=lr)]

    def ours(model, lr):
        return optimizers(model, lr, muon=20 * lr)

    return [  # the peer's transformer is faster in fp32, see bench.json
        Contestant("ours", dit, flow_loss, flow_draw, ours, fast),
        Contestant("diffusers-unet", PeerUNet, noise_loss, noise_draw, adam, fast),
        Contestant("diffusers-dit", PeerDiT, noise_loss, noise_draw, adam, False),
    ]


def tuned(contestant: Contestant, batches: Batches) -> dict[float, float]:
    """The loss at the end of a short run at each rate; the best one is chosen, and the run starts anew."""
    found = {}
    for lr in RATES:
        contestant.start(lr)
        contestant.train(TUNED, batches)
        last = contestant.losses[-max(1, round(SHARE * len(contestant.losses))) :]
        found[lr] = sum(last) / len(last)
    contestant.start(min(found, key=found.get))
    return found


def crossing(looks: list[dict], mark: float) -> float | None:
    """Seconds at which the distance passes `mark`, on a straight line between looks in logarithms; None if never."""
    before = None
    for look in looks:
        if look["frechet_relative"] <= mark:
            if before is None:
                return look["seconds"]
            a, b = (torch.tensor([one["seconds"], one["frechet_relative"]]).log() for one in (before, look))
            share = (torch.tensor(mark).log() - a[1]) / (b[1] - a[1])
            return float((a[0] + share * (b[0] - a[0])).exp())
        before = look
    return None


def run(write: bool = True, last: float = LAST) -> dict:
    """All contestants, each until it passes the mark or `last` seconds are gone."""
    torch.set_num_threads(1)
    pictures = data.load("fashion")
    batches, racing = Batches(pictures.floats(), pictures.labels), contestants()
    rates = {one.name: tuned(one, batches) for one in racing}
    at, left = FIRST, list(racing)
    while left and at <= last:
        for one in list(left):
            one.train(at, batches)
            look = one.look()
            print(f"{one.name:<16}{one.seconds:7.0f} s  {one.step:5} steps  {look['frechet_relative']:.2f}", flush=True)
            if look["frechet_relative"] <= MARK:
                left.remove(one)
        at *= GROWTH
    made_by = provenance.made_by()
    rows = [
        {
            "name": one.name,
            "parameters": size(one.model),
            "lr": one.lr,
            "tried": {str(k): v for k, v in rates[one.name].items()},
            "seconds": crossing(one.looks, MARK),
            "looks": one.looks,
            **made_by,
        }
        for one in racing
    ]
    for row in rows[1:]:
        reached = row["seconds"] or row["looks"][-1]["seconds"]  # a peer that never came there took longer than this
        row["ratio"], row["reached"] = (
            reached / rows[0]["seconds"] if rows[0]["seconds"] else None,
            bool(row["seconds"]),
        )
    out = {"name": "quality", "mark": MARK, "frechet_n": DRAWN, **made_by, "threads": 1, "rows": rows}
    if write:
        results.write("quality", out)
    return out
