"""Business: who it is, when it is open, what the assistant says first and never, and the widget's colours.

- `profile.py`  the form's values: what is shown, what was typed, what of it changed; no state
- `colors.py`   contrast of two colours; no state
- `state.py`    `BusinessState` loads and saves; `DraftState` follows what is typed and not saved yet
- `hours.py`, `form.py`, `preview.py`, `page.py`  the parts on the screen
"""
