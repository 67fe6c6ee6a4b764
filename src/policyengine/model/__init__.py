"""The nouns: frozen values, which every other room is built on."""
