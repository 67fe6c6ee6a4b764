"""The built-in enforcement actions: each a plugin of its own, named as the action, on the same hooks as anybody's."""
