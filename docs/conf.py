"""How Sphinx makes the site of these pages. ``make site`` runs it, with every warning an error."""

from __future__ import annotations

import sys
from pathlib import Path

from ecomdata import __version__

sys.path.insert(0, str(Path(__file__).parent))

project = "ecomdata"
author = "The ecomdata developers"
version = release = __version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "datasetdocs"]

smartquotes = False  # options begin with two hyphens
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
nb_execution_mode = "off"  # make site runs them, in folders of their own; the tests do so elsewhere
nb_merge_streams = True
nb_output_stderr = "remove"  # what a load says while it works
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 120

autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
maximum_signature_line_length = 80
python_use_unqualified_type_names = True
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = "ecomdata"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
pygments_style = "tango"
pygments_dark_style = "github-dark"
