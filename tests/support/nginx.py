# SPDX-License-Identifier: MIT
"""nginx with the project's example of a cache, in front of a gateway.

    with Nginx(gateway_port) as nginx:
        nginx.get("/live/one/manifest.mpd")
"""

import http.client
import os
import shutil
import socket
import subprocess
import tempfile

from gateway import ROOT, wait_until

EXAMPLE = os.path.join(ROOT, "config", "nginx.conf")

# What stands around the example on a Debian system, but in a folder of ours.
MAIN = """
daemon off;
{user}
pid {folder}/pid;
error_log stderr warn;
worker_processes 1;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  include {folder}/example.conf;
}}
"""


def available():
    return shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Nginx:
    """Only addresses and folders of the example are changed."""

    def __init__(self, upstream):
        self.upstream = upstream
        self.folder = tempfile.mkdtemp(prefix="penstock-nginx-")

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="ascii") as file:
            file.write(text)

    def _configure(self):
        with open(EXAMPLE, encoding="ascii") as file:
            text = file.read()
        for old, new in (("listen 80;", f"listen 127.0.0.1:{self.port};"),
                         ("127.0.0.1:8080", f"127.0.0.1:{self.upstream}"),
                         ("/var/cache/nginx", self.folder)):
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        self._write("example.conf", text)
        self._write("nginx.conf", MAIN.format(
            folder=self.folder, user="user root;" if os.getuid() == 0 else ""))

    def _start(self):
        self.port = free_port()
        self._configure()
        self.process = subprocess.Popen(
            [available(), "-p", self.folder, "-c",
             os.path.join(self.folder, "nginx.conf")],
            stdin=subprocess.DEVNULL)

    def _listens(self):
        if self.process.poll() is not None:
            self._start()  # somebody was faster to that port
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def __enter__(self):
        self._start()
        wait_until(self._listens, 20, "nginx")
        return self

    def __exit__(self, *unused):
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.folder)

    def ask(self, path, **headers):
        """Sends a request; the answer is read later."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        client.request("GET", path, headers={
            name.replace("_", "-"): value for name, value in headers.items()})
        return client

    def get(self, path, **headers):
        """(answer, body)"""
        client = self.ask(path, **headers)
        answer = client.getresponse()
        body = answer.read()
        client.close()
        return answer, body
