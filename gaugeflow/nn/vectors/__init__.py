"""Linear maps of site vectors, and the preconditioner of the Laplacian that is made of them.

Read `convolution` first. `stencil` is what its layer is over fixed links, `preconditioner` is its use.
"""
