"""The desk of an online shop: a small FastAPI application under a policy."""
