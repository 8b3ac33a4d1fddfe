"""How the file is read, how a market is named, how an event ended, and how a market settles."""
