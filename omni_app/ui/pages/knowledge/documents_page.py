"""The page of documents: the list, and the dialog that adds to it."""

import reflex as rx

from omni_app.infra.scope import Permission
from omni_app.knowledge.documents import MAX_TITLE
from omni_app.knowledge.reading.bounds import MAX_BYTES
from omni_app.ui.account import ShellState
from omni_app.ui.components import (
    badge,
    button,
    callout,
    confirm,
    dialog,
    empty_state,
    form_actions,
    form_error,
    icon,
    icon_button,
    loaded,
    meter,
    page_header,
    pager,
    panel,
    segmented,
    table,
    text_area_field,
    text_field,
)
from omni_app.ui.pages.knowledge.adding import MOST_FILES, UPLOAD_ID, AddState, Refused
from omni_app.ui.pages.knowledge.documents import DocumentsState
from omni_app.ui.pages.knowledge.editing import EditorState
from omni_app.ui.pages.knowledge.editor import editor
from omni_app.ui.pages.knowledge.showing import DocumentLine
from omni_app.ui.pages.knowledge.tabs import knowledge_tabs
from omni_app.ui.pages.knowledge.trying import TryState
from omni_app.ui.pages.knowledge.tryit import try_it
from omni_app.ui.shell import page

MAY_TEACH = ShellState.permissions.contains(Permission.TEACH.value)
_ICONS = (
    ("pdf", "file_text"),
    ("docx", "file_type"),
    ("csv", "table_2"),
    ("html", "globe"),
    ("markdown", "file_code"),
)
# Names and types the file picker offers; what a file really is decides the server, by its content.
ACCEPT = {
    "application/pdf": [".pdf"],
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": [".docx"],
    "text/html": [".html", ".htm"],
    "text/markdown": [".md", ".markdown"],
    "text/csv": [".csv", ".tsv"],
    "text/plain": [".txt"],
}


def kind_icon(kind: rx.Var[str]) -> rx.Component:
    """The glyph of a document's kind."""
    return rx.match(kind, *[(name, icon(glyph)) for name, glyph in _ICONS], icon("file"))


def status_of(line: rx.Var[DocumentLine]) -> rx.Component:
    """Where a document stands: a word, a bar while it is worked on, or what went wrong."""
    bar = rx.el.div(
        meter("Passages ready", line.progress, "all", line.percent),
        rx.el.span(line.progress, class_name="t1 mut num"),
        class_name="progress",
        role="status",
    )
    return rx.match(
        line.status,
        ("ready", badge("Ready", "good", "circle_check")),
        ("failed", badge("Not readable", "bad", "circle_x")),
        ("embedding", bar),
        ("reading", badge("Reading", "info", "loader_circle")),
        badge("Waiting", "", "clock"),
    )


def _row(line: rx.Var[DocumentLine]) -> rx.Component:
    href = "/knowledge/documents/" + line.id
    return rx.el.tr(
        rx.el.td(
            rx.el.div(
                rx.el.span(kind_icon(line.kind), class_name="kind", title=line.kind_name),
                rx.el.div(
                    rx.el.a(line.title, href=href, class_name="med ask", title=line.title),
                    rx.cond(
                        line.problem != "",
                        rx.el.span(line.problem, class_name="bad wrap"),
                        rx.el.span(line.about, class_name="mut trunc"),
                    ),
                    rx.cond(
                        line.is_serving & (line.status != "ready"),
                        rx.el.span("The text before it still answers.", class_name="mut"),
                    ),
                    class_name="two-lines",
                ),
                class_name="doc",
            ),
            class_name="lead wide",
        ),
        rx.el.td(status_of(line)),
        rx.el.td(rx.el.span("changed ", class_name="only-small"), line.changed, class_name="mut"),
        rx.el.td(
            rx.cond(
                MAY_TEACH,
                rx.el.span(
                    rx.cond(
                        line.status == "failed",
                        icon_button("rotate_cw", "Try “" + line.title + "” again", "s", on_click=DocumentsState.retry(line.id)),
                    ),
                    icon_button("replace", "Replace “" + line.title + "”", "s", on_click=AddState.open_replace(line.id)),
                    icon_button("trash_2", "Delete “" + line.title + "”", "s", on_click=DocumentsState.ask_delete(line.id)),
                ),
            ),
            class_name="r act",
        ),
    )


def _search() -> rx.Component:
    return rx.el.div(
        rx.el.span(
            icon("search", "s", "mut"),
            rx.el.input(
                type="search",
                placeholder="Search documents",
                aria_label="Search documents",
                auto_complete="off",
                max_length=200,
                default_value=DocumentsState.search,
                key=DocumentsState.cleared.to_string(),
                on_change=DocumentsState.find.debounce(250),
            ),
            class_name="input",
        ),
        rx.el.span(DocumentsState.total_words, class_name="mut num nowrap", role="status"),
        class_name="finder",
    )


def _nothing() -> rx.Component:
    searched = empty_state(
        "No document matches",
        "No title, file or text holds “" + DocumentsState.search + "”.",
        "search_x",
        button("Clear search", on_click=DocumentsState.clear),
        because_of_filter=True,
    )
    first = empty_state(
        "Give your assistant something to read",
        rx.cond(
            MAY_TEACH,
            "Leaflets, price lists, house rules: it quotes them word for word and says where it stands.",
            "No document is here yet. An owner or admin can add some.",
        ),
        "file_text",
        rx.cond(MAY_TEACH, button("Upload files", "upload", tone="primary", on_click=AddState.open_new("upload"))),
        rx.cond(MAY_TEACH, button("Paste text", "clipboard_paste", on_click=AddState.open_new("paste"))),
    )
    return rx.cond(DocumentsState.search != "", searched, first)


