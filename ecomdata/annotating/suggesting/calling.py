"""One call to an OpenAI-compatible endpoint, through the openai client: a reply, or why there is none."""

from __future__ import annotations

import ipaddress
import json
import logging
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

from ecomdata.annotating.suggesting.budget import Usage
from ecomdata.annotating.suggesting.prompts import Prompt
from ecomdata.errors import AccessError, EcomdataError, UsageError
from ecomdata.plainjson import parsed

if TYPE_CHECKING:
    import openai

KEY: Final = "ECOMDATA_ENDPOINT_KEY"
"""The environment's variable with the key. Not the openai client's own: that key is for another place."""
Form = Literal["json_schema", "json_object", "text"]
_LARGEST: Final = 4 << 20
"""Bytes of a reply that are read."""
_MOST_TOKENS: Final = 1 << 31
"""No call takes so many."""
_LONGEST_MESSAGE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How an endpoint is asked.

    Attributes:
        url: Its base address, which mostly ends in ``/v1``.
        model: The model's name there.
        form: How the form of the answer is asked for: by the JSON schema of the task, or, of endpoints that
            know no more, as any JSON object, or in words alone.
        temperature: 0 for the likeliest answer.
        most_tokens: Tokens of an answer at most.
        thinks: Whether the model thinks first: it then takes ``max_completion_tokens`` and no temperature.
        timeout: Seconds that a call may take.
    """

    url: str
    model: str
    form: Form = "json_schema"
    temperature: float = 0.0
    most_tokens: int = 256
    thinks: bool = False
    timeout: float = 60.0

    def body(self, prompt: Prompt) -> dict[str, Any]:
        """The request."""
        limits: dict[str, Any] = {"max_tokens": self.most_tokens, "temperature": self.temperature}
        if self.thinks:
            limits = {"max_completion_tokens": self.most_tokens}
        body = {"model": self.model, "messages": prompt.messages, **limits}
        if self.form == "json_schema":
            schema = {"name": "answer", "strict": True, "schema": prompt.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif self.form == "json_object":
            body["response_format"] = {"type": "json_object"}
        return body

    def most(self, prompt: Prompt) -> Usage:
        """Tokens that a call takes at most: none has less than a byte, and chat templates add a few."""
        return Usage(len(json.dumps(self.body(prompt), ensure_ascii=False).encode()), self.most_tokens)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said; no text where it was cut off or refused, no usage where the endpoint tells none."""

    text: str | None
    usage: Usage | None


class Busy(Exception):  # noqa: N818 - a reason to call again
    """The call failed and may be repeated: after so many seconds, where the endpoint says so.

    ``billed``: whether it may cost something all the same, as nobody knows how far it came.
    """

    def __init__(self, why: str, after: float | None, *, billed: bool) -> None:
        super().__init__(why)
        self.after = after
        self.billed = billed


class Refused(Exception):  # noqa: N818 - of this item; others may fare better
    """The endpoint would not answer, or not as such endpoints do; calling again is of no use."""


