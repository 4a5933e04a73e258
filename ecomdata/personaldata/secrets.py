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


_FORMS: Final = {
    # sort: (what every text with one has in it, the whole form)
    "aws": (r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])"),
    "github": (r"gh[pousr]_[A-Za-z0-9]", r"gh[pousr]_[A-Za-z0-9]{36,251}"),
    "github_pat": (r"github_pat_", r"github_pat_[A-Za-z0-9_]{22,251}"),
    "gitlab": (r"gl(?:pat|dt|rt|ptt|cbt)-", r"gl(?:pat|dt|rt|ptt|cbt)-[A-Za-z0-9_\-]{20,100}"),
    "slack": (
        r"xox[abeoprs]-|xapp-",
        r"(?:xox[abeoprs]-(?:[0-9]+-){1,4}|xapp-[0-9]-[A-Z0-9]{6,20}-)[A-Za-z0-9\-]{10,200}",
    ),
    "slack_webhook": (
        r"hooks\.slack\.com/",
        r"https://hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9+/]{20,120}",
    ),
    "discord_webhook": (
        r"/api/webhooks/",
        r"https://(?:[a-z]{1,8}\.)?discord(?:app)?\.com/api/webhooks/[0-9]{15,22}/[A-Za-z0-9_\-]{50,100}",
    ),
    "hugging_face": (r"hf_[A-Za-z]{8}|api_org_", r"(?:hf|api_org)_[A-Za-z]{34}(?![A-Za-z0-9])"),
    "openai": (
        r"T3BlbkFJ|sk-(?:proj|svcacct|admin)-",
        r"sk-(?:[A-Za-z0-9_\-]{20,100}T3BlbkFJ[A-Za-z0-9_\-]{20,100}|(?:proj|svcacct|admin)-[A-Za-z0-9_\-]{40,200})",
    ),
    "anthropic": (r"sk-ant-", r"sk-ant-[a-z]{3,10}[0-9]{2}-[A-Za-z0-9_\-]{40,200}"),
    "google": (r"AIza[A-Za-z0-9_\-]{8}", r"AIza[A-Za-z0-9_\-]{35}(?![A-Za-z0-9_\-])"),
    "google_oauth": (r"ya29\.|GOCSPX-", r"(?:ya29\.[A-Za-z0-9_\-]{30,300}|GOCSPX-[A-Za-z0-9_\-]{28})"),
    "stripe": (r"[sr]k_(?:live|test)_", r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,200}"),
    "sendgrid": (r"SG\.[A-Za-z0-9_\-]{8}", r"SG\.[A-Za-z0-9_\-]{22}\.[A-Za-z0-9_\-]{43}"),
    "npm": (r"npm_[A-Za-z0-9]{8}", r"npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])"),
    "pypi": (r"pypi-AgE", r"pypi-AgE[A-Za-z0-9_\-]{50,300}"),
    "telegram": (r":AA[A-Za-z0-9_\-]{8}", r"[0-9]{8,10}:AA[A-Za-z0-9_\-]{33}(?![A-Za-z0-9_\-])"),
    "alibaba": (r"LTAI[A-Za-z0-9]{8}", r"LTAI[A-Za-z0-9]{12,24}(?![A-Za-z0-9])"),
    "tencent": (r"AKID[A-Za-z0-9]{8}", r"AKID[A-Za-z0-9]{32}(?![A-Za-z0-9])"),
    "digitalocean": (r"do[opr]_v1_", r"do[opr]_v1_[0-9a-f]{64}"),
    "shopify": (r"shp(?:at|ca|pa|ss)_", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    "azure": (r"AccountKey=", r"AccountKey=[A-Za-z0-9+/]{86}=="),
    "aws_secret": (
        r"(?i:secret_?access_?key)",
        r"(?i:secret_?access_?key)[\"']?[ ]?[=:]{1,2}[ ]?[\"']?[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])",
    ),
    "jwt": (
        r"eyJ[A-Za-z0-9_\-]{8}",
        r"(?<!\.)eyJ[A-Za-z0-9_\-]{10,}\.eyJ[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{10,}",
    ),
    "password_in_url": (
        r"://[^\s:/@\"'<>]{1,100}:[^\s/@\"'<>]",
        r"[a-z][a-z0-9+.\-]{1,20}://[^\s:/@\"'<>]{1,100}:[^\s/@\"'<>]{3,200}@(?=[A-Za-z0-9])",
    ),
}
"""Sort -> form. Lengths are bounded, or a form cannot begin inside another: so looking for them takes time in
proportion to the text, whatever stands in it."""
_BEGIN: Final = re.compile(r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
_END: Final = "-----END"
_CLOSES: Final = re.compile(r"-----END [A-Z0-9 ]{0,50}-----")
_BODY: Final = re.compile(r"(?:[A-Za-z0-9+/=:,.\- ]|\\n|\s)*")
_TOKEN: Final = re.compile(
    r"(?<![A-Za-z0-9_\-])(?:" + "|".join(f"(?P<{sort}>{form})" for sort, (_, form) in _FORMS.items()) + ")"
)
PREFILTER: Final = "|".join([r"PRIVATE KEY", *(hint for hint, _ in _FORMS.values())])
"""Every text with a token or a key matches this; without look-around, so that Rust can run it."""


def secrets(text: str) -> Iterator[Secret]:
    """Private keys, then tokens, in the order of the text."""
    yield from _private_keys(text)
    for match in _TOKEN.finditer(text):
        sort = match.lastgroup or ""
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
