"""Turn a file into text with its structure: `choosing.read_file` is the way in.

`sniffing` tells by the content what a file is, `plain`, `markup`, `pdf`, `word` and `table` each read one family, `blocks` holds
what they make, `bounds` refuses what is too large or a trap. `python -m omni_app.knowledge.reading` reads a stranger's file
in a process of its own, with limits; `apart` starts that process.
"""

from omni_app.knowledge.reading.blocks import Block, Text, Unreadable

__all__ = ["Block", "Text", "Unreadable"]
