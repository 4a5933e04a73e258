"""Tokens and keys in free text, by the forms their issuers give them.

No guess is made from how random a text is: ids and hashes are as random as keys.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from typing import Final, NamedTuple


class Secret(NamedTuple):
    """A token or a key: where it stands, whether it is a private key, and whose form it has."""

    start: int
    end: int
    private: bool
    sort: str


class _Form(NamedTuple):
    """A form of token: whose it is, marks of which each has one, what Rust looks for, and the form itself."""

    sort: str
    marks: tuple[str, ...]
    hint: str
    form: re.Pattern[str]


def _form(sort: str, form: str, *marks: str, hint: str = "") -> _Form:
    hint = hint or "|".join(map(re.escape, marks))
    return _Form(sort, marks, hint, re.compile(rf"(?<![A-Za-z0-9_\-])(?:{form})"))


_FORMS: Final = (
    _form("aws", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])", "AKIA", "ASIA", "ABIA", "ACCA"),
    _form("github", r"gh[pousr]_[A-Za-z0-9]{36,251}", "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
    _form("github_pat", r"github_pat_[A-Za-z0-9_]{22,251}", "github_pat_"),
    _form(
        "gitlab",
        r"gl(?:pat|dt|rt|ptt|cbt)-[A-Za-z0-9_\-]{20,100}",
        *("glpat-", "gldt-", "glrt-", "glptt-", "glcbt-"),
    ),
    _form(
        "slack",
        r"(?:xox[abeoprs]-(?:[0-9]+-){1,4}|xapp-[0-9]-[A-Z0-9]{6,20}-)[A-Za-z0-9\-]{10,200}",
        *("xox", "xapp-"),
        hint=r"xox[abeoprs]-|xapp-",
    ),
    _form(
        "slack_webhook",
        r"https://hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9+/]{20,120}",
        "hooks.slack.com/",
        hint=r"hooks\.slack\.com\\*/",
    ),
    _form(
        "discord_webhook",
        r"https://(?:[a-z]{1,8}\.)?discord(?:app)?\.com/api/webhooks/[0-9]{15,22}/[A-Za-z0-9_\-]{50,100}",
        "/api/webhooks/",
        hint=r"/api\\*/webhooks\\*/",
    ),
    _form("hugging_face", r"(?:hf|api_org)_[A-Za-z]{34}(?![A-Za-z0-9])", "hf_", "api_org_"),
    _form(
        "openai",
        r"sk-(?:[A-Za-z0-9_\-]{20,100}T3BlbkFJ[A-Za-z0-9_\-]{20,100}"
        r"|(?:proj|svcacct|admin)-[A-Za-z0-9_\-]{40,200})",
        *("T3BlbkFJ", "sk-proj-", "sk-svcacct-", "sk-admin-"),
    ),
    _form("anthropic", r"sk-ant-[a-z]{3,10}[0-9]{2}-[A-Za-z0-9_\-]{40,200}", "sk-ant-"),
    _form("google", r"AIza[A-Za-z0-9_\-]{35}(?![A-Za-z0-9_\-])", "AIza"),
    _form(
        "google_oauth",
        r"(?:ya29\.[A-Za-z0-9_\-]{30,300}|GOCSPX-[A-Za-z0-9_\-]{28})",
        *("ya29.", "GOCSPX-"),
    ),
    _form(
        "stripe",
        r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,200}",
        *("sk_live_", "sk_test_", "rk_live_", "rk_test_"),
    ),
    _form(
        "sendgrid",
        r"SG\.[A-Za-z0-9_\-]{22}\.[A-Za-z0-9_\-]{43}",
        "SG.",
        hint=r"SG\.[A-Za-z0-9_\-]{8}",
    ),
    _form("npm", r"npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])", "npm_"),
    _form("pypi", r"pypi-AgE[A-Za-z0-9_\-]{50,300}", "pypi-AgE"),
    _form("telegram", r"(?:bot)?[0-9]{8,10}:AA[A-Za-z0-9_\-]{33}(?![A-Za-z0-9_\-])", ":AA"),
    _form("alibaba", r"LTAI[A-Za-z0-9]{12,24}(?![A-Za-z0-9])", "LTAI"),
    _form("tencent", r"AKID[A-Za-z0-9]{32}(?![A-Za-z0-9])", "AKID"),
    _form("digitalocean", r"do[opr]_v1_[0-9a-f]{64}", "doo_v1_", "dop_v1_", "dor_v1_"),
    _form("shopify", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}", "shpat_", "shpca_", "shppa_", "shpss_"),
    _form("azure", r"AccountKey=[A-Za-z0-9+/]{86}==", "AccountKey="),
    _form(
        "aws_secret",
        r"(?i:(?:aws_?)?secret_?access_?key)[\"']?[ ]?[=:]{1,2}[ ]?[\"']?[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])",
        *("=", ":"),
        hint=r"(?i:secret_?access_?key)",
    ),
    _form(
        "jwt",
        r"(?<!\.)eyJ[A-Za-z0-9_\-]{10,}\.eyJ[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{10,}",
        "eyJ",
        hint=r"eyJ[A-Za-z0-9_\-]{8}",
    ),
    _form(
        "password_in_url",
        r"[a-z][a-z0-9+.\-]{1,20}://[^\s:/@\"'<>]{1,100}:[^\s/@\"'<>]{3,200}@(?=[A-Za-z0-9])",
        "://",
        hint=r":\\*/\\*/[^\s:/@\"'<>]{1,100}:[^\s/@\"'<>]{3}",
    ),
)
"""Lengths are bounded, or a form cannot begin inside another: so looking for them takes time in proportion to
the text, whatever stands in it."""
_BEGIN: Final = re.compile(r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
_END: Final = "-----END"
_CLOSES: Final = re.compile(r"-----END [A-Z0-9 ]{0,50}-----")
_BODY: Final = re.compile(r"(?:[A-Za-z0-9+/=:,.\- ]|\\n|\s)*")
PREFILTER: Final = "|".join([r"PRIVATE KEY", *(form.hint for form in _FORMS)])
"""Texts with a token or a key match this, and JSON of them; without look-around, so that Rust can run it."""


def secrets(text: str) -> Iterator[Secret]:
    """Private keys, then tokens form by form."""
    yield from _private_keys(text)
    for sort, marks, _, form in _FORMS:
        if not any(mark in text for mark in marks):
            continue
        for match in form.finditer(text):
            if sort == "jwt" and not _is_jwt(match[0]):
                continue
            if sort == "aws" and match[0].endswith("EXAMPLE"):
                continue  # the one in Amazon's own documentation
            yield Secret(match.start(), match.end(), private=False, sort=sort)


def _private_keys(text: str) -> Iterator[Secret]:
    """From each BEGIN to its END; without an END as far as it looks like a key."""
    place, ended = 0, False
    while begin := _BEGIN.search(text, place):
        # A missing END is looked for once only, or many BEGINs would take the square of their number.
        end = -1 if ended else text.find(_END, begin.end())
        ended = end < 0
        closing = _CLOSES.match(text, end) if end >= 0 else None
        body = _BODY.match(text, begin.end())
        place = closing.end() if closing else max(begin.end(), body.end() if body else 0)
        yield Secret(begin.start(), place, private=True, sort="private_key")


def _is_jwt(token: str) -> bool:
    """Whether the first part is the header of a signed token."""
    head = token.split(".", 1)[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return False
    return isinstance(header, dict) and "alg" in header
