"""A question in a letter is answered, and a colleague hears of it and says how it went."""

from __future__ import annotations

from tests.browser.conftest import Visit
from tests.browser.studio import Studio
from tests.browser.visitor import Screen, Visitor


def test_an_answer_becomes_a_task_and_the_task_is_settled(studio: Studio, visit: Visit, screen: Screen) -> None:
    address = studio.somebody()
    visitor = visit(screen)
    studio.sign_up(address, first_name=f"Ana {address}")
    visitor.open(studio.letter_to(address).link("answer"))
    visitor.look("answer")
    visitor.page.get_by_label("Not quite").check()
    visitor.fill("Would you like to add something?", "It is curly.\nAnd long.")
    visitor.press("Send my answer")
    assert visitor.has("“Not quite”")
    visitor.look("answer-taken")
    task = studio.letter_to("desk@glow.example", address)
    colleague = visit(screen)
    colleague.open(task.link("task"))
    colleague.look("task")
    colleague.page.get_by_label("Reached").check()
    colleague.fill("Wish", "a bob")
    colleague.fill("A note", "She laughed.")
    colleague.press("Done")
    assert colleague.heading == "Thank you!"
    colleague.look("task-done")
    colleague.open(task.link("task"))
    assert colleague.heading == "This task is over."
    colleague.look("task-over")


def test_a_task_that_is_filled_in_wrong_says_where(studio: Studio, onlooker: Visitor) -> None:
    address = studio.somebody()
    studio.sign_up(address, first_name=f"Bea {address}")
    studio.answer(address, "unhappy")
    onlooker.open(studio.letter_to("desk@glow.example", address).link("task"))
    onlooker.page.get_by_label("Voicemail").check()
    onlooker.fill("Anniversary", "the first of May")
    onlooker.press("Done")
    onlooker.expect(422)
    assert onlooker.page.get_by_label("Anniversary").get_attribute("aria-invalid") == "true"
    onlooker.look("task-fault")
    onlooker.press("In 3 days")
    assert onlooker.heading == "Put off."
    onlooker.look("task-later")
