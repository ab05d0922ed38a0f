"""How much a file may hold and cost: everything here is checked before, or while, it is read."""

MAX_BYTES = 20 * 1024 * 1024
MAX_CHARACTERS = 2_000_000

# A ZIP (every DOCX is one) may unpack to this much, and to this many times its own size.
MAX_UNPACKED = 200 * 1024 * 1024
MAX_RATIO = 200
MAX_MEMBERS = 10_000

MAX_PAGES = 2_000

# Of the process that reads: time, memory, and what it may write back.
SECONDS = 60
# By the clock: a machine that is busy with other things gives it its minute of work later, but a job must end within two.
CLOCK_SECONDS = 90
MEMORY = 1_500 * 1024 * 1024
