"""The two shell scripts of a bundle: the job, and what gathers the results. Pure. In French: they are read there."""

from __future__ import annotations

import shlex

from affouage.training import site_energy
from affouage.training.bundle.manifest import FACTS, MANIFEST, RETURN_SUMS, RUN, SUMS
from affouage.training.folder import CHECKPOINTS, CORPUS, EVENTS, OUT, SETTINGS
from affouage.training.site import Site, sbatch_options, variables


def job_script(run: str, site: Site) -> str:
    """For ``sbatch``; and for plain ``bash`` on a machine without a queue."""
    options = {"job-name": f"affouage-{run}", **sbatch_options(site)}
    options |= {"signal": f"B:USR2@{site.checkpoint_s}", "open-mode": "append", "output": "journal-%j.txt"}
    return _JOB.format(
        options="\n".join(f"#SBATCH --{name}{'=' if value else ''}{value}" for name, value in options.items()),
        modules="\n".join(_modules(site)),
        variables="\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables(site).items()),
        python=site.python or "python",
        sums=SUMS,
        facts=FACTS,
        run=RUN,
        events=EVENTS,
        goes=site.requeues + 1,
    )


def _modules(site: Site) -> list[str]:
    if not site.modules:
        return ["# Aucun module à charger."]
    loads = ["module purge", *(f"module load {one}" for one in site.modules)]
    return ["if type module >/dev/null 2>&1; then", *(f"    {one}" for one in loads), "fi"]


_JOB = """\
#!/bin/bash
# Un entraînement préparé par affouage. Lisez LISEZMOI.md avant de le soumettre : sbatch soumettre.slurm
{options}

set -u
cd "${{SLURM_SUBMIT_DIR:-$(dirname "$0")}}" || exit 2
{modules}
# Rien n'est téléchargé, rien n'est envoyé.
{variables}
export PYTHONPATH="$PWD/source"
python=${{AFFOUAGE_PYTHON:-{python}}}
go=${{SLURM_JOB_ID:-sans-file-$$}}

# Les fichiers sont-ils ceux qui sont partis ?
if ! sha256sum --check --quiet {sums}; then
    echo "Un fichier a changé depuis la préparation : rien n'est lancé." >&2
    exit 9
fi
if ! "$python" -c "import msgspec, torch, transformers" 2>/dev/null; then
    echo "Il manque des paquets à $python : installez paquets/requirements.txt (LISEZMOI.md), ou AFFOUAGE_PYTHON." >&2
    exit 8
fi
mkdir -p {facts}
echo "$go $(date --utc +%Y-%m-%dT%H:%M:%SZ) $(uname -n)" >>{facts}/passages.txt
{{
    echo "passage $go"
    lscpu 2>/dev/null | grep -E '^(Model name|CPU\\(s\\)|Nom de mod)'
    nvidia-smi --list-gpus 2>/dev/null
    "$python" --version
}} >>{facts}/machine.txt 2>&1

# Avant la limite de temps, USR2 : un point de reprise, puis le travail se remet dans la file.
averti= interrompu=oui
trap 'averti=oui interrompu=oui; kill -USR2 "$apprend" 2>/dev/null' USR2
trap 'interrompu=oui; kill -TERM "$apprend" 2>/dev/null' TERM INT
"$python" -m affouage.training.learning {run} &
apprend=$!
while [ -n "$interrompu" ]; do # un signal interrompt wait, pas le programme
    interrompu=
    wait "$apprend"
    fin=$?
done
if [ -n "$averti" ] && [ -n "${{SLURM_JOB_ID:-}}" ] && [ "$(wc -l <{facts}/passages.txt)" -lt {goes} ] &&
    tail -n 1 {run}/{events} | grep -q '"reason":"stopped"'; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$fin"
"""


def report_script(run: str) -> str:
    """To be run by hand when it is over: gathers what comes back, and asks the site's counter."""
    sacct = " ".join(shlex.quote(word) for word in site_energy.command("JOB")).replace(
        "--jobs=JOB", '--jobs="$travail"'
    )
    return _REPORT.format(
        sacct=sacct,
        facts=FACTS,
        run=RUN,
        kept=" ".join(f"{RUN}/{one}" for one in (SETTINGS, EVENTS, f"{CORPUS}/manifest.json")),
        manifest=MANIFEST,
        out=OUT,
        checkpoints=CHECKPOINTS,
        sums=RETURN_SUMS,
        archive=f"retour-{run}.tar.gz",
    )


_REPORT = """\
#!/bin/bash
# Rassemble ce qui doit revenir à la maison, dans {archive}. Ne lance rien, n'envoie rien.
set -eu
cd "$(dirname "$0")"
mkdir -p {facts}
if command -v sacct >/dev/null 2>&1 && [ -f {facts}/passages.txt ]; then
    cut -d ' ' -f 1 {facts}/passages.txt | grep -E '^[0-9]+$' | sort -u | while read -r travail; do
        {sacct} >"{facts}/sacct-$travail.txt" || rm -f "{facts}/sacct-$travail.txt"
    done
fi
revient={manifest}
for un in {kept} {run}/{out} {run}/{checkpoints}/best.pt {facts}; do
    [ ! -e "$un" ] || revient="$revient $un"
done
dernier=$(find {run}/{checkpoints} -maxdepth 1 -name 'step-*' 2>/dev/null | sort | tail -n 1)
[ -z "$dernier" ] || revient="$revient $dernier"
for journal in journal-*.txt; do
    [ ! -f "$journal" ] || cp "$journal" {facts}/
done
rm -f {sums}
# shellcheck disable=SC2086
find $revient -type f ! -path {sums} -print0 | sort -z | xargs -0 sha256sum >{sums}
# shellcheck disable=SC2086
tar --create --gzip --file "{archive}" $revient
echo "À rapporter : {archive} ($(du -h "{archive}" | cut -f 1))"
"""
