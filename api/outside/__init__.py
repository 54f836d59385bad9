"""Checkpoints leave the machine: into a folder, to witnesses, to a time stamp authority.

Whoever owns the database and the signing key can write another history. What left the machine before can not be taken
back, and contradicts it.
"""
