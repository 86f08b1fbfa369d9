"""Figures as a language writes them."""

from __future__ import annotations

from babel.numbers import format_decimal, format_percent


def decimal(value: float, language: str, digits: int = 0) -> str:
    """ "56,528" in English, "56.528" in German; with so many `digits` behind the mark."""
    return format_decimal(value, f"#,##0.{'0' * digits}" if digits else "#,##0", locale=language)


def percent(share: float, language: str) -> str:
    """ "78%" in English, "78 %" in German, of 0.78."""
    return format_percent(share, locale=language)
