"""The lints of the layer ``appi``: what Japan's Act on the Protection of Personal Information asks of a text."""

from __future__ import annotations

__version__ = "0.1.0"
