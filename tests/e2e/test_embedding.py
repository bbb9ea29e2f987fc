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
