"""Words that describe a scan and tell no one apart; everything else that people type may be a name."""

from __future__ import annotations

import re
import unicodedata

HIDDEN = "[hidden]"
TOKEN = re.compile(r"[^\W\d_]+|\d+")
HIDDEN_AGAIN = re.compile(re.escape(HIDDEN) + r"(?:[\s^,_-]+" + re.escape(HIDDEN) + ")+")
_SIMPLE: dict[int, str] = {}
_GERMAN = {ord(a): b for a, b in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("å", "aa"), ("ø", "oe"), ("æ", "ae"))}
FOLDS = (_SIMPLE, _GERMAN)
_FOR_NAMES = """
anonymous anonymized anonymised anonymisiert anonym anon unknown unnamed noname none removed deidentified patient
name subject test phantom
"""
_OF_SCANS = """
heart cardiac cardio cor cmr mri mrt irm axis short long achse kurze kurz lange kurzachse langachse axe court corto
corte korte kort eje asse sax psax lax hla vla lvot rvot chamber kammer chambers cavites lv rv la ra lvef aorta aortic
aorten aort myocard myocardium apex apical mid basal base septal lateral stack stapel slice slices schicht coupe axial
axials trans transversal transverse tra coronal sagittal sag oblique obl schrag schraeg thorax thoracic chest body
abdomen cine kino film loc localizer localiser localisation lokalizer scout survey uebersicht ubersicht übersicht
overview lge late delayed enhancement delay psir mag magnitude phase real imag imaginary perf perfusion rest stress
flow velocity venc map maps mapping molli shmolli sasha star tag tagging grid early contrast post pre native kontrast
morphology morphologie function funktion fonction dark bright blood black fat water sat stir tirm oedema edema
truefisp trufi tfisp tfi tfl flash fisp fiesta ssfp bssfp btfe sbtfe bffe balanced ffe tfe gre fgre fse tse haste ssh
sshtse blade epi grappa sense ipat pat mpat compressed cs dixon vibe thrive lava moco retro pros prosp gated gating
trig triggered ecg vcg resp nav navigator free breath breathing breathhold hold bh fb shot single multi seg segmented
iso res resolution high low fast dyn dynamic series serie study iris ir tir ti te tr fa mm ms deg coil image images
img ima im mr dcm dicom file frame frames phases enhanced old new copy sum min max avg std ref test end start without
with and the for hidden from left right all dia sys diast syst diastole systole ed es ge philips siemens
"""
_OF_PLACES = """
hospital hospitals clinic clinics klinik klinikum clinique hopital university universitat universitaet institute
institut center centre zentrum medical medizin medicine health department dept general radiology radiologie
cardiology kardiologie imaging street road strasse avenue city saint scanner room unit ward main state north south
east west magnetom avanto aera skyra prisma vida sola ingenia achieva signa
"""
PLACEHOLDERS = frozenset(_FOR_NAMES.split())
"""What anonymisers put in place of a name."""
TECHNICAL = PLACEHOLDERS | frozenset(_OF_SCANS.split())
"""Words of cardiac MR, in the languages that scanners are used in."""
COMMON = TECHNICAL | frozenset(_OF_PLACES.split())
"""Also those of institutions, addresses and scanners."""


def technical(text: str) -> str:
    """A description, or the name of a file whose header cannot be read, without words that are not technical.

    Example:
        >>> technical("cine_sax Jane Doe 8mm"), technical("IM0012.dcm")
        ('cine_sax [hidden] 8mm', 'IM0012.dcm')
    """

    def shown(token: re.Match[str]) -> str:
        word = token.group()
        kept = len(word) <= 4 if word.isdecimal() else len(word) <= 2 or folded(word) in TECHNICAL
        return word if kept else HIDDEN

    return HIDDEN_AGAIN.sub(HIDDEN, TOKEN.sub(shown, plain_letters(text)))


def plain_letters(text: str) -> str:
    """The text with letters and accents in one; bytes of a file name that are not UTF-8 as Western letters."""
    letters = "".join(chr(ord(c) - 0xDC00) if "\udc80" <= c <= "\udcff" else c for c in text)
    return unicodedata.normalize("NFC", letters)


def folded(token: str, way: dict[int, str] = _SIMPLE) -> str:
    """Without case and accents; `ü` becomes `u`, or `ue` where the way says so."""
    letters = unicodedata.normalize("NFKD", token.casefold().translate(way))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
