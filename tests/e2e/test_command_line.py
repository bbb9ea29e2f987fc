# SPDX-License-Identifier: MIT
"""The daemon as a command: arguments, checks, exit statuses, its end."""

import json
import os
import resource
import socket
import subprocess

import pytest

from gateway import Gateway, daemon, environment, run_daemon, wait_until

TEST = {"input": "test", "outputs": ["rtsp", "dash"]}


@pytest.fixture(name="write_map")
def fixture_write_map(tmp_path):
    def write(content):
        path = tmp_path / "map.json"
        if not isinstance(content, str):
            content = json.dumps(content)
        path.write_text(content, encoding="utf-8")
        return str(path)
    return write


def test_version_names_the_program():
    status, text = run_daemon("--version")
    assert status == 0
    assert text.startswith("penstock ")


def test_help_lists_every_option():
    status, text = run_daemon("--help")
    assert status == 0
    for word in ("ROUTEMAP.json", "--check", "--version", "PENSTOCK_LOG_LEVEL"):
        assert word in text


@pytest.mark.parametrize("arguments,message", [
    ([], "a route map is needed"),
    (["a.json", "b.json"], "only one route map can be given"),
    (["--chek", "a.json"], "Unknown option --chek"),
])
def test_wrong_arguments_exit_with_2(arguments, message):
    status, text = run_daemon(*arguments)
    assert status == 2
    assert f"penstock: {message}\n" in text


@pytest.mark.parametrize("options", [[], ["--check"]])
def test_missing_route_map_is_named(options):
    assert run_daemon(*options, "/nonexistent/map.json") == (
        2, "/nonexistent/map.json: cannot read the route map: "
        "No such file or directory\n")


@pytest.mark.parametrize("options", [[], ["--check"]])
def test_wrong_route_map_tells_all_and_starts_nothing(options, write_map):
    path = write_map('{\n"rotues": {},\n"routes": {"r": {"input": "test"}}\n}')
    assert run_daemon(*options, path) == (
        2, f'{path}:2:1: /rotues: unknown key (did you mean "routes"?)\n'
        f'{path}:3:17: /routes/r: missing "outputs"\n')


def test_check_prints_what_would_run(write_map):
    path = write_map({
        "listen": {"rtsp": "127.0.0.1:8554", "rtmp": ":1935"},
        "routes": {"live/*": {"input": "publish", "outputs": ["rtsp"]},
                   "küche": {"input": "rtsp://u:geheim@192.0.2.1/s",
                             "outputs": ["rtsp"]}}})
    status, text = run_daemon("--check", path)
    assert status == 0
    assert text.splitlines()[:5] == [
        "listen rtmp: [::]:1935",
        "listen rtsp: 127.0.0.1:8554",
        "listen http: off",
        "template live/*: publish, anybody may -> rtsp",
        "route küche: rtsp://192.0.2.1/s over tcp, with credentials -> rtsp"]
    assert "geheim" not in text


def test_environment_overrides_the_route_map(write_map):
    path = write_map({"listen": {"rtsp": ":8554"}, "routes": {"r": TEST}})
    env = environment()
    env["PENSTOCK_LISTEN_HTTP"] = "127.0.0.1:8080"
    result = subprocess.run([daemon(), "--check", path], env=env, text=True,
                            capture_output=True, timeout=20)
    assert result.returncode == 0, result.stderr
    assert "listen http: 127.0.0.1:8080\n" in result.stdout


def test_fd_limit_is_raised_to_the_hard_limit(write_map):
    path = write_map({"routes": {}})
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = 1024 if hard == resource.RLIM_INFINITY else min(hard, 1024)

    def lower():
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted // 2, wanted))

    result = subprocess.run(
        [daemon(), "--check", path], env=environment(), text=True,
        capture_output=True, timeout=20, preexec_fn=lower)
    assert result.returncode == 0, result.stderr
    assert f"file descriptors: {wanted}\n" in result.stdout


@pytest.mark.parametrize("protocol", ["rtmp", "rtsp", "http"])
def test_port_in_use_is_named_and_exits_with_1(protocol, write_map):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        listen = {"rtmp": "127.0.0.1:0", "rtsp": "127.0.0.1:0",
                  "http": "127.0.0.1:0", protocol: address}
        status, text = run_daemon(
            write_map({"listen": listen, "routes": {"r": TEST}}))
    assert status == 1, text
    assert address in text and protocol in text.lower()
    assert "cannot start" in text


def test_failing_inputs_do_not_keep_others_from_starting():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        routes = {
            "camera": {"input": f"rtsp://admin:geheim@{address}/s",
                       "outputs": ["rtsp"]},
            "origin": {"input": f"rtmp://{address}/live/one",
                       "outputs": ["rtsp"]},
            "film": {"input": "file:missing.mp4", "outputs": ["rtsp"]},
            "test": TEST}
        with Gateway(routes) as gateway:
            gateway.wait_state("test", "online")
            for name in ("camera", "origin", "film"):
                assert gateway.route(name)["state"] == "offline"
            film = os.path.join(gateway.folder.name, "missing.mp4")
            wait_until(lambda: f'no such file: "{film}"' in gateway.log(), 5,
                       "warning that names the file")
            log = gateway.log()
            status = json.dumps(gateway.status())
    assert "geheim" not in log + status


def test_sigterm_ends_it_with_idle_clients_connected():
    with Gateway({"test": TEST, "live/*": {
            "input": "publish", "outputs": ["rtsp"]}}) as gateway:
        gateway.wait_state("test", "online")
        clients = [socket.create_connection(("127.0.0.1", port), timeout=10)
                   for port in gateway.ports.values() for _ in range(3)]
        assert gateway.stop() < 5
        assert gateway.process.returncode == 0
        assert "still closing" not in gateway.log()
        for client in clients:
            with client:
                try:
                    while client.recv(65536):
                        pass
                except ConnectionResetError:
                    pass
