# SPDX-License-Identifier: MIT
"""The examples of a gateway inside an application run and serve."""

import json
import os
import signal
import socket
import subprocess

import pytest

from gateway import ROOT, build_dir, environment, wait_until

TYPELIB = os.path.join(build_dir(), "gateway", "Penstock-0.1.typelib")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def routes(tmp_path):
    port = free_port()
    path = tmp_path / "routes.json"
    path.write_text(json.dumps({
        "listen": {"rtsp": f"127.0.0.1:{port}"},
        "routes": {"bars": {"input": "test", "outputs": ["rtsp"]}}}))
    return str(path), port


def embedding_environment():
    env = environment()
    env.update({
        "GI_TYPELIB_PATH": os.path.join(build_dir(), "gateway"),
        "LD_LIBRARY_PATH": ":".join(os.path.join(build_dir(), folder)
                                    for folder in ("gateway", "gst-plugins")),
    })
    return env


def has_picture(port):
    answer = subprocess.run(
        ["ffprobe", "-v", "error", "-rtsp_transport", "tcp", "-show_entries",
         "stream=codec_name", f"rtsp://127.0.0.1:{port}/bars"],
        capture_output=True, text=True, timeout=30, check=False)
    return "codec_name=h264" in answer.stdout


def check_serves(command, port):
    # Who runs the tests in the background ignores SIGINT, and so would it.
    process = subprocess.Popen(
        command, env=embedding_environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    try:
        wait_until(lambda: has_picture(port), 40, "a picture")
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=20)
    finally:
        process.kill()
    return process.returncode, output


def test_c_application_runs_a_gateway(routes):
    path, port = routes
    check_serves([os.path.join(build_dir(), "examples", "embed"), path], port)


@pytest.mark.skipif(not os.path.exists(TYPELIB),
                    reason="built without introspection")
def test_python_application_runs_a_gateway(routes):
    path, port = routes
    code, output = check_serves(
        ["/usr/bin/python3", os.path.join(ROOT, "examples", "embed.py"), path],
        port)
    assert code == 0, output
    assert "bars online" in output
    assert "Leaks detected" not in output


# Kicks everybody who joins, tells of it, and ends when they have left.
TELLS_OF_VIEWERS = """
import json, sys
import gi
gi.require_version("Gst", "1.0")
gi.require_version("Penstock", "0.1")
from gi.repository import GLib, Gst, Penstock

Gst.init(None)
loop = GLib.MainLoop()
server = Penstock.Server.new(Penstock.Config.new_from_file(sys.argv[1]))

def joined(server, viewer):
    listed = server.list_viewers("bars")[0]
    assert listed.get_id() == viewer.get_id() and listed.is_playing()
    answer = json.loads(server.control('{"method":"list-viewers"}'))
    print(json.dumps(answer["result"]["viewers"][0]), flush=True)
    assert server.kick_viewer(viewer.get_id())

def left(server, viewer):
    print(json.dumps([viewer.get_route(), viewer.get_peer()]), flush=True)
    loop.quit()

server.connect("viewer-joined", joined)
server.connect("viewer-left", left)
server.start()
loop.run()
server.connect("stopped", lambda server: loop.quit())
server.stop()
loop.run()
"""


@pytest.mark.skipif(not os.path.exists(TYPELIB), reason="no introspection")
def test_python_is_told_of_viewers_and_closes_them(routes):
    path, port = routes
    process = subprocess.Popen(
        ["/usr/bin/python3", "-c", TELLS_OF_VIEWERS, path],
        env=embedding_environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        wait_until(lambda: has_picture(port) or process.poll() is not None, 40,
                   "a picture")
        output, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    viewer, gone = (json.loads(line) for line in output.splitlines())
    assert viewer["route"] == gone[0] == "bars"
    assert viewer["peer"] == gone[1] and "Lavf" in viewer["agent"]
