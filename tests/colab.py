"""A machine like Google Colab's, for tests: Python with torch and an old Jupyter, and nothing of the course.

What Colab has comes from the environment that runs the tests, by links, but for what the first cell installs. IPython,
ipykernel and ipywidgets are of the old versions that Colab keeps: an installation that went by the course's ranges in
place of `--no-deps` would replace them, and be noticed. All of it is downloaded once (`python tests/colab.py`, which
`make test` runs), so that the test needs no network.
"""

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from unittest import mock

import nbformat
from nbclient import NotebookClient
from packaging.utils import canonicalize_name

OLD = ["ipython==7.34.0", "ipykernel==6.17.1", "ipywidgets==7.7.1", "traitlets==5.7.1", "jupyter-client==7.4.9"]
OLD += ["widgetsnbextension==3.6.10", "jupyterlab-widgets==3.0.15"]
BESIDE = ["backcall", "decorator", "ipython-genutils", "pickleshare", "setuptools"]  # what those need
LACKS = {"anywidget", "psygnal", "einops", "pooch", "safetensors", "pixels-tokens-noise"}
OUTPUT = "called = 0\n\n\ndef enable_custom_widget_manager():\n    global called\n    called += 1\n"
VERSIONS = "import importlib.metadata as m, json; print(json.dumps({d.name: d.version for d in m.distributions()}))"
WHEELS = Path(sys.prefix) / "colab-wheels"  # in the environment that runs the tests: of its Python
ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "constraints.txt"
ADDRESS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Repository"]


def wheels() -> Path:
    """The folder with everything that is installed here, downloaded where it is not there yet."""
    pins = [line for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines() if line.partition("==")[0] in LACKS]
    wanted, stamp = OLD + BESIDE + pins, WHEELS / "wanted.txt"
    if not stamp.exists() or stamp.read_text(encoding="utf-8").split() != wanted:
        shutil.rmtree(WHEELS, ignore_errors=True)
        command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*command, "-d", str(WHEELS), *wanted], check=True)
        stamp.write_text("\n".join(wanted), encoding="utf-8")
    return WHEELS


class Colab:
    """The machine under `home`: `python`, the folder `content` where notebooks run, and its `environment`."""

    def __init__(self, home: Path):
        self.home, self.content = home, home / "content"
        self.content.mkdir(parents=True)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home / "env")], check=True)
        self.python = home / "env" / "bin" / "python"
        pip = self.python.with_name("pip")
        pip.write_text(
            f"#!{self.python}\nfrom pip._internal.cli.main import main\n\nraise SystemExit(main())\n", encoding="utf-8"
        )
        pip.chmod(0o755)
        (site,) = (home / "env" / "lib").glob("python*/site-packages")
        self._link(home / "has")
        (site / "colab.pth").write_text(f"{home / 'has'}\nimport google.colab.output\n", encoding="utf-8")
        stub = site / "google" / "colab"
        stub.mkdir(parents=True)
        (stub.parent / "__init__.py").touch()
        (stub / "__init__.py").touch()
        (stub / "output.py").write_text(OUTPUT, encoding="utf-8")
        install = [str(self.python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps"]
        install += ["--no-index", "--find-links", str(wheels())]
        subprocess.run([*install, *OLD, *BESIDE], check=True)
        kernel = home / "jupyter" / "kernels" / "colab"
        kernel.mkdir(parents=True)
        argv = [str(self.python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        (kernel / "kernel.json").write_text(
            json.dumps({"argv": argv, "display_name": "Colab", "language": "python"}), encoding="utf-8"
        )

    @staticmethod
    def _link(folder: Path) -> None:
        """Link all that is installed here into `folder`, but for what is old on Colab or is not there."""
        without = LACKS | {name.split("==")[0] for name in OLD + BESIDE}
        folder.mkdir()
        for found in importlib.metadata.distributions():
            if canonicalize_name(found.name) not in without:
                for top in {file.parts[0] for file in found.files or []} - {"..", "__pycache__"}:
                    if not (folder / top).exists():
                        (folder / top).symlink_to(found.locate_file(top))

    def environment(self, address: str, clone: str, index: Path) -> dict[str, str]:
        """Environment variables of its processes; git finds `clone` at `address`, pip the wheels in `index`."""
        (self.home / ".gitconfig").write_text(f'[url "{clone}"]\n\tinsteadOf = {address}\n', encoding="utf-8")
        ours = ("COURSE_", "PYTHON", "PYTEST", "PIP_")
        kept = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
        return kept | {
            "HOME": str(self.home),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(index),
            "PATH": f"{self.python.parent}{os.pathsep}{os.environ['PATH']}",
            "JUPYTER_PATH": str(self.home / "jupyter"),
            "IPYTHONDIR": str(self.home / "ipython"),
            "XDG_CACHE_HOME": str(self.home / "cache"),
        }

    def run(self, notebook: nbformat.NotebookNode, address: str, clone: Path, index: Path, seconds: int = 300) -> None:
        """Run `notebook` in `content`, a cell at most `seconds`; git and pip are led as in `environment`."""
        where = {"metadata": {"path": str(self.content)}}
        client = NotebookClient(notebook, timeout=seconds, kernel_name="colab", resources=where)
        with mock.patch.dict(os.environ, JUPYTER_PATH=str(self.home / "jupyter")):
            client.execute(env=self.environment(address, clone.as_uri(), index))

    def versions(self) -> dict[str, str]:
        """Everything that is installed, by name."""
        command = [str(self.python), "-c", VERSIONS]
        found = subprocess.run(command, check=True, capture_output=True, encoding="utf-8", cwd=self.home)
        return {canonicalize_name(name): version for name, version in json.loads(found.stdout).items()}


if __name__ == "__main__":
    wheels()
