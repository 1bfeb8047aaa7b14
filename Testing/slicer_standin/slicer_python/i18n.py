"""Translations: every text stays as it is, but a text that could not be translated in Slicer is an error here."""

from __future__ import annotations


def tr(text: str) -> str:
    """Return the text. A translator sees only literal strings, so anything but a string is a mistake."""
    if not isinstance(text, str):
        raise TypeError(f"_() needs a literal text, not {type(text).__name__}")
    return translate("", text)


def translate(context: str, text: str) -> str:
    """Return the text in the application's language, which is the one that it is written in."""
    return text
