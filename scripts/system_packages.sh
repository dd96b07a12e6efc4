#!/bin/sh
# System packages the tests need. Installs them when it may (root on Debian or Ubuntu), names them when it may not.
set -eu
missing=
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || missing="$missing chromium fonts-dejavu-core"
command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] || missing="$missing mosquitto"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing system packages for the tests:$missing"
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "The tests need these system packages:$missing" >&2
    echo "On Debian or Ubuntu: sudo apt install$missing" >&2
    [ "${CI:-}" = true ] && exit 1
    echo "Going on without them: the tests that need them are skipped and counted." >&2
fi
