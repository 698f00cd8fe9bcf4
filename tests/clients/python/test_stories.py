"""The tutorials people follow, pasted into the real AWS CLI: tests/clients/stories, each in an account of its own."""

import concurrent.futures
import pathlib
import shutil
import subprocess

import pytest

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "stories"
STORIES = sorted(FOLDER.glob("[0-9]*.sh"))
AT_ONCE = 3  # The AWS CLI spends its time in starting up.


def run(demo, account, story: pathlib.Path, folder: pathlib.Path) -> subprocess.CompletedProcess:
    folder.mkdir()
    environment = demo.environment(
        account.root,
        ACCOUNT=account.id,
        PARTNER=demo.partner.id,
        PARTNER_ACCESS_KEY_ID=demo.partner.root.access_key_id,
        PARTNER_SECRET_ACCESS_KEY=demo.partner.root.secret_access_key,
        IDP_URL=demo.idp_url,
        AUDIT=str(demo.data / "drawbridge-audit.jsonl"),
    )
    return subprocess.run(
        [shutil.which("bash"), story], env=environment, cwd=folder, capture_output=True, text=True, timeout=240, check=False
    )


@pytest.fixture(scope="module")
def stories(demo, tmp_path_factory):
    """All of them, under way."""
    assert shutil.which("jq"), "no jq here"
    folder = tmp_path_factory.mktemp("stories")
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        yield {story: pool.submit(run, demo, demo.account(), story, folder / story.stem) for story in STORIES}


def test_there_are_ten():
    assert [story.name[:2] for story in STORIES] == [f"{number:02}" for number in range(1, 11)]


@pytest.mark.parametrize("story", STORIES, ids=[story.stem for story in STORIES])
def test_it_ends_as_told(stories, story):
    answer = stories[story].result()
    assert answer.returncode == 0, f"{answer.stdout}\n{answer.stderr}"
