from __future__ import annotations

from service.local import journal
from service.local.journal import LINE_BYTES, Journal


def test_lines_are_passed_on_whole_however_they_arrive(tmp_path):
    seen = []
    out = Journal("web", tmp_path / "web.log", lambda name, line: seen.append((name, line)))
    for chunk in (b"one\ntw", b"o\r\nthr", b"ee \xff"):
        out.take(chunk)
    assert seen == [("web", "one"), ("web", "two")]
    out.close()
    assert seen[-1] == ("web", "three �")
    assert (tmp_path / "web.log").read_text() == "one\ntwo\nthree �\n"


def test_a_line_without_an_end_is_passed_on_in_pieces(tmp_path):
    seen = []
    out = Journal("web", tmp_path / "web.log", lambda name, line: seen.append(line))
    for _ in range(10):
        out.take(b"x" * 30_000)
    assert len(seen) == 3
    assert all(len(line) <= LINE_BYTES + 30_000 for line in seen)


def test_the_file_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "FILE_BYTES", 1000)
    out = Journal("web", tmp_path / "web.log", lambda name, line: None)
    for number in range(1000):
        out.write(f"line {number}")
    out.close()
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 2000
    assert (tmp_path / "web.log").read_text().endswith("line 999\n")


def test_percent_signs_are_only_text(tmp_path):
    out = Journal("web", tmp_path / "web.log", lambda name, line: None)
    out.take(b"100 % %s %(asctime)s\n")
    out.close()
    assert (tmp_path / "web.log").read_text() == "100 % %s %(asctime)s\n"
