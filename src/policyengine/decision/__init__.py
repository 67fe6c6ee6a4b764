"""From policies and an event to a decision, and why."""
