"""``policyengine render``: policies as notices for people."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import click

from policyengine.cli.common import language_option, load_engine, policy_argument, reading_option, tell
from policyengine.text import Language


@click.command("render")
@policy_argument
@click.option("--format", "form", type=click.Choice(["md", "html"]), default="md", show_default=True, help="Form.")
@click.option(
    "--output", metavar="FILE|FOLDER", help="Write it there, of several policies a file each; by default, print it."
)
@reading_option
@language_option
def command(
    policy: Sequence[str], form: Literal["md", "html"], output: str | None, readings: Sequence[str], lang: Language
) -> None:
    """Make a notice for people of each policy, from its rules: what may be done, what is forbidden, what is owed.

    \b
    Example:
      policyengine render rules/online-shop --lang ja
      policyengine render rules/alc-smart-learning --format html --output notice.html
    """
    from policyengine.report.html import as_html  # noqa: PLC0415  needed only here
    from policyengine.report.markdown import as_markdown  # noqa: PLC0415
    from policyengine.report.notice import notice  # noqa: PLC0415

    engine = load_engine(policy, readings, lang)
    several = len(engine.policies) > 1
    if several and form == "html" and output is None:
        raise click.UsageError("Of several policies there are several pages: name a folder with --output.")
    folder = Path(output) if output is not None and (several or Path(output).is_dir()) else None
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    for one in engine.policies:
        report = notice(one, lang)
        written = as_html(report, lang) if form == "html" else as_markdown(report)
        if output is None:
            sys.stdout.buffer.write(written.encode("utf-8", "backslashreplace"))
            continue
        file = folder / f"{one.id}-{quote(one.version, safe='')}.{form}" if folder is not None else Path(output)
        file.write_text(written, "utf-8", errors="backslashreplace")
        tell(str(file))
    sys.stdout.buffer.flush()
