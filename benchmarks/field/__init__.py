"""A city of our own making, run in this process from the bytes of its feeds to every face, its clock moved by hand.

`network.py` declares a tiny network, `messages.py` what an operator says of it, `city.py` runs a service on both,
`faces.py` reads what each face says, `agreement.py` compares them. The situations of `tests/field/` and the faults of
`benchmarks/faults/` are played on it.
"""
