"""moto's server, one request after the other: its threads look and write without a lock, so that of two conditional
puts both may find nothing."""

import sys

import moto.server

serve = moto.server.run_simple
moto.server.run_simple = lambda *args, **options: serve(*args, **{**options, "threaded": False})
moto.server.main(sys.argv[1:])
