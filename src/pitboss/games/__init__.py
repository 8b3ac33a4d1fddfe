"""Games of other makers: which may be played, and the rounds that are played of them."""
