"""What comes with the engine, through the same hooks as anybody's."""
