"""`python -m pitboss`: the command line without its script."""

from pitboss.cli import main

main()
