"""How Sphinx builds the documentation, in the language that it is told."""

from __future__ import annotations

import sys
from pathlib import Path

from pygments.lexers.data import JsonLexer
from sphinx.application import Sphinx
from sphinx.search import languages

import policyengine

sys.path.insert(0, str(Path(__file__).parents[1]))

from japanese_search import JapaneseSearch

languages["ja"] = JapaneseSearch

project = "dataflow-policyengine"
author = "the authors of dataflow-policyengine"
version = release = policyengine.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]

html_theme = "furo"
html_title = f"policyengine {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
templates_path = ["_templates"]
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/languages.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}

myst_heading_anchors = 6
myst_enable_extensions = ["colon_fence"]
suppress_warnings = [
    "misc.highlighting_failure",  # blocks of the pages show parts of data, with an ellipsis for the rest
]

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
default_role = "code"


def setup(app: Sphinx) -> None:
    """Teach Sphinx the one language of our blocks that it does not know."""
    app.add_lexer("jsonl", JsonLexer)
