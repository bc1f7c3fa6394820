"""What is run on the sources and never installed: the texts of pages, and their catalogue."""
