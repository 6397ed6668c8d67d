"""Where flows begin: distributions that can be sampled, with densities in closed form.

Read `base` first: what a base is, Haar measure, the Gaussian, the free field. The heat kernels of plaquettes in two
dimensions are in `heat_kernel` for U(1) and in `heat_kernel_torus` for SU(2) and SU(3).
"""
