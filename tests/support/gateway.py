# SPDX-License-Identifier: MIT
"""The built daemon as a child process, and the peers around it."""

import functools
import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))

# Lines a healthy gateway never prints.
BAD_LINE = re.compile(
    r"CRITICAL|GLib.*WARN|GStreamer.*WARN|assertion .* failed|"
    r"Sanitizer|runtime error:|Leaks detected")


def build_dir():
    return os.path.abspath(
        os.environ.get("PENSTOCK_BUILD", os.path.join(ROOT, "build-test")))


def daemon():
    return os.path.join(build_dir(), "gateway", "penstock")


@functools.lru_cache
def sanitizer_runtime():
    """Libraries of a build with sanitizers, which have to be first in other
    programs that load its plugin; empty for other builds."""
    libraries = subprocess.run(["ldd", daemon()], capture_output=True,
                               text=True, check=True, timeout=20).stdout
    runtime = re.findall(r"=> (\S*/lib[at]san\.\S+)", libraries)
    # The sanitizer looks for the C++ runtime when the program begins, and ends
    # it when something that is loaded later throws; GIO's proxy resolver, which
    # every connecting client loads, does (libproxy).
    return " ".join([*runtime, "libstdc++.so.6"] if runtime else [])


def environment(program=None):
    """Of our daemon, or of another @program."""
    env = dict(os.environ)
    env.update({
        "GST_REGISTRY": os.path.join(build_dir(), "tests", "registry.bin"),
        "GST_PLUGIN_PATH_1_0": os.path.join(build_dir(), "gst-plugins"),
        "G_DEBUG": "fatal-criticals",
        # For a build with sanitizers: plugins are looked at by the process
        # itself, not by a helper without them; other builds take no notice.
        # The leak sanitizer of gcc 12 follows stale thread-local memory of
        # TLS threads and crashes, unless it does not note what is dynamic.
        "GST_REGISTRY_FORK": "no",
        "ASAN_OPTIONS": "detect_leaks=1:intercept_tls_get_addr=0:fast_unwind_on_malloc=0:"
                        "malloc_context_size=12",
        "LSAN_OPTIONS": "print_suppressions=0:suppressions=" + os.path.join(
            ROOT, "tests", "support", "lsan.supp"),
        "UBSAN_OPTIONS": "print_stacktrace=1",
    })
    if program and program.startswith("gst-") and sanitizer_runtime():
        env["LD_PRELOAD"] = sanitizer_runtime()
        env["ASAN_OPTIONS"] = "detect_leaks=0"  # not ours alone
    return env


def wait_until(check, timeout, what, poll=0.05):
    """The first true value of check(), which is asked every @poll seconds;
    fails with @what after @timeout. What is callable is told at that time."""
    deadline = time.monotonic() + timeout
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(
                f"not within {timeout} s: {what() if callable(what) else what}")
        time.sleep(poll)


