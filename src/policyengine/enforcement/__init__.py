"""From a decision to its consequences."""
