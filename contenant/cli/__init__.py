"""The command line: one module per command. It parses, calls a use case, renders what comes back."""
