"""The commands that the package brings, each imported only by the command line."""
