"""The built-in rule kinds, registered through the same hook as anybody's."""

from __future__ import annotations

from collections.abc import Iterable

from policyengine.hooks import RuleKind, hookimpl
from policyengine.kinds.disclosure import Disclosure
from policyengine.kinds.individual_notice import IndividualNotice
from policyengine.kinds.joint_use import JointUse
from policyengine.kinds.obligation import Obligation
from policyengine.kinds.prohibition import Prohibition
from policyengine.kinds.provision import Entrustment, Provision
from policyengine.kinds.purpose_limitation import PurposeLimitation
from policyengine.kinds.request import DataSubjectRequest
from policyengine.kinds.requirement import Requirement


@hookimpl
def policyengine_rule_kinds() -> Iterable[RuleKind]:
    """Bring every kind of rule that the reference policy needs."""
    return (
        PurposeLimitation(),
        IndividualNotice(),
        JointUse(),
        Entrustment(),
        Provision(),
        Requirement(),
        Prohibition(),
        DataSubjectRequest(),
        Disclosure(),
        Obligation(),
    )
