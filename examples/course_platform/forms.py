"""What the platform is told over HTTP. Only its form is looked at here; what may be done with it, the policy says."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field


def _distinct(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        raise ValueError("each may stand once")
    return names


Word = Annotated[str, Field(min_length=1)]
Words = Annotated[list[Word], Field(min_length=1), AfterValidator(_distinct)]


class SignUp(BaseModel):
    """What somebody gives, and what for."""

    category: Word = "applicant"
    purpose: Word
    data: Annotated[dict[Word, str], Field(min_length=1)]


class Consent(BaseModel):
    """What somebody consents to; what is left out narrows nothing."""

    operations: Words
    recipients: Words | None = None
    purposes: Words | None = None
    items: Words | None = None


class Demand(BaseModel):
    """What somebody asks of the company: ``disclose``, ``stop_use``, ``stop_provision``, ``erase`` and the like."""

    kind: Word
    purposes: Words | None = None
    items: Words | None = None


class Letter(BaseModel):
    """What the staff write to one person."""

    purpose: Word
    text: str


class Campaign(BaseModel):
    """A mail that a contractor sends to everybody."""

    contractor: Word
    title: str
    items: Words


class Share(BaseModel):
    """Data of one person for a partner."""

    operation: Literal["joint_use", "provide"]
    person: Word
    items: Words
    purpose: Word
