"""Questions about whole policies, answered exactly: over every event, not over samples."""
