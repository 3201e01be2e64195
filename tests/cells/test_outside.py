"""What a cell sees while it runs and its key does not have: told in its evidence, and looked at."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest
from defusedxml.ElementTree import parse

from tests.worlds.project import Project

ABSENT = "absent"
SERVER = """\
import socket
server = socket.create_server(('127.0.0.1', 0))
assert server
"""
SPEAKS = "socket.create_connection(server.getsockname()).close()"
POLLS = f"""{SERVER}\
port = server.getsockname()[1]
server.close()
try:
    socket.create_connection(('127.0.0.1', port))
except OSError:
    pass
"""


def seen(project: Project, python: Path, body: str) -> Mapping[str, str]:
    """What a cell with one promise tells of the outside."""
    project.promise(body.replace("\n", "\n    "))
    done = project.cell(python)
    assert project.outcomes() == {"test_kept.py::test_kept": ("kept", "")}, done.stdout
    return told(project)


def told(project: Project) -> Mapping[str, str]:
    """What the evidence of its cell says of the outside."""
    rows = parse(project.root / "evidence/small-core_v120.xml").iterfind("testsuite/properties/*")
    said = {row.attrib["name"]: row.attrib["value"] for row in rows}
    return {name: said[name] for name in ("sees", "beyond") if name in said}


@pytest.mark.parametrize(
    "body",
    [
        "assert open(__file__).read()",
        "from pathlib import Path\nassert Path(__file__).with_name('data.json').read_text()",
        "import json, csv, decimal\nassert json and csv and decimal",
        "import tempfile\nwith tempfile.TemporaryFile() as file:\n    assert file.write(b'a')",
        "import os, tempfile, pathlib\nfolder = pathlib.Path(tempfile.mkdtemp())\n"
        "(folder / 'a').write_text('a')\nassert (folder / 'a').read_text()\n"
        "assert os.listdir(folder)",
        "import os\nassert open(os.devnull).read() == ''",
        f"{SERVER}{SPEAKS}",
        "import asyncio\nassert asyncio.run(asyncio.sleep(0, 1))",
        "import sqlite3\nassert sqlite3.connect(':memory:').execute('select 1')",
        "import sqlite3\nassert sqlite3.connect('').execute('select 1')",
        "from sqlite3 import connect\n"
        "assert connect('file:a?mode=memory', uri=True).execute('select 1')",
        "import sqlite3\nfrom pathlib import Path\nimport tempfile\n"
        "file = Path(tempfile.mkdtemp(), 'a.db')\n"
        "assert sqlite3.connect(file).execute('select 1')\n"
        "assert sqlite3.connect(f'file:{file}?mode=ro', uri=True).execute('select 1')",
        f"{POLLS}server = socket.create_server(('127.0.0.1', port))\n{SPEAKS}",
        "import socket\nserver = socket.socket(type=socket.SOCK_DGRAM)\n"
        "server.bind(('127.0.0.1', 0))\nclient = socket.socket(type=socket.SOCK_DGRAM)\n"
        "client.sendto(b'a', server.getsockname())\n"
        "server.sendto(*server.recvfrom(1))\nassert client.recv(1) == b'a'",
        "import os, pathlib, shutil, tempfile\nfolder = pathlib.Path(tempfile.mkdtemp())\n"
        "(folder / 'a').write_text('a')\nos.replace(folder / 'a', folder / 'b')\n"
        "assert (folder / 'b').read_text()\nshutil.rmtree(folder)",
        "import os, pathlib\npathlib.Path('new').write_text('a')\n"
        "assert open('new').read()\nos.remove('new')",
        "from http.server import HTTPServer as S\nassert S(('', 0), None).server_close() is None",
        "import os, socket, tempfile\nos.chdir(tempfile.mkdtemp())\n"
        "server = socket.socket(socket.AF_UNIX)\nserver.bind('s')\nserver.listen()\n"
        "client = socket.socket(socket.AF_UNIX)\n"
        "assert client.connect(os.path.abspath('s').encode()) is None",
        "import logging, tempfile\nfrom pathlib import Path\n"
        "file = Path(tempfile.gettempdir(), 'a.log')\n"
        "logging.getLogger('a').addHandler(logging.FileHandler(file))\n"
        "logging.getLogger('a').error('a')\nassert file.read_text()",
        "import tempfile, pathlib\nassert str(pathlib.Path.home()) == tempfile.gettempdir()",
    ],
)
def test_what_the_key_has_or_a_cell_makes_is_not_outside(
    project: Project, python: Path, body: str
) -> None:
    """A pack's files, what is installed, what the cell has written and whom it serves."""
    project.write("packs/small/data.json", "{}")
    assert seen(project, python, body) == {}


