"""The people who run the place: who they are, what each may do, and what two must agree on."""
