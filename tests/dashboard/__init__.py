"""Tests of the pages, without a browser: Flask's own client on a real ledger in a folder of its own."""
