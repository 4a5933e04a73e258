"""What comes from elsewhere is turned away, and what comes from the data stays text."""

from __future__ import annotations

import json
import socket
from collections.abc import Generator
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecomdata.annotating.serving.guards import LOOPBACK, Hosts, content_policy
from ecomdata.annotating.serving.images import image_hosts, image_of, named_hosts
from ecomdata.annotating.serving.texts import KEPT, visible_text
from ecomdata.errors import UsageError
from ecomdata.pages import is_seen, shown
from tests.annotating.serving.site import STARS, Site, make_project, served

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "\x1b[31mred\x07",
    "\u202egnp.exe",
    "\u2066a\u2069",
    "</textarea></form><form action=https://evil.example>",
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    """A project with hostile texts everywhere, served."""
    folder = tmp_path_factory.mktemp("hostile") / "project"
    task = {
        **STARS,
        "title": HOSTILE[0],
        "question": "".join(HOSTILE[:2]),
        "guidelines": "\n\n".join(
            [*HOSTILE, "[x](javascript:alert(1)) ![p](https://evil.example/i.png) [ok](https://example.org)"]
        ),
        "score": {"low": 1, "high": 2, "steps": [HOSTILE[1], HOSTILE[4]]},
    }
    make_project(folder, task, [{"text": " ".join(HOSTILE), "rating": HOSTILE[1]}], overlap=100)
    with served(folder) as site:
        yield site


class _Tags(HTMLParser):
    """What a browser would make of a page: the elements with their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.text += data


def test_hostile_texts_stay_texts(site: Site) -> None:
    """Markup, template words and terminal escapes in names, texts and comments are shown as text."""
    name = "Eve <img src=x onerror=alert(1)>"
    visitor = site.visitor(name)
    welcome = visitor.enter(site.project.renew_token(name)).text
    visitor.look()
    visitor.act(score="1", comment=HOSTILE[6])
    visitor.act(do="undo")
    for page in (welcome, visitor.html):
        tags = _Tags(page)
        assert "alert(1)" in tags.text
        assert not {tag for tag, _ in tags.tags} & {"img", "iframe", "style", "object", "svg"}
        assert all("src" in one for tag, one in tags.tags if tag == "script")
        for tag, attributes in tags.tags:
            assert not [key for key in attributes if key.startswith("on") or key == "style"]
            if tag in {"script", "form", "link"}:
                target = attributes.get("src") or attributes.get("href") or attributes.get("action")
                assert target is None or target.startswith("/")
            if tag == "a" and "href" in attributes:
                assert str(attributes["href"]).startswith(("/", "https://example.org"))
        assert not set("\x1b\x07\u202e\u2066") & set(page)


def test_every_answer_has_its_headers(site: Site) -> None:
    """Pages, files, redirects and errors all carry the policy and the rest."""
    visitor = site.visitor("Amina")
    style = next(one["href"] for tag, one in _Tags(visitor.html).tags if tag == "link" and "css" in str(one))
    answers = [visitor.client.get(path) for path in ("/", str(style), "/nothing", "/in/unknown")]
    answers.append(visitor.post({"do": "answer"}))
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert ("no-store" in answer.headers["cache-control"]) is not ("static" in str(answer.url))
        assert "server" not in answer.headers


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::1", "a b"]
)
def test_a_name_of_another_is_turned_away(site: Site, host: str) -> None:
    """A name that somebody pointed at this machine (DNS rebinding) is not answered."""
    visitor = site.visitor("Host " + (host or "none"))
    assert visitor.client.get("/", headers={"Host": host}).status_code in {400, 421}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://[no-address"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_a_form_from_elsewhere_is_turned_away(site: Site, headers: dict[str, str]) -> None:
    """A post that another site's page began is refused, even with the cookie and the right token."""
    visitor = site.visitor(f"Form {json.dumps(headers)}")
    fields = visitor.fields(score="1")
    assert visitor.post(fields, **headers).status_code == 403
    assert not [
        event for event in site.events("answer") if event["assignment_id"] == int(fields["assignment"])
    ]


