-- Markets in which a bet may be on a place: how many are paid, and what share of the winnings.
CREATE TABLE catalog_place_terms (
    market_id uuid PRIMARY KEY REFERENCES catalog_market,
    places    int  NOT NULL CHECK (places BETWEEN 1 AND 40),
    fraction  text NOT NULL
);
