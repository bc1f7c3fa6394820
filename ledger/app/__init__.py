"""What the product does: decide and record, publish, deliver, observe. The command line and the web only show it."""