def test_a_form_of_this_page_is_taken(site: Site) -> None:
    """What a browser sends for the page's own form, with the script and without it, is let through."""
    for number, headers in enumerate(
        [
            {"Origin": site.url.rstrip("/"), "Sec-Fetch-Site": "same-origin"},
            {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        ]
    ):
        visitor = site.visitor(f"Own {number}")
        assert visitor.post(visitor.fields(score="1"), **headers).status_code == 303


def test_nothing_is_read_from_other_sites(site: Site) -> None:
    """Another site may link to the page, and may not load it or its files from within its own pages."""
    visitor = site.visitor("Reader")
    embedded = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert visitor.client.get("/", headers=embedded).status_code == 403
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert visitor.client.get("/", headers=followed).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_not_there(site: Site, method: str) -> None:
    """Only GET, HEAD and POST mean something."""
    assert site.visitor().client.request(method, "/").status_code == 405


def test_a_form_of_a_wrong_kind_is_refused(site: Site) -> None:
    """Bodies that are too long, of another type, or no form at all are refused before anything is done."""
    visitor = site.visitor("Odd")
    assert visitor.client.post("/", content=b"x" * (2 << 20)).status_code == 413
    assert visitor.client.post("/", json={"do": "answer"}).status_code == 415
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (b"\xff", b"&" * 1000, b"a", b"%ff=%fe"):
        assert visitor.client.post("/", content=body, headers=form).status_code in {400, 403}


@pytest.mark.parametrize(
    "path", ["/static/x/../app.py", "/static/x/%2e%2e%2fapp.py", "/static/x/app.py", "/.git/config"]
)
def test_only_the_files_of_the_page_are_served(site: Site, path: str) -> None:
    """A path is looked up by its name among the page's files; there is no way out of them."""
    with socket.create_connection(("127.0.0.1", int(site.url.rsplit(":", 1)[1].strip("/")))) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 404")


@given(
    st.text(
        st.characters(exclude_categories=["Cs"])
        | st.sampled_from("\r\n\u202e\x1b<&\u200d\u0995\u09cd\U0001f44d")
    )
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_code_point_of_a_text_can_be_counted(text: str) -> None:
    """Of any text the page has each code point: as itself, or as one element that shows its number."""

    class Points(HTMLParser):
        found = ""
        odd = False

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag == "i"
            self.odd = True
            self.found += "\r" if "cr" in str(dict(attrs)["class"]) else ""

        def handle_endtag(self, tag: str) -> None:
            assert tag == "i"
            self.odd = False

        def handle_data(self, data: str) -> None:
            self.found += chr(int(data, 16)) if self.odd else data

    parser = Points()
    html = str(visible_text(text))
    parser.feed(html)
    parser.close()
    assert parser.found == text
    assert all(is_seen(character) or character in KEPT for character in html)


@pytest.mark.parametrize(
    ("character", "seen"),
    [
        ("\U0001fa77", True),
        ("\U0001fbff", True),
        ("\u202e", False),
        ("\u2065", False),
        ("\U0001ffff", False),
        ("\U000e0002", False),
        ("\ue000", False),
    ],
)
def test_characters_newer_than_python_are_seen(character: str, seen: bool) -> None:
    """Emoji of later years are; what turns texts around is not, nor what is invisible or none for ever."""
    assert (visible_text(character) == character) == seen
    assert (shown(character) == character) == seen


@pytest.mark.parametrize(
    "address",
    [
        "http://img.example.com/a.jpg",
        "https://user@img.example.com/a",
        "https://img.example.com;script-src/a",
        "https://localhost/a",
        "https://a b.com/",
        "https://[::1]/",
        "javascript:alert(1)",
        "https://img.example.com/\n",
        "https://" + "x" * 3000,
        "https://[",
        None,
        7,
    ],
)
def test_odd_addresses_are_no_images(address: object) -> None:
    """An address that is not https on a plain host is not loaded, and cannot reach the policy."""
    assert image_of(address) is None


def test_the_policy_names_the_hosts_of_the_images() -> None:
    """Hosts of a pool's images are listed once each; too many are refused, and so are names that are none."""
    contents = [
        {"at": ["https://b.example.com/1", "https://a.example.com:8443/2"]},
        {"at": "https://b.example.com/3"},
    ]
    hosts = image_hosts("at", [*contents, {"at": None}, {}])
    assert hosts == ("a.example.com:8443", "b.example.com")
    assert "img-src 'self' https://a.example.com:8443 https://b.example.com;" in content_policy(hosts)
    with pytest.raises(UsageError, match="more than 50 hosts"):
        image_hosts("at", [{"at": f"https://h{number}.example.com/"} for number in range(60)])
    with pytest.raises(UsageError, match="no name of a host"):
        named_hosts(["img.example.com; script-src *"])


def test_addresses_are_hosts_where_others_may_come() -> None:
    """A server that others reach answers to any numeric address, and to no name that is not its own."""
    hosts = Hosts(LOOPBACK | {"box.local"}, addresses=True)
    assert all(map(hosts.allows, ["192.168.1.7:8765", "[fe80::1]:8765", "BOX.local", "localhost:1"]))
    assert not any(map(hosts.allows, ["evil.example", "192.168.1.7.evil.example", None, ""]))
