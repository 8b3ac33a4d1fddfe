"""The random numbers of games: the room that a laboratory certifies, as small as it can be.

It imports the standard library and nothing else, of pitboss as little as of anybody.  What every
file of it says is measured, signed and compared (`manifest`), so each line here has to be needed.
"""

# Named in every draw.  Any change to this room needs another version and another certificate.
RNG_ID = "pitboss-hmac-drbg-sha256"
RNG_VERSION = "1.1.0"
