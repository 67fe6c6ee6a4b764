"""What every JSON Schema is made of, and how data is held against one."""
