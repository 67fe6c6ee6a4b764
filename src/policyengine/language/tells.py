"""What a policy's text tells, in keys of their own, for people and the lints of a law: nothing is decided by it.

A law asks of a text that it names its operator, say, or how complaints are made. A lint (`policyengine.hooks.Lint`)
reads that here, and says where it is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policyengine.language.keys import referring, time, told
from policyengine.schema.pieces import Schema
from policyengine.text import Text, listed, same, text_of

REQUESTS: Final = (
    "notify_purpose",
    "disclose",
    "disclose_records",
    "correct",
    "add",
    "delete",
    "stop_use",
    "erase",
    "stop_provision",
)
"""What a person can ask for."""


def _table(properties: Mapping[str, Any], *required: str, saying: str = "") -> Schema:
    found: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    found |= {"description": saying} if saying else {}
    return {**found, "required": [*required]} if required else {**found, "minProperties": 1}


def _texts(**described: str) -> dict[str, Schema]:
    return {name: referring("text", description) for name, description in described.items()}


IN_POLICY: Final[Mapping[str, Schema]] = {
    "operator": told(
        "Who the controller is, as the text tells it.",
        _table(
            {
                **_texts(
                    name="Their name.",
                    address="Where they are.",
                    representative="Who represents them, where they are a corporation.",
                ),
                "kind": {"enum": ["corporation", "individual"], "description": "By default a corporation."},
            }
        ),
    ),
    "published": told(
        "When and how the text is made known.",
        _table(
            {
                "from": time("Since then."),
                "manner": {
                    "enum": ["published", "notified", "accessible"],
                    "description": "Published, notified to each person, or kept where each can easily find it.",
                },
                "pseudonymised": _table(
                    _texts(purposes="For what such data are used."),
                    "purposes",
                    saying="What is published of pseudonymised data.",
                ),
                "anonymised": _table(
                    _texts(items="Which items such data have.", method="How they are provided."),
                    "items",
                    "method",
                    saying="What is published of anonymised data.",
                ),
            }
        ),
    ),
    "safety": told(
        "Which measures keep data safe, as the text tells it.",
        _table(
            {
                "clauses": {
                    "type": "array",
                    "description": "The clauses that say which measures are taken; a promise to take some says none.",
                    "items": {"type": "string"},
                    "minItems": 1,
                },
                "abroad": {
                    "type": "array",
                    "description": "Where abroad data are kept or handled, and the legal regime there; [] for nowhere.",
                    "items": _table(
                        {
                            "country": {
                                "type": "string",
                                "description": "The country, by its code of ISO 3166-1.",
                                "pattern": r"^[A-Z]{2}(?![\s\S])",
                            },
                            **_texts(regime="Which law protects personal data there."),
                        },
                        "country",
                        "regime",
                    ),
                },
            }
        ),
    ),
    "requests": told(
        "What a person can ask for, and how, as the text tells it.",
        _table(
            {
                "kinds": {
                    "type": "array",
                    "description": f"What they can ask for: {', '.join(REQUESTS)}.",
                    "items": {"enum": [*REQUESTS]},
                    "minItems": 1,
                },
                **_texts(how="How they ask."),
                "fee": {
                    "type": "string",
                    "description": 'What it costs; "none" where it costs nothing.',
                    "minLength": 1,
                },
                "complaints": {
                    "type": "string",
                    "description": "Where people complain; by default `contact`.",
                    "minLength": 1,
                },
            }
        ),
    ),
}
"""The keys of ``[policy]``."""

IN_CLAUSE: Final[Mapping[str, Schema]] = {
    "opt_out": told(
        "What is told of data that are provided unless the person objects.",
        _table(
            {
                "filed": time("Since when it is filed with the authority."),
                **_texts(
                    operator="Name, address and representative of who provides them.",
                    purpose="That they are used to be provided to others.",
                    items="Which items.",
                    sources="How they were acquired.",
                    method="How they are provided.",
                    stop="That providing stops when the person asks.",
                    how="How the person asks.",
                    others="What else the authority's rules ask: how they are kept up to date, since when.",
                ),
            }
        ),
    ),
}
"""The keys of a clause."""

IN_TERMS: Final[Mapping[str, Mapping[str, Schema]]] = {
    "items": {
        "ordinary": told(
            "Somebody has looked, and it is of no class to which a law gives special care.", {"type": "boolean"}
        )
    },
    "purposes": {
        "analyses": told("The text tells that what people do is analysed for it, and to what end.", {"type": "boolean"})
    },
}
"""The keys of the terms of a dimension."""


def told_by(table: Mapping[str, Any], keys: Mapping[str, Schema]) -> Iterator[tuple[Text, Text]]:
    """Yield what a sound table tells people, each a name and what is said.

    Args:
        table: the table of a policy, or of a clause.
        keys: those of its keys that tell something, `IN_POLICY` or `IN_CLAUSE`.
    """
    for key in keys:
        for name, value in table.get(key, {}).items():
            yield _NAMES[f"{key}.{name}"], _said(value)


def _said(value: Any) -> Text:
    match value:
        case str():
            return _VALUES.get(value, same(value))
        case [*members]:
            return listed(map(_said, members)) if members else _NOWHERE
        case {"country": country, "regime": regime}:
            return Text(ja="{country}（{regime}）", en="{country} ({regime})").filled(
                country=country, regime=text_of(regime)
            )
        case {"purposes": purposes}:
            return text_of(purposes)
        case {"items": items, "method": method}:
            return listed((text_of(items), text_of(method)))
        case _:
            return text_of(value)


_NOWHERE: Final = Text(ja="なし", en="none")
_NAMES: Final[Mapping[str, Text]] = {
    "operator.name": Text(ja="事業者の名称", en="Name of the controller"),
    "operator.address": Text(ja="事業者の住所", en="Address of the controller"),
    "operator.representative": Text(ja="代表者", en="Represented by"),
    "operator.kind": Text(ja="法人か個人か", en="Legal form of the controller"),
    "published.from": Text(ja="公表の日時", en="Made known since"),
    "published.manner": Text(ja="知らせ方", en="Made known how"),
    "published.pseudonymised": Text(ja="仮名加工情報についての公表", en="Published of pseudonymised data"),
    "published.anonymised": Text(ja="匿名加工情報についての公表", en="Published of anonymised data"),
    "safety.clauses": Text(ja="安全管理措置を定める条項", en="Clauses on measures that keep data safe"),
    "safety.abroad": Text(ja="外国での取扱い", en="Kept or handled abroad"),
    "requests.kinds": Text(ja="本人ができる求め", en="People can ask for"),
    "requests.how": Text(ja="求めの方法", en="How they ask"),
    "requests.fee": Text(ja="手数料", en="What it costs"),
    "requests.complaints": Text(ja="苦情の申出先", en="Complaints go to"),
    "opt_out.filed": Text(ja="オプトアウトの届出の日時", en="Opt-out filed since"),
    "opt_out.operator": Text(ja="提供する事業者", en="Who provides the data"),
    "opt_out.purpose": Text(ja="提供を利用目的とすること", en="That they are used to be provided"),
    "opt_out.items": Text(ja="提供する項目", en="Which items are provided"),
    "opt_out.sources": Text(ja="取得の方法", en="How they were acquired"),
    "opt_out.method": Text(ja="提供の方法", en="How they are provided"),
    "opt_out.stop": Text(ja="求めによる停止", en="That providing stops"),
    "opt_out.how": Text(ja="求めを受け付ける方法", en="How people ask that it stops"),
    "opt_out.others": Text(ja="そのほかの事項", en="What else is told of it"),
}
"""What is told, by the keys that tell it, for people."""

_VALUES: Final[Mapping[str, Text]] = {
    "corporation": Text(ja="法人", en="a corporation"),
    "individual": Text(ja="個人", en="an individual"),
    "published": Text(ja="公表", en="published"),
    "notified": Text(ja="本人への通知", en="notified to each person"),
    "accessible": Text(ja="本人の知り得る状態", en="kept where each can easily find it"),
    "notify_purpose": Text(ja="利用目的の通知", en="notification of the purposes"),
    "disclose": Text(ja="開示", en="disclosure"),
    "disclose_records": Text(ja="第三者提供の記録の開示", en="disclosure of the records of provision"),
    "correct": Text(ja="訂正", en="correction"),
    "add": Text(ja="追加", en="addition"),
    "delete": Text(ja="削除", en="deletion"),
    "stop_use": Text(ja="利用の停止", en="cease of use"),
    "erase": Text(ja="消去", en="erasure"),
    "stop_provision": Text(ja="第三者提供の停止", en="cease of provision"),
    "none": _NOWHERE,
}
"""What values that are words of ours say."""
