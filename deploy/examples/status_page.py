"""A scheduler that does nothing but obey, and its status page: ``python3 status_page.py OVERRIDE PORT``."""

import json, sys, threading, time  # noqa: E401, I001
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from override_reader import read_override

page = {"status": "enabled", "since": datetime.now(UTC).isoformat(), "cycle": 0, "warnings": []}


class Status(BaseHTTPRequestHandler):
    """Answers every question with the page."""

    def do_GET(self) -> None:
        """The page as it is now."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(page).encode())


server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Status)
threading.Thread(target=server.serve_forever, daemon=True).start()
while True:
    stop, page["warnings"] = read_override(Path(sys.argv[1]))
    if page["status"] != (word := "disabled" if stop else "enabled"):
        page.update(status=word, since=datetime.now(UTC).isoformat())
    page["cycle"] += not stop  # here is where one cycle of trading would be
    time.sleep(0.2)
