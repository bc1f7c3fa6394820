"""Stand-ins on loopback for systems that the runbook talks to and that cannot be installed here.

Each follows its vendor's published description, which its docstring names with its version, and is strict: an unknown
field, a wrong type, a missing header is an error there too. Faults can be had on demand.
"""
