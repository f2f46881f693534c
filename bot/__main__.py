"""`python -m bot` is the program `quarterdeck`."""

import sys

from bot.cli import main

sys.exit(main())