@pytest.mark.parametrize(
    ("body", "file"),
    [
        ("assert open('{root}/golden.json').read()", "golden.json"),
        (
            "import os\nassert os.read(os.open(os.path.abspath('golden.json'), os.O_RDONLY), 9)",
            "golden.json",
        ),
        (
            "from unittest import mock\nwith mock.patch('os.getcwd', return_value='/'):\n"
            "    assert open('golden.json').read()",
            "golden.json",
        ),
        (
            "import os, tempfile\nfile = tempfile.mkdtemp() + '/file'\n"
            "os.link('golden.json', file)\nassert open(file).read()",
            "golden.json",
        ),
        (
            "assert open('packs/small/__pycache__/data.json').read()",
            "packs/small/__pycache__/data.json",
        ),
        ("from pathlib import Path\nassert Path('golden.json').open('r+').read()", "golden.json"),
        ("assert open('packs/other/test_a.py').read()", "packs/other/test_a.py"),
        ("assert open('packs/small/.data.json').read()", "packs/small/.data.json"),
        ("import sys\nsys.path.insert(0, 'more')\nimport one\nassert one", "more/one.py"),
        (
            "import os\nopen(os.open(os.devnull, os.O_WRONLY), 'w').close()\n"
            "assert open('golden.json').read()",
            "golden.json",
        ),
        (
            "import tempfile\ntempfile.TemporaryFile(dir='.').close()\n"
            "assert open('golden.json').read()",
            "golden.json",
        ),
        ("exec(open('golden.json').read())\nassert int('1')", "golden.json"),
        ("with open('golden.json', 'a') as file:\n        assert file.tell() == 2", "golden.json"),
        ("assert open('packs/small/more.pyc').read()", "packs/small/more.pyc"),
        (
            "import importlib_more\nassert importlib_more.names('more')",
            "more",
        ),
    ],
)
def test_a_file_elsewhere_is_told(project: Project, python: Path, body: str, file: str) -> None:
    """With the digest that its content had, however it is opened."""
    for name in ("golden.json", "packs/other/test_a.py", "packs/small/.data.json", "more/one.py"):
        project.write(name, "1\n")
    for name in ("__pycache__/data.json", "more.pyc"):
        project.write(f"packs/small/{name}", "1\n")
    project.write("packs/small/importlib_more.py", "import os\nnames = os.listdir\n")
    found = seen(project, python, body.replace("{root}", str(project.root)))
    assert found.keys() == {"sees"}
    content = b"one.py" if file == "more" else b"1\n"
    assert json.loads(found["sees"])[file] == sha256(content).hexdigest()


def test_what_is_not_there_and_what_a_folder_has_are_told(project: Project, python: Path) -> None:
    """That a file is absent is seen as well, and so are the names in a folder."""
    project.write("more/one.py", "1\n")
    body = "import os\nassert os.listdir('more')\n"
    body += "try:\n    open('golden')\nexcept FileNotFoundError:\n    pass"
    found = json.loads(seen(project, python, body)["sees"])
    assert found == {"golden": ABSENT, "more": sha256(b"one.py").hexdigest()}


@pytest.mark.parametrize(
    "body",
    [
        "import sys\nsys.path.insert(0, 'more')\ntry:\n    import two\n"
        "except ImportError:\n    pass",
        "import sys\nfrom importlib.util import find_spec\nsys.path.insert(0, 'more')\n"
        "assert find_spec('two') is None",
    ],
)
def test_an_import_that_finds_nothing_has_looked(project: Project, python: Path, body: str) -> None:
    """The names in a folder are told where a module that is not there would have been."""
    project.write("more/one.py", "1\n")
    found = json.loads(seen(project, python, body)["sees"])
    assert found == {"more": sha256(b"one.py").hexdigest()}


def test_a_link_leads_where_it_leads(project: Project, python: Path) -> None:
    """A file elsewhere is told if the cell reaches it by a link that it has made itself."""
    project.write("golden.json", "1\n")
    body = "import os, tempfile\nfolder = tempfile.mkdtemp()\n"
    body += "os.symlink(os.path.abspath('golden.json'), folder + '/link')\n"
    body += "assert open(folder + '/link').read()"
    (digest,) = json.loads(seen(project, python, body)["sees"]).values()
    assert digest == sha256(b"1\n").hexdigest()


@pytest.mark.parametrize(
    "body",
    [
        "import os\nos.makedirs('made')\nassert os.path.isdir('made')",
        "from pathlib import Path\nPath('made').mkdir(exist_ok=True)\nassert Path('made').is_dir()",
        "assert open('made', 'x').close() is None",
        "import os\nwith open('made', 'x'):\n    pass\nassert os.remove('made') is None",
        "with open('made', 'a') as file:\n    assert file.tell() == 0",
    ],
)
def test_what_a_cell_makes_was_absent(project: Project, python: Path, body: str) -> None:
    """Who makes a file or folder is told whether it is there, and so is who takes that over."""
    assert json.loads(seen(project, python, body)["sees"]) == {"made": ABSENT}


@pytest.mark.parametrize(
    "body",
    [
        "try:\n    open('golden', 'x')\nexcept FileExistsError:\n    assert True",
        "from pathlib import Path\nassert Path('golden').mkdir(exist_ok=True) is None",
    ],
)
def test_what_a_cell_wants_to_make_is_there(project: Project, python: Path, body: str) -> None:
    """Whatever is in it."""
    project.write("golden/one.json", "1\n")
    assert json.loads(seen(project, python, body)["sees"]) == {"golden": "present"}


