from __future__ import annotations

import json
import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.errors import UsageError
from model_wrappers.openai_compatible.calls import (
    EndpointError,
    _fields,
    _Transient,
    call,
    check_endpoint,
)
from model_wrappers.openai_compatible.limits import bounded_http_client
from tests.model_wrappers.openai_compatible.server import MockServer

openai = pytest.importorskip("openai")
KEY = "sk-very-secret"


@pytest.fixture
def server():
    with MockServer() as running:
        yield running


@pytest.fixture
def client(server):
    with openai.OpenAI(api_key=KEY, base_url=server.url, timeout=5, max_retries=0) as opened:
        yield opened


BODY = {"model": "mock", "messages": [{"role": "user", "content": "When?"}]}


def ask(client, pauses=None, retries=3, **options):
    slept = pauses if pauses is not None else []
    options |= {"retries": retries, "secret": KEY, "sleep": slept.append}
    return call(client, BODY, request_id="jumpscore-1", **options)


@pytest.fixture
def bounded(server):
    """A client that takes a body of at most 100,000 bytes."""
    http = bounded_http_client(most_bytes=100_000)
    with openai.OpenAI(
        api_key=KEY, base_url=server.url, timeout=5, max_retries=0, http_client=http
    ) as opened:
        yield opened


@pytest.mark.parametrize("start", ["headers", "body"])
def test_call_endless_answer(bounded, server, start):
    server.faults = [("drip", start, 0.05)] * 9
    started = time.monotonic()
    with pytest.raises(EndpointError, match="incomplete after 3 s"):
        ask(bounded, timeout=0.5)
    assert time.monotonic() - started < 6
    assert len(server.bodies) == 1


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("status", [200, 400, 500])
def test_call_answer_too_large(bounded, server, status, packed):
    server.faults = [("flood", status, 5_000_000, packed)] * 9
    with pytest.raises(EndpointError, match=r"larger than 100,000 bytes"):
        ask(bounded)
    assert len(server.bodies) == 1


def test_check_endpoint_list_too_large(bounded, server):
    server.models = ["m" * 200_000]
    with pytest.raises(UsageError, match=r"larger than 100,000 bytes"):
        check_endpoint(bounded, "mock")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_call_compressed_answer(bounded, server, encoding):
    server.faults = [("packed", encoding)]
    assert ask(bounded).text == "[0.5]"
    assert set(server.headers[0]["accept-encoding"].split(", ")) == {"gzip", "deflate"}


def test_call_unrequested_compression(bounded, server):
    server.faults = [("packed", "br")]
    with pytest.raises(EndpointError, match="unrequested encoding 'br'"):
        ask(bounded)


def test_call_nested_body_is_retried(client, server):
    server.faults = [("raw", b"[" * 100_000), ("raw", b'{"a":' * 50_000 + b"1" + b"}" * 50_000)]
    assert ask(client).tries == 3


@pytest.mark.parametrize(
    "usage",
    ["many", [], 3, {"prompt_tokens": "100"}, {"prompt_tokens": -1, "prompt_tokens_details": []},
     {"prompt_tokens": True, "completion_tokens": 10**400},
     {"prompt_tokens_details": {"multimodal_tokens": {"image": "60"}}}],
)  # fmt: skip
def test_call_malformed_usage_is_left_out(client, server, usage):
    choice = {"finish_reason": "stop", "message": {"content": "[0.5]"}}
    server.faults = [("raw", {"choices": [choice], "usage": usage})]
    completion = ask(client)
    assert (completion.text, completion.tries) == ("[0.5]", 1)
    assert (completion.prompt, completion.output, completion.visual) == (None, None, None)


@pytest.mark.parametrize("shift", range(0, 40, 3))
def test_call_key_is_hidden_before_a_body_is_cut(client, server, shift):
    """Wherever the key is, no part of it remains at the end of the excerpt."""
    echo = "x" * (185 - shift) + f" Bearer {KEY}" + "y" * 400
    server.faults = [("raw", {"choices": echo})]
    with pytest.raises(EndpointError) as caught:
        ask(client, retries=0)
    assert "sk-" not in str(caught.value)
    server.faults = [("status", 400, None, "x" * (490 - shift) + f" Bearer {KEY}")]
    with pytest.raises(EndpointError) as caught:
        ask(client, retries=0)
    assert "sk-" not in str(caught.value)


def test_call_key_echoed_by_an_answer_is_hidden(server):
    key = "sk-0123456789abcdef"
    server.answer = lambda body: f"your key is {key}"
    with openai.OpenAI(api_key=key, base_url=server.url, max_retries=0) as client:
        completion = call(client, BODY, request_id="jumpscore-1", retries=0, secret=key)
    assert completion.text == "your key is ***"
    server.answer = lambda body: "[1.0]"
    with openai.OpenAI(api_key="1", base_url=server.url, max_retries=0) as client:
        assert call(client, BODY, request_id="jumpscore-1", retries=0, secret="1").text == "[1.0]"


