"""What would make a denied flow a permitted one, made when somebody reads it."""

from policyengine.decision.remedy.remedies import Remedying

__all__ = ["Remedying"]
