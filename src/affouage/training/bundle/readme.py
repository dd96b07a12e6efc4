"""LISEZMOI.md of a bundle, and the list of what must be there before the network is gone. Pure. In French."""

from __future__ import annotations

from affouage.training.bundle.code import Locked
from affouage.training.bundle.manifest import JOB, OFFLINE, PACKAGES, REPORT, RUN, SOURCE, SUMS, Manifest
from affouage.training.settings import RunSettings
from affouage.training.site import Site

_KINDS = {
    "scratch": "un petit modèle, appris depuis rien",
    "continued": "un modèle existant, dont tous les poids apprennent encore",
    "lora": "une petite couche (LoRA) ajoutée à un modèle existant, qui ne change pas",
}


def readme(manifest: Manifest, settings: RunSettings, site: Site, locked: Locked) -> str:
    texts = sum(file.bytes for path, file in manifest.files.items() if path.startswith(f"{RUN}/corpus/"))
    torch = " ".join(f"{name} {version}" for name, version in locked.by_the_site.items())
    return _TEXT.format(
        run=manifest.run,
        site=manifest.site,
        what=_KINDS[settings.kind],
        steps=settings.steps,
        tokens=f"{settings.steps * settings.step_tokens:,}".replace(",", " "),
        seed=settings.seed,
        texts=_size(texts),
        size=_size(sum(file.bytes for file in manifest.files.values())),
        code=sum(path.startswith(f"{SOURCE}/") for path in manifest.files),
        minutes=site.time_minutes,
        goes=site.requeues + 1,
        account=site.account or "(aucun : à ajouter si le centre en demande un)",
        constraint=site.constraint or "(aucune)",
        gpus=site.gpus,
        cpus=site.cpus,
        modules=", ".join(site.modules) or "(aucun)",
        torch=torch or "aucun",
        offline=OFFLINE,
        sums=SUMS,
        job=JOB,
        report=REPORT,
        packages=PACKAGES,
        source=SOURCE,
    )


def offline_list(manifest: Manifest, locked: Locked, site: Site) -> str:
    """One thing a line: where it must be, what it is, how it is known to be the right one."""
    theirs = (f"fourni par le centre\t{one} (écrit avec {version})" for one, version in locked.by_the_site.items())
    lines = [
        "# Ce qui doit être sur les disques du centre avant le lancement : celles qui calculent sont sans réseau.",
        "# genre<TAB>nom<TAB>comment vérifier",
        *(f"fichier\t{path}\tsha256 {file.sha256}" for path, file in sorted(manifest.files.items())),
        *(f"paquet\t{one}=={version}\tempreintes dans {PACKAGES}/requirements.txt"
          for one, version in sorted(locked.versions.items())),
        *(f"{one}\tmodule du centre" for one in theirs),
        *(f"module\t{one}\tmodule avail" for one in site.modules),
    ]  # fmt: skip
    return "\n".join([*lines, "# Rien d'autre : ni modèle, ni jeu de textes, ni jeton n'est pris sur Internet."]) + "\n"


def _size(count: int) -> str:
    for unit, bytes_ in (("Go", 10**9), ("Mo", 10**6), ("ko", 10**3)):
        if count >= bytes_:
            return f"{count / bytes_:.1f} {unit}".replace(".", ",")
    return f"{count} octets"


