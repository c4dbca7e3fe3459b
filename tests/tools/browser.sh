#!/bin/sh
# Sees to it that there is a browser to test the operator's report in: chromium and chromedriver, or what CHROMIUM and CHROMEDRIVER name.
set -eu

has() { command -v "$1" >/dev/null 2>&1; }

if [ -n "${CHROMEDRIVER:-}" ] || has chromedriver; then
    exit 0
fi
if has apt-get && [ "$(id -u)" = 0 ]; then
    echo "Installing chromium and chromium-driver (once) ..."
    DEBIAN_FRONTEND=noninteractive apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends chromium chromium-driver >/dev/null
    exit 0
fi
echo "make: the operator's HTML report is tested in a real browser, and there is no chromedriver: install chromium and chromium-driver" >&2
echo "      (Debian, Ubuntu: sudo apt-get install chromium chromium-driver), or name them in CHROMIUM and CHROMEDRIVER" >&2
exit 1