def _list() -> rx.Component:
    return rx.fragment(
        rx.cond((DocumentsState.total > 0) | (DocumentsState.search != ""), _search()),
        rx.cond(
            DocumentsState.lines.length() > 0,
            rx.fragment(
                table(["Document", "State", "Changed", ("", "r")], DocumentsState.lines, _row, "Documents"),
                rx.cond(
                    DocumentsState.pages > 1,
                    rx.el.footer(pager(DocumentsState.page, DocumentsState.pages, DocumentsState.go, "Pages of documents")),
                ),
            ),
            _nothing(),
        ),
    )


def _refused(item: rx.Var[Refused]) -> rx.Component:
    return rx.el.li(rx.el.b(item.name, class_name="med"), rx.el.span(item.problem))


def _upload() -> rx.Component:
    return rx.el.div(
        rx.upload.root(
            rx.el.div(
                rx.cond(AddState.busy == "upload", icon("loader_circle", "l", "spin"), icon("upload", "l")),
                rx.el.p(
                    rx.cond(AddState.busy == "upload", "Uploading", "Drop files here, or press to choose"),
                    class_name="med",
                ),
                rx.el.p(f"PDF, Word, HTML, Markdown, CSV or text, up to {MAX_BYTES // 2**20} MB each", class_name="t1 mut"),
                class_name="dropzone",
            ),
            id=UPLOAD_ID,
            multiple=AddState.replacing_id == "",
            accept=ACCEPT,
            max_size=MAX_BYTES,
            max_files=MOST_FILES,
            on_drop=AddState.upload(rx.upload_files(upload_id=UPLOAD_ID)),
            on_drop_rejected=AddState.refuse,
            custom_attrs={"aria-label": "Drop files here, or press to choose"},
        ),
        rx.cond(
            AddState.refused.length() > 0,
            callout(
                rx.el.b("Not taken", class_name="med"),
                rx.el.ul(rx.foreach(AddState.refused, _refused), class_name="refused"),
                tone="bad",
                icon_name="circle_x",
                role="alert",
            ),
        ),
        form_actions(button("Close", on_click=AddState.set_open(False))),
        class_name="form",
    )


def _paste() -> rx.Component:
    return rx.el.form(
        form_error(AddState),
        rx.cond(
            AddState.replacing_id == "",
            text_field(
                "title",
                "Title",
                AddState.errors,
                hint="Customers see it as the source of an answer",
                max_length=MAX_TITLE + 1,
                auto_complete="off",
            ),
        ),
        text_area_field(
            "text", "Text", AddState.errors, hint="Plain or Markdown. Headings help to find the right place.", rows=12
        ),
        form_actions(
            button("Cancel", tone="ghost", on_click=AddState.set_open(False)),
            button("Add text", tone="primary", type="submit", busy=AddState.busy == "paste"),
        ),
        key=AddState.form.to_string(),
        on_submit=AddState.paste,
        no_validate=True,
        class_name="form",
    )


def add_dialog() -> rx.Component:
    """The dialog in which documents are added or replaced."""
    return dialog(
        AddState.is_open,
        rx.cond(AddState.replacing_id != "", "Replace “" + AddState.replacing_title + "”", "Add documents"),
        rx.el.div(
            segmented(
                [("upload", "Upload files"), ("paste", "Paste text")],
                AddState.way,
                lambda way: AddState.choose(way),
                "How to add",
            ),
            class_name="row ways-in",
        ),
        rx.cond(
            AddState.replacing_id != "",
            rx.el.p("The text that is there answers until the new one is ready.", class_name="t1 mut"),
        ),
        rx.cond(AddState.way == "paste", _paste(), _upload()),
        on_close=AddState.set_open,
        wide=True,
    )


@page(
    "/knowledge/documents",
    title="Documents",
    on_load=[DocumentsState.load, TryState.load, EditorState.load],
)
def documents() -> rx.Component:
    return rx.el.div(
        page_header(
            "Knowledge",
            "What your assistant answers from",
            rx.cond(
                MAY_TEACH & ((DocumentsState.total > 0) | (DocumentsState.search != "")),
                button("Add documents", "plus", tone="primary", on_click=AddState.open_new("upload")),
            ),
        ),
        knowledge_tabs("documents"),
        rx.el.div(
            panel(
                loaded(DocumentsState, _list(), "Documents could not be loaded", DocumentsState.load),
                class_name="c8 faqs docs",
            ),
            try_it(MAY_TEACH),
            class_name="cols",
        ),
        editor(MAY_TEACH),
        add_dialog(),
        confirm(
            DocumentsState.deleting_id != "",
            "Delete “" + DocumentsState.deleting_title + "”",
            "The assistant stops quoting it at once. Its text, passages and file are removed. This cannot be undone.",
            keep="Keep document",
            act="Delete document",
            on_keep=DocumentsState.keep,
            on_act=DocumentsState.delete,
            busy=DocumentsState.busy == "delete",
        ),
        on_mount=[TryState.begin, AddState.set_open(False)],
        class_name="page",
    )
