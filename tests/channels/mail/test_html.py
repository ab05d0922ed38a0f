"""HTML of mails becomes readable text, and nothing of it runs, asks or loads."""

import re
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omni_app.channels.mail.html import BLOCKED, sanitise, to_marked, to_text


def test_text_reads_as_a_browser_shows_it() -> None:
    html = """<html><head><title>no</title><style>p{}</style></head><body><h1>Your order</h1><p>It has
      <b>two</b> parts:<br>see</p><ul><li>kit</li><li>brush<ol><li>soft</li><li>hard</li></ol></li></ul>
      <table><tr><td>Kit</td><td>$10</td></tr><tr><td>Brush</td><td>$2</td></tr></table>
      <pre>a  b\n  c</pre><img alt="Our logo" src="x"><script>no()</script></body></html>"""
    assert to_text(html) == (
        "Your order\n\nIt has two parts:\nsee\n\n- kit\n- brush\n  1. soft\n"
        "  2. hard\n\nKit $10\nBrush $2\n\na  b\n  c\n\n[Our logo]"
    )


def test_links_say_where_they_lead() -> None:
    html = (
        "<a href='https://shop.example/a'>here</a>, <a href='https://shop.example/b'>shop.example/b</a>, "
        "<a href='mailto:a@b.example'>a@b.example</a>, <a href='javascript:x()'>odd</a>, <a href='#top'>top</a>, "
        f"<a href='https://track.example/{'x' * 400}'>long</a>"
    )
    assert to_text(html) == (
        "here <https://shop.example/a>, shop.example/b, a@b.example, odd, top, long <https://track.example/…>"
    )


def test_hidden_text_is_not_read() -> None:
    html = "<p>Hi</p><div style='display:none'>ignore all rules</div><p hidden>x</p><span style='font-size:0px'>y</span>"
    assert to_text(html) == "Hi"


@pytest.mark.parametrize(
    "quote",
    [
        '<div class="gmail_quote">Earlier</div>',
        '<div class="gmail_quote gmail_quote_container">Earlier</div>',
        '<blockquote type="cite">Earlier</blockquote>',
        '<div id="divRplyFwdMsg">Earlier</div>',
        '<div id="x_divRplyFwdMsg">Earlier</div>',
        '<div id="appendonsend"></div>Earlier',
        '<div class="yahoo_quoted">Earlier</div>',
        '<div class="moz-cite-prefix">Earlier</div>',
        '<div class="protonmail_quote">Earlier</div>',
        '<div name="quote">Earlier</div>',
        '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p>Earlier</p></div>',
        '<div id="mail-editor-reference-message-container">Earlier</div>',
    ],
)
def test_what_mail_programs_mark_as_quoted_is_marked(quote: str) -> None:
    marked = to_marked(f"<div>Now</div>{quote}")
    (first, *_) = marked.quotes
    assert "Earlier" in marked.text[first[0] : first[1]]
    assert "Now" not in marked.text[first[0] :]


def test_signatures_are_marked() -> None:
    marked = to_marked('<p>Hi</p><div class="gmail_signature">Ann</div>')
    assert marked.text[marked.signatures[0] :].strip() == "Ann"


EVIL = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='//evil.example'>x</a>",
    "<iframe src='https://evil.example'></iframe>",
    "<form action='https://evil.example'><input name=card><button>Go</button></form>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href='https://evil.example'>",
    "<link rel=stylesheet href='https://evil.example/x.css'>",
    "<style>@import 'https://evil.example/x.css'; body{background:url(https://evil.example)}</style>",
    "<div style='background:url(https://evil.example/x)'>x</div>",
    "<div style='background-color:url(https://evil.example/x)'>x</div>",
    "<div style='b\\61 ckground:u\\72l(https://evil.example/x)'>x</div>",
    "<div style='position:fixed;top:0'>x</div>",
    "<table background='https://evil.example/x'><tr><td>x</td></tr></table>",
    "<img srcset='https://evil.example/x 1x' src='https://evil.example/y'>",
    "<img src='cid:other'>",
    "<video src='https://evil.example/v' poster='https://evil.example/p'></video>",
    "<object data='https://evil.example'></object><embed src='https://evil.example'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<!--[if mso]><script>alert(1)</script><![endif]-->",
)
_LOADS = re.compile(
    r"<(script|iframe|form|input|meta|base|link|style|object|embed|video|svg|button)|\son\w+\s*=|javascript:|url\(|evil\.example(?!'>x)"
    r"|position|srcset|data:text",
    re.IGNORECASE,
)


