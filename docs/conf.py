"""How the documentation is built: `./scripts/docs` makes `docs/_build/html`."""

import sys
from pathlib import Path

from gaugeflow import __version__

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "gaugeflow"
author = "the gaugeflow developers"
version = release = __version__
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "command_line",
    "configuration_keys",
    "mathml",
    "rooms",
    "start_page",
]
exclude_patterns = ["_build", "tutorials"]
nitpicky = False

html_theme = "furo"
html_title = "gaugeflow"
html_math_renderer = "mathml"
html_theme_options = {"navigation_with_keys": True}
copybutton_prompt_text = r"\$ |>>> "

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
napoleon_use_rtype = False
default_role = "code"

sphinx_gallery_conf = {
    "examples_dirs": "tutorials",
    "gallery_dirs": "gallery",
    "filename_pattern": r"/\d\d_",
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "show_signature": False,
    "remove_config_comments": True,
    "min_reported_time": 3600,
    "image_scrapers": ("matplotlib",),
    "image_srcset": ["2x"],
    "capture_repr": (),
    "reset_modules": ("gallery_style.apply",),
    "abort_on_example_error": True,
    "plot_gallery": "True",
}
suppress_warnings = ["config.cache"]
