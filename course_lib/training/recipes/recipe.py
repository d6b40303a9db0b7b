"""What a recipe says: how a model is built and trained, what it reads, how it draws and what is measured of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from torch import Tensor, nn

from ...data import Pictures
from ...methods import autoregressive, bridges, flow, masked
from ...networks import Judged

# How the three families draw, and what they pay.
IN_TURN = {"family": "autoregressive", "sample": autoregressive.sample, "half": False, "nats": autoregressive.nats}
HIDDEN = {"family": "masked", "sample": masked.sample, "passes": 12, "dials": {"steps": 12}}
HIDDEN |= {"nats": partial(masked.bound, draws=10)}
BLOCKWISE = IN_TURN | {"sample": bridges.sample, "nats": partial(bridges.bound, block=1), "dials": {"block": 1}}
NOISE = {"family": "noise", "sample": flow.sample, "passes": 16, "dials": {"steps": 16}}


@dataclass(frozen=True)
class Reading:
    """What a model reads of pictures, and how what it makes becomes pictures again."""

    encode: Callable[[Pictures], Tensor]  # pictures to what the loss wants, [N, …]
    shape: tuple[int, ...] = ()  # of what is drawn, for one picture
    decode: Callable[[Tensor], Tensor] | None = None  # what is drawn, to uint8 [N, C, H, W]
    uses: tuple[str, ...] = ()  # shipped models that it takes; their training is charged to this one


@dataclass(frozen=True)
class Recipe:
    """What is trained, on what, how, for how long; how it draws; what is measured."""

    build: Callable[[], nn.Module]
    loss: Callable
    reads: Reading
    about: str
    steps: int
    batch: int = 64
    lr: float = 1e-3
    muon: float = 0.0
    ema: float = 0.999
    labels: Callable[[Pictures], Tensor] = lambda pictures: pictures.labels
    plain: Callable[[Pictures], tuple[Tensor, Tensor]] | None = None  # x and labels to measure, if other ones
    batches: Callable[[], Callable] | None = None  # endless batches drawn on the fly, in place of encoded pictures
    start: Callable[[nn.Module, Tensor], None] | None = None  # before the first step, with what was encoded
    untrained: float = 0.0  # share of the loss's operations through which no gradient flows: a teacher's
    critic: Callable[[], nn.Module] | None = None  # a network that learns beside the model what it draws
    teachers: tuple[str, ...] = ()  # shipped models that the loss asks; their training is charged too
    family: str = ""  # "autoregressive", "masked" or "noise"
    sample: Callable | None = None  # (model, labels, *, shape, guidance, generator, **dials) -> what is drawn
    half: bool = True  # whether it draws in half precision
    passes: int = 0  # calls of the network for a picture, unless `steps` says otherwise
    nats: Callable | None = None  # (model, x, labels) -> [B], a bound for masked models
    measures: tuple[str, ...] = ()  # kinds of numbers, in the order in which `experiments.models` takes them
    guidance: tuple[float, ...] = (1.0, 1.25, 1.5, 2.0)  # scales tried on validation
    drawn: tuple[int, int] = (10_000, 2_000)  # pictures on the test set, and for each choice on validation
    dials: dict = field(default_factory=dict)  # of the sampler, where its own are not meant
    data: str = "fashion"

    def as_they_are(self, pictures: Pictures) -> tuple[Tensor, Tensor]:
        """What is measured of pictures: encoded, with labels, and not varied as some are for training."""
        return self.plain(pictures) if self.plain else (self.reads.encode(pictures), self.labels(pictures))

    def trained(self, model: nn.Module) -> nn.Module:
        """What learns: the model, beside its critic where the recipe has one; `student` of it is the model again."""
        return Judged(model, self.critic()) if self.critic else model

    @property
    def uses(self) -> tuple[str, ...]:
        """All shipped models on which this one rests."""
        return self.reads.uses + self.teachers
