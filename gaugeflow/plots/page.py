"""`report.html`: the tables and the figures of one or several runs on a page that needs nothing else."""

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt

from gaugeflow.runs.atomic import write_whole

__all__ = ["write_page"]

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --ink: #22303c; --page: #ffffff; --line: #d5dbe1; --blue: #2a6f97; }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #e4e8ec; --page: #14191f; --line: #37414b; --blue: #6cb4dd; }} }}
body {{ font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); margin: 0 auto;
       max-width: 72rem; padding: 1.5rem; }}
h1 {{ font-size: 1.4rem; margin-top: 2.5rem; }}
.table {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9rem; }}
th, td {{ padding: 0.25rem 0.75rem; border-bottom: 1px solid var(--line); white-space: nowrap; }}
th {{ text-align: left; color: var(--blue); font-weight: 600; }}
.figures {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(min(30rem, 100%), 1fr)); gap: 1rem; }}
figure {{ margin: 0; background: #ffffff; border: 1px solid var(--line); border-radius: 6px; padding: 0.5rem; }}
figure img {{ width: 100%; height: auto; display: block; }}
figcaption {{ color: #22303c; font-size: 0.85rem; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""
KINDS = {".png": "image/png", ".svg": "image/svg+xml"}


def write_page(path: Path, title: str, parts: Sequence[tuple[str, Sequence[Path]]]) -> None:
    """Writes the page as a whole.

    Args:
        path: where it goes.
        title: of the browser's window.
        parts: for each run its report in markdown, as in `report.md`, and its figures, PNG or SVG files; others, which
            a browser does not show in a page, are left out.
    """
    body = "\n".join(_part(report, figures) for report, figures in parts)
    write_whole(path, PAGE.format(title=escape(title), body=body))


def _part(report: str, figures: Sequence[Path]) -> str:
    tables = MarkdownIt("commonmark", {"html": False}).enable("table").render(report)
    scrolling = tables.replace("<table>", '<div class="table"><table>').replace("</table>", "</table></div>")
    shown = "\n".join(_figure(figure) for figure in figures if figure.suffix in KINDS)
    return f'{scrolling}<div class="figures">\n{shown}\n</div>'


def _figure(path: Path) -> str:
    data = base64.b64encode(path.read_bytes()).decode()
    name = escape(path.stem.replace("_", " "))
    image = f'<img alt="{name}" src="data:{KINDS[path.suffix]};base64,{data}">'
    return f"<figure>{image}<figcaption>{name}</figcaption></figure>"
