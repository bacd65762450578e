"""The images of ``--hosts=docker``: an instance, and the part of the world that instances reach.

``recipe`` holds what they are made of, ``guest`` the programs of an instance, ``builder`` makes them. Both images are
wholly local: an instance finds Ubuntu's packages, Docker's, Python's and the homework's images in the ``world`` image,
under their own names, so that a run asks nothing of the network.
"""
