# SPDX-License-Identifier: MIT
"""The elements in gst-launch-1.0: their pages in gst-inspect-1.0, and every
line that README.md and the elements' own comments tell people to type."""

import contextlib
import glob
import os
import re
import shlex
import socket
import subprocess

import pytest

import media
from gateway import ROOT, Process, environment, publish, wait_until

ELEMENTS = ["penstockchannelsink", "penstockchannelsrc", "penstockdashsink",
            "penstockfanout", "penstockrtmpsink", "penstockrtmpsrc"]


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def launch_lines(path):
    """Lines to be typed, in a Markdown page or a comment of C."""
    return re.findall(r"^(?: \* )?(gst-launch-1\.0 .*)$", read(path), re.M)


def all_lines():
    """Every line, as (its page, the line)."""
    pages = ["README.md", *sorted(
        os.path.relpath(path, ROOT)
        for path in glob.glob(f"{ROOT}/gst-plugins/**/*.c", recursive=True))]
    return [(page, line) for page in pages for line in launch_lines(page)]


def inspect(name):
    result = subprocess.run(
        ["gst-inspect-1.0", "--no-colors", name],
        env=environment("gst-inspect-1.0"), capture_output=True, text=True,
        timeout=60)
    assert result.returncode == 0, result.stderr
    return result.stdout


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_readable(url):
    """Whether ffprobe can play an RTMP stream."""
    return subprocess.run(
        ["ffprobe", "-v", "error", "-rw_timeout", "3000000", url],
        capture_output=True, timeout=60, check=False).returncode == 0


def run_until_it_works(words, folder, url):
    """Plays a line until it has done what it is for."""
    with contextlib.ExitStack() as stack:
        process = stack.enter_context(Process(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
        os.set_blocking(process.process.stdout.fileno(), False)
        seen = []

        def output():
            seen.append((process.process.stdout.read() or b"").decode(
                errors="replace"))
            text = "".join(seen)
            assert "ERROR" not in text, text
            # A push says that its server is not there yet.
            assert "WARNING" not in text or "mode=push" in words, text
            return text

        def plays():
            """A fakesink's last-message tells that buffers come."""
            code = process.process.poll()
            text = output()
            assert code in (None, 0), text
            return code == 0 or "last-message = chain" in text

        if "penstockrtmpsrc" in words:
            wait_until(lambda: is_listening(url), 30, output)
            stack.enter_context(publish(media.clip(seconds=10), url))
            wait_until(plays, 30, output)
        elif "mode=push" in words:
            wait_until(lambda: arrives(url, folder), 30, output)
        elif "penstockrtmpsink" in words:
            wait_until(lambda: is_readable(url), 30, output)
        elif "penstockdashsink" in words:
            wait_until(lambda: os.path.exists(f"{folder}/manifest.mpd"), 30,
                       output)
        else:
            wait_until(plays, 30, output)
        output()


def arrives(url, folder):
    """Whether a server gets a second of what is pushed to @url. The line
    may have begun before there is one."""
    return subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-y", "-listen", "1", "-f", "flv",
         "-i", url, "-c", "copy", "-t", "1", f"{folder}/pushed.mkv"],
        capture_output=True, timeout=60, check=False).returncode == 0


def is_listening(url):
    port = int(re.search(r":(\d+)/", url).group(1))
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("page,line", all_lines())
def test_line_runs_as_it_stands(page, line, tmp_path):
    """Only ports, folders and the screen are others here."""
    port = free_port()
    line = re.sub(r"rtmp://[^/ ]+/", f"rtmp://127.0.0.1:{port}/", line)
    line = line.replace("directory=/tmp/dash", f"directory={tmp_path}")
    line = re.sub(r"autovideosink|fakesink",
                  "fakesink silent=false sync=false", line)
    words = shlex.split(line)
    words[1:1] = ["-v"]
    url = next((word.split("=", 1)[1] for word in words
                if word.startswith("location=rtmp://")), None)
    run_until_it_works(words, tmp_path, url)


@pytest.mark.parametrize("name", ELEMENTS)
def test_each_element_has_a_line_in_the_readme_and_in_its_page(name):
    lines = all_lines()
    for wanted in (lambda page: page == "README.md",
                   lambda page: page != "README.md"):
        assert any(wanted(page) and name in line for page, line in lines)


def test_plugin_lists_its_elements_and_no_others():
    listed = re.findall(r"^  (penstock\w+): ", inspect("penstock"), re.M)
    assert sorted(listed) == ELEMENTS


@pytest.mark.parametrize("name", ELEMENTS)
def test_element_tells_what_it_is(name):
    text = inspect(name)
    for field in ("Long-name", "Klass", "Description", "Author"):
        value = re.search(rf"^  {field} +(.+)$", text, re.M)
        assert value and len(value.group(1)) > 3, field


@pytest.mark.parametrize("name", ELEMENTS)
def test_pad_templates_have_caps(name):
    text = inspect(name)
    templates = text.split("Pad Templates:")[1].split("\n\n")[0]
    pads = re.split(r"^  (?:SINK|SRC) template: ", templates, flags=re.M)[1:]
    assert pads
    for pad in pads:
        caps = pad.split("Capabilities:")[1]
        assert re.search(r"^      (video|audio|image)/", caps, re.M), pad
        assert "ANY" not in caps, pad


@pytest.mark.parametrize("name", ELEMENTS)
def test_every_property_is_described(name):
    properties = inspect(name).split("Element Properties:")[1]
    found = re.findall(r"^  ([a-z][a-z0-9-]*) *: ?(.*)$", properties, re.M)
    assert {"name", "parent"} < {key for key, _ in found}
    for key, blurb in found:
        assert len(blurb) > 8 and blurb.lower() != key, (key, blurb)
