"""What a home keeps: `contract` says what a store promises, `open` opens one, `sqlite` is the one that there is."""
