#!/bin/sh
# Makes .venv with the pinned Python tools, unless it is there and up to date. One line says what is missing if it can't.
# `venv.sh test` adds what only the tests need.
set -eu
cd "$(dirname "$0")/../.."
script=tests/tools/venv.sh
requirements=tests/tools/requirements.txt
installed=.venv/installed-requirements.txt

fail() {
    echo "make: $1" >&2
    exit 1
}

install() {
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement "$1" >"$log" 2>&1 ||
        fail "the Python tools could not be installed; is there a network to a Python package registry? pip says: $(grep -i error "$log" | tail -n 1)"
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT

if [ "${1-}" = test ]; then
    sh "$script"
    requirements=tests/tools/requirements-test.txt
    installed=.venv/installed-requirements-test.txt
    if cmp -s "$requirements" "$installed"; then exit 0; fi
    echo "Installing the Python tools for tests into .venv (once, a few seconds) ..."
    install "$requirements"
    cp "$requirements" "$installed"
    exit 0
fi

if cmp -s "$requirements" "$installed"; then exit 0; fi

python=
for candidate in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 15))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || fail "Python 3.10 to 3.14 is missing (python3 is $(python3 --version 2>/dev/null || echo 'not there')): install it, for instance from python.org"
"$python" -c 'import venv, ensurepip' 2>/dev/null || fail "Python's venv module is missing: install it (Debian and Ubuntu: apt install python3-venv)"

echo "Installing the Python tools into .venv (once, about a minute) ..."
"$python" -m venv --clear .venv >"$log" 2>&1 || fail "no virtual environment could be made in .venv: $(tail -n 1 "$log")"
install "$requirements"
cp "$requirements" "$installed"
