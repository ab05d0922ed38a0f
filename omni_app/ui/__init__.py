"""The pages people work in, built on Reflex.

How to add a page: one folder under `ui/pages/`, its module is found by itself (`shell.add_pages` imports them all).

    class LabelsState(ViewerState, rx.State):            # flat, beside the page; plain values and dataclasses, never table rows
        labels: list[LabelLine] = []

        @loader                                          # errors become the page's error state; success sets `loaded`
        async def load(self) -> None:
            await watch(self, LabelsState.on_live, ("label",))
            async with viewer_db(self) as db:            # the one way to data: session, business and permissions proved each time
                self.labels = [LabelLine.of(label) for label in await list_labels(db)]

        @handler                                         # errors become toasts, or messages under the fields they name
        async def add(self, form: dict[str, Any]) -> Any:
            self.busy = "add"                            # spinner; the mark clears it
            yield
            async with viewer_db(self) as db:            # never yield inside the block
                await add_label(db, form_text(form, "name"))
            yield said("Label added")

        @handler
        async def on_live(self, note: dict) -> None: ... # {"kind": …, "ids": {…}}; kind "resync" = read everything again

    @page("/labels", title="Labels", on_load=LabelsState.load, nav=NavEntry(group="Teach", label="Labels", icon="tag"))
    def labels() -> rx.Component:
        return rx.el.div(page_header("Labels", …), panel(loaded(LabelsState, …)), class_name="page")

- `access.py`      marks for handlers, `viewer_db`, `current_viewer`, `form_text`, `parse_id`; the only translator of errors
- `shell.py`       `page(…)` and the frame; `bare` for strangers, `rail` + `full` for the inbox
- `navigation.py`  `NavEntry`: group, order, letter after `g`, tab on small screens, permission
- `components/`    parts without state; look there before drawing anything. Classes come from `assets/omni.css`
- `live.py`        `watch(state, handler, kinds)` from a loader; `pump` is the one subscription
- `words.py`       times, counts and costs as people read them
- `theme.py`       style sheet, head tags, Plotly template

Handlers take what the browser sends: check every argument (`parse_id`, `form_text`), never trust a state var for identity.
Form handlers get a dictionary by field name; `Invalid(field="name")` from the domain lands under the field called `name`.
"""
