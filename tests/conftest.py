"""How long properties are tried: briefly in the default suite, thoroughly by `make test-all`.

Without deadlines: how long an example takes is the machine's affair, and figures are the bench's.
"""

from hypothesis import settings

settings.register_profile("brief", max_examples=40, deadline=None)
settings.register_profile("thorough", max_examples=300, deadline=None)
settings.load_profile("brief")
