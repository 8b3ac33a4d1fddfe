"""Cases that a wallet for game providers must pass, ours or another's; it knows no room of ours."""
