from __future__ import annotations

import os
import socket

import pytest

from service.local.error import LocalError
from service.local.port import answers, free_port, refuse_port_in_use


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_in_use_is_refused_with_the_name_of_who_has_it(listener):
    with pytest.raises(LocalError, match=rf"Port {listener} is in use by \S+ \(pid {os.getpid()}\).*--port"):
        refuse_port_in_use("127.0.0.1", listener)


def test_a_free_port_is_not_refused():
    refuse_port_in_use("127.0.0.1", free_port("127.0.0.1", 0))


def test_the_preferred_port_is_taken_where_it_is_free(listener):
    other = free_port("127.0.0.1", listener)
    assert other != listener
    assert not answers("127.0.0.1", other)
    assert free_port("127.0.0.1", other) == other


def test_a_port_that_was_found_is_given_to_nobody_but_whoever_asks_for_it():
    found = free_port("127.0.0.1", 0)
    with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
        stranger.bind(("127.0.0.1", found))
    for _ in range(2):
        with socket.create_server(("127.0.0.1", found)):
            assert answers("127.0.0.1", found)
