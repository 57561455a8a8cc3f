from __future__ import annotations

from dataclasses import replace

from service.domain.sequence.answers import answers_of
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.step import TaskField
from service.domain.sequence.model.words import Body, Words
from tests.domain.stories import HERE, day, step

NAME = Expression("contact.first_name", HERE)


def body(*texts: str) -> Body:
    return Body(tuple(("text", None, text) for text in texts), (NAME,))


def told(markdown: str) -> list[tuple[str, str]]:
    return [(each.value, each.words) for each in answers_of(replace(step("ask", day(0)), body=body(markdown)), "en")]


def test_answers_stand_in_the_order_of_the_text_with_their_words() -> None:
    markdown = 'How? [I **love** it](answer:happy "button") · [Not\nreally](answer:unhappy), [see](https://x.yz)'
    assert told(markdown) == [("happy", "I love it"), ("unhappy", "Not really")]


def test_the_first_words_of_an_answer_are_its_words() -> None:
    assert told("[Yes](answer:yes) [Oh yes](answer:yes)") == [("yes", "Yes")]


def test_words_without_letters_are_the_value() -> None:
    assert told("[![](x.png)](answer:yes)") == [("yes", "yes")]


def test_an_answer_in_a_list_or_a_quote_is_one() -> None:
    assert told("- [Yes](answer:yes)\n\n> [No](answer:no)") == [("yes", "Yes"), ("no", "No")]


def test_code_is_no_answer() -> None:
    assert told("`[Yes](answer:yes)`") == []


def test_a_translation_says_its_own_words_and_what_it_leaves_out_stays() -> None:
    german = Words((), None, body("[Ja](answer:yes)"), HERE)
    asking = replace(
        step("ask", day(0)), body=body("[Yes](answer:yes) [No](answer:no)"), translations=(("de", german),)
    )
    assert [(each.value, each.words) for each in answers_of(asking, "de")] == [("yes", "Ja"), ("no", "No")]
    assert [(each.value, each.words) for each in answers_of(asking, "fr")] == [("yes", "Yes"), ("no", "No")]


def test_a_briefing_is_read_whole_because_conditions_stand_inside_its_lines() -> None:
    parts = body("Ask them", ", then choose [Rea", "ched](answer:reached).")
    task = replace(step("call", day(0)), subjects=(), task=TaskField("call", "owner"), body=parts)
    assert [each.value for each in answers_of(task, "en")] == ["reached"]


def test_an_empty_step_offers_nothing() -> None:
    assert answers_of(step("ask", day(0)), "en") == ()
