-- A proof is asked for by a fact's id, which tells when the fact was made: the rows of the order that
-- were given out then are found at once.  There are a few hundred of them a second at most, so a
-- plain index costs nothing that anybody would feel; BRIN reads thousands of rows for each question.
DROP INDEX fact_run_by_time;
CREATE INDEX fact_run_by_time ON fact_run (sequenced_at);
