# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the scripts share: say what happens, install what is missing, configure and build. Sourced, not run, by a script
# that has set `root` to the top of the source tree.

export LC_ALL=C.UTF-8

say() {
  printf '\n==> %s\n' "$*"
}

# Runs a command with the rights to install packages; fails where there are none.
as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo -n "$@"
  else
    return 126
  fi
}

is_installed() {
  dpkg-query -W -f='${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

# need_apt PACKAGE...: installs the Debian packages that are missing. Where there is no apt it names them and goes on,
# since the same tools may be there under other names; configuring finds out.
need_apt() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "no apt here; needed are what Debian calls: $*"
    return
  fi
  local package missing=()
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  if ((${#missing[@]} == 0)); then
    return
  fi
  say "installing ${missing[*]}"
  local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}")
  if ! as_root true; then
    say "there are no rights to install packages; please run, and then this script again:"
    echo "    sudo apt-get update && sudo apt-get install ${missing[*]}"
    exit 1
  fi
  # Lists may be absent, as in a fresh container, or so old that what they name is gone.
  if ! apt-cache show "${missing[@]}" >/dev/null 2>&1 || ! as_root "${install[@]}"; then
    say "fetching the package lists"
    as_root apt-get update -q
    as_root "${install[@]}"
  fi
}

# Whether the environment's Python has every requirement, given as NAME or NAME==VERSION.
has_requirements() {
  "$1/bin/python" - "${@:2}" <<'PYTHON' 2>/dev/null
import sys
from importlib import metadata

for requirement in sys.argv[1:]:
    name, _, version = requirement.partition("==")
    installed = metadata.version(name)
    # What follows a plus names the variant of a build, as in 2.0+cpu.
    if version and version not in (installed, installed.split("+")[0]):
        sys.exit(1)
PYTHON
}

# need_python_environment DIR REQUIREMENT...: a virtual environment with the requirements, first on PATH from then on.
need_python_environment() {
  local folder=$1
  shift
  if ! "$folder/bin/python" -c '' 2>/dev/null; then
    say "creating a Python environment in $folder"
    python3 -m venv --clear "$folder"
  fi
  if ! has_requirements "$folder" "$@"; then
    say "installing into $folder: $*"
    "$folder/bin/python" -m pip install -q --disable-pip-version-check "$@"
  fi
  export VIRTUAL_ENV=$folder PATH="$folder/bin:$PATH"
}

# configure_build BUILD_DIR [MESON_OPTION...]: sets the folder up, or changes the options of one that is there. Options
# given to earlier runs and not to this one stay. A build folder that cannot be reused is set up anew.
configure_build() {
  local folder=$1
  shift
  if [[ -f $folder/build.ninja ]] && meson configure "$folder" "$@" >/dev/null 2>&1; then
    return
  fi
  if [[ -d $folder/meson-private ]]; then
    rm -rf "$folder"
  fi
  meson setup "$folder" "$root" "$@"
}

# configure_and_build BUILD_DIR [MESON_OPTION...]
configure_and_build() {
  local folder=$1
  say "building in $folder"
  configure_build "$@" && ninja -C "$folder"
}
