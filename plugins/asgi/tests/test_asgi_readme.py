"""The README: its application runs, and it names all that is public."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import policyengine_asgi
from policyengine_asgi import RequestContext
from policyengine_asgi import fastapi as for_fastapi
from test_asgi import serving

README = Path(__file__).parents[1] / "README.md"
ROOT = Path(__file__).parents[3]


def test_its_application_answers_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    page = ModuleType("asgi_readme")
    monkeypatch.setitem(sys.modules, page.__name__, page)
    exec(code, vars(page))
    with serving(page.app) as http:
        assert http.post("/customers/c-1/letters").json() == {"written": "c-1", "clauses": ["2-1"]}
        denied = http.post("/customers/c-1/gifts/somebody")
        assert http.get("/readyz").json()["status"] == "ok"
    document = denied.json()
    shown: Any = re.search(r"\n(\{\"type\".*?)```", README.read_text("utf-8"), re.DOTALL)
    for key in ("type", "title"):
        assert f'"{key}": "{document[key]}"' in shown[1]
    assert f'"codes": ["{document["codes"][0]}"], "clauses": ["{document["clauses"][0]}"]' in shown[1]
    assert (denied.status_code, document["detail"][:10]) == (403, "Clause 5: ")


def test_it_names_all_that_is_public_with_its_arguments() -> None:
    text = README.read_text("utf-8")
    named = set(re.findall(r"^\| `(\w+)", text, re.MULTILINE)) | {"readiness", "AnyEngine"}
    assert set(policyengine_asgi.__all__) <= named
    for name, called in (
        ("lifespan", policyengine_asgi.lifespan),
        ("engine_of", policyengine_asgi.engine_of),
        ("DenialMiddleware", policyengine_asgi.DenialMiddleware),
        ("RequestContext", RequestContext),
        ("authenticated", policyengine_asgi.authenticated),
    ):
        assert f"`{name}({', '.join(inspect.signature(called).parameters)})`" in text
    assert (
        f"flow_of({', '.join(inspect.signature(for_fastapi.flow_of).parameters)})".replace("fields", "**fields") in text
    )
