-- What a provider called a step, and what else it said of it.
ALTER TABLE game_booking
    ADD COLUMN promo boolean NOT NULL DEFAULT false,
    ADD COLUMN said  text CHECK (octet_length(said) <= 4000);

-- Of wins it stands in facts; of nothing else was it kept.
UPDATE game_booking AS booking SET promo = true
FROM (
    SELECT shard, convert_from(body, 'UTF8')::json -> 'data' AS data FROM fact
    WHERE position('"type":"round.won"'::bytea IN body) > 0
        AND position('"promo":true'::bytea IN body) > 0
) AS won
WHERE booking.shard = won.shard
    AND booking.provider = won.data ->> 'provider'
    AND booking.external_id = won.data ->> 'external_id'
    AND booking.player_id = (won.data ->> 'player_id')::uuid
    AND booking.kind = 'win'
    AND won.data ->> 'type' = 'round.won'
    AND (won.data ->> 'promo')::boolean;
