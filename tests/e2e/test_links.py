# SPDX-License-Identifier: MIT
"""Links between our own pages lead somewhere."""

import os
import re
import subprocess

import pytest

from gateway import ROOT

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+?)\s*$", re.M)
CODE = re.compile(r"^```.*?^```", re.M | re.S)


def pages():
    """Every Markdown page of the source tree."""
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", "*.md"],
        capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        return sorted(listed.stdout.split())
    return sorted(
        os.path.relpath(os.path.join(folder, name), ROOT)
        for folder, _, names in os.walk(ROOT) for name in names
        if name.endswith(".md") and "/build" not in folder)


def read(path):
    with open(path, encoding="utf-8") as file:
        return CODE.sub("", file.read())


def anchors(text):
    """Of the headings, as code hosts make them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in HEADING.findall(text)}


@pytest.mark.parametrize("page", pages())
def test_links_lead_to_files_and_headings(page):
    path = os.path.join(ROOT, page)
    for link in LINK.findall(read(path)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = os.path.normpath(
            os.path.join(os.path.dirname(path), name)) if name else path
        assert os.path.exists(target), link
        if anchor and target.endswith(".md"):
            assert anchor in anchors(read(target)), link


def test_there_are_pages_and_links():
    assert "README.md" in pages()
    assert LINK.search(read(os.path.join(ROOT, "README.md")))
