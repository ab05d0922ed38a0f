import asyncio

import numpy as np

from omni_app.llm.embedding import embed, embed_ahead, embed_one, load_embedder


async def test_lists_and_single_sentences_agree() -> None:
    texts = [f"question number {number} about teeth" for number in range(11)]
    vectors = await embed(texts)
    assert vectors.shape == (11, 384)
    assert np.array_equal(vectors[7], await embed_one(texts[7]))
    assert np.array_equal((await embed(texts[3:4]))[0], vectors[3])
    assert (await embed([])).shape == (0, 384)


async def test_a_sentence_asked_again_is_the_same_read_only_vector() -> None:
    first = await embed_one("How do I book?")
    assert await embed_one("  how do i  BOOK? ") is first
    assert not first.flags.writeable


async def test_callers_at_once_share_one_embedder() -> None:
    vectors = await asyncio.gather(*(embed_one(f"caller {number}") for number in range(20)))
    assert len({vector.tobytes() for vector in vectors}) == 20
    assert load_embedder() is load_embedder()


async def test_the_loop_runs_on_while_a_long_list_is_embedded() -> None:
    ticks = 0
    work = asyncio.create_task(embed([f"long list, sentence {number}, with quite some words in it" for number in range(40)]))
    while not work.done():
        ticks += 1
        await asyncio.sleep(0)
    assert (await work).shape == (40, 384)
    assert ticks > 10


async def test_one_sentence_asked_by_many_at_once_is_computed_once_even_if_the_first_gives_up() -> None:
    text = "Which of the two fillings lasts longer?"
    first = asyncio.create_task(embed_one(text))
    await asyncio.sleep(0)
    others = [asyncio.create_task(embed_one(text)) for _ in range(5)]
    await asyncio.sleep(0)
    first.cancel()
    vectors = await asyncio.gather(*others)
    assert all(vector is vectors[0] for vector in vectors)
    embed_ahead("And which one looks better?")
    assert (await embed_one("And which one looks better?")).shape == (384,)
