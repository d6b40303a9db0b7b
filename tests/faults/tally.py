"""What is counted of every fault, and how many tries there are: few in the test command, all in `make faults`."""

from dataclasses import asdict, dataclass


@dataclass
class Tally:
    """Tries of one fault by how they ended; the last four must stay 0."""

    tries: int = 0
    resumed: int = 0  # it went on, to the same result as without the fault
    errors: int = 0  # one clear error, which names the file and the remedy, or the state as it was before
    broken: int = 0  # a file that is neither the old nor the new one
    lost: int = 0  # an older checkpoint that is no longer there
    executed: int = 0  # code run out of a data or weight file
    wrong: int = 0  # a wrong result or picture, or an error that nobody would understand

    def check(self) -> None:
        """Every try ended well, one way or the other."""
        assert self.tries == self.resumed + self.errors > 0, self
        assert not any((self.broken, self.lost, self.executed, self.wrong)), self

    def row(self) -> dict[str, int]:
        """For the result file."""
        return asdict(self)
