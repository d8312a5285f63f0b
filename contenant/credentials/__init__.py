"""What signs the agent in: where it is found, where contenant keeps its own, how it gets into a session.

`values` holds what a credential is, `sources` finds one, `keep` stores contenant's own, `deliver` says how it
travels. A secret is never in an argument, a record, a label or a log; those get its fingerprint.
"""
