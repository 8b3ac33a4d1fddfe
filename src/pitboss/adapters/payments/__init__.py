"""Payment providers: what they say, in our words."""
