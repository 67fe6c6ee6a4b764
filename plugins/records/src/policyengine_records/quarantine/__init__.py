"""The quarantine: a flow that is not permitted is kept for a person, who releases or rejects it."""
