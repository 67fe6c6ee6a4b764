"""A slow, obvious evaluator of the contract, written from its text: what the engine must agree with.

It shares no code with the engine, and imports nothing of it. There is no index and no memory: kinds are found by
walking up the hierarchy, times are read with `datetime`, and every rule is looked at for every item.

- `packs`: from the TOML data of rule files to a policy's words, clauses and rule tables under a choice of readings;
- `kinds`: from a rule table to what it says, for each of the built-in kinds;
- `leaves`: whether an event meets a condition, surely or as it may be (section 1 of the contract);
- `law`: what follows for an item, an event, and several policies (section 3).

Errors of form (a bad pack, an invalid event) are not its business.
"""

from reference_open.law import Answer, Reason, evaluate
from reference_open.packs import Policy, load, policy

__all__ = ["Answer", "Policy", "Reason", "evaluate", "load", "policy"]