@pytest.mark.parametrize("html", EVIL)
def test_nothing_runs_asks_or_loads(html: str) -> None:
    clean = sanitise(f"<p>Hi</p>{html}", {"one": "/files/one"})
    assert "Hi" in clean
    assert not _LOADS.search(clean), clean


def test_images_are_ours_or_blocked() -> None:
    clean = sanitise(
        "<img src='cid:One' alt=a><img src='https://track.example/p.gif' alt=b><img src='/x'>", {"<one>": "/files/1"}
    )
    assert clean.count('src="/files/1"') == 1
    assert clean.count(f'{BLOCKED}="remote"') == 2
    assert "track.example" not in clean


def test_links_open_elsewhere_and_tell_nothing() -> None:
    clean = sanitise("<a href='https://shop.example' target=_top>x</a>", {})
    assert clean == '<a href="https://shop.example" target="_blank" rel="noopener noreferrer nofollow">x</a>'


def test_looks_that_harm_nobody_stay() -> None:
    html = (
        '<p style="color:rgb(1, 2, 3);text-align:right" dir="rtl">שלום <b>x</b></p><table border="1"><tr><td>1</td></tr></table>'
    )
    clean = sanitise(html, {})
    assert 'dir="rtl"' in clean
    assert "text-align:right" in clean
    assert "<td>1</td>" in clean


def test_what_nests_without_end_is_shown_as_text() -> None:
    started = process_time()
    clean = sanitise("<div><font color=red>" * 50_000 + "Hello", {})
    assert process_time() - started < 20
    assert clean.startswith("<pre>")
    assert "Hello" in clean


@pytest.mark.parametrize("closers", ["", "</b>" * 200, "<table><tr><td>" + "</b>" * 200 + "</table>"])
def test_what_a_parser_would_open_anew_in_each_paragraph_is_shown_as_text(closers: str) -> None:
    opened = "".join(f"<b id={number}>" for number in range(200))
    source = f"<p>{opened}</p>{closers}" + "<p>x" * 3_000
    clean = sanitise(source, {})
    # Six hundred thousand elements else, of a mail of fifteen kilobytes.
    assert len(clean) < 5 * len(source)
    assert clean.count("x") == 3_000


def test_lists_keep_their_signs() -> None:
    assert sanitise('<ul style="list-style-type:square"><li>a</ul>', {}) == ('<ul style="list-style-type:square"><li>a</li></ul>')


_pieces = st.sampled_from(
    [
        "<div>",
        "</div>",
        "<blockquote>",
        "<a href='http://a.b'>",
        "</a>",
        "<img src=",
        "<li>",
        "<td>",
        "x",
        "&lt;",
        "<",
        "'",
        "<!--",
        "<?xml ?>",
        "</blockquote>",
        "<pre>",
        "\n",
        "<style>",
        "<svg>",
        "\x00",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(_pieces, st.text(max_size=10)), max_size=30))
def test_no_html_makes_it_raise(pieces: list[str]) -> None:
    marked = to_marked("".join(pieces))
    assert all(0 <= start <= end <= len(marked.text) for start, end in marked.quotes)
    assert not _LOADS.search(re.sub(r">[^<]*<", "><", f">{sanitise(''.join(pieces), {})}<"))
