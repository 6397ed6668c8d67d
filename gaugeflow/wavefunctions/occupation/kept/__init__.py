"""Markov chains that keep inverses: a hop costs a few products. `chain` is what they share."""
