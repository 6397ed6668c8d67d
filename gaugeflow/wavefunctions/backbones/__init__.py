"""Backbones: networks that give each particle features that depend on all the others.

`backbone` says what one is and `features` what it sees. The networks are `ferminet`, `psiformer`, `message_passing`
and `deep_sets`, and `tensors` and `egnn`, whose features turn with the nuclei; affine layers are from `dense`.
"""
