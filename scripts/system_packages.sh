#!/bin/sh
# System packages the tests need. Installs them when it may (root on Debian or Ubuntu), names them when it may not.
set -eu
may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }
# Chromium without windows shows a page for half the work. Where it cannot be had, any Chromium will do.
if may_install && ! command -v chromium-headless-shell >/dev/null; then
    echo "Installing chromium-headless-shell for the tests, if there is one"
    apt-get update -qq || true
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium-headless-shell \
        fonts-dejavu-core >/dev/null 2>&1 || true
fi
missing=
command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null ||
    command -v chromium-browser >/dev/null || missing="$missing chromium fonts-dejavu-core"
command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] || missing="$missing mosquitto"
# The second broker the pool is tried on, by the side of the wheel's.
[ -x /usr/sbin/nats-server ] || [ -x /usr/local/sbin/nats-server ] || missing="$missing nats-server"
# Reads scanned pages; French, English, and which way up a page stands.
if ! command -v tesseract >/dev/null || ! tesseract --list-langs 2>/dev/null | grep -qx fra; then
    missing="$missing tesseract-ocr tesseract-ocr-fra tesseract-ocr-osd"
fi
# Verifies elections of persons; the tests hold a whole one.
command -v belenios-tool >/dev/null || missing="$missing belenios-tool"
# What stands in front of a commons that others reach: our configuration is tried on the real one.
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing="$missing nginx-light"
# A server that several gateways share the books on.
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || missing="$missing postgresql"
# Compiles the two small programs of the bench.
command -v cc >/dev/null || missing="$missing gcc libc6-dev"
# A computer with a queue, on loopback: where a run of training may go.
for one in slurmctld slurmd munged sbatch; do
    PATH="$PATH:/usr/sbin:/sbin" command -v "$one" >/dev/null || slurm=missing
done
[ -z "${slurm:-}" ] || missing="$missing slurmctld slurmd slurm-client munge"
[ -z "$missing" ] && exit 0
if may_install; then
    echo "Installing system packages for the tests:$missing"
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
    # Only the program is wanted, not the one that Debian starts with the machine.
    case "$missing" in
    *nats-server*) [ ! -d /run/systemd/system ] || systemctl disable --now nats-server >/dev/null 2>&1 || true ;;
    esac
    case "$missing" in
    *nginx-light*) [ ! -d /run/systemd/system ] || systemctl disable --now nginx >/dev/null 2>&1 || true ;;
    esac
    case "$missing" in
    *postgresql*) [ ! -d /run/systemd/system ] || systemctl disable --now postgresql >/dev/null 2>&1 || true ;;
    esac
    case "$missing" in
    *slurmctld*)
        [ ! -d /run/systemd/system ] || systemctl disable --now slurmctld slurmd munge >/dev/null 2>&1 || true
        ;;
    esac
else
    echo "The tests need these system packages:$missing" >&2
    echo "On Debian or Ubuntu: sudo apt install$missing" >&2
    [ "${CI:-}" = true ] && exit 1
    echo "Going on without them: the tests that need them are skipped and counted." >&2
fi