def test_what_is_bound_by_somebody_else_is_not_its_own(project: Project, python: Path) -> None:
    """Whoever cannot serve where somebody else does, and asks that one instead."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        body = f"import socket\ntry:\n    socket.create_server(('127.0.0.1', {port}))\n"
        body += f"except OSError:\n    assert socket.create_connection(('127.0.0.1', {port}))"
        found = seen(project, python, body)
    assert "connects to something that it has not made" in found["beyond"]


def test_what_is_read_before_a_promise_runs_is_told(project: Project, python: Path) -> None:
    """By the pack's conftest.py, and where the cases of a promise are made of a folder's files."""
    for name in ("a/one.json", "b/two.json"):
        project.write(name, "1\n")
    project.write("packs/small/conftest.py", "assert open('a/one.json').read()\n")
    project.write(
        "packs/small/test_more.py",
        "import glob\nimport pytest\n\nFILES = glob.glob('b/*.json')\n\n\n"
        "@pytest.mark.contract('Event')\n@pytest.mark.parametrize('file', FILES)\n"
        'def test_more(file):\n    """It is there."""\n    assert file\n',
    )
    project.cell(python)
    found = json.loads(told(project)["sees"])
    assert found["a/one.json"] == sha256(b"1\n").hexdigest()
    assert found["b"] == sha256(b"two.json").hexdigest()


def test_watching_is_not_noticed(project: Project, python: Path) -> None:
    """A promise that counts what Core asks the system for counts nothing of the watching."""
    body = "import os\nfrom unittest import mock\nfrom pathlib import Path\n"
    body += "with mock.patch('os.stat') as stat, mock.patch.object(Path, 'read_bytes') as read:\n"
    body += "    open('golden.json').close()\n"
    body += "assert not stat.called and not read.called"
    project.write("golden.json", "1\n")
    assert "golden.json" in seen(project, python, body)["sees"]


@pytest.mark.parametrize(
    ("body", "does"),
    [
        ("import subprocess\nassert subprocess.run(['true'])", "starts a process"),
        ("import os\nassert os.system('true') == 0", "starts a process"),
        (
            "import multiprocessing as m\nwith m.get_context('spawn').Pool(1) as pool:\n"
            "    assert pool.apply(int, ('1',))",
            "starts a process",
        ),
        ("assert open('/dev/urandom', 'rb').read(1)", "reads '/dev/urandom'"),
        (
            "import os\nfolder = os.open(os.path.abspath('packs'), os.O_RDONLY)\n"
            "assert os.open('plugin.py', os.O_RDONLY, dir_fd=folder)",
            "opens 'plugin.py' by less than its whole path",
        ),
        (
            "import socket\ntry:\n    socket.gethostbyaddr('10.1.2.3')\nexcept OSError:\n    pass",
            "asks for the name of '10.1.2.3'",
        ),
        (
            "import shutil, tempfile\nfolder = tempfile.mkdtemp()\n"
            "assert shutil.move('more', folder)",
            "moves 'more', a folder that it has not made",
        ),
        (
            "import sqlite3\nassert sqlite3.connect('file:golden.db?mode=ro', uri=True)",
            "opens a database that it has not made, 'file:golden.db?mode=ro'",
        ),
        (
            "import sqlite3\nassert sqlite3.connect('golden.db')",
            "opens a database that it has not made, 'golden.db'",
        ),
        (
            "import socket\ntry:\n    socket.getaddrinfo('example.invalid', 80)\n"
            "except OSError:\n    pass",
            "asks for the address of 'example.invalid'",
        ),
        (
            "try:\n    import _interpreters as more\nexcept ImportError:\n"
            "    import _xxsubinterpreters as more\nassert more.destroy(more.create()) is None",
            "starts another interpreter",
        ),
        (
            "import socket\nwith socket.socket(type=socket.SOCK_DGRAM) as to:\n"
            "    assert to.connect(('127.0.0.1', 9)) is None",
            "connects to something that it has not made",
        ),
        (
            f"{SERVER}other = server.getsockname()[1] ^ 1\ntry:\n    "
            "socket.create_connection(('127.0.0.1', other))\nexcept OSError:\n    pass",
            "connects to something that it has not made",
        ),
        pytest.param(
            "assert open('/proc/self/stat').read()",
            "reads '/proc/self/stat'",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="Linux has /proc"),
        ),
    ],
)  # fmt: skip
def test_what_may_say_anything_at_any_time(
    project: Project, python: Path, body: str, does: str
) -> None:
    """The promise is named that starts a process, connects elsewhere or reads a device."""
    project.write("more/one.py", "1\n")
    project.write("golden.db", "")
    found = seen(project, python, body)
    assert found["beyond"].startswith(f"'test_kept.py::test_kept' {does}")
