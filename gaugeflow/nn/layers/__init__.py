"""The layers, one a file: where site matrices come from, how they are changed, how they are read out.

`sources` makes them from links. `convolution`, `bilinear`, `attention`, `activation`, `norm` and `blocking` change
them, `exponential` changes the links. `readout` makes invariant numbers. `gaugeflow.nn.layer` says what a layer is.
"""
