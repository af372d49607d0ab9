"""Exit code 0 when /health of the address in the first argument answers 200."""

import sys

from server import Server

try:
    sys.exit(Server(sys.argv[1]).call("/health")[0] != 200)
except OSError:
    sys.exit(1)
