"""The work behind the network: analyse what was received, deliver what was made, obtain commitment for it.

Three loops over the same queue: ``worker`` (ANALYSE), ``deliverer`` (DELIVER) and ``committer`` (COMMIT).
"""
