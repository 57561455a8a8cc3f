from __future__ import annotations

import os
import shutil
import socket
import stat
from pathlib import Path

import pytest

from service.local.error import LocalError
from service.local.home import LONGEST_SOCKET, Home


@pytest.fixture
def long_home(tmp_path: Path):
    home = Home(tmp_path / ("a-very-long-name-" * 12) / ("and-another-" * 15))
    yield home
    shutil.rmtree(home.sockets, ignore_errors=True)


def test_everything_in_a_home_is_closed_to_others(tmp_path):
    home = Home(tmp_path / "home")
    home.make()
    for folder in (home.path, home.postgres, home.valkey, home.log, home.run):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_sockets_stay_in_a_home_whose_path_is_short():
    home = Home(Path("/srv/salon/.everafter"))
    assert home.sockets == home.run


def test_sockets_fit_whatever_the_length_of_the_home(long_home):
    long_home.make()
    path = long_home.sockets / LONGEST_SOCKET
    assert len(os.fsencode(path)) < 107
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def test_two_long_homes_never_share_their_sockets(long_home):
    assert Home(long_home.path / "other").sockets != long_home.sockets
    assert Home(long_home.path).sockets == long_home.sockets


def test_a_socket_folder_that_others_may_write_to_is_refused(long_home):
    long_home.sockets.mkdir(mode=0o777)
    long_home.sockets.chmod(0o777)
    with pytest.raises(LocalError, match="somebody else"):
        long_home.make()


def test_a_socket_folder_that_is_a_link_is_refused(long_home, tmp_path):
    long_home.sockets.symlink_to(tmp_path)
    try:
        with pytest.raises(LocalError, match="somebody else"):
            long_home.make()
    finally:
        long_home.sockets.unlink()


def test_a_home_that_is_a_file_is_refused_in_plain_words(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalError, match="as home"):
        Home(tmp_path / "file").make()
