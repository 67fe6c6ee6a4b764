"""The built-in rule kinds, registered through the same hook as anybody's."""

from __future__ import annotations

from collections.abc import Iterable

from policyengine.builtin.kinds.alternative import Alternatives
from policyengine.builtin.kinds.disclosure import Disclosure
from policyengine.builtin.kinds.individual_notice import IndividualNotice
from policyengine.builtin.kinds.joint_use import JointUse
from policyengine.builtin.kinds.obligation import Obligation
from policyengine.builtin.kinds.permission import Permission
from policyengine.builtin.kinds.prohibition import Prohibition
from policyengine.builtin.kinds.provision import Entrustment, Provision
from policyengine.builtin.kinds.purpose_limitation import PurposeLimitation
from policyengine.builtin.kinds.replacement import Replacement
from policyengine.builtin.kinds.request import DataSubjectRequest
from policyengine.builtin.kinds.requirement import Requirement
from policyengine.builtin.kinds.retention import Retention
from policyengine.hooks import hookimpl
from policyengine.language import RuleKind


@hookimpl
def policyengine_rule_kinds() -> Iterable[RuleKind]:
    """Bring every kind of rule that the reference policy needs."""
    return (
        PurposeLimitation(),
        IndividualNotice(),
        JointUse(),
        Entrustment(),
        Provision(),
        Permission(),
        Replacement(),
        Requirement(),
        Alternatives(),
        Prohibition(),
        DataSubjectRequest(),
        Disclosure(),
        Obligation(),
        Retention(),
    )
