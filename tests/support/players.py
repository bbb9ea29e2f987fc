# SPDX-License-Identifier: MIT
"""A page with hls.js or Shaka Player, for browser tests.

    with players.Page("hls") as site, browser.Browser() as page:
        page.open(site.url(gateway.http("live/one/master.m3u8")))
        page.wait_until("document.querySelector('video').currentTime > 1")

The players come from scripts/fetch-test-players. What they said that is wrong
is in `window.problems`, errors that they overcame by themselves included.
"""

import http.server
import os
import threading
import urllib.parse

from gateway import ROOT

FOLDER = os.path.join(ROOT, ".cache", "test-players")

PLAYERS = {
    "hls": ("hls.min.js", """
      const player = window.player = new Hls({
        lowLatencyMode: true, enableWorker: false });
      player.on(Hls.Events.ERROR, (event, data) => problems.push(
        `${data.fatal ? "fatal " : ""}${data.details} ${
          data.response ? data.response.code : ""}`));
      player.attachMedia(video);
      player.loadSource(source);
    """),
    "shaka": ("shaka-player.compiled.js", """
      shaka.polyfill.installAll();
      const player = window.player = new shaka.Player();
      const note = (error) => problems.push(
        `${error.severity === 2 ? "fatal " : ""}${error.code} ${error.data} ${
          error.code ? "" : error}`);
      player.addEventListener("error", (event) => note(event.detail));
      if (low) player.configure({ streaming: { lowLatencyMode: true } });
      player.attach(video).then(() => player.load(source)).catch(note);
    """),
}

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>player</title>
<link rel="icon" href="data:,"></head>
<body><video muted autoplay playsinline></video>
<script src="/%s"></script>
<script>
"use strict";
const problems = window.problems = [];
const video = document.querySelector("video");
const query = new URLSearchParams(location.search);
const source = query.get("source");
const low = query.has("low");
%s
</script></body></html>
"""


def available(player):
    return os.path.exists(os.path.join(FOLDER, PLAYERS[player][0]))


class Page:
    """A web server of its own, as a site that embeds our streams would be."""

    def __init__(self, player):
        name, script = PLAYERS[player]
        with open(os.path.join(FOLDER, name), "rb") as file:
            files = {f"/{name}": (file.read(), "text/javascript"),
                     "/": ((PAGE % (name, script)).encode(), "text/html")}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802, the name is given
                path = urllib.parse.urlsplit(self.path).path
                body, kind = files.get(path, (b"", "text/plain"))
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *unused):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def url(self, source, **options):
        return f"http://127.0.0.1:{self.server.server_port}/?" + \
            urllib.parse.urlencode({"source": source, **options})

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
