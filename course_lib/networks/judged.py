"""A network with a critic that learns beside it."""

from torch import Tensor, nn


class Judged(nn.Module):
    """A `student`, which is used and kept, and the `critic` that learns beside it what it draws.

    Called, it is the student. The critic's learning rates are `pace` times the student's: its lessons change with every
    step of the student, so it must keep up (arXiv 2405.14867).
    """

    def __init__(self, student: nn.Module, critic: nn.Module, pace: float = 20.0):
        super().__init__()
        self.student, self.critic = student, critic.requires_grad_(True)
        critic.pace = pace

    @property
    def config(self):
        return self.student.config

    @property
    def blocks(self) -> nn.ModuleList:
        """The blocks of both, for the optimiser of matrices."""
        return nn.ModuleList([*self.student.blocks, *self.critic.blocks])

    def forward(self, *inputs: Tensor | None) -> Tensor:
        return self.student(*inputs)
