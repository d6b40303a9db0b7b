"""The command line: `course doctor · update · pack · data · train · …`; status 0, or a one-line reason.

Each command imports what it needs when it runs, so that `--help` answers at once.
"""

import argparse
import json
import subprocess
import sys

from course_lib import printable


def doctor(_) -> int:
    """what the course runs on here: versions, device, precision, cores, memory, files; ends in "ready" or what to do"""
    from course_lib.places.doctor import examine

    rows, remedies = examine()
    for what, finding in rows:
        print(f"{what:<12}{finding}")
    print("ready" if not remedies else "not ready: " + "; ".join(remedies))
    return bool(remedies)


def update(_) -> int:
    """the newest course in this clone; changed notebooks that are in its way are set aside in my-work, never lost"""
    from course_lib.places.update import update

    print("\n".join(update()))
    return 0


def pack(args) -> int:
    """your predictions and the notebooks you changed, in one small file: to keep what Colab or Binder will forget"""
    from course_lib.places import carry

    print("\n".join(carry.pack(args.file)))
    return 0


def unpack(args) -> int:
    """take up what `pack` wrote: predictions at once, notebooks in my-work"""
    from course_lib.places import carry

    print("\n".join(carry.unpack(args.file)))
    return 0


def data(args) -> int:
    """list the pictures and verify what ships; `fetch NAME` downloads the rest, `fill FOLDER` takes it from a folder"""
    from course_lib.data import SETS, download, files
    from course_lib.places.fill import fill_cache

    official = {name: getattr(chosen, "OFFICIAL", []) for name, chosen in SETS.items()}
    if args.action == "fetch":
        if args.what not in SETS:
            raise ValueError(f"{args.what!r} is not a set of pictures. Choose one of {', '.join(SETS)}.")
        for remote in official[args.what]:
            print(f"{remote.places[0].name}: {len(download.content(remote)):,} bytes, verified")
        if not official[args.what]:
            print(f"{args.what} ships whole: nothing to fetch")
        return 0
    if args.action == "fill":
        for path in fill_cache(args.what, [remote for remotes in official.values() for remote in remotes]):
            print(f"{path}: verified")
        return 0
    return _list(SETS, official, files.verify())


def _list(sets: dict, official: dict, found: list[tuple[str, bool, str]]) -> int:
    """One line a set of pictures and one for the checkpoints; status 1 where a file is missing or altered."""
    width = 2 + max(map(len, [*sets, "checkpoints"]))
    for name in [*sets, "checkpoints"]:
        mine = [row for row in found if row[0].startswith(f"{name}/")]
        says = f"{sum(ok for _, ok, _ in mine)} of {len(mine)} shipped files verified" if mine else "nothing shipped"
        if remotes := official.get(name):
            there = sum(any(place.exists() for place in remote.places) for remote in remotes)
            says += f"; {there} of {len(remotes)} official files in the cache"
            says += "" if there == len(remotes) else f" (the rest: course data fetch {name})"
        print(f"{name:<{width}}{says}")
    wrong = [message for _, ok, message in found if not ok]
    if wrong:
        print(f"course: {'; '.join(wrong)}", file=sys.stderr)
    return bool(wrong)


def train(args) -> int:
    """repeat the recipe that made a shipped model; interrupted, the same command goes on where it stopped"""
    from course_lib.experiments import repeat, several
    from course_lib.training import RECIPES

    if args.name is None:
        for name, recipe in RECIPES.items():
            print(f"{name:<28}{recipe.about}")
        return 0
    run = repeat.train(args.name)
    if not several.first():  # the first of several processes measures and writes
        return 0 if run.finished else 130
    if not run.finished:
        print(f"{args.name}: {run.step} steps; interrupted: the same command goes on")
        return 130
    from course_lib.experiments import models

    print(f"{args.name}: {run.step} steps in {run.seconds:.0f} s; now measured on the test set")
    print(json.dumps(models.write(args.name), indent=1))
    return 0


def experiment(args) -> int:
    """repeat a comparison and rewrite its result"""
    from course_lib.experiments import EXPERIMENTS, about, run

    if args.name is None:
        for name, function in sorted(EXPERIMENTS.items()):
            print(f"{name:<28}{about(function)}")
        return 0
    print(run(args.name))
    return 0


