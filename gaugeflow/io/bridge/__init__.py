"""Files of Bridge++, which are numbers and nothing else: `text` and `binary`; `headerless` is what they share."""