class Gateway:
    """Starts the daemon with @routes on ports of the system's choice; @env is
    added to its environment."""

    def __init__(self, routes, wait=True, env=None, **config):
        self.config = {
            "listen": {"rtmp": "127.0.0.1:0", "rtsp": "127.0.0.1:0",
                       "http": "127.0.0.1:0"},
            "routes": routes, **config}
        self.folder = tempfile.TemporaryDirectory(prefix="penstock-test-")
        self.path = os.path.join(self.folder.name, "routes.json")
        self.write_config()
        self.lines = []
        self.ports = {}
        self.process = subprocess.Popen(
            # The tracer tells at the end whether a GStreamer object is left.
            [daemon(), self.path], text=True,
            env={**environment(), "GST_TRACERS": "leaks", **(env or {})},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, errors="replace")
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if wait:
            self.wait_ready()

    def write_config(self):
        with open(self.path, "w", encoding="utf-8") as file:
            json.dump(self.config, file)

    def reload(self, **config):
        """SIGHUP with a changed route map: the lines that tell of it. What
        the status says is up to half a second old and has to be waited for."""
        self.config.update(config)
        self.write_config()
        begin = len(self.lines)
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: any("reloaded" in line
                               for line in self.lines[begin:]), 20,
                   lambda: f"an answer to SIGHUP\n{self.log()}")
        return self.lines[begin:]

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            match = re.search(r"http://[^ ]*?:(\d+)/", line)
            if match and "http" not in self.ports:
                self.ports["http"] = int(match.group(1))
                self._ready.set()
        self._ready.set()

    def wait_ready(self, timeout=30):
        assert self._ready.wait(timeout) and "http" in self.ports, self.log()
        wait_until(self._get_ports, timeout, "status.json")

    def _get_ports(self):
        try:
            self.ports = self.status()["listen"]
            return True
        except (OSError, urllib.error.URLError):
            assert self.process.poll() is None, self.log()
            return False

    def log(self):
        return "\n".join(self.lines[-200:])

    def wait_log(self, text, count=1, timeout=10):
        """What is logged comes a moment after what it is about."""
        wait_until(lambda: self.log().count(text) >= count, timeout,
                   lambda: f"{text}\n{self.log()}")

    # --- addresses

    def http(self, path=""):
        return f"http://127.0.0.1:{self.ports['http']}/{path}"

    def rtsp(self, path):
        return f"rtsp://127.0.0.1:{self.ports['rtsp']}/{path}"

    def rtmp(self, path):
        return f"rtmp://127.0.0.1:{self.ports['rtmp']}/{path}"

    # --- status

    def get(self, path, timeout=5):
        with urllib.request.urlopen(self.http(path), timeout=timeout) as answer:
            return answer.read()

    def status(self):
        return json.loads(self.get("status.json"))

    def route(self, name):
        for route in self.status()["routes"]:
            if route["name"] == name:
                return route
        return None

    def wait_state(self, name, state, timeout=20):
        def check():
            route = self.route(name)
            return route if route and route["state"] == state else None
        return wait_until(check, timeout,
                          lambda: f"{name} {state}\n{self.log()}")

    def wait_manifest(self, name, timeout=20):
        def check():
            try:
                return self.get(f"{name}/manifest.mpd")
            except urllib.error.HTTPError:
                return None
        return wait_until(check, timeout,
                          lambda: f"manifest of {name}\n{self.log()}")

    def wait_no_readers(self, timeout=30):
        """Until no RTSP session is left. DASH keeps none: its readers are
        those that asked within the last 15 s, which nobody has to wait for."""
        def check():
            return not any(output["readers"]
                           for route in self.status()["routes"]
                           for output in route["outputs"]
                           if output["type"] == "rtsp")
        wait_until(check, timeout, lambda: f"no readers\n{self.log()}")

    def usage(self):
        """File descriptors, threads and resident KiB of the daemon."""
        process = f"/proc/{self.process.pid}"
        with open(f"{process}/status", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file)
        return {"fds": len(os.listdir(f"{process}/fd")),
                "threads": int(fields["Threads"]),
                "kib": int(fields["VmRSS"].split()[0])}

    # --- end

    def stop(self, timeout=10):
        """SIGTERM; returns the seconds it took."""
        begin = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout)
        self._reader.join(5)
        return time.monotonic() - begin

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("SIGTERM did not end it\n" + self.log())
        finally:
            self.folder.cleanup()
        if kind is not None:
            print(self.log())  # pytest shows it with the failure
        else:
            assert self.process.returncode == 0, self.log()
            bad = [line for line in self.lines if BAD_LINE.search(line)]
            assert not bad, "\n".join(bad)


class Process:
    """A peer that is killed at the end of the block."""

    def __init__(self, command, **kwargs):
        self.command = command
        self.process = subprocess.Popen(
            command, env=environment(command[0]),
            stdin=kwargs.pop("stdin", subprocess.DEVNULL),
            stdout=kwargs.pop("stdout", subprocess.DEVNULL),
            stderr=kwargs.pop("stderr", subprocess.PIPE), **kwargs)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def wait(self, timeout):
        out, err = self.process.communicate(timeout=timeout)
        return self.process.returncode, out, (err or b"").decode(
            errors="replace")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.process.poll() is None:
            self.kill()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()


def publish(clip, url, loop=True, extra=()):
    """ffmpeg that publishes a clip at its pace, without encoding."""
    return Process(
        ["ffmpeg", "-nostdin", "-v", "error", "-re",
         *(["-stream_loop", "-1"] if loop else []), "-i", clip, "-c", "copy",
         *extra, "-f", "flv", "-flvflags", "no_duration_filesize", url])


def probe(url, transport="tcp", timeout=20):
    """Streams as ffprobe tells them."""
    extra = ["-rtsp_transport", transport] if url.startswith("rtsp") else []
    result = subprocess.run(
        ["ffprobe", "-v", "error", *extra, "-show_streams", "-of", "json",
         url], capture_output=True, text=True, timeout=timeout)
    assert result.returncode == 0, result.stderr
    return {stream["codec_type"]: stream
            for stream in json.loads(result.stdout)["streams"]}


def rtspsrc_frames(url, frames, *properties, filters="h264parse", timeout=30):
    """Video frames that GStreamer's rtspsrc gets of a URL, and what it said;
    it stops at `frames`. Its exit status tells nothing: rtspsrc calls it an
    error when it is stopped before PAUSE has been answered."""
    result = subprocess.run(
        ["gst-launch-1.0", "-v", "rtspsrc", "latency=200", f"location={url}",
         *properties, "!", "rtph264depay", "!", *filters.split(), "!",
         "fakesink", f"num-buffers={frames}", "silent=false"],
        capture_output=True, text=True, timeout=timeout)
    return result.stdout.count("last-message = chain"), result.stderr


def run_daemon(*arguments, timeout=20):
    """The daemon as a command: (exit status, all it printed)."""
    result = subprocess.run(
        [daemon(), *arguments], env=environment(), text=True,
        capture_output=True, timeout=timeout)
    return result.returncode, result.stdout + result.stderr
