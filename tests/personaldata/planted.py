"""Texts with personal data, tokens and keys in every local spelling, and decoys that look like them.

All is made from a seed: no value that is a token's stands in the repository.
"""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

LETTERS, DIGITS = string.ascii_letters, string.digits
ALNUM = LETTERS + DIGITS
TO_BENGALI = str.maketrans("0123456789", "০১২৩৪৫৬৭৮৯")
TO_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


@dataclass(frozen=True, slots=True)
class Planted:
    """A text, and what of which kind stands in it (nothing in a decoy); ``spelling`` names the family."""

    text: str
    value: str
    kind: str
    spelling: str


def _some(rng: random.Random, alphabet: str, count: int) -> str:
    return "".join(rng.choices(alphabet, k=count))


def _mobile(rng: random.Random, region: str) -> str:
    """A national mobile number, digits only."""
    if region == "BD":
        return f"01{rng.choice('3456789')}{_some(rng, DIGITS, 8)}"
    if region == "VN":
        # Prefixes in use; not every number below 03, 05, 07, 08, 09 is given out.
        prefix = rng.choice(["32", "35", "39", "70", "79", "83", "86", "90", "91", "97"])
        return f"0{prefix}{_some(rng, DIGITS, 7)}"
    if region == "CN":
        return f"1{rng.choice(['38', '39', '50', '58', '86', '99'])}{_some(rng, DIGITS, 8)}"
    area = rng.choice(["415", "212", "305", "617", "206"])
    return f"{area}{rng.choice('23456789')}{_some(rng, '2345678', 2)}{_some(rng, DIGITS, 4)}"


def _phones(rng: random.Random) -> Iterator[tuple[str, str, str]]:
    """(text before and after with {}, value, spelling)."""
    bd, vn, cn, us = (_mobile(rng, region) for region in ("BD", "VN", "CN", "US"))
    yield "প্রোডাক্ট ভালো, ফোন {} এ কল দিন", bd.translate(TO_BENGALI), "BD in Bengali digits"
    yield "যোগাযোগ: {}।", f"+৮৮{bd.translate(TO_BENGALI)}", "BD abroad in Bengali digits"
    yield "valo product, amar number {} ok", bd, "BD bare"
    yield "dorkar hole {} e call diyen", f"{bd[:5]}-{bd[5:]}", "BD 5-6"
    yield "inbox or {}", f"{bd[:5]} {bd[5:]}", "BD 5 6"
    yield "bkash: {} personal", f"{bd[:4]} {bd[4:7]} {bd[7:]}", "BD 4 3 4"
    yield "{}", f"+88{bd}", "BD abroad"
    yield "seller {} never answers", f"+880 {bd[1:5]}-{bd[5:]}", "BD abroad grouped"
    yield (
        "seller 88 {}",
        f"880{bd[1:]}" if not _ean(f"880{bd[1:]}") else f"+880{bd[1:]}",
        "BD code without plus",
    )
    yield "https://wa.me/{}", f"880{bd[1:]}", "BD in a link"
    yield "shop chán, gọi {} không nghe", vn, "VN bare"
    yield "sđt{} nhé", vn, "VN glued to its word"
    yield "số {} được không", vn, "VN before a word that begins like a currency"
    yield "LH {}", f"{vn[:4]}.{vn[4:7]}.{vn[7:]}", "VN with dots"
    yield "Zalo {} ạ", f"{vn[:4]} {vn[4:7]} {vn[7:]}", "VN with spaces"
    yield "hotline: {}", f"+84 {vn[1:3]} {vn[3:6]} {vn[6:8]} {vn[8:]}", "VN abroad"
    yield "liên hệ 84... {}", f"+84{vn[1:]}", "VN abroad bare"
    yield "加微信{}有优惠", cn, "CN glued to Chinese"
    yield "电话：{}，谢谢", f"{cn[:3]} {cn[3:7]} {cn[7:]}", "CN 3 4 4"
    yield "手机号 {}", f"{cn[:3]}-{cn[3:7]}-{cn[7:]}", "CN 3-4-4"
    yield "联系 {}", f"+86 {cn}", "CN abroad"
    yield "质量不错 {}", cn.translate(TO_WIDE), "CN full-width"
    yield "call me at {} please", f"({us[:3]}) {us[3:6]}-{us[6:]}", "US with parentheses"
    yield "text {}", f"{us[:3]}-{us[3:6]}-{us[6:]}", "US with dashes"
    yield "text {}!", f"{us[:3]}.{us[3:6]}.{us[6:]}", "US with dots"
    yield "my phone number is {}", us, "US bare after a word"
    yield "fax {}", f"+1 {us[:3]} {us[3:6]} {us[6:]}", "US abroad"
    yield "reach us: {}", f"+49 30 {_some(rng, '123456789', 8)}", "DE abroad"
    yield "{} is mine", f"+44 7400 {_some(rng, '123456789', 6)}", "GB abroad"


