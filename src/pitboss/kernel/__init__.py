"""Words that every room uses: money, prices, ids, facts, clock, entropy, ensure."""