class Endpoint:
    """An endpoint; several threads may call it.

    Raises:
        UsageError: the address is none, or a key would go to it in clear text.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._key = os.environ.get(KEY, "")
        self.host = _host(settings.url, key=bool(self._key))
        self._client = _client(settings, self._key)

    def close(self) -> None:
        """End all calls."""
        self._client.close()

    def ask(self, prompt: Prompt) -> Reply:
        """Call it once.

        Raises:
            Busy: the call may be repeated.
            Refused: it is of no use.
            AccessError: the key is missing or wrong.
            UsageError: there is no such model, or no endpoint at this address.
        """
        import httpx2
        import openai

        try:
            return _reply(self._read(prompt))
        except (openai.APITimeoutError, httpx2.TimeoutException):
            raise Busy("it took too long", None, billed=True) from None
        except (openai.APIConnectionError, httpx2.HTTPError) as error:
            cause = error.__cause__ or error
            never = isinstance(cause, httpx2.ConnectError)
            raise Busy(f"the connection failed: {type(cause).__name__}", None, billed=not never) from None
        except openai.APIStatusError as error:
            raise self._explained(error) from None
        except openai.OpenAIError as error:
            raise Refused(f"the client gave up: {type(error).__name__}") from None

    def _read(self, prompt: Prompt) -> bytes:
        """The body of the answer, read against time and size: an endpoint may also never end."""
        ends = time.monotonic() + self.settings.timeout
        content = bytearray()
        completions: Any = self._client.chat.completions  # requests are plain JSON here
        with completions.with_streaming_response.create(**self.settings.body(prompt)) as response:
            for piece in response.iter_bytes():
                content += piece
                if time.monotonic() > ends:
                    raise Busy("it took too long", None, billed=True)
                if len(content) > _LARGEST:
                    raise Refused(f"it answers with more than {_LARGEST:,} bytes")
        return bytes(content)

    def _explained(self, error: openai.APIStatusError) -> Exception:
        """What to make of a status."""
        status = error.status_code
        if status in {401, 403}:
            return AccessError(
                f"{self.host} refuses the key ({status})"
                if self._key
                else f"{self.host} needs a key ({status})",
                hint=f"set {KEY} in the environment",
            )
        if status == 404:
            return UsageError(
                f"{self.host} has no model {self.settings.model!r}, or is no such endpoint (404)",
                hint="check --model and --endpoint, which mostly ends in /v1",
            )
        why = f"it answers with {status}: {self._clean(error.message)}"
        if status in {408, 409, 429} or status >= 500:
            return Busy(why, _seconds(error.response.headers.get("retry-after")), billed=status >= 500)
        return Refused(why)

    def _clean(self, text: str) -> str:
        """The endpoint's words, short and without the key."""
        without = text.replace(self._key, "...") if self._key else text
        return " ".join(without.split())[:_LONGEST_MESSAGE]


def _client(settings: Settings, key: str) -> openai.OpenAI:
    try:
        import openai
    except ImportError:
        raise EcomdataError(
            "asking an endpoint needs the openai client", hint="pip install 'ecomdata[annotate]'"
        ) from None
    from ecomdata.sources.responses import hold_refusal, naming_proxies

    logging.getLogger("openai").addHandler(logging.NullHandler())
    # Texts go to this address and to none that it names; we repeat calls ourselves, and count each.
    with naming_proxies():
        http = openai.DefaultHttpxClient(follow_redirects=False, event_hooks={"response": [hold_refusal]})
    return openai.OpenAI(
        api_key=key or "none",
        organization="",
        project="",
        base_url=settings.url,
        timeout=settings.timeout,
        max_retries=0,
        http_client=http,
    )


def _host(url: str, *, key: bool) -> str:
    """The host of an address, checked."""
    refused = UsageError(
        f"{url!r} is no address of an endpoint", hint="write https://HOST/v1; a key goes into the environment"
    )
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise refused from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or parts.query:
        raise refused
    if key and parts.scheme == "http" and not _is_here(parts.hostname):
        raise UsageError(
            f"the key would go to {parts.hostname} in clear text", hint=f"use https, or unset {KEY}"
        )
    return parts.hostname


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _seconds(value: str | None) -> float | None:
    """What Retry-After says, where it says seconds."""
    try:
        return max(0.0, float(value or ""))
    except ValueError:
        return None


def _reply(content: bytes) -> Reply:
    """What a chat completion says.

    Raises:
        Refused: it is none: HTML, say.
    """
    try:
        value: Any = parsed(content, most=_LARGEST)
        choice = value["choices"][0]
        text = choice["message"].get("content")
        whole = choice.get("finish_reason") in {None, "stop"}
        usage = _usage(value.get("usage"))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        kind = "HTML" if content.lstrip()[:1] == b"<" else "something else"
        raise Refused(f"it answers with {kind}, not as an OpenAI-compatible endpoint does") from None
    return Reply(text if whole and isinstance(text, str) else None, usage)


def _usage(said: Any) -> Usage | None:  # noqa: ANN401 - whatever the endpoint sends
    """What a call took; None where the endpoint does not tell all of it, or tells what cannot be."""
    try:
        counts = [float(said[name]) for name in ("prompt_tokens", "completion_tokens")]
    except (TypeError, ValueError, KeyError, OverflowError):
        return None
    return Usage(*map(int, counts)) if all(0 <= count < _MOST_TOKENS for count in counts) else None
