"""Many Wilson loops with few products, written down once as a tape that every backend can play."""
