#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Checks complete route maps with the daemon and with the JSON Schema.

examples.py PENSTOCK SCHEMA FILE...

A FILE is a route map, or a Markdown page whose ```json blocks are route maps.
Each is checked in a folder of its own that has the secrets it names.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ImportError:
    jsonschema = None

# What a check may say about an example: its media is not at hand.
ALLOWED = re.compile(r": no such file: .*; the route stays offline")


def route_maps(name):
    """Yields (label, text) of every route map in the file."""
    with open(name, encoding="utf-8") as file:
        text = file.read()
    if name.endswith(".json"):
        yield os.path.basename(name), text
        return
    for block in re.finditer(r"^```json\n(.*?)^```", text, re.M | re.S):
        line = text.count("\n", 0, block.start()) + 1
        yield f"{os.path.basename(name)}:{line}", block.group(1)


def secret_files(value):
    """Yields the names of all secret files in a route map."""
    if isinstance(value, list):
        for item in value:
            yield from secret_files(item)
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "tls":
                continue
            if key in ("key-file", "password-file"):
                yield item
            else:
                yield from secret_files(item)


def tls_files(value):
    """Yields (name, file of the tests) of the certificate and its key."""
    for key, item in value.get("tls", {}).items():
        yield item, "key.pem" if key == "key-file" else "certificate.pem"


def check(daemon, text):
    """What the daemon complains about, or None."""
    with tempfile.TemporaryDirectory(prefix="penstock-test-") as folder:
        for name, source in tls_files(json.loads(text)):
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            shutil.copy(os.path.join(
                os.environ["PENSTOCK_TEST_DATA"], "tls", source), path)
        for name in secret_files(json.loads(text)):
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write("secret-of-the-test\n")
        path = os.path.join(folder, "map.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        result = subprocess.run(
            [daemon, "--check", path], check=False, timeout=30,
            capture_output=True, text=True)
    complaints = [line for line in result.stderr.splitlines()
                  if line and not ALLOWED.search(line)]
    if result.returncode != 0 or complaints:
        return "\n".join(complaints) or f"exit status {result.returncode}"
    if "secret-of-the-test" in result.stdout + result.stderr:
        return "shows a secret"
    return None


def main():
    daemon, schema_name, *names = sys.argv[1:]
    with open(schema_name, encoding="utf-8") as file:
        schema = json.load(file)
    validator = None
    if jsonschema:
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
    checked = failed = 0
    for name in names:
        for label, text in route_maps(name):
            checked += 1
            problem = check(daemon, text)
            if not problem and validator:
                problem = "\n".join(
                    f"schema: {error.json_path}: {error.message}"
                    for error in validator.iter_errors(json.loads(text)))
            if problem:
                failed += 1
                print(f"{label}: {problem}")
    print(f"{checked} route maps, {failed} wrong")
    return 1 if failed or not checked else 0


sys.exit(main())
