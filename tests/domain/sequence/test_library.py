"""A library as a whole: names across files, the files themselves, and that nothing makes it fall over."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.sequence.library import read_library
from service.domain.sequence.model.problem import Problem, Severity
from tests.domain.sequence.paper import BUSINESS, FRONT, STEP, files, problems_of, read, sequence

SECONDS = 2.0  # of processor time; half a second where this was written, where one is promised


def told(problems: list[Problem]) -> list[str]:
    return [f"{each.place}: {each.code}" for each in problems]


def test_a_problem_is_a_line_with_its_place_what_is_wrong_and_how_to_mend_it() -> None:
    (problem,) = problems_of(sequence(FRONT.replace("Newsletter", "Newsleter")))
    assert str(problem) == (
        "sequences/welcome.md:4:8: error: There is no topic `Newsleter`. (did you mean `Newsletter`?)"
    )


def test_steps_of_other_files_are_known() -> None:
    asks = STEP.replace(
        "Subject", 'If: sent("other/hello") or sent("other", within="3 days") and inside("other")\nSubject'
    )
    other = sequence(steps="## Day 0: hello\nSubject: Hello\n\nWell?\n")
    assert told(problems_of(sequence(steps=asks), other=other)) == []
    assert told(problems_of(sequence(steps=asks), other=sequence())) == ["sequences/welcome.md:10:11: unknown-step"]


def test_any_layout_that_is_there_is_known() -> None:
    text = sequence(FRONT + "template: festive\n")
    layouts = {"email_templates/layouts/festive.mjml": b"<mjml/>"}
    assert told(read_library(files(text) | layouts)[1]) == []
    assert told(read_library(files(text))[1]) == ["sequences/welcome.md:7:11: unknown-template"]


def test_a_guard_above_a_merge_field_is_a_fallback() -> None:
    guarded = "## Day 0: hello\nSubject: Hello {{ contact.first_name }}\nIf: contact.first_name and contact.phone\n\n"
    body = "{{ contact.phone }}?\n\n{% if not contact.company %}\nA\n{% else %}\n{{ contact.company }}\n{% endif %}\n"
    read(sequence(steps=guarded + body))


def test_what_begins_a_sequence_is_there_without_a_fallback() -> None:
    front = FRONT.replace("signup", "event deep-dive.held\n  again: always")
    printed = '{{ event.name }} {{ event.at | day }} {{ days_since("deep-dive.held") }} {{ event.topic or "it" }}?\n'
    read(sequence(front, "## Day 0: hello\nSubject: Hello\n\n" + printed))
    asked = '## Day 0: hello\nSubject: Hello\n\n{{ form.hair }} and {{ form.first_name or "you" }}?\n'
    read(sequence(FRONT + "  form: checklist\n", asked))


def test_what_a_coupon_is_worth_is_printed_where_business_yaml_says_it() -> None:
    letter = sequence(
        steps=STEP + '{{ coupon("WELCOME-BACK").worth }} until {{ coupon("WELCOME-BACK").expires | day }}\n'
    )
    assert told(problems_of(letter)) == ["sequences/welcome.md:13:4: no-fallback"]
    read(letter, BUSINESS.replace("{WELCOME-BACK: {}}", "{WELCOME-BACK: {worth: a dessert}}"))


def test_service_mail_of_a_referral_holds_what_was_earned() -> None:
    front = FRONT.replace("nurture", "referral") + "kind: service\n"
    read(sequence(front, '## Day 0: hello\nSubject: Hello\n\n{{ coupon("WELCOME-BACK") }}?\n'))


@pytest.mark.parametrize(
    ("front", "fields", "warns"),
    [
        ("", "", True),
        ("", "Kind: service\n", False),
        ("window: Mon-Fri 09:00-17:00\n", "Kind: service\n", True),
        ("window: any\n", "", False),
        ("", "Window: 09:00-17:00\n", False),
    ],
)
def test_a_day_0_that_waits_for_monday_is_told(front: str, fields: str, warns: bool) -> None:
    business = BUSINESS + "window: Mon-Fri 09:00-17:00\n"
    steps = STEP.replace("Subject", fields + "Subject")
    problems = problems_of(sequence(FRONT + front, steps), business)
    assert [each.code for each in problems] == (["day-0-waits"] if warns else [])
    if warns:
        assert problems[0].severity is Severity.WARNING
        assert problems[0].message == "`Day 0` is not at once here: who enters on Sunday waits for Monday."


def test_a_step_is_unreachable_on_a_condition_that_ends_the_sequence() -> None:
    front = FRONT + 'stop:\n  - when: contact.stage == "client"\n'
    steps = STEP.replace("Subject", 'If: contact.phone and contact.stage=="client"\nSubject')
    assert told(problems_of(sequence(front, steps))) == ["sequences/welcome.md:12:5: unreachable"]


def test_nobody_gets_what_stands_below_leaving_this_sequence() -> None:
    steps = STEP.replace("Subject", "Leave: welcome\nSubject") + "\n## Day 9: more\nSubject: More\n\nWell?\n"
    assert told(problems_of(sequence(steps=steps))) == ["sequences/welcome.md:15:1: unreachable"]


def test_an_answer_that_no_link_offers_is_never_given() -> None:
    ask = "## Day 0: ask\nSubject: Ask\n\n[Yes](answer:yes) [No](answer:no)\n\n"
    read(sequence(steps=ask + '## Day 1: act\nIf: answer("ask") == "yes"\nSubject: Act\n\nWell?\n'))
    problems = problems_of(sequence(steps=ask + '## Day 1: act\nIf: answer("ask") == "yep"\nSubject: Act\n\nWell?\n'))
    assert told(problems) == ["sequences/welcome.md:15:23: unknown-value"]


ARMS = FRONT + "test: {short: 45%, long: 45%, holdout: 10%}\n"
HELLO = "## Day 0: hello\n{}\nWell?\n"


@pytest.mark.parametrize(
    "fields",
    [
        "Subject short: Hello\nSubject long: Hello there\n",
        "Subject: Hello\n",
        'If: arm == "short"\nSubject short: Hello\n',
        'Kind: service\nIf: arm == "holdout"\nSubject: Hello\n',
    ],
)
def test_each_arm_has_its_subject_or_all_have_one(fields: str) -> None:
    read(sequence(ARMS, HELLO.format(fields)))


def test_letters_are_arms_where_there_is_no_test() -> None:
    letters = HELLO.format("Subject A: Hello\nSubject B: Hello there\n")
    body = '\n{% if arm == "B" %}\nYes?\n{% endif %}\n'
    read(sequence(steps=letters + body))
    problems = problems_of(sequence(steps=letters + body.replace('"B"', '"C"')))
    assert told(problems) == ["sequences/welcome.md:15:15: unknown-value"]


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ("Subject short: Hello\n", "11:1: bad-arms"),
        ("Subject short: Hello\nSubject lang: Hello\n", "12:1: unknown-arm"),
        ("Subject holdout: Hello\nSubject: Hello\n", "11:1: unknown-arm"),
        ('If: arm == "holdout"\nSubject: Hello\n', "11:5: unreachable"),
        ('If: contact.phone and arm == "longer"\nSubject: Hello\n', "11:31: unknown-value"),
    ],
)
def test_an_arm_that_is_not_there_is_told(fields: str, where: str) -> None:
    assert told(problems_of(sequence(ARMS, HELLO.format(fields)))) == [f"sequences/welcome.md:{where}"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Welcome.md", "file-name"),
        ("welcome back.md", "file-name"),
        ("welcome.MD", "file-name"),
        ("welcome.markdown", "file-name"),
        ("more/welcome.md", "duplicate-sequence"),
        ("welcome.xx.md", "unknown-language"),
        ("goodbye.en.md", "unknown-sequence"),
    ],
)
def test_a_file_has_a_name_of_its_own(name: str, code: str) -> None:
    problems = read_library(files() | {f"sequences/{name}": sequence().encode()})[1]
    places = {f"sequences/{name}", "sequences/welcome.md"}
    assert [each.code for each in problems] == [code]
    assert problems[0].place.path in places


def test_readme_and_files_beside_are_no_sequences() -> None:
    beside = {"sequences/README.md": b"# Hello", "sequences/files/x.pdf": b"\xff", "sequences/deep/README.md": b""}
    assert read_library(files() | beside)[1] == []


@pytest.mark.parametrize(
    ("data", "told_at", "code"),
    [
        (b"---\ntitle: Gr\xfc\xdfe\n---\n", "2:10", "not-utf-8"),
        (b"---\r\ntitle: caf\xc3\xa9 \xff\r\n", "2:13", "not-utf-8"),
        (b"---\ntitle: x\x00y\n---\n", "2:9", "forbidden-character"),
        ("---\ntitle: \ue0000\ue001\n".encode(), "2:8", "forbidden-character"),
        ("---\ntitle: x\u2028y\n".encode(), "2:9", "forbidden-character"),
        (b"", "1:1", "empty-file"),
        (b"\xef\xbb\xbf \n\n", "1:1", "empty-file"),
        (b"a" * (256 * 1024 + 1), "1:1", "too-large"),
    ],
)
def test_a_file_that_is_no_text_is_refused_in_its_place(data: bytes, told_at: str, code: str) -> None:
    for path in ("sequences/business.yaml", "sequences/welcome.md"):
        problems = [each for each in read_library(files() | {path: data})[1] if each.place.path == path]
        assert told(problems) == [f"{path}:{told_at}: {code}"]


def test_a_picture_of_a_film_is_too_large() -> None:
    problems = read_library(files() | {"sequences/images/film.gif": b"\0" * (10 * 1024 * 1024 + 1)})[1]
    assert told(problems) == ["sequences/images/film.gif:1:1: too-large"]


def test_a_file_with_very_many_problems_ends_with_a_word_about_the_others() -> None:
    problems = problems_of(sequence(steps=STEP + "[no](link:nobody)\n" * 500))
    assert len(problems) == 101
    assert [each.code for each in problems if each.code != "unknown-link"] == ["too-many"]


scraps = st.sampled_from(
    [
        *(
            "---\n",
            "## ",
            "## Day 0: a\n",
            "Subject: b\n",
            "If: ",
            "Task: c\n",
            "{{",
            "}}",
            "{% if ",
            "%}",
            "<!--",
            "-->",
        ),
        *("title: ", "enrol:\n  on: ", "signup", "event ", "when: ", "[", "]", "{", "}", "(", ")", "answer:", "link:"),
        *(
            "contact",
            ".",
            "email",
            '"',
            "'",
            "”",
            " or ",
            " == ",
            "=",
            "|",
            "day",
            "clicked(",
            "within=",
            "1.5",
            "-",
            "not ",
        ),
        *(
            "\n",
            "  ",
            "\t",
            "#",
            "&a",
            "*a",
            "!",
            "%",
            "@",
            "\\",
            "\x00",
            "\ue000",
            "\u2028",
            "\ud7ff",
            "🎉",
            "ß",
            "http://[",
        ),
        *("name: ", "topics: ", "forms: ", "time zone: ", "Europe/Berlin", "../x", "~", "null", "99999999999999999999"),
    ]
)
texts = st.one_of(st.text(), st.lists(scraps, max_size=80).map("".join))
contents = st.one_of(st.binary(), texts.map(lambda text: text.encode("utf-8", "replace")))


@settings(max_examples=300, deadline=None)
@given(contents, contents, st.booleans())
def test_whatever_the_bytes_it_answers_with_problems_in_the_file(business: bytes, letter: bytes, whole: bool) -> None:
    business = BUSINESS.encode() if whole else business
    library, problems = read_library(files() | {"sequences/business.yaml": business, "sequences/other.md": letter})
    assert (library is None) == any(each.severity is Severity.ERROR for each in problems)
    for each in problems:
        assert each.message
        assert each.place.line >= 1
        assert each.place.column >= 1


@settings(max_examples=300, deadline=None)
@given(st.lists(scraps, max_size=60).map("".join))
def test_whatever_stands_in_a_letter_it_answers_with_problems_in_the_file(words: str) -> None:
    text = sequence(steps="## Day 0: hello\nSubject: " + words)
    library, problems = read_library(files(text))
    assert (library is None) == any(each.severity is Severity.ERROR for each in problems)
    lines = text.replace("\r\n", "\n").count("\n") + 1
    assert all(1 <= each.place.line <= lines for each in problems)


def letters(number: int) -> str:
    """A sequence of six mails with words of its own, so that no cache makes it cheap."""
    steps = "".join(
        f"## Day {day}: step {day}\n"
        f'Subject: Hello {{{{ contact.first_name or "reader {number}" }}}}\n'
        f'If: not clicked("step-{day - 1}") and contact.stage == "lead" and {number} + {day} > 0\n\n'
        f'Hello {{{{ contact.first_name or "friend {number} {day}" }}}}, did you try *it*?\n\n'
        '[Book](link:booking "button")\n\n'
        for day in range(1, 6)
    )
    return sequence(steps="## Day 0: step 0\nSubject: Hello\n\nWell?\n\n" + steps)


def test_a_hundred_files_are_checked_in_a_second() -> None:
    library = files() | {f"sequences/letter-{number}.md": letters(number).encode() for number in range(100)}
    started = time.process_time()
    problems = read_library(library)[1]
    assert problems == []
    assert time.process_time() - started < SECONDS
