"""Questions about scenes and their answers, and captions that are sums. Built in notebook 17."""

from random import Random

from course_lib.data.captions import COUNTS, KIND, NOUNS, PLURALS, noun_phrase
from course_lib.data.dialogues import reference
from course_lib.data.meaning import RELATIONS, Thing, holds
from course_lib.data.scenes import EASY, GROUNDS

SINGULAR, PLURAL = ({shape: noun for noun, shape in names.items()} for names in (NOUNS, PLURALS))


def question(cells: list[int], dice: Random) -> tuple[str, str]:
    """A question about a scene of `EASY` and its one answer: "the red object", "object left of the circle", "squares".

    The answers are all of an object and where it is, all of an object, and how many: there is one at least.
    """
    full = [i for i, cell in enumerate(cells) if cell]
    here, there = dice.choice(full), dice.choice(full)
    shape, colour, size = KIND[cells[here]]
    names = [name for name in RELATIONS if [i for i in full if i != there and holds(name, i, there, EASY)] == [here]]
    if names and dice.random() < 0.6:
        said = noun_phrase(reference(cells, there, dice))
        return f"object {dice.choice(names)} the {said}", noun_phrase(Thing(size, colour, shape))
    if dice.random() < 0.5:
        return "the " + noun_phrase(reference(cells, here, dice)), noun_phrase(Thing(size, colour, shape, here))
    return PLURAL[shape], COUNTS[sum(KIND[cells[i]][0] == shape for i in full) - 1]


def sums(cells: list[int], ground: int, dice: Random) -> str:
    """A caption that only counts, and may have to be added up: "two circles and one circle on grey"."""
    parts: list[list[int]] = []
    shapes = sorted(KIND[cell][0] for cell in cells if cell)
    for shape in shapes:
        if parts and parts[-1][1] == shape and dice.random() < 0.5:
            parts[-1][0] += 1
        else:
            parts.append([1, shape])
    dice.shuffle(parts)
    said = [f"{COUNTS[n - 1]} {(PLURAL if n > 1 else SINGULAR)[shape]}" for n, shape in parts]
    return " and ".join(said) + f" on {GROUNDS[ground]}"
