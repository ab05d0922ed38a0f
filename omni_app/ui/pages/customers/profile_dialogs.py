"""The dialogs of a customer's page: verify, block, erase. Each names the thing and the effect."""

import reflex as rx

from omni_app.ui.components import button, dialog, form_actions, form_error, text_area_field, text_field
from omni_app.ui.pages.customers.profile_state import CustomerState

WHO = CustomerState.who


def verify_dialog() -> rx.Component:
    is_point = CustomerState.verify_point != ""
    about = rx.cond(
        is_point,
        "This address counts as theirs from now on: who proves it later is this customer.",
        "You vouch for who this is. Their addresses stay as they are.",
    )
    return dialog(
        CustomerState.verify_open,
        rx.cond(is_point, "Verify " + CustomerState.verify_value, "Verify " + WHO.name),
        rx.el.form(
            form_error(CustomerState),
            text_area_field(
                "reason",
                "How do you know",
                CustomerState.errors,
                hint="Kept in the audit trail, like: showed an ID at the desk",
                rows=2,
            ),
            form_actions(
                button("Cancel", tone="ghost", on_click=CustomerState.set_verify_open(False)),
                button(
                    rx.cond(is_point, "Verify address", "Verify customer"),
                    tone="primary",
                    type="submit",
                    busy=CustomerState.busy == "verify",
                ),
            ),
            key="verify-" + CustomerState.form.to_string(),
            on_submit=CustomerState.verify,
            no_validate=True,
            class_name="form",
        ),
        on_close=CustomerState.set_verify_open,
        about=about,
    )


def block_dialog() -> rx.Component:
    return dialog(
        CustomerState.block_open,
        "Block " + WHO.name + "?",
        rx.el.form(
            form_error(CustomerState),
            text_area_field("reason", "Reason", CustomerState.errors, hint="Your team sees it, the customer does not", rows=2),
            form_actions(
                button("Keep customer", on_click=CustomerState.set_block_open(False)),
                button("Block customer", tone="danger", type="submit", busy=CustomerState.busy == "block"),
            ),
            key="block-" + CustomerState.form.to_string(),
            on_submit=CustomerState.block,
            no_validate=True,
            class_name="form",
        ),
        on_close=CustomerState.set_block_open,
        about="Their messages are refused on every channel until you unblock them.",
    )


def erase_dialog() -> rx.Component:
    return dialog(
        CustomerState.erase_open,
        "Erase " + WHO.name + "?",
        rx.el.form(
            form_error(CustomerState),
            rx.el.ul(rx.foreach(CustomerState.erase_counts, lambda text: rx.el.li(text)), class_name="goes"),
            text_field(
                "confirm",
                rx.fragment("Write ", rx.el.b(rx.el.bdi(WHO.name)), " to confirm"),
                CustomerState.errors,
                auto_complete="off",
            ),
            form_actions(
                button("Keep customer", on_click=CustomerState.set_erase_open(False)),
                button("Erase customer", tone="danger", type="submit", busy=CustomerState.busy == "erase"),
            ),
            key="erase-" + CustomerState.form.to_string(),
            on_submit=CustomerState.erase,
            no_validate=True,
            class_name="form",
        ),
        on_close=CustomerState.set_erase_open,
        about="This goes for good, also from the assistant's memory. Costs stay in the ledger, without a name.",
    )
