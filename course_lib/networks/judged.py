"""A network with a critic that learns beside it. Built in notebook 12."""

from torch import nn


class Judged(nn.Module):
    """A `student`, which is used and kept, beside the `critic` that learns what it draws.

    The critic's learning rates are `pace` times the student's: its lessons change with every step of the student, so
    it must keep up. (arXiv 2405.14867 gives it five steps for one of the student instead.)
    """

    def __init__(self, student: nn.Module, critic: nn.Module, pace: float = 20.0):
        super().__init__()
        self.student, self.critic = student.requires_grad_(True), critic.requires_grad_(True)
        critic.pace = pace
