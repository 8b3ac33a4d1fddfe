"""The people who play: who they are, what they may do; each sub-room has a door of its own."""
