"""Words that a mistake swaps and that turn a right into its contrary. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from affouage.french.plain import stem

_OPPOSITES = (
    "majeur/mineur avant/apres gratuit/payant gratuitement/payant locataire/proprietaire locataire/bailleur "
    "employeur/salarie obligatoire/facultatif superieur/inferieur minimum/maximum augmente/diminue "
    "augmentation/diminution accepte/refuse acceptation/refus autorise/interdit ouvert/ferme marie/celibataire "
    "marie/divorce naissance/deces vendeur/acheteur vendeur/acquereur creancier/debiteur debut/fin public/prive "
    "francais/etranger europeen/etranger temporaire/definitif provisoire/definitif total/partiel inclus/exclu "
    "compris/exclu brut/net mensuel/annuel annuel/trimestriel cdi/cdd pere/mere homme/femme achat/vente "
    "entree/sortie depart/arrivee majorite/minorite legal/illegal possible/impossible valable/perime "
    "valide/perime valable/invalide donateur/donataire usufruitier/nu-proprietaire demandeur/defendeur "
    "plaignant/accuse victime/auteur preteur/emprunteur remboursable/non-remboursable cumulable/incompatible "
    "imposable/exonere soumis/exonere soumis/dispense precede/suit precedent/suivant hausse/baisse "
    "plafond/plancher louer/acheter perdu/vole"
)
_PAIRS = tuple((stem(one), stem(other)) for one, other in (pair.split("/") for pair in _OPPOSITES.split()))


def opposed(said: Sequence[str], source: Sequence[str]) -> bool:
    """Whether one says a word where the other says its contrary, or both words of a pair the other way round.

    Both are stems in the order of the text.
    """
    ours, theirs = set(said), set(source)
    for one, other in _PAIRS:
        for mine, contrary in ((one, other), (other, one)):
            if mine in ours and mine not in theirs and contrary in theirs and contrary not in ours:
                return True
        if {one, other} <= ours and {one, other} <= theirs:
            turned = (said.index(one) < said.index(other)) != (source.index(one) < source.index(other))
            if turned:
                return True
    return False