def verdict(args) -> int:
    """what the shipped measurements say of each of the article's claims, by rules that were written down before"""
    from course_lib.experiments import verdict

    verdict.told(verdict.verdicts())
    return 0


def bench(args) -> int:
    """race the course against its peers (extra `peers`); prints a table and writes data/results/bench.json"""
    from course_lib import runtime

    script = runtime.ROOT / "tests" / "benchmarks" / "run.py"
    if not script.exists():
        raise FileNotFoundError(f"{script} is missing. Run this in a clone of the course.")
    return subprocess.run([sys.executable, str(script), *args.rest], cwd=runtime.ROOT).returncode


def teach(args) -> int:
    """build an nbgrader course folder: notebooks with their solutions, checks, points (notebooks/TEACHING.md)"""
    from course_lib.teach.folder import build

    made = build(args.to, args.notebooks)
    print(f"{len(made)} notebooks in {', '.join(dict.fromkeys(path.parent.name for path in made))}; in {args.to}:")
    print(f"nbgrader generate_assignment {made[0].parent.name}    (nbgrader missing? pip install -e '.[lab,teach]')")
    return 0


def publish(args) -> int:
    """change the repository's address wherever it is repeated: badges, first cells, citation"""
    from course_lib.publish import publish

    changed = publish(args.slug)
    for path in changed:
        print(path)
    if not changed:
        print(f"the address is {args.slug} already")
    return 0


def parser() -> argparse.ArgumentParser:
    """All commands with their arguments; the help of each is the docstring of its function."""
    top = argparse.ArgumentParser(prog="course", description="Pixels, Tokens, Noise: the course's own commands.")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(function) -> argparse.ArgumentParser:
        made = commands.add_parser(function.__name__, help=function.__doc__, description=function.__doc__)
        made.set_defaults(function=function)
        return made

    command(doctor)
    command(update)
    command(pack).add_argument("file", nargs="?", default="my-work.zip", help="where to write (default: my-work.zip)")
    command(unpack).add_argument("file", nargs="?", default="my-work.zip", help="what to read (default: my-work.zip)")
    part = command(data).add_subparsers(dest="action", metavar="ACTION")
    fetch = part.add_parser("fetch", help="download what does not ship, from its official source, checksummed")
    fetch.add_argument("what", metavar="NAME", help="a set of pictures, such as fashion")
    fill = part.add_parser("fill", help="take official files from a folder instead of the network, checksummed")
    fill.add_argument("what", metavar="FOLDER", help="a folder that holds them, compressed or not")
    command(train).add_argument("name", metavar="NAME", nargs="?", help="a recipe; without it, all are listed")
    command(experiment).add_argument("name", metavar="NAME", nargs="?", help="without it, all are listed")
    command(verdict)
    command(bench).epilog = "What follows is passed on to the benchmarks: --only NAME, --quality, --quick."
    class_room = command(teach)
    class_room.add_argument("--to", metavar="DIR", required=True, help="a new folder")
    class_room.add_argument("notebooks", metavar="NOTEBOOK", nargs="*", help="such as 02; without it, all of them")
    command(publish).add_argument("slug", metavar="OWNER/NAME", help="the repository on GitHub")
    return top


def main(argv: list[str] | None = None) -> int:
    """Run one command; what a user can mend becomes one line on stderr and status 1, an interrupt 130."""
    printable()
    top = parser()
    args, args.rest = top.parse_known_args(argv)  # argparse's own REMAINDER can't begin with an option
    if args.rest and args.function is not bench:
        top.error(f"unrecognized arguments: {' '.join(args.rest)}")
    try:
        return int(args.function(args))
    except KeyboardInterrupt:
        print("course: interrupted", file=sys.stderr)
        return 130
    except ImportError as error:
        print(f"course: {error}. Install what is missing: pip install -e '.[lab]'", file=sys.stderr)
    except (ValueError, OSError, FloatingPointError) as error:
        print(f"course: {' '.join(str(error).split())}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
