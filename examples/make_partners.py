"""Write the registry of the online shop's advertising partners: 376 invented companies, one declaration a line.

Every line is a fact of type ``partner_declaration``, as an event or a fact source may hand it over. What a partner
declares follows from its number alone, so that the file can be made again at any time:

    python examples/make_partners.py > rules/online-shop/partners.jsonl
"""

from __future__ import annotations

import json
from collections.abc import Iterator

PARTNERS = 376
ORDINARY = ("ad-selection", "ad-frequency", "ad-measurement", "audience-research", "ad-personalisation")


def declarations(number: int) -> Iterator[dict[str, object]]:
    """Yield what the partner of this number declares: on consent, on legitimate interest, or on both."""
    partner = f"ad-partner-{number:03}"
    on_consent = [purpose for place, purpose in enumerate(ORDINARY) if (number >> place) % 2]
    on_interest = [purpose for place, purpose in enumerate(ORDINARY) if (number * 7 >> place) % 3 == 0]
    if number % 31 == 0:  # what the shop allows nobody
        on_consent.append("ad-by-weakness")
    if number % 47 == 0:  # every kind of advertising at once
        on_interest = ["advertising"]
    if not on_consent and not on_interest:
        on_consent = ["ad-selection"]
    for basis, purposes in (("consent", on_consent), ("legitimate_interest", on_interest)):
        if purposes:
            fact = {"type": "partner_declaration", "partner": partner, "purposes": purposes, "basis": basis}
            fact["from"] = f"2026-{number % 9 + 1:02}-01T00:00:00+09:00"
            if number % 25 == 0:  # not renewed
                fact["until"] = "2026-10-01T00:00:00+09:00"
            yield fact


if __name__ == "__main__":
    for number in range(1, PARTNERS + 1):
        for fact in declarations(number):
            print(json.dumps(fact))
