"""From text to a policy: rule files read, checked, lowered, formatted."""
