"""The demo business: Harbour Dental, a clinic in Halifax, as data and as a small website that embeds the widget.

`content.py` reads `content/*.json` (checked, frozen); `site/` is the clinic's website, served at /demo. Both only read.
"""

from omni_app.demo.content import DemoBusiness, DemoContent, DemoFaq, DemoPrice, load_demo_content

__all__ = ["DemoBusiness", "DemoContent", "DemoFaq", "DemoPrice", "load_demo_content"]
