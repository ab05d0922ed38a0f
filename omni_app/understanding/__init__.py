"""What a message means besides its question: whether the writer wants a person, and how angry they are.

`persons` and `anger` go by expressions of many languages and, where a sentence vector is at hand, by small rules fitted on
examples (`learned`). All of it works without a provider key.
"""

from omni_app.understanding.anger import ANGRY_AT, anger
from omni_app.understanding.persons import asks_for_person

__all__ = ["ANGRY_AT", "anger", "asks_for_person"]
