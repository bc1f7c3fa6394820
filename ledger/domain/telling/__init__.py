"""People elsewhere are told what happened: each message is seen to have gone, or it is said that it did not."""
