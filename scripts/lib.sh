# SPDX-License-Identifier: MIT
# Shared by the scripts: packages, player, build. Source it from the root of
# the repository.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

BUILD_PACKAGES="gcc libc6-dev pkg-config meson ninja-build ca-certificates
  libglib2.0-dev libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev
  libgstreamer-plugins-bad1.0-dev libgstrtspserver-1.0-dev libsoup-3.0-dev
  libjson-glib-dev libgirepository1.0-dev gobject-introspection"
RUN_PACKAGES="gstreamer1.0-tools gstreamer1.0-plugins-base
  gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly
  gstreamer1.0-libav gstreamer1.0-rtsp glib-networking ffmpeg"
TEST_PACKAGES="g++ clang-format python3 python3-pytest python3-pytest-xdist
  python3-selenium
  python3-gi python3-jsonschema gir1.2-gstreamer-1.0 chromium chromium-driver
  fonts-dejavu-core nginx"
FUZZ_PACKAGES="clang libclang-rt-14-dev"

say() { printf '%s\n' "$*" >&2; }

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    say "This needs root or sudo: $*"
    exit 1
  fi
}

# install_packages NAME...: what is missing, and nothing else. Takes no time
# when all is there.
install_packages() {
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null |
      grep -qx installed || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || {
    say "Not a Debian system; install these packages yourself: ${missing[*]}"
    exit 1
  }
  say "Installing: ${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

# npm comes with Debian's nodejs; any other installed one is as good.
install_npm() {
  command -v npm >/dev/null || install_packages nodejs npm
}

# The player page's dash.js. Without it everything else still works.
fetch_player() {
  [ -f "$ROOT/.cache/player/dash.all.min.js" ] && return
  install_npm
  "$ROOT/scripts/fetch-player" >&2 ||
    say "No player: its page will say so. Run scripts/fetch-player later."
}

fetch_test_players() {
  install_npm
  "$ROOT/scripts/fetch-test-players" >&2 ||
    say "Some players are missing: tests with them are skipped."
}

# build DIR [OPTION...]: configures once and builds.
build() {
  local dir=$1
  shift
  if [ ! -f "$dir/build.ninja" ]; then
    meson setup "$dir" "$ROOT" "$@" >"$dir.log" 2>&1 || {
      cat "$dir.log" >&2
      exit 1
    }
  fi
  ninja -C "$dir" >"$dir.log" 2>&1 || {
    tail -n 60 "$dir.log" >&2
    exit 1
  }
}
