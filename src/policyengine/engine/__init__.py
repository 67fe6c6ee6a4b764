"""The wiring: plugins, configuration, fact sources and policies put together; the only state there is."""
