"""A web server on this machine that misbehaves as told: it cuts off, corrupts, or answers 500, request by request."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from threading import Thread


@contextmanager
def serving(contents: dict[str, bytes], behaviours: list[str] | None = None) -> Iterator[tuple[str, list[str]]]:
    """Serve `contents` (name -> bytes); yields the address and a list that grows by the name of each request.

    The first requests meet `behaviours` ("cut", "corrupt", "500"), one each; those after them are served well.
    """
    plan, asked = list(behaviours or []), []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.lstrip("/")
            asked.append(name)
            behaviour = plan.pop(0) if plan else "well"
            if behaviour == "500" or name not in contents:
                self.send_error(500 if behaviour == "500" else 404)
                return
            body = contents[name]
            if behaviour == "corrupt":
                body = body[:-1] + bytes([body[-1] ^ 1])
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if behaviour == "cut" else body)

        def log_message(self, *_):
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def nobody_there() -> str:
    """An address on this machine at which nothing listens."""
    with socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"
