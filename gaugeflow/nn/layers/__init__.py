"""The layers, one a file: where site matrices come from, how they are changed, how they are read out."""
