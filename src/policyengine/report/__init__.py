"""Decisions and explanations, rendered. Results are data; a rendering of them decides nothing."""