def _ean(digits: str) -> bool:
    numbers = [int(digit) for digit in digits]
    return (sum(numbers[0::2]) + 3 * sum(numbers[1::2])) % 10 == 0


def _emails(rng: random.Random) -> Iterator[tuple[str, str, str]]:
    name = _some(rng, string.ascii_lowercase, 7)
    number = _some(rng, DIGITS, 3)
    yield "write to {} please", f"{name}{number}@gmail.com", "plain"
    yield "ইমেইল: {}।", f"{name}.{name[:3]}@yahoo.com", "after Bengali"
    yield "邮箱{}，谢谢", f"{number}{number}{number}@qq.com", "glued to Chinese"
    yield "mail:{}", f"{name}@mail.example.com.bd", "country's domain"
    yield "<{}>", f"{name.upper()}+shop@outlook.vn", "with a tag"
    yield "liên hệ {}.", f"{name}_{number}@fpt-software.com.vn", "at the end of a sentence"
    yield "mailto:{}?subject=x", f"{name}@some-shop.store", "in a link"
    yield "{}", f"{name}@163.com", "alone"
    yield "{} 咨询", f"{name}＠qq.com", "full-width @"


def _jwt(rng: random.Random) -> str:
    def part(value: dict[str, str]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    head, body = part({"alg": "HS256", "typ": "JWT"}), part({"sub": _some(rng, DIGITS, 9)})
    return f"{head}.{body}.{_some(rng, ALNUM, 43)}"


def _tokens(rng: random.Random) -> Iterator[tuple[str, str, str]]:
    some = partial(_some, rng)
    base32, hexes = string.ascii_uppercase + "234567", "0123456789abcdef"
    yield "key {} leaked", f"AKIA{some(base32, 16)}", "aws"
    yield "secret_access_key = {}", some(ALNUM + "/+", 40), "aws_secret"
    yield "token={}", f"ghp_{some(ALNUM, 36)}", "github"
    yield "{}", f"github_pat_{some(ALNUM, 22)}_{some(ALNUM, 59)}", "github_pat"
    yield '"{}"', f"glpat-{some(ALNUM, 20)}", "gitlab"
    yield "bot {}", f"xoxb-{some(DIGITS, 12)}-{some(DIGITS, 12)}-{some(ALNUM, 24)}", "slack"
    hook = f"T{some(ALNUM, 8)}/B{some(ALNUM, 8)}/{some(ALNUM, 24)}"
    yield "{}", f"https://hooks.slack.com/services/{hook}", "slack_webhook"
    yield "HF_TOKEN={}", f"hf_{some(LETTERS, 34)}", "hugging_face"
    yield "{}", f"sk-{some(ALNUM, 20)}T3BlbkFJ{some(ALNUM, 20)}", "openai"
    yield "'{}'", f"sk-proj-{some(ALNUM, 64)}", "openai"
    yield "{}", f"sk-ant-api03-{some(ALNUM, 93)}", "anthropic"
    yield "?key={}", f"AIza{some(ALNUM, 35)}", "google"
    yield "{}", f"sk_live_{some(ALNUM, 24)}", "stripe"
    yield "{}", f"SG.{some(ALNUM, 22)}.{some(ALNUM, 43)}", "sendgrid"
    yield "//registry/:_authToken={}", f"npm_{some(ALNUM, 36)}", "npm"
    yield "{}", f"pypi-AgEIcHlwaS5vcmc{some(ALNUM, 80)}", "pypi"
    yield "bot{}/getMe", f"{some('123456789', 9)}:AA{some(ALNUM, 33)}", "telegram"
    yield "id {}", f"LTAI{some(ALNUM, 20)}", "alibaba"
    yield "id {}", f"AKID{some(ALNUM, 32)}", "tencent"
    yield "{}", f"dop_v1_{some(hexes, 64)}", "digitalocean"
    yield "{}", f"shpat_{some(hexes, 32)}", "shopify"
    yield "Bearer {}", _jwt(rng), "jwt"
    yield "{}db.example.com/shop", f"postgres://shop:{some(ALNUM, 12)}@", "password_in_url"


def _keys(rng: random.Random) -> Iterator[tuple[str, str, str]]:
    body = "\n".join(_some(rng, ALNUM + "+/", 64) for _ in range(4))
    for name in ("RSA ", "EC ", "OPENSSH ", ""):
        dashes = "-----"
        key = f"{dashes}BEGIN {name}PRIVATE KEY{dashes}\n{body}\n{dashes}END {name}PRIVATE KEY{dashes}"
        yield "my key:\n{}\nthanks", key, f"{name}private key"


def _decoys(rng: random.Random) -> Iterator[tuple[str, str]]:
    """(text, what it looks like)."""
    some = partial(_some, rng, DIGITS)
    body = f"893{some(9)}"
    check = next(digit for digit in DIGITS if _ean(body + digit))
    korean = f"8801{rng.choice('3456789')}{some(7)}"
    korean += next(digit for digit in DIGITS if _ean(korean + digit))
    stamp = str(rng.randrange(1_400_000_000, 1_760_000_000))
    yield f"barcode {body}{check}", "EAN-13"
    yield f"Laneige cream {korean}", "Korean EAN-13"
    yield f"ISBN 0-{some(3)}-{some(5)}-{some(1)}", "ISBN-10"
    yield f"isbn: 035{some(7)}", "bare ISBN-10"
    yield f"978-0-{some(3)}-{some(5)}-{some(1)}", "ISBN-13"
    yield f"at {stamp}", "seconds"
    yield f"at {stamp}{some(3)}", "milliseconds"
    yield f"order no 138{some(8)}", "order number"
    yield f"订单号：139{some(8)}", "Chinese order number"
    yield f"mã đơn: 09{some(8)}", "Vietnamese order code"
    yield f"Tracking BD{some(9)}X", "tracking number"
    yield f"2023-05-{rng.randrange(10, 29)} 12:{rng.randrange(10, 59)}:07.123456", "date and time"
    yield f"call 2023-05-{rng.randrange(10, 29)} 10:30", "date after a word"
    yield f"202305{rng.randrange(10, 29)}{some(6)}", "run of a date"
    yield f"price 1,{some(3)},{some(3)}.00 tk", "price"
    yield f"1.{some(3)}.{some(3)}đ", "Vietnamese price"
    yield f"giá 0987654{some(3)}đ", "price with a leading zero"
    yield "iPhone 13 Pro 128 256 512 1024 GB", "sizes of memory"
    yield "SSD 256 512 1024", "sizes that are a number of Alabama"
    yield f"model SM-A{some(3)}F/DS 8806{some(4)}", "model number"
    yield f"AB-01712-{some(6)}", "part number"
    yield f"0.{some(12)} kg", "decimal fraction"
    yield f"13.8{some(9)}", "coordinate"
    yield f"https://img.example.com/p/138{some(8)}.jpg", "number of a picture"
    yield f"https://shop.example.com/i?id=01712{some(6)}&v=2", "id in a link"
    yield f"{_some(rng, '0123456789abcdef', 32)}", "hash"
    yield f"550e8400-e29b-41d4-a716-44{some(10)}", "UUID"
    yield " ".join(rng.choices(DIGITS, k=14)), "codes"
    yield f"C{some(5)}C{some(5)}C{some(5)}", "semantic ids"
    yield f"v1.13.{some(4)}-rc.{some(2)}", "version"
    yield f"package@{some(1)}.{some(2)}.{some(1)} and left@latest", "package version"
    yield "thanks @daraz_bd and @seller.name!", "mention"
    yield "logo@2x.png", "file name"
    yield "git@github.com:owner/name.git", "repository"
    yield "me@home, you@work", "no domain"
    yield "sk-2 skin cream, hf_hub, ghp_ and AKIA", "beginnings of tokens"
    yield "AKIAIOSFODNN7EXAMPLE", "the example in Amazon's documentation"
    yield "-----BEGIN PUBLIC KEY-----", "public key"
    yield "eyJhbGciOi.eyJub3RoaW5n.bm90aGluZw", "no token"
    yield "https://example.com:8080/a@b", "port"
    yield f"192.168.{rng.randrange(256)}.{rng.randrange(256)}:8080", "address of a machine"


def planted(seed: int, rounds: int) -> list[Planted]:
    """Every spelling of every kind, once a round with other values."""
    rng = random.Random(seed)  # noqa: S311 - test data
    made = {"phone": _phones, "email": _emails, "token": _tokens, "key": _keys}
    return [
        Planted(text.format(value), value, kind, spelling)
        for _ in range(rounds)
        for kind, of_kind in made.items()
        for text, value, spelling in of_kind(rng)
    ]


def decoys(seed: int, rounds: int) -> list[Planted]:
    """Every decoy, once a round with other values."""
    rng = random.Random(seed)  # noqa: S311 - test data
    return [Planted(text, "", "", spelling) for _ in range(rounds) for text, spelling in _decoys(rng)]
