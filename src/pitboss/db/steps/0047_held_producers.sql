-- A producer that staff has stopped takes no bets, whatever its feed says of it.
ALTER TABLE catalog_producer ADD COLUMN held boolean NOT NULL DEFAULT false;
