"""The figures of normalizing flows: `run` has all of a run, `training` draws some of them."""
