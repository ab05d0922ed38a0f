"""Message templates in the composer: which there are, the chosen one, sending it."""

from typing import Any
from uuid import UUID, uuid4

import reflex as rx

from omni_app.channels.templates import list_templates
from omni_app.conversations.header_files import list_header_files
from omni_app.conversations.templates import send_template
from omni_app.infra.errors import FieldError, Invalid
from omni_app.ui.access import ViewerState, handler, loader, parse_id, viewer_db
from omni_app.ui.components import said
from omni_app.ui.pages.inbox.file_shapes import size_words
from omni_app.ui.pages.inbox.template_shapes import HeaderFile, Template, in_use_first, matches, template_of, typed_into, use_of
from omni_app.ui.pages.inbox.thread_state import ThreadState


class TemplateState(ViewerState, rx.State):
    """`templates` are those of the open conversation's account, `chosen` the key of the one that is filled in."""

    templates: list[Template] = []
    files: list[HeaderFile] = []
    query: str = ""
    chosen: str = ""

    _connection_id: str = ""
    _draft: str = ""

    @rx.var
    def shown(self) -> list[Template]:
        return [template for template in self.templates if matches(template, self.query)]

    @rx.var
    def picked(self) -> Template:
        return next((template for template in self.templates if template.key == self.chosen), Template())

    @loader
    async def load(self) -> None:
        """The templates of the open conversation's account; one of another account may stand chosen."""
        thread = await self.get_state(ThreadState)
        connection_id = thread.get_value("head").connection_id
        if connection_id != self._connection_id:
            self._connection_id, self.query, self.chosen, self.templates = connection_id, "", "", []
        if connection_id:
            async with viewer_db(self) as db:
                found = await list_templates(db, UUID(connection_id))
            self.templates = in_use_first([template_of(info) for info in found])

    @handler
    async def search(self, query: str) -> None:
        self.query = str(query)[:60]

    @handler
    async def pick(self, key: str) -> None:
        self.chosen = str(key)
        await self._read_files()
        # One id for one choice: pressing twice sends once.
        self._draft = str(uuid4())

    async def _read_files(self) -> None:
        """The files of the conversation that the chosen template may begin with."""
        self.files = []
        if kind := self.picked.header_kind:
            conversation_id = parse_id((await self.get_state(ThreadState)).conversation_id, "conversation")
            async with viewer_db(self) as db:
                found = await list_header_files(db, conversation_id, kind)
            self.files = [HeaderFile(id=str(one.id), label=f"{one.name} ({size_words(one.size)})") for one in found]

    @handler
    async def send(self, form: dict[str, Any]) -> Any:
        """Send the chosen template with what was typed into its variables."""
        self.busy = "send"
        yield
        thread = await self.get_state(ThreadState)
        conversation_id = parse_id(thread.conversation_id, "conversation")
        template = self.picked
        if not template.key:
            raise Invalid("Choose a template.")
        typed = typed_into(template, form)
        if empty := [name for name, text in typed.items() if not text]:
            raise Invalid("Fill in every variable.", fields=[FieldError(field=name, message="This is empty.") for name in empty])
        async with viewer_db(self) as db:
            await send_template(db, conversation_id, use_of(template, typed), client_id=self._draft)
        self.chosen = ""
        await thread._catch_up()
        yield said("Template sent")
