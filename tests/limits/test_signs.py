"""What looks like abuse and, more important, what does not: people write in every script, with prices, faces and temper."""

import pytest

from omni_app.limits.signs import count_alike, gibberish, is_mash, rapid_fire, repetition

MOST = 0.7


@pytest.mark.parametrize(
    "text",
    [
        "???",
        "!!!!!!!!!!!!!!!!!!!!!!",
        "👍",
        "😂😂😂😂😂😂😂😂😂😂",
        "🎉 super 🎉 danke 🎉",
        ":-) :-( ;-) :-P",
        "¯\\_(ツ)_/¯",
        "10:30",
        "€45",
        "$1,299.00 / £1,050.00 / ¥189,000",
        "+49 (0)30 901820-17",
        "#A-118-22, #A-118-23",
        "12.03.2026 - 14.03.2026",
        "4111 1111 1111 1111",
        "DE89 3704 0044 0532 0130 00",
        "https://example.com/a?b=%20%20&c=(1)#--",
        "ann.lee+shop@example.co.uk",
        "मेरा ऑर्डर कहाँ है? मुझे आज ही चाहिए।",
        "एनक्रिप्शन",
        "أين طلبي رقم ١٢٣؟ شُكْرًا جَزِيلًا",
        "订单在哪里？？？",
        "注文した商品はいつ届きますか。",
        "주문은 어디에 있나요?",
        "สั่งซื้อแล้วยังไม่ได้รับสินค้าเลยค่ะ",
        "எனது ஆர்டர் எங்கே இருக்கிறது?",
        "ឥវ៉ាន់របស់ខ្ញុំនៅឯណា?",
        "Où est ma commande ? L’œuvre n’est pas arrivée…",
        "Name | Qty | Price\n-----|-----|------\nMug | 2 | $8",
        "x = (3 + 4) * 2",
        "...",
        "",
    ],
)
def test_what_people_write_is_no_gibberish(text: str) -> None:
    assert gibberish(text, MOST) is None


@pytest.mark.parametrize("text", ["$%^&*()#@!~{}", "][;/.,<>?:{}|_+-='\"", "{}[]()<>;:,./?!@%^& ok"])
def test_noise_is_gibberish_and_carries_its_share(text: str) -> None:
    sign = gibberish(text, MOST)
    assert sign is not None
    assert sign.kind == "gibberish"
    assert 0 < sign.score <= 1
    assert sign.evidence["share"] > MOST
    assert sign.evidence["text"] == text


def test_the_threshold_is_the_businesses_own() -> None:
    text = "abcdefgh ][;/.,<>?:{}"
    assert gibberish(text, 0.7) is None
    assert gibberish(text, 0.5) is not None


def test_marks_heaped_on_a_letter_are_noise_but_vowel_signs_are_not() -> None:
    assert (
        gibberish("Z" + "\u0338\u0353\u032a\u0349\u0323\u0319\u034c\u0300\u030f\u030a\u033d\u0301\u0302\u0303" * 3, MOST)
        is not None
    )
    assert gibberish("क्षत्रिय ज्ञानी स्त्रियाँ", MOST) is None


@pytest.mark.parametrize("text", ["asdfghjkl qwrtzp", "qwertyuiop", "lkjhgfdsa mnbvcxz", "sdkfjh sdlkfjh", "ASDfghjkl"])
def test_fingers_run_along_the_keyboard_are_gibberish(text: str) -> None:
    assert is_mash(text)
    assert gibberish(text, MOST) is not None


@pytest.mark.parametrize(
    "text",
    [
        "my password is qwerty",
        "rhythm",
        "hmmmmmmm",
        "pffffffft brrrrrrr",
        "tsktsk",
        "strč prst skrz krk",
        "bqzrtkws",
        "HDFCBNKPLC XKCDFGHJ",
        "xkcdfgh7 qwrtzp2",
        "qwerty 订单",
        "property",
        "pls msg thx",
    ],
)
def test_words_codes_and_sighs_are_no_mash(text: str) -> None:
    assert not is_mash(text)


def test_rapid_fire_begins_beyond_the_number() -> None:
    assert rapid_fire(5, 5, 10) is None
    sign = rapid_fire(6, 5, 10)
    assert sign is not None
    assert sign.evidence == {"messages": 6, "seconds": 10, "most": 5}
    assert rapid_fire(60, 5, 10).score == 1.0  # type: ignore[union-attr]


def test_the_same_question_is_counted_whatever_its_dress() -> None:
    earlier = ["Where is my parcel", "where is my parcel?!", "Do you ship to Spain?"]
    assert count_alike("WHERE is my parcel??", earlier) == 2
    assert count_alike("Where is my parcell", earlier) == 2  # a typo
    assert repetition("Where is my parcel?", earlier, 3).evidence["asked"] == 3  # type: ignore[union-attr]
    assert repetition("Where is my parcel?", earlier, 4) is None


def test_other_figures_make_another_question() -> None:
    assert count_alike("Where is order 118?", ["Where is order 119?", "Where is order 117?"]) == 0


@pytest.mark.parametrize("text", ["ok", "yes", "👍", "thanks", "1", "Tuesday"])
def test_short_answers_are_no_repetition(text: str) -> None:
    assert count_alike(text, [text] * 5) == 0


def test_few_signs_of_a_dense_script_are_a_question() -> None:
    assert count_alike("订单在哪里", ["订单在哪里？"]) == 1


def test_another_question_about_the_same_thing_is_another_question() -> None:
    assert count_alike("Can I return the blue lamp?", ["Can I return the red table?", "Where do I return the lamp to?"]) == 0
