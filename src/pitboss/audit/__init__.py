"""The provable record: readers of the one order of facts, who never touch the story."""
