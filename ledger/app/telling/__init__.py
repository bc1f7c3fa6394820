"""Telling people elsewhere: which entries are told and in what words (`message`), and that each goes once (`outbox`).

The entry is the request; no message is asked for by another. What became of it is an entry too.
"""
