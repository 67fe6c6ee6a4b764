"""``policyengine packs``: the packs, and the files that packs share, which can be named."""

from __future__ import annotations

import json
import sys

import click

from policyengine.cli.common import language_option, show, write
from policyengine.text import Language, text_of


@click.command("packs")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form.")
@language_option
def command(form: str, lang: Language) -> None:
    """List the packs, and the files that packs share, which come with the engine or with installed packages.

    A pack is named wherever a path of one may stand; a shared file is named in `imports`.

    \b
    Example:
      policyengine packs --format json
    """
    from policyengine.language.offered import offered  # noqa: PLC0415  needed only here

    found = offered()
    if form == "json":
        data = [
            {
                "name": one.name,
                "kind": one.kind,
                "path": str(one.path),
                "policy": {key: one.policy.get(key) for key in ("id", "version", "title")} if one.policy else None,
            }
            for one in found
        ]
        write(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        width = max((len(one.name) for one in found), default=0)
        for one in found:
            title = text_of(one.policy.get("title", {}), "").say(lang)
            about = f"{one.policy.get('version')}  {title}" if one.policy else _SHARED[lang == "ja"]
            show(f"{one.name:{width}}  {about}")
    sys.stdout.buffer.flush()


_SHARED = ("for imports", "取り込み用")
