"""A browser context that is lent again is as good as new."""

from tests.harness.contexts import Contexts
from tests.stubs.chat_stub import ChatStub

NOBODY_ELSE = {"locale": "de-DE", "timezone_id": "Asia/Tokyo"}


async def test_what_one_test_left_is_gone_for_the_next(contexts: Contexts) -> None:
    async with ChatStub().running() as site:
        used = await contexts.take(**NOBODY_ELSE)
        page = await contexts.page_of(used)
        await page.add_init_script("window.left = 1")
        await page.goto(site.page)
        await page.evaluate("localStorage.setItem('left', '1'); sessionStorage.setItem('left', '1'); document.cookie = 'left=1'")
        await page.goto("about:blank")
        await used.new_page()
        await used.route("**/*", lambda route: route.abort())
        await used.set_offline(True)
        await contexts.give_back(used)

        again = await contexts.take(**NOBODY_ELSE)
        assert again is used
        assert len(again.pages) == 1
        page = await contexts.page_of(again)
        await page.goto(site.page)
        # The chat on the page keeps something of its own.
        left = await page.evaluate(
            "[localStorage.getItem('left'), sessionStorage.getItem('left'), document.cookie, window.left || 0]"
        )
        assert left == [None, None, "", 0]
        assert await contexts.take(**NOBODY_ELSE) is not used  # lent to one at a time

        await contexts.give_back(again, is_spent=True)
        assert await contexts.take(**NOBODY_ELSE) is not used
