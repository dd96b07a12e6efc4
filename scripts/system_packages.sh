#!/bin/sh
# System packages the tests need. Installs them when it may (root on Debian or Ubuntu), names them when it may not.
set -eu
missing=
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || missing="$missing chromium fonts-dejavu-core"
command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] || missing="$missing mosquitto"
# The second broker the pool is tried on, by the side of the wheel's.
[ -x /usr/sbin/nats-server ] || [ -x /usr/local/sbin/nats-server ] || missing="$missing nats-server"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing system packages for the tests:$missing"
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
    # Only the program is wanted, not the one that Debian starts with the machine.
    case "$missing" in
    *nats-server*) [ ! -d /run/systemd/system ] || systemctl disable --now nats-server >/dev/null 2>&1 || true ;;
    esac
else
    echo "The tests need these system packages:$missing" >&2
    echo "On Debian or Ubuntu: sudo apt install$missing" >&2
    [ "${CI:-}" = true ] && exit 1
    echo "Going on without them: the tests that need them are skipped and counted." >&2
fi
