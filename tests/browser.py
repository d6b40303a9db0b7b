"""What the tests in a real browser share: a JupyterLab, headless Chromium, and ways to look and to wait."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHOTS = ROOT / "tests" / "screenshots"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]
STARTS, RUNS, ANSWERS = 120, 500, 120  # seconds, for a machine that has other work to do
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # outputs stay in the page when they are out of sight
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


def browser() -> str | None:
    """The browser on this machine; None leaves the choice to Playwright's own download."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


@contextlib.contextmanager
def jupyterlab(home: Path, **variables: str):
    """The address of a JupyterLab that serves `home`, its settings and its cache in there; `variables` for kernels."""
    for name, settings in SETTINGS.items():
        path = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = (
        os.environ
        | variables
        | {
            "COURSE_CACHE": str(home / "cache"),
            "IPYTHONDIR": str(home / "ipython"),
            "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
            "JUPYTER_CONFIG_DIR": str(home / "config"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        }
    )
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root"]
    command += ["--IdentityProvider.token=", "--expose-app-in-browser", f"--ServerApp.root_dir={home}"]
    with open(home / "lab.log", "w", encoding="utf-8") as log:
        server = subprocess.Popen(command, cwd=home, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        answers(f"http://127.0.0.1:{port}/api", server, home / "lab.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()


def answers(url: str, server: subprocess.Popen, log: Path) -> None:
    """Wait until the server answers."""
    deadline = time.monotonic() + STARTS
    while True:
        try:
            return urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            assert server.poll() is None and time.monotonic() < deadline, log.read_text(encoding="utf-8")[-3000:]
            time.sleep(0.3)


WAIT_READY = """async (name) => {
  await window.jupyterapp.restored;
  for (;;) {
    const panel = window.jupyterapp.shell.currentWidget;
    if (panel && panel.context && panel.context.path.endsWith(name)) {
      await panel.context.ready;
      await panel.sessionContext.ready;
      break;
    }
    await new Promise((done) => setTimeout(done, 200));
  }
  window.panel = window.jupyterapp.shell.currentWidget;
  return null;
}"""
RUN_ALL = """() => {
  window.finished = false;
  window.jupyterapp.commands.execute("notebook:run-all-cells").finally(() => (window.finished = true));
  return null;
}"""
OUTPUTS = """() => JSON.stringify([...window.panel.content.model.cells].filter((c) => c.type === "code").map((c) => {
  const outputs = [];
  for (let i = 0; i < c.outputs.length; i++) outputs.push(c.outputs.get(i).toJSON());
  return { count: c.executionCount, text: c.sharedModel.getSource().slice(0, 200),
    wrong: outputs.filter((o) => o.output_type === "error" || o.name === "stderr").map((o) => o.evalue || o.text) };
}))"""


def run_all(page, lab, name: str) -> None:
    """Open the notebook and run all of its cells; none may leave an error or write to stderr."""
    address, _ = lab
    workspace = Path(name).stem  # one of its own, or the notebook of the last test opens too
    page.goto(f"{address}/lab/workspaces/{workspace}/tree/notebooks/{name}", timeout=STARTS * 1000)
    page.wait_for_function("() => window.jupyterapp !== undefined", timeout=STARTS * 1000)
    page.evaluate(WAIT_READY, name)
    page.evaluate("() => { window.panel.content.model.cells.length; return null; }")
    start = time.monotonic()
    page.evaluate(RUN_ALL)
    page.wait_for_function("() => window.finished", timeout=RUNS * 1000)
    print(f"\n{name}: all cells in {time.monotonic() - start:.0f} s")
    cells = [cell for cell in json.loads(page.evaluate(OUTPUTS)) if cell["text"].strip()]
    assert not [cell for cell in cells if cell["wrong"]]
    assert [cell["count"] for cell in cells] == list(range(1, len(cells) + 1)), "some cell did not run"


def drawn(scope) -> str:
    """What the canvases (or, where there are none, the pictures) in `scope` show."""
    return scope.evaluate("""(node) => {
      const canvases = [...node.querySelectorAll("canvas")].map((c) => c.toDataURL());
      return canvases.length ? canvases.join() : [...node.querySelectorAll("img")].map((i) => i.src).join();
    }""")


def changes(page, scope, before: str, what: str) -> str:
    """Wait until `scope` shows something else than `before`."""
    deadline = time.monotonic() + ANSWERS
    while (now := drawn(scope)) == before:
        assert time.monotonic() < deadline, f"the picture did not change: {what}"
        page.wait_for_timeout(100)
    return now


def shoot(scope, name: str) -> None:
    SHOTS.mkdir(exist_ok=True)
    scope.screenshot(path=SHOTS / f"{name}.png")
    assert (SHOTS / f"{name}.png").stat().st_size > 3000


def set_slider(slider, key: str) -> None:
    """Move a range by its keyboard, as a reader does who has no mouse."""
    slider.focus()
    slider.press(key)
