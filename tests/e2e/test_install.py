# SPDX-License-Identifier: MIT
"""What `meson install` puts down can be used from there."""

import glob
import os
import shutil
import subprocess

import pytest

from gateway import ROOT, build_dir, sanitizer_runtime


def run(command, **env):
    result = subprocess.run(
        command, env={**os.environ, **env}, text=True, timeout=120,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert result.returncode == 0, result.stdout
    return result.stdout


@pytest.fixture(scope="module", name="tree")
def installed_tree(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("install"))
    run(["meson", "install", "-C", build_dir(), "--no-rebuild", "--quiet",
         "--destdir", folder])
    return folder


def find(tree, name):
    found = glob.glob(os.path.join(tree, "**", name), recursive=True)
    assert len(found) == 1, (name, found)
    return found[0]


def library_path(tree):
    return os.path.dirname(find(tree, "libpenstock.so"))


def test_plugin_is_listed(tree, tmp_path):
    text = run(["gst-inspect-1.0", "penstock"],
               LD_PRELOAD=sanitizer_runtime(), ASAN_OPTIONS="detect_leaks=0",
               GST_PLUGIN_PATH_1_0=os.path.dirname(
                   find(tree, "libgstpenstock.so")),
               GST_REGISTRY=str(tmp_path / "registry"),
               LD_LIBRARY_PATH=library_path(tree))
    for element in ("penstockchannelsink", "penstockchannelsrc",
                    "penstockrtmpsrc", "penstockdashsink"):
        assert element in text


def test_daemon_and_examples_are_there(tree):
    text = run([find(tree, os.path.join("bin", "penstock")), "--check",
                find(tree, "demo.json")],
               LD_LIBRARY_PATH=library_path(tree))
    assert "listen rtmp" in text
    for name in ("penstock.schema.json", "penstock.1"):
        find(tree, name)


def test_application_links_against_it(tree, tmp_path):
    config = {"PKG_CONFIG_PATH":
              os.path.dirname(find(tree, "penstock-0.1.pc"))}
    prefix = run(["pkg-config", "--variable=prefix", "penstock-0.1"],
                 **config).strip()
    flags = run(["pkg-config", "--cflags", "--libs",
                 f"--define-variable=prefix={tree}{prefix}", "penstock-0.1"],
                **config).split()
    flags += run(["pkg-config", "--cflags", "--libs", "gstreamer-1.0"]).split()
    run([shutil.which("cc") or "gcc", os.path.join(ROOT, "examples", "embed.c"),
         "-o", str(tmp_path / "embed"), *flags,
         "-Wl,-rpath-link," + library_path(tree)])