def test_call_valid_answer(client, server):
    completion = ask(client)
    assert (completion.text, completion.finish_reason, completion.tries) == ("[0.5]", "stop", 1)
    assert (completion.prompt, completion.output, completion.visual) == (100, 7, 60)
    assert server.headers[0]["x-request-id"] == "jumpscore-1"
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "fault",
    [
        ("status", 429),
        ("status", 500),
        ("status", 503),
        "cut_off",
        "hang_up",
        ("raw", b"<html>Bad gateway</html>"),
        ("raw", b'{"choices": ['),
        ("raw", {"choices": []}),
        ("raw", {"choices": [{"message": {"content": 3}}]}),
        ("raw", []),
        ("raw", None),
        "of_another",
        ("broken_off", "abort"),
        ("broken_off", "error"),
        ("broken_off", None),
    ],
    ids=str,
)
def test_call_temporary_failures_are_retried(client, server, fault):
    server.faults = [fault, fault]
    pauses: list[float] = []
    completion = ask(client, pauses)
    assert (completion.text, completion.tries) == ("[0.5]", 3)
    assert len(server.bodies) == 3
    assert 0.3 < pauses[0] < 0.7
    assert 0.7 < pauses[1] < 1.3


def test_call_answer_with_this_request_id(client, server):
    server.faults = ["echo"]
    assert ask(client).tries == 1


def test_call_retry_after(client, server):
    server.faults = [
        ("status", 429, {"retry-after": "7"}),
        ("status", 503, {"retry-after": formatdate(time.time() + 60, usegmt=True)}),
        ("status", 429, {"retry-after": "nonsense"}),
    ]
    pauses: list[float] = []
    ask(client, pauses)
    assert pauses[0] == 7
    assert 15 < pauses[1] <= 60
    assert pauses[2] < 3


def test_call_retry_after_hours(client, server):
    server.faults = [("status", 429, {"retry-after": "7200"})]
    with pytest.raises(EndpointError, match="asks to wait 7200 s"):
        ask(client)
    assert len(server.bodies) == 1


def test_call_gives_up_after_all_attempts(client, server):
    server.faults = [("status", 500)] * 9
    with pytest.raises(EndpointError, match=r"no usable answer after 4 attempts: status 500"):
        ask(client)
    assert len(server.bodies) == 4


def test_call_timeout_is_retried(server):
    server.faults = [("slow", 30.0)]
    with openai.OpenAI(api_key=KEY, base_url=server.url, timeout=1.0, max_retries=0) as client:
        assert ask(client, retries=20).tries >= 2


@pytest.mark.parametrize("status", [400, 413, 422])
def test_call_permanent_failure_is_not_retried(client, server, status):
    server.faults = [("status", status, None, "prompt too long")]
    with pytest.raises(EndpointError, match=f"status {status}: .*prompt too long"):
        ask(client)
    assert len(server.bodies) == 1


def test_call_insufficient_quota_is_not_retried(client, server):
    server.faults = [("status", 429, None, "insufficient_quota: pay first")]
    with pytest.raises(EndpointError, match="pay first"):
        ask(client)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_call_wrong_use_hides_the_key(client, server, status):
    server.faults = [("status", status, None, f"Incorrect API key provided: {KEY}")]
    with pytest.raises(UsageError, match=r"check model\.base_url") as caught:
        ask(client)
    assert KEY not in str(caught.value)
    assert "***" in str(caught.value)


def test_check_endpoint_key_and_model(client, server):
    check_endpoint(client, "mock")
    server.models = ["mock-2", "other"]
    with pytest.raises(UsageError, match=r"unknown model 'mock'; did you mean 'mock-2'"):
        check_endpoint(client, "mock")
    server.models = None
    check_endpoint(client, "mock")  # keeps no list
    server.models = "locked"
    with pytest.raises(UsageError, match="the key was rejected") as caught:
        check_endpoint(client, "mock", secret=KEY)
    assert KEY not in str(caught.value)


def test_check_endpoint_no_response():
    with (
        openai.OpenAI(api_key=KEY, base_url="http://127.0.0.1:9/v1", max_retries=0) as client,
        pytest.raises(UsageError, match=r"http://127\.0\.0\.1:9/v1.*: no response"),
    ):
        check_endpoint(client, "mock")


@pytest.mark.parametrize(
    ("fault", "text", "reason"),
    [
        (("think", "hm", "stop", "[1.0]"), "<think>hm</think>[1.0]", "stop"),
        (("think", "hm", "length", None), "<think>hm", "length"),
        (("think", "hm", "stop", None), "<think>hm</think>", "stop"),
    ],
)
def test_call_separate_reasoning_is_kept_in_tags(client, server, fault, text, reason):
    server.faults = [fault]
    completion = ask(client)
    assert (completion.text, completion.finish_reason) == (text, reason)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["choices", "message", "content", "usage", "refusal", "reasoning",
                         "prompt_tokens", "prompt_tokens_details", "multimodal_tokens"]),
        inner, max_size=4,
    ),
)  # fmt: skip


@given(JSON)
def test_fields_of_any_json(body):
    body = json.loads(json.dumps(body))
    try:
        completion = _fields(body)
    except _Transient:
        return
    assert isinstance(completion["text"], str)
    for name in ("prompt", "output", "visual"):
        assert completion[name] is None or completion[name] >= 0
