"""Countries other than France, as questions name them: where, and whose law. Leveled words. Pure."""

from __future__ import annotations

import re

_COUNTRIES = (
    "afghanistan afrique-du-sud albanie algerie allemagne andorre angleterre angola arabie-saoudite argentine armenie "
    "australie autriche azerbaidjan bahrein bangladesh belgique benin bielorussie birmanie bolivie bosnie botswana "
    "bresil bulgarie burkina-faso burundi cambodge cameroun canada cap-vert chili chine chypre colombie comores congo "
    "coree cote-d'ivoire costa-rica croatie cuba danemark djibouti dubai ecosse egypte emirats-arabes-unis equateur "
    "erythree espagne estonie etats-unis ethiopie finlande gabon gambie georgie ghana grande-bretagne grece guatemala "
    "guinee haiti honduras hongrie inde indonesie irak iran irlande islande israel italie jamaique japon jordanie "
    "kazakhstan kenya kosovo koweit laos lettonie liban liberia libye liechtenstein lituanie luxembourg macedoine "
    "madagascar malaisie malawi maldives mali malte maroc maurice mauritanie mexique moldavie monaco mongolie "
    "montenegro mozambique namibie nepal nicaragua niger nigeria norvege nouvelle-zelande oman ouganda ouzbekistan "
    "pakistan palestine panama paraguay pays-bas hollande perou philippines pologne portugal qatar quebec roumanie "
    "royaume-uni russie rwanda salvador senegal serbie singapour slovaquie slovenie somalie soudan sri-lanka suede "
    "suisse syrie tadjikistan taiwan tanzanie tchad tchequie thailande togo tunisie turkmenistan turquie ukraine "
    "uruguay usa venezuela vietnam yemen zambie zimbabwe"
)
_CITIES = (
    "alger abidjan amsterdam athenes barcelone berlin bruxelles casablanca dakar dubai dublin geneve istanbul kinshasa "
    "lausanne lisbonne londres los-angeles luxembourg-ville madrid marrakech milan montreal moscou munich new-york "
    "oran pekin porto prague quebec rabat rome tokyo tunis turin varsovie vienne-autriche zurich"
)
_NATIONS = (
    "afghan africain albanais algerien allemand americain anglais argentin armenien australien autrichien belge "
    "beninois bresilien britannique bulgare camerounais canadien chilien chinois colombien congolais coreen croate "
    "cubain danois egyptien espagnol estonien ethiopien finlandais gabonais ghaneen grec guineen haitien hongrois "
    "indien indonesien irakien iranien irlandais islandais israelien italien ivoirien japonais kenyan letton libanais "
    "libyen lituanien luxembourgeois malgache malien maltais marocain mauricien mexicain moldave monegasque "
    "neerlandais hollandais nigerien nigerian norvegien pakistanais peruvien polonais portugais quebecois roumain "
    "russe rwandais senegalais serbe slovaque slovene suedois suisse syrien tchadien tcheque thailandais togolais "
    "tunisien turc ukrainien venezuelien vietnamien"
)


def _any(names: str) -> str:
    return "|".join(one.replace("-", "[- ]") for one in sorted(names.split(), key=len, reverse=True))


COUNTRY = rf"(?:{_any(f'{_COUNTRIES} {_CITIES}')})"
NATION = rf"(?:{_any(_NATIONS)})(?:ne|e|enne|ienne)?s?"
_NAMED = re.compile(rf"\b(?P<country>{COUNTRY})\b|\b(?P<nation>{NATION})\b")


def named(flat: str) -> frozenset[str]:
    """The countries and nationalities that a leveled text names."""
    return frozenset(one[0] for one in _NAMED.finditer(flat))
