# SPDX-License-Identifier: MIT
"""Links between our own pages lead somewhere."""

import os
import re

import pytest

from gateway import ROOT

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+?)\s*$", re.M)
CODE = re.compile(r"^```.*?^```", re.M | re.S)


def pages():
    """Every Markdown page of ours."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders
                      if not name.startswith((".", "build"))
                      and name not in ("media", "node_modules")]
        found += [os.path.relpath(os.path.join(folder, name), ROOT)
                  for name in names if name.endswith(".md")]
    return sorted(found)


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
