"""The outbox: messages that wait until a webhook has them, and what takes them there."""