_TEXT = """\
# L'entraînement « {run} », à faire calculer par une personne

Ce dossier a été préparé par affouage, pour le calculateur appelé chez nous « {site} ». **Personne d'autre que vous ne
le soumet** : affouage ne se connecte pas au centre, n'a ni clé ni mot de passe, et ne peut rien y lancer. Vous pouvez
tout lire avant de partir.

## Ce que cela fait

Cela entraîne {what} :
{steps} pas, soit au plus {tokens} morceaux de mots lus (graine {seed}). Le programme lit le dossier `run/`, y écrit ce
qu'il fait (`run/events.jsonl`), des points de reprise (`run/checkpoints/`) et, à la fin, le modèle (`run/out/`). Il ne
va pas sur Internet et n'envoie rien.

**Attention : les textes ({texts}) partent avec le dossier**, dans `run/corpus/`. Leurs licences sont dans
`run/corpus/manifest.json`. Ne le posez que là où ces textes ont le droit d'aller, dans un dossier que vous seul lisez,
et effacez-le après le retour.

## Ce qu'il y a dedans ({size})

| où | quoi |
|---|---|
| `{job}` | le travail, pour `sbatch` : cinquante lignes, à lire |
| `{report}` | rassemble ce qui doit revenir ; ne lance rien |
| `run/` | les réglages, les textes, le modèle de départ s'il y en a un |
| `{source}/` | le code qui apprend, {code} fichiers, et rien de plus |
| `{packages}/requirements.txt` | les paquets dont il a besoin, chacun avec ses empreintes |
| `{offline}` | tout ce qui doit être sur place avant que le réseau ne manque |
| `manifest.json`, `{sums}` | l'empreinte de chaque fichier |

## Vérifier

    sha256sum --check --quiet {sums}      # rien ne s'affiche : tout est comme au départ
    sha256sum manifest.json                   # l'empreinte qu'affouage a affichée à la préparation

Le travail refait la première vérification avant de commencer, et refuse de partir si un fichier a changé.

## Déposer et préparer, sur une machine de connexion (qui a le réseau)

Posez le dossier sur le disque de travail. À Jean Zay : `$WORK` ou `$SCRATCH` (les fichiers de `$SCRATCH` sont effacés
après une trentaine de jours), pas `$HOME`, qui est petit.

Il faut Python 3.11 ou plus récent.

    module purge
    # puis les modules de `{job}` : {modules}
    python -m venv --system-site-packages paquets/env
    . paquets/env/bin/activate
    python -m pip install --no-cache-dir --no-deps --require-hashes -r {packages}/requirements.txt

PyTorch ({torch}) vient du centre : c'est le seul paquet qui dépend de ses cartes, et le seul sans empreinte.
À Jean Zay : `module load pytorch-gpu/py3/<version>` (`module avail pytorch-gpu` les montre ; `arch/a100` ou `arch/h100`
d'abord, pour ces machines-là). Si le module apporte déjà de bonnes versions des paquets, la dernière ligne est inutile.

## Ce que demande le travail

| option | valeur |
|---|---|
| compte (`--account`) | {account} |
| machines (`-C`, `--constraint`) | {constraint} |
| cartes, processeurs | {gpus}, {cpus}, un fil par cœur (`--hint=nomultithread`) |
| durée d'un passage (`--time`) | {minutes} minutes, et jusqu'à {goes} passages |

Conventions de Jean Zay, telles que sa documentation les donne (à vérifier là-bas, elles changent) : le compte s'écrit
`projet@v100`, `projet@a100`, `projet@h100` ou `projet@cpu` ; la durée est de 10 minutes si on ne dit rien et de 100
heures au plus ; `-C v100-16g`, `v100-32g`, `a100` ou `h100` choisit les machines. Les heures se demandent par eDARI ;
le compte est personnel, et la recherche ouverte : **c'est un partenaire de recherche qui l'ouvre et qui soumet**.
Corrigez les lignes `#SBATCH` de `{job}` si besoin : c'est le seul fichier que vous pouvez
changer, et le seul qui n'est pas vérifié.

## Soumettre, à la main

    export AFFOUAGE_PYTHON=$PWD/paquets/env/bin/python
    sbatch {job}
    squeue --me                            # où il en est
    tail -f journal-*.txt                  # ce qu'il dit

Avant la fin de sa durée, il reçoit un avertissement (USR2), écrit un point de reprise et se remet dans la file, qui le
retient environ deux minutes ; il reprend où il en était. Pour l'arrêter proprement : `scancel --batch --signal=TERM
NUMÉRO`. Sans file d'attente, `bash {job}` fait le même calcul.

## Rapporter

    bash {report}

Cela écrit `retour-{run}.tar.gz` : le journal de l'entraînement, le modèle, le dernier point de reprise, et, si le
centre compte l'énergie (`sacct`, ConsumedEnergyRaw), ce qu'il en dit. Les textes n'en font pas partie. Rapportez ce
fichier, puis, là où tourne affouage :

    affouage train import {run} retour-{run}.tar.gz

affouage vérifie que les réglages et les textes sont ceux qui étaient partis, que le modèle est celui que le journal
annonce, et dit ce qui manque. Un travail interrompu se rapporte de la même façon : il pourra reprendre.

## Si quelque chose ne va pas

| ce qui s'affiche | ce qui aide |
|---|---|
| Un fichier a changé depuis la préparation | recopiez le dossier ; `sha256sum --check {sums}` dit lequel |
| Invalid account | `idracct`, ou ailleurs `sacctmgr show associations user=$USER`, donne les comptes |
| Requested time limit is invalid | baissez `--time` |
| No module named … | le paquet manque : reprenez « Déposer et préparer » |
| journal : mémoire insuffisante | la dernière ligne de `run/events.jsonl` dit quel réglage changer, chez nous |
"""
